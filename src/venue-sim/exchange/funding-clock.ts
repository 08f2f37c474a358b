/** Funding of one venue's contracts: when it is due, at which published rate, and the payments that were made. Asked by `VenueExchange` after every step. */
import type { Market } from '../market/market.js';
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

  /** Rate of the next payment as published. */
  rateText({ market, terms }: BookedMarket): string {
    const text = market.fundingRate.toFixed(terms.fundingDecimals);
    return Number(text) === 0 ? text.replace('-', '') : text;
  }

  past(market: Market): readonly Funding[] {
    return this.#past.get(market) ?? [];
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
      this.#past.set(market, [...this.past(market).slice(1 - KEPT_FUNDINGS), funding]);
      paid.push({ booked, payments: books.payFunding(booked, rate, nowUs) });
    }
    return paid;
  }

  save(market: Market): SavedFunding {
    return { past: [...this.past(market)], nextMs: this.#nextMs.get(market) ?? null };
  }

  load(market: Market, saved: SavedFunding): void {
    this.#past.set(market, [...saved.past]);
    if (saved.nextMs !== null) this.#nextMs.set(market, saved.nextMs);
  }
}
