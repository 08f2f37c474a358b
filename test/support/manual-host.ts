/** A host for tests of one thread: a clock that is set by hand, timers that fire when it is moved, sockets whose other end is the test. */
import type { Clock, Random, TimerHandle, Timers } from '../../src/core/ports/clock.js';
import type { ConnectOptions, FrameConnection, FrameHandler, FrameSource } from '../../src/core/ports/frame-source.js';
import type { HttpAnswer, HttpClient } from '../../src/core/ports/http.js';

interface Pending {
  readonly id: number;
  dueUs: number;
  readonly periodUs: number;
  readonly run: () => void;
}

export class ManualTime implements Clock, Timers {
  #nowUs = 1_000_000;
  #next = 1;
  #pending: Pending[] = [];

  nowUs(): number {
    return this.#nowUs;
  }
  wallUs(): number {
    return 1_700_000_000_000_000 + this.#nowUs;
  }
  after(delayMs: number, run: () => void): TimerHandle {
    return this.#add(delayMs, 0, run);
  }
  every(periodMs: number, run: () => void): TimerHandle {
    return this.#add(periodMs, periodMs * 1000, run);
  }
  cancel(timer: TimerHandle): void {
    this.#pending = this.#pending.filter((entry) => entry.id !== timer.id);
  }
  get timers(): number {
    return this.#pending.length;
  }

  /** Moves time on and fires what becomes due, in order. */
  advance(ms: number): void {
    const endUs = this.#nowUs + ms * 1000;
    for (;;) {
      const due = this.#pending.filter((entry) => entry.dueUs <= endUs).toSorted((a, b) => a.dueUs - b.dueUs || a.id - b.id)[0];
      if (due === undefined) break;
      this.#nowUs = Math.max(this.#nowUs, due.dueUs);
      if (due.periodUs > 0) due.dueUs += due.periodUs;
      else this.#pending = this.#pending.filter((entry) => entry !== due);
      due.run();
    }
    this.#nowUs = endUs;
  }

  #add(delayMs: number, periodUs: number, run: () => void): TimerHandle {
    const id = this.#next++;
    this.#pending.push({ id, dueUs: this.#nowUs + Math.max(0, delayMs) * 1000, periodUs, run });
    return { id };
  }
}

/** The test's end of one socket. */
export class ManualSocket implements FrameConnection {
  readonly sent: string[] = [];
  pings = 0;
  isClosed = false;
  canSend = true;

  constructor(
    readonly options: ConnectOptions,
    readonly handler: FrameHandler,
    readonly clock: Clock,
  ) {}

  open(): void {
    this.handler.onOpen();
  }
  /** The venue says something. */
  say(text: string): void {
    const bytes = Buffer.from(`..${text}..`);
    this.handler.onFrame(bytes, 2, bytes.length - 2, true, this.clock.nowUs());
  }
  sayBytes(bytes: Uint8Array): void {
    this.handler.onFrame(bytes, 0, bytes.length, true, this.clock.nowUs());
  }
  drop(): void {
    this.isClosed = true;
    this.handler.onClose(1006, 'lost');
  }
  send(text: string): boolean {
    if (!this.canSend || this.isClosed) return false;
    this.sent.push(text);
    return true;
  }
  ping(): void {
    this.pings++;
  }
  close(): void {
    this.isClosed = true;
  }
}

export class ManualSource implements FrameSource {
  readonly sockets: ManualSocket[] = [];
  constructor(readonly clock: Clock) {}

  connect(options: ConnectOptions, handler: FrameHandler): FrameConnection {
    const socket = new ManualSocket(options, handler, this.clock);
    this.sockets.push(socket);
    return socket;
  }
  get last(): ManualSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error('nobody connected');
    return socket;
  }
}

/** HTTP requests that wait until the test answers them. */
export class ManualHttp implements HttpClient {
  readonly waiting: { readonly url: string; readonly answer: (status: number, text: string, headers?: Record<string, string>) => void }[] =
    [];
  urls: string[] = [];

  request(_method: string, url: string): Promise<HttpAnswer> {
    this.urls.push(url);
    return new Promise((resolve) => {
      this.waiting.push({ url, answer: (status, text, headers = {}) => resolve({ status, text, headers }) });
    });
  }
  /** Answers the oldest request and lets its consequences happen. */
  async answer(status: number, text: string, headers: Record<string, string> = {}): Promise<void> {
    const request = this.waiting.shift();
    if (request === undefined) throw new Error('nothing was asked');
    request.answer(status, text, headers);
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }
  close(): void {
    this.waiting.length = 0;
  }
}

export const halfRandom: Random = { next: () => 0.5 };
