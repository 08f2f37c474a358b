/** The engine's end of a replay: starts it, learns the recording's time when it is stepped, and hears its end. Main thread. */
import type { MemoryPlan } from '../core/memory/layout.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { HttpClient } from '../core/ports/http.js';
import { createFrameSource } from '../net/frame-source.js';
import { marketTimeNow, SystemClock, type SystemTimers } from './clock.js';
import { setMarketUs } from './market-clock.js';
import type { Addresses } from './venues-process.js';

interface ReplayParts {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly isStepped: boolean;
  onTime(): void;
}

export class ReplayWatch {
  readonly ended: Promise<void>;
  readonly #admin: string;
  readonly #http: HttpClient;
  readonly #parts: ReplayParts;
  readonly #wallTimers: SystemTimers;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #close: () => void = () => undefined;
  #isStopped = false;

  constructor(addresses: Addresses, deps: { readonly http: HttpClient; readonly wallTimers: SystemTimers }, parts: ReplayParts) {
    this.#admin = addresses.admin;
    this.#http = deps.http;
    this.#wallTimers = deps.wallTimers;
    this.#parts = parts;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Connects to the recording's clock, then lets the recording run. */
  async start(): Promise<void> {
    const clock = new SystemClock(marketTimeNow(1));
    const source = createFrameSource({
      clock,
      timers: this.#wallTimers,
      onError: (error) => this.#reject(error instanceof Error ? error : new Error(String(error))),
    });
    const text = new TextDecoder();
    await new Promise<void>((resolve) => {
      const connection = source.connect(
        { url: `${this.#admin.replace(/^http/, 'ws')}/clock`, receive: new Uint8Array(65_536) },
        {
          onOpen: resolve,
          onFrame: (bytes, start, end) => this.#hear(text.decode(bytes.slice(start, end))),
          onClose: () => {
            resolve();
            if (!this.#isStopped) this.#reject(new Error('the replay ended before its recording'));
          },
        },
      );
      this.#close = () => connection.close();
    });
    await this.#http.request('POST', `${this.#admin}/start`, { timeoutMs: 5_000 });
  }

  stop(): void {
    this.#isStopped = true;
    this.#close();
  }

  #hear(text: string): void {
    const { marketUs, ended } = JSON.parse(text) as { marketUs?: number; ended?: boolean };
    if (marketUs !== undefined && this.#parts.isStepped) {
      setMarketUs(this.#parts.views, this.#parts.plan, marketUs);
      this.#parts.onTime();
    }
    if (ended === true) this.#resolve();
  }
}
