/**
 * The role that runs all strategies of a lane. A turn: what happened to our orders first, then trades, then changed books, then the 100 ms timer.
 * Called by the hot lane's loop. Nothing is allocated per dispatch. A strategy that throws is stopped and its orders are cancelled; the others go on.
 * Strategies start when the run word says trading; until then their events wait in their rings.
 */
import { assert, RESULT_OK, UsageError } from '../core/numbers/errors.js';
import { BroadcastReader } from '../core/memory/broadcast-ring.js';
import {
  CHANGE_BOOK,
  CHANGE_STATE,
  CHANGE_TRADE,
  CONTROL_CLOSED,
  CONTROL_RUN,
  CONTROL_RUNNING,
  RUN_CLOSING,
  RUN_STARTING,
  RUN_STOPPING,
  TAPE_BYTES,
  TAPE_CAPACITY,
  TAPE_FLAGS,
  type MemoryPlan,
} from '../core/memory/layout.js';
import { REC_INSTRUMENT, RECORD_BYTES, SIDE_BUY } from '../core/memory/record.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import { SpscRing } from '../core/memory/spsc-ring.js';
import type { RecoveredState } from '../core/orders/recovered.js';
import type { RunTables, StrategyEntry } from '../core/orders/tables.js';
import type { Role } from '../core/ports/role.js';
import type { Params, RecoveredStrategy, Strategy, StrategyDefinition } from '../core/ports/strategy.js';
import { LaneBook } from './books.js';
import { LaneChanges } from './changes.js';
import { RunnerContext } from './context.js';
import { EventView, TapeView } from './event-view.js';

const TIMER_EVERY_US = 100_000;

/** One strategy of this lane; `index` is its place in the run's strategy table. */
export interface RunnerStrategy {
  readonly index: number;
  readonly definition: StrategyDefinition;
  /** As `checkParams` returned them. */
  readonly params: Params;
}

export interface RunnerDeps {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly tables: RunTables;
  readonly strategies: readonly RunnerStrategy[];
  /** The lane's one journal ring, shared with the executor on the same thread, and its producer index. */
  readonly journal: SpscRing;
  readonly producer: number;
  readonly recovered: RecoveredState;
  /** A fresh reading of the lane's clock. */
  nowUs(): number;
  wallUs(nowUs: number): number;
  /** A strategy threw: it is stopped, and its orders are cancelled. */
  onError(strategy: string, error: unknown): void;
  note(strategy: string, text: string): void;
}

interface Hosted {
  readonly entry: StrategyEntry;
  readonly strategy: Strategy;
  readonly context: RunnerContext;
  readonly events: SpscRing;
  isStopped: boolean;
  /** Its orders still have to be asked back. */
  owesCancelAll: boolean;
}

/** Who is told of a change of an instrument. */
interface Listener {
  readonly hosted: Hosted;
  readonly slot: number;
}

export class StrategyRunner implements Role {
  readonly name = 'strategies';
  readonly #deps: RunnerDeps;
  readonly #hosted: Hosted[] = [];
  readonly #changes: LaneChanges;
  readonly #tapes: (BroadcastReader | undefined)[];
  readonly #listeners: readonly (readonly Listener[])[];
  readonly #i32: Int32Array;
  /** Says whose code runs: should it never return, the host knows whom to leave out. */
  readonly #runningWord: number;
  readonly #event = new EventView();
  readonly #trade = new TapeView();
  readonly #indexes: Record<'tops' | 'tradesSeen' | 'events' | 'tapeLost' | 'errors', number>;
  #turn = 0;
  #timerUs = -Infinity;
  #isStarted = false;
  #isStopping = false;

