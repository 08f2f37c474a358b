/**
 * Two instruments of one base asset and what is going on between them. A deal is two legs, sent together; whatever one leg fills beyond the other is naked
 * and is closed where it costs least. States of a pair, and the only ways between them:
 *
 *   IDLE     -> LEGS      both legs handed over
 *   LEGS     -> COOLING   both ended, nothing naked that a venue would take
 *   LEGS     -> NAKED     both ended (or one is overdue) and something is naked
 *   NAKED    -> HEDGING   a closing order is out
 *   HEDGING  -> NAKED     it ended and did not close all: again, after a growing pause
 *   HEDGING  -> COOLING   flat
 *   NAKED    -> COOLING   a late fill made it flat
 *   IDLE     -> QUOTING   maker-taker: an order rests on one of the two
 *   QUOTING  -> IDLE      it ended without a fill
 *   QUOTING  -> NAKED     it filled: the other side is taken
 *   QUOTING  -> COOLING   it ended with less than a venue would take
 *   COOLING  -> IDLE      pause over and both books newer
 *   COOLING  -> NAKED     a late fill
 *   IDLE     -> NAKED     a late fill, or a restart that found something naked
 */
import { assert } from '../../core/numbers/errors.js';
import { SIDE_BUY } from '../../core/memory/record.js';
import { baseOfLot, takes, type LegSizes, type LegTerms, type Walk } from './edge.js';
import { Leg } from './leg.js';

export const PairState = { IDLE: 0, LEGS: 1, NAKED: 2, HEDGING: 3, COOLING: 4, QUOTING: 5 } as const;

const LEGAL: readonly (readonly number[])[] = [
  [PairState.LEGS, PairState.NAKED, PairState.QUOTING],
  [PairState.COOLING, PairState.NAKED],
  [PairState.HEDGING, PairState.COOLING],
  [PairState.NAKED, PairState.COOLING],
  [PairState.IDLE, PairState.NAKED],
  [PairState.IDLE, PairState.NAKED, PairState.COOLING],
];

/** Level ids of a pair: leg and hedge on either instrument, and the pair's own record. */
export const LEVELS_PER_PAIR = 5;

export class Pair {
  readonly legs: readonly [Leg, Leg];
  readonly hedges: readonly [Leg, Leg];
  readonly recordLevel: number;
  #state: number = PairState.IDLE;
  hedgeAttempts = 0;
  hedgeNotBeforeUs = 0;
  endedUs = -Infinity;
  /** Deals in a row that filled nothing: the pause grows with them. */
  failures = 0;
  /** Signed, per instrument of the pair: what all orders of the pair ever filled, in base units and in lots. */
  readonly netBase = new Float64Array(2);
  readonly netLots = new Float64Array(2);
  /** The running deal, in base and quote units. */
  #boughtBase = 0;
  #boughtQuote = 0;
  #soldBase = 0;
  #soldQuote = 0;
  /** The position that deals built: base, positive = long the first instrument, short the second; and the sum of base x edge it was entered with. */
  heldBase = 0;
  heldEdge = 0;
  /** +1 buys the first and sells the second. */
  direction = 0;
  /** Reasons already counted in the running episode, one bit each, by direction (0: +1, 1: -1). */
  readonly refusedBits = new Uint32Array(2);

  constructor(
    readonly index: number,
    readonly isBasis: boolean,
    readonly first: number,
    readonly second: number,
    readonly terms: readonly [LegTerms, LegTerms],
  ) {
    const base = index * LEVELS_PER_PAIR;
    this.legs = [new Leg(base, first), new Leg(base + 1, second)];
    this.hedges = [new Leg(base + 2, first), new Leg(base + 3, second)];
    this.recordLevel = base + 4;
  }

  get state(): number {
    return this.#state;
  }

