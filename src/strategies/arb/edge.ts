/**
 * How much of a crossing to take: both books are walked together, level by level, for the largest net profit after fees. Pure, no allocation; hot lane.
 * Quantities of both sides are compared in base units, so that instruments with other ticks, lots, contract values, or inverse contracts can be paired.
 * Floats: the relative error of a price or a quantity is 1e-15, eleven orders below the edges that are compared; orders go out as whole ticks and lots.
 */
import type { Instrument } from '../../core/orders/instrument.js';
import { toTicksUp } from '../../core/numbers/decimal.js';

/** An instrument as the walk needs it: numbers only. */
export interface LegTerms {
  /** Quote units of one tick. */
  readonly tick: number;
  /** Base units of one lot (spot, linear), quote units of one lot (inverse). */
  readonly lot: number;
  readonly isInverse: boolean;
  readonly isSpot: boolean;
  /** Share of the value paid for taking. */
  readonly fee: number;
  /** The same for an order that rested; negative is a rebate. */
  readonly makerFee: number;
  readonly minLots: number;
  readonly minNotional: number;
}

export function legTerms(instrument: Instrument): LegTerms {
  return {
    tick: Number(instrument.tickSize),
    lot: Number(instrument.lotSize) * Number(instrument.multiplier),
    isInverse: instrument.kind === 'inverse',
    isSpot: instrument.kind === 'spot',
    fee: Number(instrument.takerFee),
    makerFee: Number(instrument.makerFee),
    minLots: Math.max(1, toTicksUp(instrument.minQty, instrument.lotSize)),
    minNotional: Number(instrument.minNotional),
  };
}

/** Base units of one lot at a price in quote units. */
export function baseOfLot(terms: LegTerms, price: number): number {
  return terms.isInverse ? terms.lot / price : terms.lot;
}

/** A copied side of a book. */
export class SideLevels {
  readonly ticks: Float64Array;
  readonly lots: Float64Array;
  count = 0;

  constructor(capacity: number) {
    this.ticks = new Float64Array(capacity);
    this.lots = new Float64Array(capacity);
  }
}

export interface WalkLimits {
  /** Least net profit as a share of the value bought; negative where closing may cost something. */
  readonly minEdge: number;
  /** Costs that come later and count now (the exit of a basis), as a share of the value bought. */
  readonly laterCost: number;
  readonly maxBase: number;
}

/** What a walk found. Reused. */
export class Walk {
  base = 0;
  /** Value bought and net profit, in quote units. */
  notional = 0;
  net = 0;
  /** Worst prices taken. */
  buyTicks = 0;
  sellTicks = 0;

  /** Net profit as a share of the value bought; 0 when nothing is worth taking. */
  get edge(): number {
    return this.notional > 0 ? this.net / this.notional : 0;
  }
}

/**
 * Takes from the asks of one book and the bids of the other while the next unit adds profit (or, with a negative `minEdge`, costs no more than that) and
 * the whole keeps `minEdge`. Both margins only fall from level to level, so the first level that fails ends the walk.
 */
export function walk(asks: SideLevels, buy: LegTerms, bids: SideLevels, sell: LegTerms, limits: WalkLimits, out: Walk): void {
  out.base = 0;
  out.notional = 0;
  out.net = 0;
  out.buyTicks = 0;
  out.sellTicks = 0;
  const { minEdge, laterCost, maxBase } = limits;
  const least = Math.min(0, minEdge);
  let a = 0;
  let b = 0;
  let askLeft = asks.count > 0 ? baseAt(asks, 0, buy) : 0;
  let bidLeft = bids.count > 0 ? baseAt(bids, 0, sell) : 0;
  while (a < asks.count && b < bids.count) {
    const ask = asks.ticks[a]! * buy.tick;
    const bid = bids.ticks[b]! * sell.tick;
    const margin = bid * (1 - sell.fee) - ask * (1 + buy.fee + laterCost);
    if (!(margin > least * ask)) return;
    let base = Math.min(askLeft, bidLeft, maxBase - out.base);
    if (margin < minEdge * ask) {
      // This level pulls the average down: only as much of it as the average can bear.
      base = Math.min(base, (out.net - minEdge * out.notional) / (minEdge * ask - margin));
    }
    if (!(base > 0)) return;
    out.base += base;
    out.notional += base * ask;
    out.net += base * margin;
    out.buyTicks = asks.ticks[a]!;
    out.sellTicks = bids.ticks[b]!;
    askLeft -= base;
    bidLeft -= base;
    // What is left below a billionth of a lot is rounding, not quantity.
    const isAskDone = askLeft <= baseOfLot(buy, ask) * 1e-9;
    const isBidDone = bidLeft <= baseOfLot(sell, bid) * 1e-9;
    if (!isAskDone && !isBidDone) return;
    if (isAskDone && ++a < asks.count) askLeft = baseAt(asks, a, buy);
    if (isBidDone && ++b < bids.count) bidLeft = baseAt(bids, b, sell);
  }
}

function baseAt(side: SideLevels, index: number, terms: LegTerms): number {
  return side.lots[index]! * baseOfLot(terms, side.ticks[index]! * terms.tick);
}

/** Whole lots of both legs. Reused. */
export class LegSizes {
  buyLots = 0;
  sellLots = 0;
}

/**
 * The same base quantity in whole lots of both: the coarser one is rounded down, the finer one follows it as closely as its lots allow (exactly, where one
 * lot is a multiple of the other). False when a leg is below what its venue takes.
 */
export function sizeLegs(base: number, buy: LegTerms, buyTicks: number, sell: LegTerms, sellTicks: number, out: LegSizes): boolean {
  const buyPrice = buyTicks * buy.tick;
  const sellPrice = sellTicks * sell.tick;
  const buyUnit = baseOfLot(buy, buyPrice);
  const sellUnit = baseOfLot(sell, sellPrice);
  const coarse = Math.max(buyUnit, sellUnit);
  const rounded = Math.floor(base / coarse + 1e-9) * coarse;
  out.buyLots = Math.round(rounded / buyUnit);
  out.sellLots = Math.round(rounded / sellUnit);
  return takes(buy, out.buyLots, buyPrice) && takes(sell, out.sellLots, sellPrice);
}

/** The venue takes an order of this size. */
export function takes(terms: LegTerms, lots: number, price: number): boolean {
  if (lots < terms.minLots) return false;
  const notional = terms.isInverse ? lots * terms.lot : lots * terms.lot * price;
  return notional >= terms.minNotional;
}

/** Attempts to close widen their limit up to this many times: beyond it no market would be missed, and a risk collar would refuse them for ever. */
export const WIDEST = 4;

/** Slippage of the next attempt to close something. @param attempts made so far */
export function widened(slippage: number, attempts: number): number {
  return slippage * Math.min(WIDEST, 1 + attempts);
}

/** A limit that stands `slippage` behind a price, in whole ticks, never before it. */
export function limitBehind(ticks: number, isBuy: boolean, slippage: number): number {
  return isBuy ? Math.floor(ticks * (1 + slippage)) : Math.max(1, Math.ceil(ticks * (1 - slippage)));
}
