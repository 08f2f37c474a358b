/**
 * What an account may still do: margin of positions and open orders, what is free in a wallet, and where a position would be liquidated. Wallets are judged per
 * settle asset; one asset never covers another's losses. Called by `VenueExchange` for every order and for views.
 */
import type { Side } from '../engine/book-side.js';
import type { Market } from '../market/market.js';
import type { AccountState } from './account-state.js';
import type { BookedMarket } from './books.js';
import type { AssetTerms, PositionView, WalletView } from './contract.js';
import { marginOf, type Position } from './position.js';
import { atLeast } from './value.js';

/** Open orders of one market and side: lots and their value at their own prices. */
interface Exposure {
  lots: number;
  units: bigint;
}

/** An order as it would be, in place of `instead` (an amendment) or beside the others. */
export interface WantedOrder {
  readonly side: Side;
  readonly units: bigint;
  readonly reduceOnly: boolean;
  readonly insteadOf: number | null;
}

export class Margins {
  readonly #booked: ReadonlyMap<Market, BookedMarket>;

  constructor(booked: ReadonlyMap<Market, BookedMarket>) {
    this.#booked = booked;
  }

  /** What an order would need beyond what is set aside now; 0 when it only reduces. */
  needed(state: AccountState, booked: BookedMarket, wanted: WantedOrder): bigint {
    const now = this.#orderMargin(state, booked, null);
    const then = this.#orderMargin(state, booked, wanted);
    return then > now ? then - now : 0n;
  }

  wallet(state: AccountState, terms: AssetTerms): WalletView {
    const wallet = state.wallet(terms);
    let unrealised = 0n;
    let crossUnrealised = 0n;
    let positionMargin = 0n;
    let crossMargin = 0n;
    let orderMargin = 0n;
    let maintenance = 0n;
    let isolated = 0n;
    for (const booked of this.#booked.values()) {
      if (booked.value.isSpot || booked.value.settle !== terms) continue;
      const position = state.positions.get(booked.market);
      if (position !== undefined && position.lots !== 0) {
        const mark = booked.value.mark();
        const units = booked.value.atMark(position.lots, mark);
        const profit = booked.value.profit(position.direction, position.entryUnits, units);
        const margin = position.marginMode === 'isolated' ? position.isolatedMargin : this.#initial(position, booked, units);
        unrealised += profit;
        positionMargin += margin;
        maintenance += maintenanceOf(booked, units);
        if (position.marginMode === 'isolated') isolated += margin;
        else {
          crossUnrealised += profit;
          crossMargin += margin;
        }
      }
      orderMargin += this.#orderMargin(state, booked, null);
    }
    const free = wallet.total - wallet.locked - isolated;
    const available = free + crossUnrealised - crossMargin - orderMargin;
    return {
      terms,
      total: wallet.total,
      locked: wallet.locked,
      unrealised,
      positionMargin,
      orderMargin,
      maintenance,
      isolated,
      available: available > 0n ? available : 0n,
      updatedUs: wallet.updatedUs,
    };
  }

  /** What a spot order may lock: profit that is not realised cannot be given away. */
  spendable(state: AccountState, terms: AssetTerms): bigint {
    const view = this.wallet(state, terms);
    const held = view.total - view.locked - view.isolated;
    const least = view.available < held ? view.available : held;
    return least > 0n ? least : 0n;
  }

  /** Cross equity and maintenance of one asset: below it the account is liquidated. */
  health(state: AccountState, terms: AssetTerms): { readonly equity: bigint; readonly maintenance: bigint } {
    let equity = state.wallet(terms).total;
    let maintenance = 0n;
    for (const [market, position] of state.positions) {
      const booked = this.#booked.get(market);
      if (booked === undefined || booked.value.settle !== terms) continue;
      if (position.marginMode === 'isolated') {
        equity -= position.isolatedMargin;
        continue;
      }
      const units = booked.value.atMark(position.lots, booked.value.mark());
      equity += booked.value.profit(position.direction, position.entryUnits, units);
      maintenance += maintenanceOf(booked, units);
    }
    return { equity, maintenance };
  }

  isIsolatedBroken(position: Position, booked: BookedMarket): boolean {
    const units = booked.value.atMark(position.lots, booked.value.mark());
    return position.isolatedMargin + booked.value.profit(position.direction, position.entryUnits, units) < maintenanceOf(booked, units);
  }

