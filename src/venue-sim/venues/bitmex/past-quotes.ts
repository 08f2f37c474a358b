/**
 * Best quotes of BitMEX's markets as they stood at the end of each minute, for `quote/bucketed`: the exchange keeps trades, not quotes. Begins with the process
 * and reaches back a day. Filled once a turn by `BitmexServer`, read by REST, on one thread.
 */
import type { Market } from '../../market/market.js';
import { BINS_MS } from './bin-tables.js';
import { quoteRow } from './public-tables.js';

const MINUTE_MS = 60_000;
/** A day of minutes. */
const MOST_MINUTES = 1_440;

interface PastMinute {
  readonly endMs: number;
  readonly rows: ReadonlyMap<Market, string>;
}

export class PastQuotes {
  readonly #markets: readonly Market[];
  readonly #minutes: PastMinute[] = [];
  #nextEndMs = 0;

  constructor(markets: readonly Market[]) {
    this.#markets = markets;
  }

  /** Called after each step of the world: the first one of a minute closes the one before. */
  step(nowUs: number): void {
    const nowMs = Math.floor(nowUs / 1_000);
    if (this.#nextEndMs !== 0 && nowMs >= this.#nextEndMs) {
      const endMs = nowMs - (nowMs % MINUTE_MS);
      this.#minutes.push({ endMs, rows: new Map(this.#markets.map((market) => [market, quoteRow(market, endMs * 1_000)])) });
      if (this.#minutes.length > MOST_MINUTES) this.#minutes.shift();
    }
    this.#nextEndMs = nowMs - (nowMs % MINUTE_MS) + MINUTE_MS;
  }

  /** Oldest first; with `nowUs`, the bin in progress too, named by its end. */
  rows(market: Market, binSize: string, nowUs?: number): string[] {
    const binMs = BINS_MS[binSize] ?? MINUTE_MS;
    const rows = this.#minutes.filter(({ endMs }) => endMs % binMs === 0).map(({ rows: all }) => all.get(market) ?? '');
    if (nowUs === undefined) return rows;
    const nowMs = Math.floor(nowUs / 1_000);
    return [...rows, quoteRow(market, (nowMs - (nowMs % binMs) + binMs) * 1_000)];
  }
}
