/**
 * Maker-taker: where an order may rest on one instrument so that, when it fills, taking the other side on the second instrument still pays. Pure; hot lane.
 * Of the two directions the one nearer to the market is wanted: it is the one that fills.
 */
import { SIDE_BUY, SIDE_SELL } from '../../core/memory/record.js';
import { baseOfLot, takes, type LegTerms } from './edge.js';

/** A best price and what stands there. */
export interface Touch {
  readonly bidTicks: number;
  readonly bidLots: number;
  readonly askTicks: number;
  readonly askLots: number;
}

export interface QuoteLimits {
  /** Least profit after both fees, as a share of the value. */
  readonly minEdge: number;
  /** Assumed costs beyond the fees, as a share of the value. */
  readonly cost: number;
  /** An order farther from the best price than this share of it does not rest. */
  readonly distance: number;
  /** Largest base quantity by direction: resting buy, resting sell. */
  readonly maxBuy: number;
  readonly maxSell: number;
}

/** What a look at both markets wants. Reused. */
export class Quote {
  /** False: nothing is worth resting now. */
  isWanted = false;
  side = SIDE_BUY;
  /** Where it rests: never taking. */
  ticks = 0;
  /** The worst price that still pays: an order beyond it must go. */
  limitTicks = 0;
  lots = 0;
}

/** @param maker the instrument that the order rests on @param taker where it is closed at the best price */
export function findQuote(maker: LegTerms, at: Touch, taker: LegTerms, against: Touch, limits: QuoteLimits, out: Quote): void {
  out.isWanted = false;
  const pays = 1 - limits.minEdge - limits.cost;
  const exitBid = against.bidTicks * taker.tick * (1 - taker.fee);
  const exitAsk = against.askTicks * taker.tick * (1 + taker.fee);
  const buyLimit = Math.floor((exitBid * pays) / (1 + maker.makerFee) / maker.tick + 1e-9);
  const sellLimit = Math.ceil(exitAsk / (pays * (1 - maker.makerFee)) / maker.tick - 1e-9);
  const buyTicks = Math.min(buyLimit, at.askTicks - 1);
  const sellTicks = Math.max(sellLimit, at.bidTicks + 1);
  const buyAway = (at.bidTicks - buyTicks) / at.bidTicks;
  const sellAway = (sellTicks - at.askTicks) / at.askTicks;
  const isBuy = buyAway <= sellAway;
  const away = isBuy ? buyAway : sellAway;
  const ticks = isBuy ? buyTicks : sellTicks;
  if (!(away <= limits.distance) || !(ticks >= 1)) return;
  const price = ticks * maker.tick;
  const exitTicks = isBuy ? against.bidTicks : against.askTicks;
  // No more than the other side can take at its best price: what is behind it was not counted.
  const there = (isBuy ? against.bidLots : against.askLots) * baseOfLot(taker, exitTicks * taker.tick);
  const base = Math.min(there, isBuy ? limits.maxBuy : limits.maxSell);
  const coarse = Math.max(baseOfLot(maker, price), baseOfLot(taker, exitTicks * taker.tick));
  const lots = Math.round((Math.floor(base / coarse + 1e-9) * coarse) / baseOfLot(maker, price));
  if (!takes(maker, lots, price)) return;
  out.isWanted = true;
  out.side = isBuy ? SIDE_BUY : SIDE_SELL;
  out.ticks = ticks;
  out.limitTicks = isBuy ? buyLimit : sellLimit;
  out.lots = lots;
}

/** An order that rests where a deal would no longer pay. */
export function isBeyond(side: number, ticks: number, limitTicks: number): boolean {
  return side === SIDE_BUY ? ticks > limitTicks : side === SIDE_SELL && ticks < limitTicks;
}
