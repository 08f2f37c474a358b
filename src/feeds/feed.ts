/**
 * One venue's market data: its sessions, its books' slots, the snapshots they need. Made by a host (`workers/`, `simulation/`), which gives it sockets,
 * clock, timers, chance, shared memory and a sink; lives on one event-loop lane. Sockets and timers drive it; `step` only publishes its counters.
 */
import type { KernelName } from '../core/kernel/kernel.js';
import type { KernelRoom } from '../core/kernel/kernel-room.js';
import { SymbolTable } from '../core/kernel/symbol-table.js';
import { BOOK_LIVE } from '../core/memory/book-layout.js';
import type { CounterBlock, VenueCounter } from '../core/memory/counters.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { Clock, Random, Timers } from '../core/ports/clock.js';
import type { FrameSource } from '../core/ports/frame-source.js';
import type { HttpClient } from '../core/ports/http.js';
import type { Role } from '../core/ports/role.js';
import type { GapReason } from './book-sync.js';
import { FrameReader, FrameStats } from './frame-reader.js';
import { InstrumentSlot } from './instrument-slot.js';
import { makeKernel } from './kernels.js';
import { Session } from './session.js';
import { compileShapes } from './shape.js';
import type { FeedSink } from './sink.js';
import { SnapshotQueue } from './snapshot-queue.js';
import type { ConnectionPlan, Endpoints, Venue } from './venue.js';

/** Events should be flowing before the snapshot is taken, or it is older than the first of them. */
const SNAPSHOT_DELAY_MS = 500;
/** How often counters are put where monitoring reads them. */
const COUNT_EVERY_US = 100_000;

export interface FeedOptions {
  readonly venue: Venue;
  /** This venue's instruments of the run; their `index` names slot and book. */
  readonly instruments: readonly Instrument[];
  readonly endpoints: Endpoints;
  readonly source: FrameSource;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly views: SharedViews;
  /** Byte offset of an instrument's book. */
  readonly bookBase: (instrument: number) => number;
  readonly sink: FeedSink;
  readonly counters: CounterBlock<VenueCounter>;
  readonly kernel: KernelName;
  /** The lane's own part of the books' memory: where the WebAssembly kernel works. Without it TypeScript reads. */
  readonly room?: KernelRoom;
  /** Socket bytes of connection `n` land here; the source allocates its own when absent. */
  readonly receive?: (connection: number) => Uint8Array | undefined;
  /** A line for the log: connects, gaps, refusals. */
  readonly note: (text: string) => void;
}

export class Feed implements Role {
  readonly name: string;
  readonly venue: Venue;
  readonly sessions: readonly Session[];
  readonly stats = new FrameStats();
  gaps = 0;
  resyncs = 0;
  readonly #options: FeedOptions;
  readonly #slots: InstrumentSlot[] = [];
  readonly #carrier = new Map<InstrumentSlot, { readonly session: Session; readonly text: string }>();
  readonly #snapshots: SnapshotQueue;
  #countedUs = -Infinity;
  #framesSeen = 0;
  #isStarted = false;