  go(next: number): void {
    if (next === this.#state) return;
    assert(LEGAL[this.#state]!.includes(next), `pair ${this.index} must not go from state ${this.#state} to ${next}`);
    this.#state = next;
  }

  /** A deal is open: its instruments are not another pair's business now. A quote that rests is none yet. */
  get isBusy(): boolean {
    return this.#state === PairState.LEGS || this.#state === PairState.NAKED || this.#state === PairState.HEDGING;
  }

  get isAnyOut(): boolean {
    return this.legs[0].isOut || this.legs[1].isOut || this.hedges[0].isOut || this.hedges[1].isOut;
  }

  legOf(level: number): Leg {
    return this.placeAt(level - this.index * LEVELS_PER_PAIR);
  }

  /** Order places in turn: both legs, both hedges; even ones are on the first instrument. */
  placeAt(n: number): Leg {
    return n < 2 ? this.legs[n as 0 | 1] : this.hedges[(n - 2) as 0 | 1];
  }

  /** Lots newly filled at one of the places. */
  fill(leg: Leg, lots: number, ticks: number): void {
    if (!(lots > 0)) return;
    const side = leg.slot === this.first ? 0 : 1;
    const isBuy = leg.side === SIDE_BUY;
    leg.totalBase += this.add(side, isBuy, lots, ticks * this.terms[side].tick);
    leg.totalLots += isBuy ? lots : -lots;
  }

  startDeal(direction: number): void {
    this.direction = direction;
    this.hedgeAttempts = 0;
    this.#clearDeal();
  }

  /** Base bought minus base sold: what has no other side. */
  get nakedBase(): number {
    const naked = this.netBase[0]! + this.netBase[1]!;
    // Sums of binary fractions: what is left below a billionth is nothing.
    return Math.abs(naked) < 1e-9 ? 0 : naked;
  }

  /**
   * Base units of one lot of an order on one instrument. An inverse contract that is closed counts with the base it was opened with: its quantity of base
   * moves with the price, and a hedge that followed it would trade a position that is hedged already.
   */
  unitOf(side: 0 | 1, isBuy: boolean, price: number): number {
    const terms = this.terms[side];
    const lots = this.netLots[side]!;
    const isClosing = terms.isInverse && (isBuy ? lots < 0 : lots > 0);
    return isClosing ? this.netBase[side]! / lots : baseOfLot(terms, price);
  }

  /** A fill of a leg or a hedge; `price` in quote units. Returns the signed base it counts as. @param side 0: on the first instrument, 1: on the second */
  add(side: 0 | 1, isBuy: boolean, lots: number, price: number): number {
    const open = Math.abs(this.netLots[side]!);
    const isThrough = this.terms[side].isInverse && lots > open && this.unitOf(side, isBuy, price) !== baseOfLot(this.terms[side], price);
    if (isThrough) return this.add(side, isBuy, open, price) + this.add(side, isBuy, lots - open, price);
    const base = lots * this.unitOf(side, isBuy, price);
    const sign = isBuy ? 1 : -1;
    this.netBase[side] = this.netBase[side]! + sign * base;
    this.netLots[side] = this.netLots[side]! + sign * lots;
    if (this.netLots[side] === 0) this.netBase[side] = 0;
    if (isBuy) {
      this.#boughtBase += base;
      this.#boughtQuote += base * price;
    } else {
      this.#soldBase += base;
      this.#soldQuote += base * price;
    }
    return sign * base;
  }

  /** The part of both instruments' nets that stands against each other. */
  matchedBase(): number {
    const first = this.netBase[0]!;
    const second = this.netBase[1]!;
    const matched = first * second < 0 ? Math.sign(first) * Math.min(Math.abs(first), Math.abs(second)) : 0;
    return Math.abs(matched) < 1e-9 ? 0 : matched;
  }

  /** Books what the deal changed into the position, with its edge after taker fees. What was unwound on one instrument changes no position. */
  endDeal(): void {
    const isFilled = this.#boughtBase + this.#soldBase > 0;
    this.failures = isFilled ? 0 : this.failures + 1;
    const change = this.matchedBase() - this.heldBase;
    if (this.#boughtBase > 0 && this.#soldBase > 0 && change !== 0) {
      const buyer = change > 0 ? 0 : 1;
      const buyPrice = this.#boughtQuote / this.#boughtBase;
      const sellPrice = this.#soldQuote / this.#soldBase;
      const edge = (sellPrice * (1 - this.terms[buyer === 0 ? 1 : 0].fee) - buyPrice * (1 + this.terms[buyer].fee)) / buyPrice;
      this.#hold(change, edge);
    } else if (change !== 0) {
      this.#hold(change, 0);
    }
    this.#clearDeal();
  }

  #clearDeal(): void {
    this.#boughtBase = 0;
    this.#boughtQuote = 0;
    this.#soldBase = 0;
    this.#soldQuote = 0;
  }

  /** Edge with which the position was entered, as a share of its value. */
  get entryEdge(): number {
    return this.heldBase === 0 ? 0 : this.heldEdge / Math.abs(this.heldBase);
  }

  #hold(base: number, edge: number): void {
    const before = this.heldBase;
    const after = before + base;
    if (before * base >= 0) {
      this.heldEdge += Math.abs(base) * edge;
    } else if (Math.abs(base) < Math.abs(before)) {
      this.heldEdge *= Math.abs(after) / Math.abs(before);
    } else {
      this.heldEdge = Math.abs(after) * edge;
    }
    // Base quantities of inverse contracts are not exact: what is left below a billionth is nothing.
    this.heldBase = Math.abs(after) < 1e-9 ? 0 : after;
    if (this.heldBase === 0) this.heldEdge = 0;
  }
}

/** Closing: the same share of what is held on both instruments, so that contracts are closed by the contracts that were opened. */
export function sizeByHeld(found: Walk, pair: Pair, buySide: 0 | 1, out: LegSizes): boolean {
  const sellSide = buySide === 0 ? 1 : 0;
  const share = Math.min(1, found.base / Math.abs(pair.heldBase));
  const buyHeld = Math.abs(pair.netLots[buySide]!);
  const sellHeld = Math.abs(pair.netLots[sellSide]!);
  // The side of fewer lots is the coarser one: the other follows what it can do.
  const fewer = Math.min(buyHeld, sellHeld);
  const wholeShare = Math.floor(share * fewer + 1e-6) / fewer;
  out.buyLots = Math.round(wholeShare * buyHeld);
  out.sellLots = Math.round(wholeShare * sellHeld);
  const buy = pair.terms[buySide];
  const sell = pair.terms[sellSide];
  return takes(buy, out.buyLots, found.buyTicks * buy.tick) && takes(sell, out.sellLots, found.sellTicks * sell.tick);
}
