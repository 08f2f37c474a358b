/** The `pnl` rows of the summary: what changed between two snapshots, with the two checks that must be 0. Called by the host, for the summary, page and metrics. */
import { formatDecimal } from '../numbers/decimal.js';
import { isQuiet, PART_NAMES, type LedgerSnapshot } from './parts.js';

export interface PnlRow {
  readonly asset: string;
  readonly grid: string;
  readonly arb: string;
  readonly other: string;
  readonly trend: string;
  readonly fees: string;
  readonly funding: string;
  readonly conversion: string;
  readonly rounding: string;
  readonly equityChange: string;
  /** equityChange minus the sum of the parts. */
  readonly unexplained: string;
  /** The venue's equity minus ours at the same marks; null where no venue account was given. */
  readonly residual: string | null;
}

/** What venue accounts say: equity minus deposits, all venues together. */
export interface AccountChange {
  readonly asset: string;
  readonly scale: number;
  readonly change: bigint;
}

/**
 * @param start taken when the run began, after recovery @param end taken now
 * @param accounts at the same marks as `end`, counting from the deposits, as the ledger counts from its first fill
 */
export function pnlRows(start: LedgerSnapshot, end: LedgerSnapshot, accounts: readonly AccountChange[] | null): PnlRow[] {
  const before = new Map(start.assets.map((one) => [one.asset, one]));
  const told = new Map((accounts ?? []).map((one) => [one.asset, one]));
  const rows: PnlRow[] = [];
  for (const now of end.assets) {
    const was = before.get(now.asset);
    const account = told.get(now.asset);
    if (isQuiet(now) && (was === undefined || isQuiet(was)) && (account?.change ?? 0n) === 0n) continue;
    const text = (value: bigint): string => formatDecimal(value, now.scale);
    const delta = Object.fromEntries(PART_NAMES.map((name) => [name, now[name] - (was?.[name] ?? 0n)]));
    const parts = PART_NAMES.reduce((sum, name) => sum + (delta[name] ?? 0n), 0n);
    const equityChange = now.equity - (was?.equity ?? 0n);
    rows.push({
      asset: now.asset,
      grid: text(delta['grid'] ?? 0n),
      arb: text(delta['arb'] ?? 0n),
      other: text(delta['other'] ?? 0n),
      trend: text(delta['trend'] ?? 0n),
      fees: text(delta['fees'] ?? 0n),
      funding: text(delta['funding'] ?? 0n),
      conversion: text(delta['conversion'] ?? 0n),
      rounding: text(delta['rounding'] ?? 0n),
      equityChange: text(equityChange),
      unexplained: text(equityChange - parts),
      residual: accounts === null ? null : difference(account ?? { change: 0n, scale: 0 }, { change: now.equity, scale: now.scale }),
    });
  }
  return rows;
}

/** a - b as decimal text, whatever their scales. */
function difference(a: { change: bigint; scale: number }, b: { change: bigint; scale: number }): string {
  const scale = Math.max(a.scale, b.scale);
  const widen = (one: { change: bigint; scale: number }): bigint => one.change * 10n ** BigInt(scale - one.scale);
  return formatDecimal(widen(a) - widen(b), scale);
}
