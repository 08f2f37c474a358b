/**
 * One socket to a venue, kept alive: connect, heartbeat, dead line, planned reconnect, back-off with chance. Public sessions (`session.ts`) and private feeds
 * (`private-feed.ts`) hang their own meaning on it. On its owner's thread; the socket, the clock, the timers and chance are given.
 */
import type { Clock, Random, TimerHandle, Timers } from '../core/ports/clock.js';
import type { FrameConnection, FrameHandler, FrameSource } from '../core/ports/frame-source.js';

/** First wait after a failure; doubles up to the longest, each time with chance between half and all of it. */
const BACKOFF_FIRST_MS = 250;
const BACKOFF_MOST_MS = 30_000;
/** A connection that lived this long makes earlier failures forgotten. */
const SOUND_AFTER_MS = 10_000;
/** Nothing at all, not even a pong, for this many heartbeats: the line is dead. */
const DEAD_AFTER_BEATS = 3;
/** How often deadlines are looked at. */
const WATCH_MS = 500;
/** Planned reconnects of many connections must not fall together: each takes up to this share off. */
const PLANNED_SPREAD = 0.05;

export interface LineHooks {
  onOpen(nowUs: number): void;
  onFrame(bytes: Uint8Array, start: number, end: number, recvUs: number): void;
  /** As `onRun` of a frame handler. */
  onRun?(bytes: Uint8Array, start: number, end: number, recvUs: number): number;
  /** Twice a second while open, behind the line's own deadlines: a reason to open anew, or null. */
  onWatch(nowUs: number): string | null;
  /** The connection, or the attempt at one, is over. Another follows unless the line was stopped. */
  onEnded(reason: string): void;
}

export interface LineOptions {
  /** Where to: calls one of the two, now or later. A late call of an older attempt is ignored. */
  readonly address: (ready: (url: string) => void, failed: (reason: string) => void) => void;
  /** Null text = a WebSocket ping. */
  readonly heartbeat: { readonly everyMs: number; readonly text: string | null };
  /** What proves that the other end is alive: any sign, control frames included, or only messages. */
  readonly provenBy: 'any-sign' | 'messages';
  readonly reconnectAfterMs: number;
  /** Between two texts of one `say`. */
  readonly gapMs: number;
  readonly source: FrameSource;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly hooks: LineHooks;
  /** Where socket bytes land. */
  readonly receive?: Uint8Array;
  /** Who takes the frames refuses what is not UTF-8 itself, in all that it reads. */
  readonly checksText?: boolean;
}

