/** A strategy's parts of the ledger as rows. Called by hosts that fill MonitoringDeps. */
import { PART_NAMES, type LedgerSnapshot } from '../core/ledger/parts.js';
import { formatDecimal } from '../core/numbers/decimal.js';
import type { StrategyPnlRow } from './payload-rows.js';

/** What changed for each strategy between two snapshots; assets in which nothing moved are left out. */
export function strategyPnlRows(start: LedgerSnapshot, end: LedgerSnapshot): StrategyPnlRow[] {
  const rows: StrategyPnlRow[] = [];
  for (const { name, assets } of end.strategies) {
    const before = start.strategies.find((one) => one.name === name)?.assets ?? [];
    for (const now of assets) {
      const was = before.find(({ asset }) => asset === now.asset);
      const since = (part: (typeof PART_NAMES)[number]): bigint => now[part] - (was?.[part] ?? 0n);
      if (PART_NAMES.every((part) => since(part) === 0n)) continue;
      const text = (value: bigint): string => formatDecimal(value, now.scale);
      rows.push({
        strategy: name,
        asset: now.asset,
        matched: text(since('grid') + since('arb') + since('other')),
        trend: text(since('trend')),
        fees: text(since('fees')),
        funding: text(since('funding')),
      });
    }
  }
  return rows;
}
