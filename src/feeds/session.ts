/**
 * One connection to a venue's market data: subscribes in chunks, watches staleness per symbol, asks for books again. Its socket is a `Line`. Owned by a feed,
 * on its thread; the socket, the clock, the timers and chance are given. What frames say goes through the connection's FrameReader.
 */
import type { Clock, Random, Timers } from '../core/ports/clock.js';
import type { FrameSource } from '../core/ports/frame-source.js';
import { READ_BAD, type FrameReader } from './frame-reader.js';
import type { InstrumentSlot } from './instrument-slot.js';
import { Line } from './line.js';
import type { ConnectionPlan, Venue } from './venue.js';

/** Unreadable frames of one connection before it is opened anew. */
const MOST_BAD = 100;
/** Least time between two resyncs of one book inside the stream; longer after each that did not help. */
const RESYNC_FIRST_MS = 1_000;
const RESYNC_MOST_MS = 30_000;
/** A snapshot in the stream that takes longer is asked for again. */
const SNAPSHOT_WITHIN_MS = 5_000;
/** A symbol that stays silent over several connections is quiet, not broken: its deadline doubles up to this many times. */
const MOST_PATIENCE = 6;

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
  stales = 0;
  readonly #venue: Venue;
  readonly #clock: Clock;
  readonly #hooks: SessionHooks;
  readonly #watches: readonly Watch[];
  readonly #line: Line;
  #badFrames = 0;

  constructor(options: SessionOptions) {
    const { plan, venue } = options;
    this.plan = plan;
    this.#venue = venue;
    this.#clock = options.clock;
    this.#hooks = options.hooks;
    this.#line = new Line({
      address: (ready) => ready(plan.url),
      heartbeat: venue.heartbeat,
      provenBy: 'any-sign',
      reconnectAfterMs: venue.reconnectAfterMs,
      gapMs: venue.subscribeGapMs,
      checksText: true,
      source: options.source,
      clock: options.clock,
      timers: options.timers,
      random: options.random,
      hooks: {
        onOpen: () => this.#opened(),
        onFrame: (bytes, start, end, recvUs) => {
          if (this.reader.read(bytes, start, end, recvUs) === READ_BAD) this.#badFrame();
        },
        onRun: (bytes, start, end, recvUs) => {
          const next = this.reader.readRun(bytes, start, end, recvUs);
          if (this.reader.lastRead === READ_BAD) this.#badFrame();
          return next;
        },
        onWatch: (nowUs) => this.#watch(nowUs),
        onEnded: (reason) => this.#ended(reason),
      },
      ...(options.receive === undefined ? {} : { receive: options.receive }),
    });
    this.reader = options.makeReader((text) => this.#line.send(text));
    this.#watches = options.slots.map((slot) => ({
      slot,
      text: plan.symbols.find((entry) => entry.instrument.index === slot.instrument.index)?.text ?? slot.instrument.symbol,
      patience: 0,
      heardBeforeUs: 0,
      resyncWaitMs: RESYNC_FIRST_MS,
      resyncAtUs: -Infinity,
    }));
  }

  get isOpen(): boolean {
    return this.#line.isOpen;
  }

  /** How often it was opened: names the connection that is open now. */
  get opened(): number {
    return this.#line.opened;
  }

  /** Attempts after the first. */
  get reconnects(): number {
    return this.#line.reconnects;
  }

  start(): void {
    this.#line.start();
  }

  stop(): void {
    this.#line.stop();
  }

  /** Command: a fresh connection now. */
  reconnect(reason: string): void {
    this.#line.reconnect(reason);
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
    for (const text of this.#venue.resubscribe(watch.text)) this.#line.send(text);
    return true;
  }

  #opened(): void {
    this.#badFrames = 0;
    if (this.plan.carriesBooks) {
      for (const watch of this.#watches) {
        watch.heardBeforeUs = watch.slot.heardUs;
        watch.slot.sync.connecting();
        this.#hooks.onStateChange(watch.slot);
      }
    }
    this.#line.say(this.plan.subscribe, () => this.#hooks.onSubscribed(this));
  }

  #badFrame(): void {
    // Without sequence numbers nothing else would tell what this frame took away.
    if (this.#venue.sequence === 'none') {
      for (const watch of this.#watches) {
        watch.slot.sync.fail('bad-frame');
        this.#hooks.onStateChange(watch.slot);
      }
    }
    if (++this.#badFrames >= MOST_BAD) this.reconnect('bad frames');
  }

  #watch(nowUs: number): string | null {
    if (!this.plan.carriesBooks) return null;
    if (this.#findStale(nowUs)) return 'stale';
    if (this.#venue.snapshot === 'in-band') this.#askAgain(nowUs);
    return null;
  }

  /** Books whose snapshot did not come although it was asked for. */
  #askAgain(nowUs: number): void {
    for (const watch of this.#watches) {
      if (!watch.slot.sync.needsSnapshot || nowUs - Math.max(watch.resyncAtUs, this.#line.openUs) < SNAPSHOT_WITHIN_MS * 1000) continue;
      this.resync(watch.slot);
      if (!this.isOpen) return;
    }
  }

  /** Marks books that were silent for too long; pings do not count. */
  #findStale(nowUs: number): boolean {
    let isAnyStale = false;
    for (const watch of this.#watches) {
      if (watch.slot.heardUs > watch.heardBeforeUs) watch.patience = 0;
      const sinceUs = Math.max(watch.slot.heardUs, this.#line.openUs);
      if (nowUs - sinceUs <= this.#venue.staleAfterMs * 1000 * 2 ** watch.patience) continue;
      this.stales++;
      watch.patience = Math.min(watch.patience + 1, MOST_PATIENCE);
      watch.slot.sync.stale();
      this.#hooks.onStateChange(watch.slot);
      isAnyStale = true;
    }
    return isAnyStale;
  }

  #ended(reason: string): void {
    if (this.plan.carriesBooks) {
      for (const watch of this.#watches) {
        watch.slot.sync.disconnected();
        this.#hooks.onStateChange(watch.slot);
      }
    }
    this.#hooks.onClosed(this, reason);
  }
}
