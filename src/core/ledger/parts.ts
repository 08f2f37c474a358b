/** The parts that profit is split into, per asset, as integers of 10^-scale of the asset. Built by the ledger; turned into text by pnl.ts. */
import { formatDecimal } from '../numbers/decimal.js';

export interface Parts {
  grid: bigint;
  arb: bigint;
  other: bigint;
  /** Flows of open quantity plus the value of open positions at their marks. */
  trend: bigint;
  /** Negative when paid. */
  fees: bigint;
  funding: bigint;
  /** Gains of one asset for another outside of trading; nothing converts yet, so it is 0. */
  conversion: bigint;
  /** What the venue's rounding took or gave against exact values. */
  rounding: bigint;
  equity: bigint;
}

export interface AssetParts extends Parts {
  readonly asset: string;
  readonly scale: number;
}

export interface StrategyParts {
  readonly strategy: number;
  readonly name: string;
  readonly assets: readonly AssetParts[];
}

export interface VenueWallet {
  readonly venue: string;
  /** `wallet`: cash flows alone; `equity`: with open contract positions at their marks. Since the ledger's beginning, deposits not counted. */
  readonly assets: readonly { readonly asset: string; readonly scale: number; readonly wallet: bigint; equity: bigint }[];
}

export interface LedgerSnapshot {
  readonly assets: readonly (AssetParts & { readonly unexplained: bigint })[];
  readonly strategies: readonly StrategyParts[];
  readonly venues: readonly VenueWallet[];
  readonly fills: number;
  readonly fillsByVenue: readonly number[];
  /** Fills and fundings applied, by venue: tells how far a venue's account may be compared. */
  readonly entriesByVenue: readonly number[];
}

export const PART_NAMES = ['grid', 'arb', 'other', 'trend', 'fees', 'funding', 'conversion', 'rounding'] as const;
export type PartName = (typeof PART_NAMES)[number];

export function emptyParts(): Parts {
  return { grid: 0n, arb: 0n, other: 0n, trend: 0n, fees: 0n, funding: 0n, conversion: 0n, rounding: 0n, equity: 0n };
}

/** All parts, equity not among them. */
export function sumOfParts(parts: Parts): bigint {
  return PART_NAMES.reduce((sum, name) => sum + parts[name], 0n);
}

export type PartsText = Readonly<Record<PartName | 'equity', string>> & { readonly asset: string };

/** Decimal text of each part. */
export function partsText(parts: AssetParts): PartsText {
  const text = (value: bigint): string => formatDecimal(value, parts.scale);
  return {
    asset: parts.asset,
    grid: text(parts.grid),
    arb: text(parts.arb),
    other: text(parts.other),
    trend: text(parts.trend),
    fees: text(parts.fees),
    funding: text(parts.funding),
    conversion: text(parts.conversion),
    rounding: text(parts.rounding),
    equity: text(parts.equity),
  };
}

/** True when nothing ever moved in this asset. */
export function isQuiet(parts: Parts): boolean {
  return parts.equity === 0n && PART_NAMES.every((name) => parts[name] === 0n);
}
