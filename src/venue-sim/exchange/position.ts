/** One account's position in one market: signed lots, their exact value at entry, realised profit, isolated margin. Changed by `Books` only. */
import type { Side } from '../engine/book-side.js';
import type { MarginMode } from './contract.js';
import { atLeast, nearest, type MarketValue } from './value.js';

export interface AppliedFill {
  readonly realised: bigint;
  readonly closedLots: number;
}

export class Position {
  lots = 0;
  entryUnits = 0n;
  isolatedMargin = 0n;
  marginMode: MarginMode = 'cross';
  /** Since the position was opened, and ever. */
  realised = 0n;
  realisedTotal = 0n;
  feesTotal = 0n;
  fundingTotal = 0n;
  boughtLots = 0;
  soldLots = 0;
  boughtUnits = 0n;
  soldUnits = 0n;
  openedUs = 0;
  updatedUs = 0;
  /** 0 where a venue says "cross" that way: the highest one counts. */
  leverage: number;

  constructor(leverage: number) {
    this.leverage = leverage;
  }

  get direction(): Side {
    return this.lots >= 0 ? 'buy' : 'sell';
  }

  /** Books an execution worth `units`. A fill that turns the position around closes what is there and opens the rest. */
  apply(value: MarketValue, side: Side, lots: number, units: bigint, maxLeverage: number, nowUs: number): AppliedFill {
    const held = Math.abs(this.lots);
    const isAgainst = this.lots !== 0 && side !== this.direction;
    const closedLots = isAgainst ? Math.min(held, lots) : 0;
    let realised = 0n;
    let opening = units;
    if (closedLots > 0) {
      const closing = closedLots === lots ? units : nearest(units * BigInt(closedLots), BigInt(lots));
      opening = units - closing;
      const entry = closedLots === held ? this.entryUnits : nearest(this.entryUnits * BigInt(closedLots), BigInt(held));
      realised = value.profit(this.direction, entry, closing);
      const released = closedLots === held ? this.isolatedMargin : nearest(this.isolatedMargin * BigInt(closedLots), BigInt(held));
      this.entryUnits -= entry;
      this.isolatedMargin -= released;
      this.lots += side === 'buy' ? closedLots : -closedLots;
      this.realised += realised;
      this.realisedTotal += realised;
    }
    if (lots > closedLots) {
      if (this.lots === 0) {
        this.realised = 0n;
        this.openedUs = nowUs;
      }
      this.entryUnits += opening;
      if (this.marginMode === 'isolated') this.isolatedMargin += marginOf(opening, this.leverage, maxLeverage);
      this.lots += side === 'buy' ? lots - closedLots : closedLots - lots;
    }
    if (side === 'buy') {
      this.boughtLots += lots;
      this.boughtUnits += units;
    } else {
      this.soldLots += lots;
      this.soldUnits += units;
    }
    this.updatedUs = nowUs;
    return { realised, closedLots };
  }
}

/** Initial margin of a value. Leverage with two decimals is taken as it is. */
export function marginOf(units: bigint, leverage: number, maxLeverage: number): bigint {
  const hundredths = BigInt(Math.round((leverage === 0 ? maxLeverage : leverage) * 100));
  return atLeast(units * 100n, hundredths);
}