  /** Throws UsageError when a strategy refuses its parameters. */
  constructor(deps: RunnerDeps) {
    const { views, plan, tables } = deps;
    this.#deps = deps;
    this.#i32 = views.i32;
    this.#runningWord = (plan.control + CONTROL_RUNNING) >> 2;
    const instruments = tables.instruments.length;
    const books: (LaneBook | undefined)[] = Array.from({ length: instruments });
    const listeners: Listener[][] = Array.from({ length: instruments }, () => []);
    this.#tapes = Array.from({ length: instruments });
    for (const wanted of deps.strategies) {
      const hosted = this.#host(wanted, books);
      this.#hosted.push(hosted);
      for (const [slot, index] of hosted.entry.instruments.entries()) {
        listeners[index]?.push({ hosted, slot });
        if (hosted.strategy.onTrade !== undefined) {
          this.#tapes[index] ??= new BroadcastReader(views, plan.tapes + plan.tapeStride * index, TAPE_BYTES, TAPE_CAPACITY);
        }
      }
    }
    this.#listeners = listeners;
    this.#changes = new LaneChanges(
      views,
      plan,
      Uint8Array.from(listeners, (heard) => (heard.length > 0 ? 1 : 0)),
    );
    this.#i32[this.#runningWord] = 0;
    const counters = this.#hosted[0]?.context.counters;
    const indexOf = (name: 'tops' | 'tradesSeen' | 'events' | 'tapeLost' | 'errors'): number => counters?.indexOf(name) ?? 0;
    this.#indexes = {
      tops: indexOf('tops'),
      tradesSeen: indexOf('tradesSeen'),
      events: indexOf('events'),
      tapeLost: indexOf('tapeLost'),
      errors: indexOf('errors'),
    };
  }

  /** The strategies themselves, in the order given: for previews and tests. */
  strategies(): readonly Strategy[] {
    return this.#hosted.map((hosted) => hosted.strategy);
  }

  /** Between turns: new parameters of the strategy at `index` of the run's table. Throws UsageError when it does not take them; nothing has changed then. */
  setParams(index: number, params: Params): void {
    const hosted = this.#hosted.find(({ entry }) => entry.index === index);
    assert(hosted !== undefined, `this lane has no strategy ${index}`);
    const { entry, strategy, context } = hosted;
    if (hosted.isStopped) throw new UsageError(`${entry.name} was stopped because it failed: it takes new parameters at a restart`);
    if (strategy.onParams === undefined) throw new UsageError(`${entry.name}: ${entry.kind} takes new parameters at a restart only`);
    this.#enter(index);
    strategy.onParams(context, params);
    this.#i32[this.#runningWord] = 0;
    context.params = params;
  }

  step(nowUs: number, maxRecords: number): number {
    const run = this.#deps.views.i32[(this.#deps.plan.control + CONTROL_RUN) >> 2]!;
    this.#turn = (this.#turn + 1) | 0;
    for (let i = 0; i < this.#hosted.length; i++) {
      const context = this.#hosted[i]!.context;
      context.nowUs = nowUs;
      context.causeUs = 0;
      context.turn = this.#turn;
      context.isStopping = run === RUN_STOPPING || run === RUN_CLOSING;
      context.isClosing = run === RUN_CLOSING;
    }
    const changes = this.#changes.read(maxRecords);
    if (run === RUN_STARTING) {
      this.#changes.forget();
      return changes;
    }
    if (!this.#isStarted) this.#start();
    if (run === RUN_STOPPING && !this.#isStopping) this.#stop();
    let work = changes;
    for (let i = 0; i < this.#hosted.length; i++) work += this.#dispatchEvents(this.#hosted[i]!, maxRecords);
    for (let i = 0; i < this.#changes.count; i++) work += this.#dispatchChange(this.#changes.instruments[i]!);
    this.#changes.forget();
    if (nowUs - this.#timerUs >= TIMER_EVERY_US) {
      this.#timerUs = nowUs;
      for (let i = 0; i < this.#hosted.length; i++) this.#timer(this.#hosted[i]!);
    }
    if (run === RUN_CLOSING) this.#close();
    this.#i32[this.#runningWord] = 0;
    return work;
  }

  #host(wanted: RunnerStrategy, books: (LaneBook | undefined)[]): Hosted {
    const { views, plan, tables } = this.#deps;
    const entry = tables.strategies[wanted.index];
    assert(entry !== undefined, `strategy index must be below ${tables.strategies.length}, was ${wanted.index}`);
    for (const index of entry.instruments) {
      const instrument = tables.instruments[index];
      if (instrument !== undefined) books[index] ??= new LaneBook(views, plan, instrument);
    }
    const deps = this.#deps;
    const clock = { nowUs: () => deps.nowUs(), wallUs: (at: number) => deps.wallUs(at) };
    const context = new RunnerContext({ ...deps, ...clock, entry, params: wanted.params, books });
    this.#enter(entry.index);
    const strategy = wanted.definition.create({
      name: entry.name,
      index: entry.index,
      instruments: context.instruments,
      params: wanted.params,
      levelCapacity: plan.counts.levelsPerStrategy,
      recovered: recoveredOf(this.#deps.recovered, entry),
      note: (text) => this.#deps.note(entry.name, text),
    });
    const events = new SpscRing(views, plan.events + plan.ringStride * entry.index, RECORD_BYTES, plan.counts.ringRecords);
    return { entry, strategy, context, events, isStopped: false, owesCancelAll: false };
  }

  #start(): void {
    this.#isStarted = true;
    for (const hosted of this.#hosted) {
      try {
        this.#enter(hosted.entry.index);
        hosted.strategy.onStart?.(hosted.context);
      } catch (error) {
        this.#fail(hosted, error);
      }
    }
  }

  /** What strategies were told is in their hands by now: the word says whether all of them are where they are to end. */
  #close(): void {
    let closed = 1;
    for (const hosted of this.#hosted) {
      if (hosted.isStopped) continue;
      this.#enter(hosted.entry.index);
      try {
        if (hosted.strategy.onClosing?.(hosted.context) === true) closed = hosted.entry.index + 2;
      } catch (error) {
        this.#fail(hosted, error);
      }
    }
    Atomics.store(this.#deps.views.i32, (this.#deps.plan.control + CONTROL_CLOSED) >> 2, closed);
  }

  #stop(): void {
    this.#isStopping = true;
    for (const hosted of this.#hosted) {
      if (hosted.isStopped) continue;
      try {
        this.#enter(hosted.entry.index);
        hosted.strategy.onStop?.(hosted.context);
      } catch (error) {
        this.#fail(hosted, error);
      }
    }
  }

  #dispatchEvents(hosted: Hosted, maxRecords: number): number {
    if (hosted.owesCancelAll) hosted.owesCancelAll = hosted.context.intents.cancelAll() !== RESULT_OK;
    const ring = hosted.events;
    let work = 0;
    for (; work < maxRecords; work++) {
      const at = ring.front();
      if (at < 0) break;
      if (!hosted.isStopped && hosted.strategy.onOrder !== undefined) this.#deliver(hosted, at);
      ring.release();
    }
    if (work > 0) hosted.context.counters.addAt(this.#indexes.events, work);
    return work;
  }

  #deliver(hosted: Hosted, at: number): void {
    const { views } = this.#deps;
    const event = this.#event;
    event.read(views, at, hosted.context.slotOf(views.u32[(at + REC_INSTRUMENT) >> 2]!));
    try {
      this.#enter(hosted.entry.index);
      hosted.strategy.onOrder?.(hosted.context, event);
    } catch (error) {
      this.#fail(hosted, error);
    }
  }

  #dispatchChange(instrument: number): number {
    const kinds = this.#changes.kinds[instrument]!;
    const listeners = this.#listeners[instrument]!;
    const causeUs = this.#changes.causes[instrument]!;
    let work = 0;
    if ((kinds & (1 << CHANGE_TRADE)) !== 0) work += this.#dispatchTrades(instrument, listeners);
    if ((kinds & ((1 << CHANGE_BOOK) | (1 << CHANGE_STATE))) === 0) return work;
    for (let i = 0; i < listeners.length; i++) {
      const { hosted, slot } = listeners[i]!;
      if (hosted.isStopped || hosted.strategy.onTop === undefined) continue;
      hosted.context.causeUs = causeUs;
      hosted.context.counters.addAt(this.#indexes.tops, 1);
      work++;
      try {
        this.#enter(hosted.entry.index);
        hosted.strategy.onTop(hosted.context, slot);
      } catch (error) {
        this.#fail(hosted, error);
      }
      hosted.context.causeUs = 0;
    }
    return work;
  }

  #dispatchTrades(instrument: number, listeners: readonly Listener[]): number {
    const tape = this.#tapes[instrument];
    if (tape === undefined) return 0;
    const { views } = this.#deps;
    const trade = this.#trade;
    const lostBefore = tape.lost;
    let work = 0;
    // Bounded by the tape itself: what the feed adds meanwhile is announced by its own change record.
    for (; work < TAPE_CAPACITY; work++) {
      const at = tape.next();
      if (at < 0) break;
      trade.read(views, at);
      const flags = views.u8[at + TAPE_FLAGS]!;
      // History sent at subscription and prints that form no price are not trades to act on.
      if (!tape.advance() || flags !== 0) continue;
      for (let i = 0; i < listeners.length; i++) this.#tell(listeners[i]!, trade);
    }
    if (tape.lost !== lostBefore) {
      for (let i = 0; i < listeners.length; i++)
        listeners[i]!.hosted.context.counters.addAt(this.#indexes.tapeLost, tape.lost - lostBefore);
    }
    return work;
  }

  #tell(listener: Listener, trade: TapeView): void {
    const { hosted, slot } = listener;
    if (hosted.isStopped || hosted.strategy.onTrade === undefined) return;
    hosted.context.causeUs = trade.recvUs;
    hosted.context.counters.addAt(this.#indexes.tradesSeen, 1);
    try {
      this.#enter(hosted.entry.index);
      hosted.strategy.onTrade(hosted.context, slot, trade);
    } catch (error) {
      this.#fail(hosted, error);
    }
    hosted.context.causeUs = 0;
  }

  #timer(hosted: Hosted): void {
    if (hosted.isStopped || hosted.strategy.onTimer === undefined) return;
    try {
      this.#enter(hosted.entry.index);
      hosted.strategy.onTimer(hosted.context);
    } catch (error) {
      this.#fail(hosted, error);
    }
  }

  #enter(strategy: number): void {
    this.#i32[this.#runningWord] = strategy + 1;
  }

  #fail(hosted: Hosted, error: unknown): void {
    hosted.isStopped = true;
    hosted.owesCancelAll = hosted.context.intents.cancelAll() !== RESULT_OK;
    hosted.context.counters.addAt(this.#indexes.errors, 1);
    this.#deps.onError(hosted.entry.name, error);
  }
}

/** One strategy's part of the journal; null when it has none. */
function recoveredOf(state: RecoveredState, entry: StrategyEntry): RecoveredStrategy | null {
  const levels = state.levels.filter((level) => level.strategy === entry.index);
  const orders = state.orders.filter((order) => order.strategy === entry.index);
  const fills = state.fills.filter((fill) => fill.strategy === entry.index);
  if (levels.length + orders.length + fills.length === 0) return null;
  const netLots = entry.instruments.map((instrument) =>
    fills
      .filter((fill) => fill.instrument === instrument)
      .reduce((sum, fill) => sum + (fill.side === SIDE_BUY ? fill.fillLots : -fill.fillLots), 0),
  );
  return { levels, orders, netLots };
}
