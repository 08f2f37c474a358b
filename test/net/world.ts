/** What hosts give to `net`, for its tests: a real clock, timers that can be counted, and a record of what a connection said. */
import type { Clock, TimerHandle, Timers } from '../../src/core/ports/clock.js';
import type { FrameHandler } from '../../src/core/ports/frame-source.js';

export class TestTimers implements Timers {
  readonly #running = new Map<number, NodeJS.Timeout>();
  #nextId = 1;

  get live(): number {
    return this.#running.size;
  }

  after(delayMs: number, run: () => void): TimerHandle {
    const id = this.#nextId++;
    const fire = (): void => {
      this.#running.delete(id);
      run();
    };
    this.#running.set(id, setTimeout(fire, delayMs));
    return { id };
  }

  every(periodMs: number, run: () => void): TimerHandle {
    const id = this.#nextId++;
    this.#running.set(id, setInterval(run, periodMs));
    return { id };
  }

  cancel(timer: TimerHandle): void {
    clearTimeout(this.#running.get(timer.id));
    this.#running.delete(timer.id);
  }
}

export class TestWorld {
  readonly timers = new TestTimers();
  readonly errors: unknown[] = [];
  readonly clock: Clock = {
    nowUs: () => performance.now() * 1000,
    wallUs: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
  };
  readonly onError = (error: unknown): void => {
    this.errors.push(error);
  };
}

export interface Ending {
  readonly code: number;
  readonly reason: string;
}

/** Keeps every event in order: `open`, `life`, `text:...`, `binary:...`, `close:CODE`. */
export class Recorder implements FrameHandler {
  readonly events: string[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<Ending>;
  closeCount = 0;
  /** Runs inside `onFrame`. */
  onText: (text: string) => void = () => {
    this.#wake();
  };
  #open: () => void = () => {
    this.#wake();
  };
  #close: (ending: Ending) => void = () => {
    this.#wake();
  };
  #waiters: { readonly isReady: () => boolean; readonly resolve: () => void }[] = [];

  constructor() {
    this.opened = new Promise((resolve) => {
      this.#open = resolve;
    });
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  get frames(): string[] {
    return this.events.filter((event) => event.startsWith('text:') || event.startsWith('binary:'));
  }

  /** Resolves once so many messages have come. */
  hasFrames(count: number): Promise<void> {
    return this.until(() => this.frames.length >= count);
  }

  until(isReady: () => boolean): Promise<void> {
    if (isReady()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push({ isReady, resolve });
    });
  }

  onOpen(): void {
    this.events.push('open');
    this.#open();
    this.#wake();
  }

  onFrame(bytes: Uint8Array, start: number, end: number, isText: boolean): void {
    const text = Buffer.from(bytes.subarray(start, end)).toString(isText ? 'utf8' : 'hex');
    this.events.push(`${isText ? 'text' : 'binary'}:${text.length > 200 ? `${text.length} chars` : text}`);
    this.onText(text);
    this.#wake();
  }

  onLife(): void {
    this.events.push('life');
    this.#wake();
  }

  onClose(code: number, reason: string): void {
    this.events.push(`close:${code}`);
    this.closeCount++;
    this.#close({ code, reason });
    this.#wake();
  }

  #wake(): void {
    this.#waiters = this.#waiters.filter((waiter) => {
      if (!waiter.isReady()) return true;
      waiter.resolve();
      return false;
    });
  }
}
