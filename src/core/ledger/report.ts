/**
 * A run's result in one currency: a view of the `pnl` rows, nothing is booked in it. Each asset is taken for what the middles of the run's own books say, over as
 * few markets as possible, spot before linear before inverse; two currencies are never taken for the same. Called by the host, for the summary.
 */
import { formatDecimal, parseDecimal } from '../numbers/decimal.js';
import { coinOf, type Instrument } from '../orders/instrument.js';
import { MICRO_SCALE, type Marks } from './marks.js';
import { PART_NAMES, type PartName } from './parts.js';
import type { PnlRow } from './pnl.js';

export const REPORT_SOURCE = "middles of the run's own books at its end";

/** What one of an asset was taken for. */
export interface ReportRate {
  readonly asset: string;
  /** Decimal text; null where no market of the run leads to the currency. */
  readonly rate: string | null;
  /** The markets on the way. */
  readonly via: readonly string[];
}

export type Report = {
  readonly currency: string;
  readonly source: string;
  readonly rates: readonly ReportRate[];
  /** Sum of all assets' equity changes; null when one of them has no rate. */
  readonly profit: string | null;
} & Readonly<Record<PartName, string | null>>;

/** Positive. */
interface Price {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

interface Way {
  readonly price: Price;
  readonly via: readonly string[];
}

const SCALE = 8;
const RATE_SCALE = 12;
const ORDER: readonly Instrument['kind'][] = ['spot', 'linear', 'inverse'];
const ONE: Price = { numerator: 1n, denominator: 1n };

/** @param middles of the instruments' books */
export function reportOf(currency: string, rows: readonly PnlRow[], instruments: readonly Instrument[], middles: Marks): Report {
  const ways = waysTo(coinOf(currency), instruments, middles);
  const sum = (amountOf: (row: PnlRow) => string): string | null => {
    let units = 0n;
    for (const row of rows) {
      const amount = parseDecimal(amountOf(row));
      if (amount.mantissa === 0n) continue;
      const way = ways.get(coinOf(row.asset));
      if (way === undefined) return null;
      units += scaled(amount.mantissa * way.price.numerator, 10n ** BigInt(amount.scale) * way.price.denominator, SCALE);
    }
    return formatDecimal(units, SCALE);
  };
  const rates = rows.map(({ asset }): ReportRate => {
    const way = ways.get(coinOf(asset));
    const rate = way === undefined ? null : formatDecimal(scaled(way.price.numerator, way.price.denominator, RATE_SCALE), RATE_SCALE);
    return { asset, rate, via: way?.via ?? [] };
  });
  const parts = Object.fromEntries(PART_NAMES.map((name) => [name, sum((row) => row[name])])) as Record<PartName, string | null>;
  return { currency, source: REPORT_SOURCE, rates, profit: sum((row) => row.equityChange), ...parts };
}

/** From every coin that can be sold for the currency, market by market: the fewest markets, and among those the first kind of `ORDER`. */
function waysTo(currency: string, instruments: readonly Instrument[], middles: Marks): ReadonlyMap<string, Way> {
  const ways = new Map<string, Way>([[currency, { price: ONE, via: [] }]]);
  const markets = ORDER.flatMap((kind) => instruments.filter((instrument) => instrument.kind === kind));
  for (let reached = [currency]; reached.length > 0;) {
    const next: string[] = [];
    for (const to of reached) {
      const way = ways.get(to);
      if (way === undefined) continue;
      for (const market of markets) {
        const from = coinOf(market.base) === to ? coinOf(market.quote) : coinOf(market.quote) === to ? coinOf(market.base) : null;
        const middle = middles(market.index);
        if (from === null || middle === null || ways.has(from)) continue;
        const price = priceOf(market, middle);
        const step = from === coinOf(market.base) ? price : { numerator: price.denominator, denominator: price.numerator };
        ways.set(from, {
          price: { numerator: step.numerator * way.price.numerator, denominator: step.denominator * way.price.denominator },
          via: [market.id, ...way.via],
        });
        next.push(from);
      }
    }
    reached = next;
  }
  return ways;
}

/** Of one base coin in the quote. */
function priceOf({ tickSize }: Instrument, micro: bigint): Price {
  const tick = parseDecimal(tickSize);
  return { numerator: micro * tick.mantissa, denominator: 10n ** BigInt(tick.scale + MICRO_SCALE) };
}

/** To the nearest 10^-scale, halves away from zero; `denominator` is positive. */
function scaled(numerator: bigint, denominator: bigint, scale: number): bigint {
  const size = (numerator < 0n ? -numerator : numerator) * 10n ** BigInt(scale);
  const units = (2n * size + denominator) / (2n * denominator);
  return numerator < 0n ? -units : units;
}