  position(state: AccountState, booked: BookedMarket, account = state.account): PositionView {
    const { market, value, terms } = booked;
    const position = state.positionIn(market, terms.defaultLeverage);
    const mark = value.mark();
    const { lots } = position;
    const markUnits = value.atMark(lots, mark);
    const isIsolated = position.marginMode === 'isolated';
    const buys = this.#openOrders(state, market, 'buy');
    const sells = this.#openOrders(state, market, 'sell');
    const bankruptcy = lots === 0 ? null : this.#breaksAt(state, booked, position, 0n);
    return {
      account,
      market,
      lots,
      entryUnits: position.entryUnits,
      markUnits,
      unrealised: lots === 0 ? 0n : value.profit(position.direction, position.entryUnits, markUnits),
      realised: position.realised,
      realisedTotal: position.realisedTotal,
      feesTotal: position.feesTotal,
      fundingTotal: position.fundingTotal,
      leverage: position.leverage,
      marginMode: position.marginMode,
      isolatedMargin: position.isolatedMargin,
      initialMargin: isIsolated ? position.isolatedMargin : this.#initial(position, booked, markUnits),
      maintenance: lots === 0 ? 0n : maintenanceOf(booked, markUnits),
      entryPrice: value.priceOf(Math.abs(lots), position.entryUnits),
      liquidationPrice: lots === 0 ? null : this.#breaksAt(state, booked, position, maintenanceOf(booked, markUnits)),
      bankruptcyPrice: bankruptcy,
      markPrice: mark.price,
      openBuyLots: buys.lots,
      openSellLots: sells.lots,
      boughtLots: position.boughtLots,
      soldLots: position.soldLots,
      boughtUnits: position.boughtUnits,
      soldUnits: position.soldUnits,
      openedUs: position.openedUs,
      updatedUs: position.updatedUs,
    };
  }

  /** The mark at which what stands behind a position falls to `floor`; null when no price does that. Other positions are taken at their marks of now. */
  #breaksAt(state: AccountState, booked: BookedMarket, position: Position, floor: bigint): number | null {
    const mark = booked.value.mark();
    const units = booked.value.atMark(position.lots, mark);
    const profit = booked.value.profit(position.direction, position.entryUnits, units);
    const behind = position.marginMode === 'isolated' ? position.isolatedMargin + profit : this.health(state, booked.value.settle).equity;
    // Value at which profit has fallen by everything beyond the floor.
    const slack = behind - floor;
    const isFalling = (position.direction === 'buy') !== booked.value.isInverse;
    const broken = isFalling ? units - slack : units + slack;
    return booked.value.priceOf(Math.abs(position.lots), broken);
  }

  #initial(position: Position, booked: BookedMarket, units: bigint): bigint {
    return position.lots === 0 ? 0n : marginOf(units, position.leverage, booked.terms.maxLeverage);
  }

  /** Margin of open orders: what the side that would make the position largest adds to it. */
  #orderMargin(state: AccountState, booked: BookedMarket, wanted: WantedOrder | null): bigint {
    const { market, terms, value } = booked;
    const buys = this.#openOrders(state, market, 'buy', wanted?.insteadOf ?? null).units + wantedUnits(wanted, 'buy');
    const sells = this.#openOrders(state, market, 'sell', wanted?.insteadOf ?? null).units + wantedUnits(wanted, 'sell');
    if (buys === 0n && sells === 0n) return 0n;
    const position = state.positions.get(market);
    const held = position === undefined || position.lots === 0 ? 0n : value.atMark(position.lots, value.mark());
    const signed = position !== undefined && position.lots < 0 ? -held : held;
    const largest = [held, absolute(signed + buys), absolute(signed - sells)].reduce((most, units) => (units > most ? units : most));
    return marginOf(largest - held, position?.leverage ?? terms.defaultLeverage, terms.maxLeverage);
  }

  #openOrders(state: AccountState, market: Market, side: Side, except: number | null = null): Exposure {
    const exposure: Exposure = { lots: 0, units: 0n };
    const value = this.#booked.get(market)?.value;
    if (value === undefined) return exposure;
    for (const order of state.open.values()) {
      if (order.market !== market || order.side !== side || order.ticks === null || order.number === except) continue;
      exposure.lots += order.leftLots;
      if (!order.reduceOnly && order.leftLots > 0) exposure.units += value.execution(order.leftLots, order.ticks);
    }
    return exposure;
  }
}

export function maintenanceOf(booked: BookedMarket, units: bigint): bigint {
  return atLeast(units * booked.maintenance.numerator, booked.maintenance.denominator);
}

function wantedUnits(wanted: WantedOrder | null, side: Side): bigint {
  return wanted === null || wanted.side !== side || wanted.reduceOnly ? 0n : wanted.units;
}

function absolute(units: bigint): bigint {
  return units < 0n ? -units : units;
}
