/**
 * Two ways in which venues tell about their books. `DepthDiff`: every level that changed since the last message (Binance, BitMEX orderBookL2).
 * `DepthWindow`: the best N levels as the client was given them, and what turns them into the current ones (Bybit, orderBookL2_25): a level that leaves the
 * window is removed, one that enters is sent, and nothing is ever removed that the client was not given.
 */
import type { BookSide, Side } from '../engine/book-side.js';
import type { MatchingEngine } from '../engine/matching-engine.js';

export interface LevelListener {
  mark(side: Side, ticks: number, sequence: number): void;
}

/** A level and its lots (0 = gone); `isNew` when the clients did not hold it before (windows only). */
export type LevelChange = readonly [ticks: number, lots: number, isNew?: boolean];

export interface DiffBatch {
  readonly first: number;
  readonly last: number;
  /** `last` of the batch before, or the sequence at which collecting began. */
  readonly previous: number;
  /** Highest price first. */
  readonly bids: readonly LevelChange[];
  /** Lowest price first. */
  readonly asks: readonly LevelChange[];
}

export class DepthDiff implements LevelListener {
  readonly #engine: MatchingEngine;
  readonly #bids = new Set<number>();
  readonly #asks = new Set<number>();
  #first = 0;
  #previous: number;

  constructor(engine: MatchingEngine) {
    this.#engine = engine;
    this.#previous = engine.sequence;
  }

  mark(side: Side, ticks: number, sequence: number): void {
    if (this.#first === 0) this.#first = sequence;
    (side === 'buy' ? this.#bids : this.#asks).add(ticks);
  }

  /** Undefined when nothing changed. */
  flush(): DiffBatch | undefined {
    if (this.#first === 0) return undefined;
    const engine = this.#engine;
    const batch: DiffBatch = {
      first: this.#first,
      last: engine.sequence,
      previous: this.#previous,
      bids: changesOf(engine.bids, this.#bids),
      asks: changesOf(engine.asks, this.#asks),
    };
    this.#previous = engine.sequence;
    this.#first = 0;
    this.#bids.clear();
    this.#asks.clear();
    return batch;
  }
}

function changesOf(side: BookSide, marked: Set<number>): LevelChange[] {
  const changes: LevelChange[] = [];
  for (const ticks of marked) changes.push([ticks, side.at(ticks)?.lots ?? 0]);
  return sorted(changes, side.side);
}

/**
 * The whole book as the clients were given it. Like a window without an edge, but its cost follows the changes, not the size of the book.
 */
export class DepthHeld implements LevelListener {
  readonly #engine: MatchingEngine;
  readonly #held: Record<Side, Map<number, number>> = { buy: new Map(), sell: new Map() };
  readonly #marked: Record<Side, Set<number>> = { buy: new Set(), sell: new Set() };

  constructor(engine: MatchingEngine) {
    this.#engine = engine;
    for (const side of [engine.bids, engine.asks])
      for (const [ticks, lots] of topOf(side, Number.POSITIVE_INFINITY)) this.#held[side.side].set(ticks, lots);
  }

  /** Best first. */
  levels(side: Side): LevelChange[] {
    return sorted([...this.#held[side]], side);
  }

  mark(side: Side, ticks: number): void {
    this.#marked[side].add(ticks);
  }

  /** Undefined when nothing differs from what the clients hold. */
  advance(): WindowChange | undefined {
    const bids = this.#changes('buy');
    const asks = this.#changes('sell');
    return bids.length === 0 && asks.length === 0 ? undefined : { bids, asks };
  }

  #changes(side: Side): LevelChange[] {
    const held = this.#held[side];
    const changes: LevelChange[] = [];
    for (const ticks of this.#marked[side]) {
      const lots = this.#engine.levelLots(side, ticks);
      const before = held.get(ticks) ?? 0;
      if (lots === before) continue;
      changes.push([ticks, lots, before === 0]);
      if (lots === 0) held.delete(ticks);
      else held.set(ticks, lots);
    }
    this.#marked[side].clear();
    return sorted(changes, side);
  }
}

export interface WindowChange {
  readonly bids: readonly LevelChange[];
  readonly asks: readonly LevelChange[];
}

export class DepthWindow {
  readonly #engine: MatchingEngine;
  readonly #depth: number;
  #bids: LevelChange[];
  #asks: LevelChange[];
  #sequence: number;

  constructor(engine: MatchingEngine, depth: number) {
    this.#engine = engine;
    this.#depth = depth;
    this.#sequence = engine.sequence;
    this.#bids = topOf(engine.bids, depth);
    this.#asks = topOf(engine.asks, depth);
  }

  /** The window as the clients hold it, and the sequence it was taken at. */
  get bids(): readonly LevelChange[] {
    return this.#bids;
  }

  get asks(): readonly LevelChange[] {
    return this.#asks;
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Moves to the current book; undefined when the window did not change. */
  advance(): WindowChange | undefined {
    const engine = this.#engine;
    if (this.#sequence === engine.sequence) return undefined;
    this.#sequence = engine.sequence;
    const bids = topOf(engine.bids, this.#depth);
    const asks = topOf(engine.asks, this.#depth);
    const change = { bids: difference(this.#bids, bids, 'buy'), asks: difference(this.#asks, asks, 'sell') };
    this.#bids = bids;
    this.#asks = asks;
    return change.bids.length === 0 && change.asks.length === 0 ? undefined : change;
  }
}

export function topOf(side: BookSide, depth: number): LevelChange[] {
  const top: LevelChange[] = [];
  const count = Math.min(depth, side.levelCount);
  for (let rank = 0; rank < count; rank++) {
    const level = side.ranked(rank);
    if (level !== undefined) top.push([level.ticks, level.lots]);
  }
  return top;
}

/** Both lists are sorted best first: one walk finds levels that left (0 lots), entered or changed. */
function difference(before: readonly LevelChange[], after: readonly LevelChange[], side: Side): LevelChange[] {
  const changes: LevelChange[] = [];
  const sign = side === 'buy' ? -1 : 1;
  let old = 0;
  let now = 0;
  while (old < before.length || now < after.length) {
    const was = before[old];
    const is = after[now];
    if (is === undefined || (was !== undefined && (was[0] - is[0]) * sign < 0)) {
      if (was !== undefined) changes.push([was[0], 0]);
      old++;
    } else if (was === undefined || was[0] !== is[0]) {
      changes.push([is[0], is[1], true]);
      now++;
    } else {
      if (was[1] !== is[1]) changes.push(is);
      old++;
      now++;
    }
  }
  return changes;
}

function sorted(changes: LevelChange[], side: Side): LevelChange[] {
  return side === 'buy' ? changes.sort((a, b) => b[0] - a[0]) : changes.sort((a, b) => a[0] - b[0]);
}
