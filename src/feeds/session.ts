/**
 * One connection to a venue, kept alive: connect, subscribe in chunks, heartbeat, staleness per symbol, back-off, resubscribe, planned reconnect.
 * Owned by a feed, on its thread; the socket, the clock, the timers and chance are given. What frames say goes through the connection's FrameReader.
 */
import type { Clock, Random, TimerHandle, Timers } from '../core/ports/clock.js';
import type { FrameConnection, FrameHandler, FrameSource } from '../core/ports/frame-source.js';
import { READ_BAD, type FrameReader } from './frame-reader.js';
import type { InstrumentSlot } from './instrument-slot.js';
import type { ConnectionPlan, Venue } from './venue.js';

/** First wait after a failure; doubles up to the longest, each time with chance between half and all of it. */
const BACKOFF_FIRST_MS = 250;
const BACKOFF_MOST_MS = 30_000;
/** A connection that lived this long makes earlier failures forgotten. */
const SOUND_AFTER_MS = 10_000;
/** Unreadable frames of one connection before it is opened anew. */
const MOST_BAD = 100;
/** Nothing at all, not even a pong, for this many heartbeats: the line is dead. */
const DEAD_AFTER_BEATS = 3;
/** How often deadlines are looked at. */
const WATCH_MS = 500;
/** Least time between two resyncs of one book inside the stream; longer after each that did not help. */
const RESYNC_FIRST_MS = 1_000;
const RESYNC_MOST_MS = 30_000;
/** A snapshot in the stream that takes longer is asked for again. */
const SNAPSHOT_WITHIN_MS = 5_000;
/** A symbol that stays silent over several connections is quiet, not broken: its deadline doubles up to this many times. */
const MOST_PATIENCE = 6;
/** Planned reconnects of many connections must not fall together: each takes up to this share off. */
const PLANNED_SPREAD = 0.05;

export interface SessionHooks {
  /** Open and asked for its streams: books that start by REST may be fetched. */
  onSubscribed(session: Session): void;
  onClosed(session: Session, reason: string): void;
  /** A book of this session changed its state outside of a frame. */
  onStateChange(slot: InstrumentSlot): void;
}

export interface SessionOptions {
  readonly venue: Venue;
  readonly plan: ConnectionPlan;
  /** The plan's instruments. */
  readonly slots: readonly InstrumentSlot[];
  readonly makeReader: (reply: (text: string) => void) => FrameReader;
  readonly source: FrameSource;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly hooks: SessionHooks;
  /** Where socket bytes land. */
  readonly receive?: Uint8Array;
}

interface Watch {
  readonly slot: InstrumentSlot;
  readonly text: string;
  patience: number;
  heardBeforeUs: number;
  resyncWaitMs: number;
  resyncAtUs: number;
}

export class Session {
  readonly reader: FrameReader;
  readonly plan: ConnectionPlan;
  isOpen = false;
  /** How often it was opened: names the connection that is open now. */
  opened = 0;
  /** Attempts after the first. */
  reconnects = 0;
  stales = 0;
  readonly #venue: Venue;
  readonly #source: FrameSource;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #hooks: SessionHooks;
  readonly #receive: Uint8Array | undefined;
  readonly #watches: readonly Watch[];
  #connection: FrameConnection | null = null;
  /** Events of an older connection are not ours any more. */
  #epoch = 0;
  #isRunning = false;
  #failures = 0;
  #openUs = 0;
  #heardUs = 0;
  #plannedUs = Infinity;
  #badFrames = 0;
  #running: TimerHandle[] = [];
  #subscribeTimer: TimerHandle | null = null;
  #retry: TimerHandle | null = null;

