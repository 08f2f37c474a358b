/** What an account may set for a market: leverage, margin mode, margin of an isolated position; each refused when the money or the position does not allow it. */
import type { Market } from '../market/market.js';
import type { AccountState } from './account-state.js';
import type { BookedMarket } from './books.js';
import type { AssetTerms, Done, MarginMode, Refusal } from './contract.js';
import type { EventQueue } from './event-queue.js';
import type { Margins } from './margin.js';
import { marginOf } from './position.js';

const refused = (refusal: Refusal): Done => ({ ok: false, refusal });
const DONE: Done = { ok: true };

export class Settings {
  readonly #margins: Margins;
  readonly #events: EventQueue;
  readonly #onActivity: () => void;

  constructor(margins: Margins, events: EventQueue, onActivity: () => void) {
    this.#margins = margins;
    this.#events = events;
    this.#onActivity = onActivity;
  }

  setLeverage(state: AccountState, booked: BookedMarket, leverage: number): Done {
    const { market, terms, value } = booked;
    if (value.isSpot) return refused({ reason: 'unsupported' });
    const isZeroAllowed = terms.defaultLeverage === 0;
    if (!Number.isFinite(leverage) || leverage > terms.maxLeverage || (leverage < 1 && !(leverage === 0 && isZeroAllowed)))
      return refused({ reason: 'leverage-out-of-range' });
    const position = state.positionIn(market, terms.defaultLeverage);
    if (position.leverage === leverage) return refused({ reason: 'unchanged' });
    const before = position.leverage;
    const { available } = this.#margins.wallet(state, value.settle);
    const bound = this.#boundMargin(state, value.settle);
    position.leverage = leverage;
    const required = this.#boundMargin(state, value.settle) - bound;
    if (required > available) {
      position.leverage = before;
      return refused({ reason: 'insufficient-margin', asset: value.settle, required, available });
    }
    this.#changed(state, market, value.settle, 'leverage');
    return DONE;
  }

  setMarginMode(state: AccountState, booked: BookedMarket, mode: MarginMode): Done {
    const { market, terms, value } = booked;
    if (value.isSpot) return refused({ reason: 'unsupported' });
    const position = state.positionIn(market, terms.defaultLeverage);
    if (position.marginMode === mode) return refused({ reason: 'unchanged' });
    if (position.lots !== 0) return refused({ reason: 'has-position' });
    if (state.openIn(market).length > 0) return refused({ reason: 'has-orders' });
    position.marginMode = mode;
    this.#changed(state, market, value.settle, 'margin');
    return DONE;
  }

  /** Mode and leverage at once, with a position and orders open too: an isolated position gets the margin of its entry value at the new leverage. */
  changeMargining(state: AccountState, booked: BookedMarket, mode: MarginMode, leverage: number): Done {
    const { market, terms, value } = booked;
    if (value.isSpot) return refused({ reason: 'unsupported' });
    if (!Number.isFinite(leverage) || leverage < 0 || leverage > terms.maxLeverage) return refused({ reason: 'leverage-out-of-range' });
    const position = state.positionIn(market, terms.defaultLeverage);
    if (position.marginMode === mode && position.leverage === leverage) return refused({ reason: 'unchanged' });
    const before = { marginMode: position.marginMode, leverage: position.leverage, isolatedMargin: position.isolatedMargin };
    const { available } = this.#margins.wallet(state, value.settle);
    const bound = this.#boundMargin(state, value.settle);
    const isIsolated = mode === 'isolated';
    const isolatedMargin = isIsolated ? marginOf(position.entryUnits, leverage, terms.maxLeverage) : 0n;
    Object.assign(position, { marginMode: mode, leverage, isolatedMargin });
    const required = this.#boundMargin(state, value.settle) - bound;
    const { equity, maintenance } = this.#margins.health(state, value.settle);
    const isBroken = equity < maintenance || (isIsolated && position.lots !== 0 && this.#margins.isIsolatedBroken(position, booked));
    if (required > available || isBroken) {
      Object.assign(position, before);
      return refused({ reason: 'insufficient-margin', asset: value.settle, required, available });
    }
    this.#changed(state, market, value.settle, 'leverage');
    return DONE;
  }

  changeIsolatedMargin(state: AccountState, booked: BookedMarket, units: bigint): Done {
    const { market, terms, value } = booked;
    const position = state.positions.get(market);
    if (position === undefined || position.lots === 0 || position.marginMode !== 'isolated') return refused({ reason: 'not-isolated' });
    const { available } = this.#margins.wallet(state, value.settle);
    const least = marginOf(position.entryUnits, position.leverage, terms.maxLeverage);
    const removable = position.isolatedMargin > least ? position.isolatedMargin - least : 0n;
    const refusal = { reason: 'insufficient-margin', asset: value.settle } as const;
    if (units > available) return refused({ ...refusal, required: units, available });
    if (-units > removable) return refused({ ...refusal, required: -units, available: removable });
    position.isolatedMargin += units;
    this.#changed(state, market, value.settle, 'margin');
    return DONE;
  }

  #boundMargin(state: AccountState, terms: AssetTerms): bigint {
    const { positionMargin, orderMargin } = this.#margins.wallet(state, terms);
    return positionMargin + orderMargin;
  }

  #changed(state: AccountState, market: Market, settle: AssetTerms, cause: 'leverage' | 'margin'): void {
    this.#events.positionChanged(state, market, cause);
    this.#events.walletChanged(state, settle.asset, 'margin', 0n);
    this.#onActivity();
  }
}
