/** All pairs of an arbitrage: made from its instruments, found by level or slot, taken up again after a restart; and which have a deal open. Hot lane. */
import { UsageError } from '../../core/numbers/errors.js';
import { isTerminal } from '../../core/orders/order-state.js';
import { coinOf, type Instrument } from '../../core/orders/instrument.js';
import type { RecoveredStrategy, StrategySetup } from '../../core/ports/strategy.js';
import { countUnseen } from '../unseen.js';
import { legTerms } from './edge.js';
import { LEVELS_PER_PAIR, Pair, PairState } from './pair.js';
import { BASE_SCALE, EDGE_SCALE } from './pair-records.js';
import type { ArbSettings } from './params.js';

export class PairTable {
  readonly usable: readonly Pair[];
  /** Levels that all pairs take, usable or not. */
  readonly levels: number;
  /** The index counts all pairs, usable or not: level ids stay the same when a setting changes which are. */
  readonly #all: readonly (Pair | null)[];
  readonly #bySlot: readonly (readonly Pair[])[];
  /** Pairs with a deal open, by slot. */
  readonly #busy: Uint8Array;

  /** Throws UsageError when no pair can be made, or the levels do not suffice. */
  constructor(setup: StrategySetup, settings: ArbSettings) {
    const { name, instruments, levelCapacity } = setup;
    const all: (Pair | null)[] = [];
    for (const [i, first] of instruments.entries()) {
      for (const [n, second] of instruments.slice(i + 1).entries())
        all.push(makePair(all.length, [i, first], [i + 1 + n, second], settings));
    }
    this.#all = all;
    this.usable = all.filter((pair) => pair !== null);
    this.#bySlot = instruments.map((_, slot) => this.usable.filter((pair) => pair.first === slot || pair.second === slot));
    this.levels = all.length * LEVELS_PER_PAIR;
    this.#busy = new Uint8Array(instruments.length);
    if (this.usable.length === 0) {
      const listed = instruments.map(({ id, kind, base, quote }) => `${id} (${kind} ${base}/${quote})`).join(', ');
      throw new UsageError(`${name}: mode ${settings.mode} finds no pair of one base and equal quotes (equalQuotes) among ${listed}`);
    }
    if (this.levels > levelCapacity) {
      throw new UsageError(
        `${name}: ${all.length} pairs need ${this.levels} level slots, this run has ${levelCapacity} a strategy: use fewer instruments`,
      );
    }
  }

  ofSlot(slot: number): readonly Pair[] {
    return this.#bySlot[slot]!;
  }

  /** The pair that a level belongs to, null when it is none of ours. */
  ofLevel(level: number): Pair | null {
    return this.#all[Math.floor(level / LEVELS_PER_PAIR)] ?? null;
  }

  /** To another state; every change of a pair's state goes this way, or the count of open deals were wrong. */
  go(pair: Pair, next: number): void {
    const wasBusy = pair.isBusy;
    pair.go(next);
    if (wasBusy === pair.isBusy) return;
    const change = wasBusy ? -1 : 1;
    this.#busy[pair.first] = this.#busy[pair.first]! + change;
    this.#busy[pair.second] = this.#busy[pair.second]! + change;
  }

  /** A deal is open on one of the pair's instruments. */
  isAnyBusy(pair: Pair): boolean {
    return this.#busy[pair.first]! + this.#busy[pair.second]! > 0;
  }

  /** Sums from the legs' records, plus fills that the journal has and the records have not. */
  recover(recovered: RecoveredStrategy): void {
    const published = new Map(recovered.levels.map((level) => [level.level, level]));
    for (const pair of this.usable) {
      for (let n = 0; n < 4; n++) {
        const leg = pair.placeAt(n);
        const record = published.get(leg.level);
        const side = (n & 1) as 0 | 1;
        leg.totalBase = (record?.auxLots ?? 0) / BASE_SCALE;
        leg.totalLots = record?.auxTicks ?? 0;
        leg.remember(record?.orderId ?? 0, record?.cumLots ?? 0);
        pair.netBase[side] = pair.netBase[side]! + leg.totalBase;
        pair.netLots[side] = pair.netLots[side]! + leg.totalLots;
      }
      pair.heldBase = pair.matchedBase();
      pair.heldEdge = pair.heldBase === 0 ? 0 : (published.get(pair.recordLevel)?.auxTicks ?? 0) / EDGE_SCALE;
    }
    countUnseen(recovered, (order, lots) => {
      const pair = this.ofLevel(order.level);
      if (pair === null || order.level === pair.recordLevel) return;
      const leg = pair.legOf(order.level);
      const isLive = !isTerminal(order.state);
      leg.recover(order.orderId, order.side, order.priceTicks, order.qtyLots, order.cumLots, isLive);
      pair.fill(leg, lots, order.priceTicks);
      if (isLive && pair.state === PairState.IDLE) this.go(pair, PairState.LEGS);
    });
  }
}

type Placed = readonly [slot: number, instrument: Instrument];

/** Null when the two cannot be compared, or the mode does not want them. */
function makePair(index: number, [i, a]: Placed, [j, b]: Placed, { equalQuotes, mode }: ArbSettings): Pair | null {
  const isSameQuote = a.quote === b.quote || (equalQuotes.has(a.quote) && equalQuotes.has(b.quote));
  // A quanto contract pays in a third asset: its quantity is no quantity of the base.
  if (coinOf(a.base) !== coinOf(b.base) || !isSameQuote || a.kind === 'quanto' || b.kind === 'quanto') return null;
  const contracts = Number(a.kind !== 'spot') + Number(b.kind !== 'spot');
  if (mode === 'perp' ? contracts !== 2 : mode !== 'auto' && (contracts === 1) !== (mode === 'basis')) return null;
  // Held until it reverts, or taken whenever it pays.
  const isBasis = contracts === 1 || mode === 'perp';
  return new Pair(index, isBasis, i, j, [legTerms(a), legTerms(b)]);
}