export class Line {
  isOpen = false;
  /** How often it was opened: names the connection that is open now. */
  opened = 0;
  /** Attempts after the first. */
  reconnects = 0;
  openUs = 0;
  readonly #options: LineOptions;
  #connection: FrameConnection | null = null;
  /** Events of an older connection are not ours any more. */
  #epoch = 0;
  #isRunning = false;
  #failures = 0;
  #heardUs = 0;
  #plannedUs = Infinity;
  #running: TimerHandle[] = [];
  #saying: TimerHandle | null = null;
  #retry: TimerHandle | null = null;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#connect();
  }

  stop(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    if (this.#retry !== null) this.#options.timers.cancel(this.#retry);
    this.#retry = null;
    this.#end('stopped', 1000);
  }

  /** A fresh connection now. */
  reconnect(reason: string): void {
    if (!this.#isRunning || this.#connection === null) return;
    this.#end(reason, 1000);
    this.#later();
  }

  send(text: string): void {
    if (this.#connection !== null && !this.#connection.send(text)) this.reconnect('send failed');
  }

  /** Texts in order, one each `gapMs`, then `done`; forgotten when the connection ends. */
  say(texts: readonly string[], done: () => void): void {
    const step = (index: number): void => {
      this.#saying = null;
      const text = texts[index];
      if (text === undefined) {
        done();
        return;
      }
      this.send(text);
      if (!this.isOpen) return;
      this.#saying = this.#options.timers.after(index + 1 < texts.length ? this.#options.gapMs : 0, () => step(index + 1));
    };
    step(0);
  }

  #connect(): void {
    const epoch = ++this.#epoch;
    this.#retry = null;
    this.#options.address(
      (url) => {
        if (epoch === this.#epoch && this.#isRunning) this.#open(url, epoch);
      },
      (reason) => {
        if (epoch !== this.#epoch || !this.#isRunning) return;
        this.#end(reason, null);
        this.#later();
      },
    );
  }

  #open(url: string, epoch: number): void {
    const { source, receive, checksText = false, hooks } = this.#options;
    const ifMine = (run: () => void): void => {
      if (epoch === this.#epoch) run();
    };
    const handler: FrameHandler = {
      onOpen: () => ifMine(() => this.#opened()),
      onFrame: (bytes, start, end, _isText, recvUs) => {
        if (epoch !== this.#epoch) return;
        this.#heardUs = recvUs;
        hooks.onFrame(bytes, start, end, recvUs);
      },
      onRun: (bytes, start, end, recvUs) => {
        if (epoch !== this.#epoch || hooks.onRun === undefined) return start;
        const next = hooks.onRun(bytes, start, end, recvUs);
        if (next !== start) this.#heardUs = recvUs;
        return next;
      },
      onLife: (recvUs) => {
        if (epoch === this.#epoch && this.#options.provenBy === 'any-sign') this.#heardUs = recvUs;
      },
      onClose: (code, reason) =>
        ifMine(() => {
          this.#end(`closed ${code} ${reason}`, null);
          this.#later();
        }),
    };
    const connection = source.connect({ url, checksText, ...(receive === undefined ? {} : { receive }) }, handler);
    // A source may close before it returns.
    if (epoch === this.#epoch && this.#isRunning) this.#connection = connection;
  }

  #opened(): void {
    const { clock, timers, random, heartbeat, hooks } = this.#options;
    const nowUs = clock.nowUs();
    this.isOpen = true;
    this.opened++;
    this.openUs = nowUs;
    this.#heardUs = nowUs;
    this.#plannedUs = nowUs + this.#options.reconnectAfterMs * 1000 * (1 - PLANNED_SPREAD * random.next());
    this.#running = [timers.every(heartbeat.everyMs, () => this.#beat()), timers.every(WATCH_MS, () => this.#watch())];
    hooks.onOpen(nowUs);
  }

  #beat(): void {
    const { text } = this.#options.heartbeat;
    if (text === null) this.#connection?.ping();
    else this.send(text);
  }

  #watch(): void {
    const { clock, heartbeat, hooks } = this.#options;
    const nowUs = clock.nowUs();
    if (nowUs - this.openUs > SOUND_AFTER_MS * 1000) this.#failures = 0;
    if (nowUs - this.#heardUs > heartbeat.everyMs * 1000 * DEAD_AFTER_BEATS) {
      this.reconnect('silent');
      return;
    }
    if (nowUs > this.#plannedUs) {
      this.reconnect('planned');
      return;
    }
    const reason = hooks.onWatch(nowUs);
    if (reason !== null) this.reconnect(reason);
  }

  /** Forgets the connection and everything that hung on it. @param code null when it closed by itself */
  #end(reason: string, code: number | null): void {
    const { timers, hooks } = this.#options;
    const connection = this.#connection;
    this.#epoch++;
    this.#connection = null;
    this.isOpen = false;
    for (const timer of this.#running) timers.cancel(timer);
    this.#running = [];
    if (this.#saying !== null) timers.cancel(this.#saying);
    this.#saying = null;
    if (code !== null) connection?.close(code, reason);
    hooks.onEnded(reason);
  }

  #later(): void {
    if (!this.#isRunning || this.#retry !== null) return;
    const most = Math.min(BACKOFF_FIRST_MS * 2 ** this.#failures, BACKOFF_MOST_MS);
    this.#failures = Math.min(this.#failures + 1, 20);
    this.reconnects++;
    this.#retry = this.#options.timers.after(most * (0.5 + this.#options.random.next() / 2), () => this.#connect());
  }
}
