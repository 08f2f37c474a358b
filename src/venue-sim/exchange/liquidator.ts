/**
 * Closes positions whose margin is gone: open orders of the account are cancelled first, then the position is sold to the book at any price; what it loses beyond
 * what stood behind it is covered by the insurance fund, and the liquidation fee goes there. Clients' accounts only: the flow's never run out.
 */
import type { Market } from '../market/market.js';
import type { AccountState } from './account-state.js';
import type { BookedMarket, Books } from './books.js';
import type { AssetTerms, OrderRequest } from './contract.js';
import type { EventQueue } from './event-queue.js';
import type { Margins } from './margin.js';
import type { OrderDesk } from './order-desk.js';
import type { Position } from './position.js';
import { partOf } from './value.js';

export class Liquidator {
  readonly #books: Books;
  readonly #margins: Margins;
  readonly #desk: OrderDesk;
  readonly #events: EventQueue;
  readonly #booked: ReadonlyMap<Market, BookedMarket>;

  constructor(books: Books, margins: Margins, desk: OrderDesk, events: EventQueue, booked: ReadonlyMap<Market, BookedMarket>) {
    this.#books = books;
    this.#margins = margins;
    this.#desk = desk;
    this.#events = events;
    this.#booked = booked;
  }

  check(nowUs: number): void {
    for (const state of this.#books.states.values()) {
      if (!state.isTest || state.positions.size === 0) continue;
      this.#checkIsolated(state, nowUs);
      for (const terms of this.#settleAssets(state)) this.#checkCross(state, terms, nowUs);
    }
  }

  #checkIsolated(state: AccountState, nowUs: number): void {
    for (const [market, position] of state.positions) {
      const booked = this.#booked.get(market);
      if (booked === undefined || position.lots === 0 || position.marginMode !== 'isolated') continue;
      if (!this.#margins.isIsolatedBroken(position, booked)) continue;
      for (const order of state.openIn(market)) this.#desk.cancel(state, order, 'liquidation');
      const behind = position.isolatedMargin;
      const lost = this.#close(state, booked, position, nowUs);
      // Only what was put aside can be lost; the part that is closed is backed by its part of the margin.
      const used = behind - position.isolatedMargin;
      if (lost > used) this.#books.payInsurance(state, booked.value.settle, used - lost, nowUs, { market });
    }
  }

  #checkCross(state: AccountState, terms: AssetTerms, nowUs: number): void {
    const isBroken = (): boolean => {
      const { equity, maintenance } = this.#margins.health(state, terms);
      return maintenance > 0n && equity < maintenance;
    };
    if (!isBroken()) return;
    const held = [...state.positions].filter(([market, position]) => {
      const booked = this.#booked.get(market);
      return booked !== undefined && booked.value.settle === terms && position.lots !== 0 && position.marginMode === 'cross';
    });
    for (const order of state.open.values()) {
      if (this.#booked.get(order.market)?.value.settle === terms) this.#desk.cancel(state, order, 'liquidation');
    }
    for (const [market, position] of held) {
      const booked = this.#booked.get(market);
      if (booked === undefined || !isBroken()) continue;
      this.#close(state, booked, position, nowUs);
    }
    const wallet = state.wallet(terms);
    const open = held.some(([, position]) => position.lots !== 0);
    if (!open && wallet.total < 0n) this.#books.payInsurance(state, terms, wallet.total, nowUs, { market: null });
  }

  /** Sends the closing order. Returns what the wallet lost by it; what the book did not take is tried again at the next check. */
  #close(state: AccountState, booked: BookedMarket, position: Position, nowUs: number): bigint {
    const { market, value } = booked;
    const wallet = state.wallet(value.settle);
    const before = wallet.total;
    const side = position.lots > 0 ? 'sell' : 'buy';
    const request: OrderRequest = {
      market,
      side,
      ticks: null,
      lots: Math.abs(position.lots),
      timeInForce: 'ioc',
      extra: { forced: 'liquidation' },
    };
    const placed = this.#desk.place(state, request, true);
    if (!placed.ok) return 0n;
    const fee = partOf(placed.order.filledUnits, booked.liquidationFee);
    this.#books.payInsurance(state, value.settle, fee, nowUs, { market });
    this.#events.add({ type: 'liquidation', account: state.account, timeUs: nowUs, market, order: placed.order });
    return before - wallet.total;
  }

  #settleAssets(state: AccountState): Set<AssetTerms> {
    const assets = new Set<AssetTerms>();
    for (const [market, position] of state.positions) {
      const booked = this.#booked.get(market);
      if (booked !== undefined && position.lots !== 0) assets.add(booked.value.settle);
    }
    return assets;
  }
}
