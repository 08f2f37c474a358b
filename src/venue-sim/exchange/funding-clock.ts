/** Funding of one venue's contracts: when it is due, at which published rate, and the payments that were made. Asked by `VenueExchange` after every step. */
import { FUNDING_PERIOD_MS, type Market } from '../market/market.js';
import type { BookedMarket } from './books.js';
import type { Funding } from './contract.js';
import type { LedgerPayment, Books } from './books.js';

const KEPT_FUNDINGS = 1_000;

export interface SavedFunding {
  readonly past: readonly Funding[];
  readonly nextMs: number | null;
}

export interface FundingPaid {
  readonly booked: BookedMarket;
  readonly payments: readonly LedgerPayment[];
}

export class FundingClock {
  readonly #past = new Map<Market, readonly Funding[]>();
  readonly #nextMs = new Map<Market, number>();
  /** Rates of before the exchange was opened, which the seed draws and nobody paid. Made when somebody asks. */
  readonly #before = new Map<Market, readonly Funding[]>();

  /** Rate of the next payment as published. */
  rateText({ market, terms }: BookedMarket): string {
    return textOf(market.fundingRate, terms.fundingDecimals);
  }

  /** Rates of the exchange's own payments behind those of before it was opened, oldest first. */
  past(booked: BookedMarket): readonly Funding[] {
    const paid = this.#paid(booked.market);
    return [...this.#beforeOpening(booked), ...paid].slice(-KEPT_FUNDINGS);
  }

  /** Pays where it is due now; a venue that slept over several hours of payment pays once. */
  pay(markets: Iterable<BookedMarket>, books: Books, nowUs: number): readonly FundingPaid[] {
    const nowMs = Math.floor(nowUs / 1_000);
    const paid: FundingPaid[] = [];
    for (const booked of markets) {
      if (booked.value.isSpot) continue;
      const { market } = booked;
      const dueMs = this.#nextMs.get(market);
      if (dueMs !== undefined && nowMs < dueMs) continue;
      this.#nextMs.set(market, market.nextFundingMs(nowMs));
      if (dueMs === undefined) continue;
      const rate = this.rateText(booked);
      const funding = { timeMs: dueMs, rate, mark: booked.value.mark().text };
      this.#past.set(market, [...this.#paid(market).slice(1 - KEPT_FUNDINGS), funding]);
      paid.push({ booked, payments: books.payFunding(booked, rate, nowUs) });
    }
    return paid;
  }

  save(market: Market): SavedFunding {
    return { past: [...this.#paid(market)], nextMs: this.#nextMs.get(market) ?? null };
  }

  load(market: Market, saved: SavedFunding): void {
    this.#past.set(market, [...saved.past]);
    if (saved.nextMs !== null) this.#nextMs.set(market, saved.nextMs);
  }

  #paid(market: Market): readonly Funding[] {
    return this.#past.get(market) ?? [];
  }

  #beforeOpening({ market, terms }: BookedMarket): readonly Funding[] {
    const known = this.#before.get(market);
    if (known !== undefined) return known;
    const before: Funding[] = [];
    let timeMs = market.nextFundingMs(market.pastEndMs) - FUNDING_PERIOD_MS;
    for (; before.length < KEPT_FUNDINGS; timeMs -= FUNDING_PERIOD_MS) {
      const then = market.fundingBefore(timeMs);
      if (then === null) break;
      before.push({ timeMs, rate: textOf(then.rate, terms.fundingDecimals), mark: then.mark.toFixed(terms.markDecimals) });
    }
    before.reverse();
    this.#before.set(market, before);
    return before;
  }
}

function textOf(rate: number, decimals: number): string {
  const text = rate.toFixed(decimals);
  return Number(text) === 0 ? text.replace('-', '') : text;
}