  constructor(options: SessionOptions) {
    this.plan = options.plan;
    this.#venue = options.venue;
    this.#source = options.source;
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#random = options.random;
    this.#hooks = options.hooks;
    this.#receive = options.receive;
    this.reader = options.makeReader((text) => this.#connection?.send(text));
    this.#watches = options.slots.map((slot) => ({
      slot,
      text: options.plan.symbols.find((entry) => entry.instrument.index === slot.instrument.index)?.text ?? slot.instrument.symbol,
      patience: 0,
      heardBeforeUs: 0,
      resyncWaitMs: RESYNC_FIRST_MS,
      resyncAtUs: -Infinity,
    }));
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#connect();
  }

  stop(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    if (this.#retry !== null) this.#timers.cancel(this.#retry);
    this.#retry = null;
    this.#end('stopped', 1000);
  }

  /** Command: a fresh connection now. */
  reconnect(reason: string): void {
    if (!this.#isRunning || this.#connection === null) return;
    this.#end(reason, 1000);
    this.#later();
  }

  /** Asks an in-band venue for the book of one instrument again, not more often than is decent. False when this session does not carry it. */
  resync(slot: InstrumentSlot): boolean {
    const watch = this.#watches.find((entry) => entry.slot === slot);
    if (watch === undefined || !this.plan.carriesBooks) return false;
    const nowUs = this.#clock.nowUs();
    if (!this.isOpen || nowUs - watch.resyncAtUs < watch.resyncWaitMs * 1000) return true;
    if (watch.slot.heardUs > watch.resyncAtUs + RESYNC_MOST_MS * 1000) watch.resyncWaitMs = RESYNC_FIRST_MS;
    watch.resyncAtUs = nowUs;
    watch.resyncWaitMs = Math.min(watch.resyncWaitMs * 2, RESYNC_MOST_MS);
    slot.sync.connecting();
    this.#hooks.onStateChange(slot);
    for (const text of this.#venue.resubscribe(watch.text)) this.#send(text);
    return true;
  }

  #connect(): void {
    const epoch = ++this.#epoch;
    this.#retry = null;
    const ifMine = (run: () => void): void => {
      if (epoch === this.#epoch) run();
    };
    const handler: FrameHandler = {
      onOpen: () => ifMine(() => this.#opened()),
      onFrame: (bytes, start, end, _isText, recvUs) => {
        if (epoch === this.#epoch) this.#frame(bytes, start, end, recvUs);
      },
      onLife: (recvUs) => {
        if (epoch === this.#epoch) this.#heardUs = recvUs;
      },
      onClose: (code, reason) =>
        ifMine(() => {
          this.#end(`closed ${code} ${reason}`, null);
          this.#later();
        }),
    };
    const connection = this.#source.connect(
      { url: this.plan.url, ...(this.#receive === undefined ? {} : { receive: this.#receive }) },
      handler,
    );
    // A source may close before it returns.
    if (epoch === this.#epoch && this.#isRunning) this.#connection = connection;
  }

  #opened(): void {
    const nowUs = this.#clock.nowUs();
    this.isOpen = true;
    this.opened++;
    this.#openUs = nowUs;
    this.#heardUs = nowUs;
    this.#badFrames = 0;
    this.#plannedUs = nowUs + this.#venue.reconnectAfterMs * 1000 * (1 - PLANNED_SPREAD * this.#random.next());
    if (this.plan.carriesBooks) {
      for (const watch of this.#watches) {
        watch.heardBeforeUs = watch.slot.heardUs;
        watch.slot.sync.connecting();
        this.#hooks.onStateChange(watch.slot);
      }
    }
    this.#running = [
      this.#timers.every(this.#venue.heartbeat.everyMs, () => this.#beat()),
      this.#timers.every(WATCH_MS, () => this.#watch()),
    ];
    this.#subscribe(0);
  }

  #subscribe(index: number): void {
    this.#subscribeTimer = null;
    const text = this.plan.subscribe[index];
    if (text === undefined) {
      this.#hooks.onSubscribed(this);
      return;
    }
    this.#send(text);
    if (!this.isOpen) return;
    const wait = index + 1 < this.plan.subscribe.length ? this.#venue.subscribeGapMs : 0;
    this.#subscribeTimer = this.#timers.after(wait, () => this.#subscribe(index + 1));
  }

  #frame(bytes: Uint8Array, start: number, end: number, recvUs: number): void {
    this.#heardUs = recvUs;
    if (this.reader.read(bytes, start, end, recvUs) !== READ_BAD) return;
    // Without sequence numbers nothing else would tell what this frame took away.
    if (this.#venue.sequence === 'none') {
      for (const watch of this.#watches) {
        watch.slot.sync.fail('bad-frame');
        this.#hooks.onStateChange(watch.slot);
      }
    }
    if (++this.#badFrames >= MOST_BAD) this.reconnect('bad frames');
  }

  #beat(): void {
    if (this.#venue.heartbeat.text === null) this.#connection?.ping();
    else this.#send(this.#venue.heartbeat.text);
  }

  #watch(): void {
    const nowUs = this.#clock.nowUs();
    if (nowUs - this.#openUs > SOUND_AFTER_MS * 1000) this.#failures = 0;
    if (nowUs - this.#heardUs > this.#venue.heartbeat.everyMs * 1000 * DEAD_AFTER_BEATS) {
      this.reconnect('silent');
      return;
    }
    if (nowUs > this.#plannedUs) {
      this.reconnect('planned');
      return;
    }
    if (!this.plan.carriesBooks) return;
    if (this.#findStale(nowUs)) this.reconnect('stale');
    else if (this.#venue.snapshot === 'in-band') this.#askAgain(nowUs);
  }

  /** Books whose snapshot did not come although it was asked for. */
  #askAgain(nowUs: number): void {
    for (const watch of this.#watches) {
      if (!watch.slot.sync.needsSnapshot || nowUs - Math.max(watch.resyncAtUs, this.#openUs) < SNAPSHOT_WITHIN_MS * 1000) continue;
      this.resync(watch.slot);
      if (!this.isOpen) return;
    }
  }

  /** Marks books that were silent for too long; pings do not count. */
  #findStale(nowUs: number): boolean {
    let isAnyStale = false;
    for (const watch of this.#watches) {
      if (watch.slot.heardUs > watch.heardBeforeUs) watch.patience = 0;
      const sinceUs = Math.max(watch.slot.heardUs, this.#openUs);
      if (nowUs - sinceUs <= this.#venue.staleAfterMs * 1000 * 2 ** watch.patience) continue;
      this.stales++;
      watch.patience = Math.min(watch.patience + 1, MOST_PATIENCE);
      watch.slot.sync.stale();
      this.#hooks.onStateChange(watch.slot);
      isAnyStale = true;
    }
    return isAnyStale;
  }

  #send(text: string): void {
    if (this.#connection !== null && !this.#connection.send(text)) this.reconnect('send failed');
  }

  /** Forgets the connection and everything that hung on it. @param code null when it closed by itself */
  #end(reason: string, code: number | null): void {
    const connection = this.#connection;
    this.#epoch++;
    this.#connection = null;
    this.isOpen = false;
    for (const timer of this.#running) this.#timers.cancel(timer);
    this.#running = [];
    if (this.#subscribeTimer !== null) this.#timers.cancel(this.#subscribeTimer);
    this.#subscribeTimer = null;
    if (code !== null) connection?.close(code, reason);
    if (this.plan.carriesBooks) {
      for (const watch of this.#watches) {
        watch.slot.sync.disconnected();
        this.#hooks.onStateChange(watch.slot);
      }
    }
    this.#hooks.onClosed(this, reason);
  }

  #later(): void {
    if (!this.#isRunning || this.#retry !== null) return;
    const most = Math.min(BACKOFF_FIRST_MS * 2 ** this.#failures, BACKOFF_MOST_MS);
    this.#failures = Math.min(this.#failures + 1, 20);
    this.reconnects++;
    this.#retry = this.#timers.after(most * (0.5 + this.#random.next() / 2), () => this.#connect());
  }
}