  constructor(options: FeedOptions) {
    const { venue, instruments, endpoints } = options;
    this.name = `feed ${venue.id}`;
    this.venue = venue;
    this.#options = options;
    for (const instrument of instruments) {
      this.#slots[instrument.index] = new InstrumentSlot(
        instrument,
        options.views,
        options.bookBase(instrument.index),
        venue,
        (gapped, reason) => this.#gapped(gapped, reason),
        options.room ?? null,
      );
    }
    this.#snapshots = new SnapshotQueue({
      venue,
      rest: endpoints.rest,
      http: options.http,
      clock: options.clock,
      timers: options.timers,
      onFailure: options.note,
    });
    const program = compileShapes(venue.shapes);
    this.sessions = venue.connections(instruments, endpoints).map((plan, index) => this.#session(plan, index, program));
  }

  start(): void {
    this.#isStarted = true;
    for (const session of this.sessions) session.start();
  }

  stop(): void {
    this.#isStarted = false;
    this.#snapshots.stop();
    for (const session of this.sessions) session.stop();
    this.#count();
  }

  /** Command: rebuild the book of one instrument (its index in the run's table). False when it is not this feed's. */
  resync(instrument: number): boolean {
    const slot = this.#slots[instrument];
    if (slot === undefined) return false;
    slot.sync.fail('command');
    this.#tellState(slot);
    this.#repair(slot);
    return true;
  }

  /** Command: fresh connections. */
  reconnect(): void {
    for (const session of this.sessions) session.reconnect('command');
  }

  get liveBooks(): number {
    return this.#slots.reduce((sum, slot) => sum + (slot.book.state === BOOK_LIVE ? 1 : 0), 0);
  }

  step(nowUs: number): number {
    if (nowUs - this.#countedUs >= COUNT_EVERY_US) {
      this.#countedUs = nowUs;
      this.#count();
    }
    const work = this.stats.frames - this.#framesSeen;
    this.#framesSeen = this.stats.frames;
    return work;
  }

  #session(plan: ConnectionPlan, index: number, program: ReturnType<typeof compileShapes>): Session {
    const { venue, kernel, room, sink, source, clock, timers, random, receive } = this.#options;
    const symbols = new SymbolTable();
    for (const entry of plan.symbols) symbols.add(entry.text, entry.instrument.index);
    const slots = plan.symbols.map((entry) => this.#slots[entry.instrument.index]).filter((slot) => slot !== undefined);
    const bytes = receive?.(index);
    const session = new Session({
      venue,
      plan,
      slots,
      makeReader: (reply) =>
        new FrameReader({
          venue,
          kernel: makeKernel(kernel, program, symbols, room ?? null),
          symbols,
          slots: this.#slots,
          sink,
          stats: this.stats,
          onUnknownSymbol: null,
          reply,
        }),
      source,
      clock,
      timers,
      random,
      hooks: {
        onSubscribed: (opened) => this.#subscribed(opened),
        onClosed: (closed, reason) => {
          this.#snapshots.drop(closed);
          this.#options.note(`${venue.id} ${plan.name}: connection ended, ${reason}`);
        },
        onStateChange: (slot) => this.#tellState(slot),
      },
      ...(bytes === undefined ? {} : { receive: bytes }),
    });
    if (plan.carriesBooks) {
      for (const entry of plan.symbols) {
        const slot = this.#slots[entry.instrument.index];
        if (slot !== undefined) this.#carrier.set(slot, { session, text: entry.text });
      }
    }
    return session;
  }

  #subscribed(session: Session): void {
    this.#options.note(`${this.venue.id} ${session.plan.name}: subscribed, ${session.plan.symbols.length} instruments`);
    if (!session.plan.carriesBooks || this.venue.depth === null) return;
    for (const [slot, carrier] of this.#carrier) {
      if (carrier.session === session) this.#snapshots.request(slot, session, carrier.text, SNAPSHOT_DELAY_MS);
    }
  }

  /** Called in the middle of a frame: what is to be done is done after it. */
  #gapped(instrument: Instrument, reason: GapReason): void {
    this.gaps++;
    this.#options.note(`${instrument.id}: book not usable, ${reason}`);
    if (reason === 'stale') return;
    this.#options.timers.after(0, () => {
      const slot = this.#slots[instrument.index];
      if (slot !== undefined && this.#isStarted && slot.sync.needsSnapshot) this.#repair(slot);
    });
  }

  #repair(slot: InstrumentSlot): void {
    const carrier = this.#carrier.get(slot);
    if (carrier === undefined || !carrier.session.isOpen) return;
    this.resyncs++;
    if (this.venue.depth === null) carrier.session.resync(slot);
    else {
      slot.sync.connecting();
      this.#tellState(slot);
      this.#snapshots.request(slot, carrier.session, carrier.text, 0);
    }
  }

  #tellState(slot: InstrumentSlot): void {
    const state = slot.book.state;
    if (state === slot.shownState) return;
    slot.shownState = state;
    const nowUs = this.#options.clock.nowUs();
    this.#options.sink.state(slot.instrument.index, state, nowUs);
    this.#options.sink.bookChanged(slot.instrument.index, nowUs);
  }

  #count(): void {
    const c = this.#options.counters;
    const s = this.stats;
    let open = 0;
    let reconnects = 0;
    let stales = 0;
    for (const session of this.sessions) {
      if (session.isOpen) open++;
      reconnects += session.reconnects;
      stales += session.stales;
    }
    c.set('messages', s.frames);
    c.set('bytes', s.bytes);
    c.set('framesKernel', s.kernel);
    c.set('framesMapper', s.mapper);
    c.set('framesBad', s.bad);
    c.set('framesIgnored', s.ignored);
    c.set('bookUpdates', s.bookMessages);
    c.set('trades', s.trades);
    c.set('gaps', this.gaps);
    c.set('resyncs', this.resyncs);
    c.set('reconnects', reconnects);
    c.set('stales', stales);
    c.set('snapshots', s.snapshots);
    c.set('connected', open);
    c.set('connections', this.sessions.length);
  }
}
