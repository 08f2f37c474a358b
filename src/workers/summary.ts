/** The last line of `--json` and what a person reads at the end. Shapes: INTERFACES, "Summary". Main thread, after everything was drained. */
import type { PnlRow } from '../core/ledger/pnl.js';
import { PART_NAMES } from '../core/ledger/parts.js';
import type { Report } from '../core/ledger/report.js';
import type { Differences } from '../judge/compare.js';
import type { SummaryCounts } from '../monitoring/payload.js';
import type { LaneRestart } from './lane-keeper.js';
import type { Closing } from './closing.js';

export interface Summary extends SummaryCounts {
  readonly mode: string;
  readonly seconds: number;
  readonly simulated: boolean;
  readonly pnl: readonly PnlRow[];
  /** In one currency, where the configuration names it. */
  readonly report?: Report;
  /** Where a strategy is told to be flat at the end. */
  readonly closing?: Closing;
  /** A strategy whose deal under way, or position to be closed, was not brought to its end before the stop gave up. */
  readonly unclosed?: string;
  /** Of the judge that compares with the venue; null where no venue truth exists (paper fills). */
  readonly differences: Differences | null;
  /** Lanes that died or hung and were started again; absent when none was. */
  readonly restarts?: readonly LaneRestart[];
  /** Strategies whose code threw: stopped, their orders cancelled; absent when none did. */
  readonly stopped?: readonly string[];
  readonly error?: string;
}

export function summaryLines(summary: Summary, resume: string): string[] {
  const { orders, fills, books, frames, refused } = summary;
  const lines = [
    `${summary.simulated ? 'SIMULATED  ' : ''}${summary.mode}, ${summary.seconds} s of market time`,
    `orders   sent ${orders.sent}, accepted ${orders.accepted}, amended ${orders.amended}, rejected ${orders.rejected}, denied ${orders.denied}, cancelled ${orders.cancelled}, filled ${orders.filled}, open ${orders.open}, unknown ${orders.unknown}`,
    `fills    ${fills.count}  by venue ${counted(fills.byVenue)}  by strategy ${counted(fills.byStrategy)}`,
    `refused  by risk ${counted(refused.risk)}  opportunities ${counted(refused.arb)}`,
    `books    ${books.live} live, ${books.gaps} gaps, ${books.resyncs} resyncs; frames ${frames.kernel} fast, ${frames.mapper} mapped, ${frames.bad} bad`,
  ];
  for (const [stage, { count, p50, p99, max }] of Object.entries(summary.latencyUs)) {
    if (count > 0) lines.push(`${stage.padEnd(15)} ${count} times, p50 ${us(p50)}, p99 ${us(p99)}, worst ${us(max)}`);
  }
  for (const row of summary.pnl) {
    const parts = PART_NAMES.filter((name) => row[name] !== '0');
    lines.push(
      `profit ${row.asset.padEnd(5)} ${row.equityChange}  = ${parts.map((name) => `${name} ${row[name]}`).join(' + ') || '0'}  (unexplained ${row.unexplained}${row.residual === null ? '' : `, residual ${row.residual}`})`,
    );
  }
  if (summary.report !== undefined) lines.push(...reportLines(summary.report));
  const { differences } = summary;
  if (differences !== null) {
    const isClean = Object.values(differences).every((count) => count === 0);
    lines.push(
      `judged   ${isClean ? 'orders, fills, balances and positions are the same at the venues' : `differences: orders ${differences.orders}, fills ${differences.fills}, balances ${differences.balances}, positions ${differences.positions}`}`,
    );
  }
  for (const { lane, why, stopped } of summary.restarts ?? [])
    lines.push(`restart  lane ${lane}: ${why}${stopped === null ? '' : `; ${stopped} was not run again and its orders were cancelled`}`);
  for (const strategy of summary.stopped ?? [])
    lines.push(`STOPPED  ${strategy}: its code threw, its orders were cancelled; the log has the error`);
  if (summary.closing !== undefined) lines.push(...closingLines(summary.closing));
  if (summary.unclosed !== undefined)
    lines.push(`LEFT     ${summary.unclosed} was not done when the stop gave up waiting; the next start takes up what is open`);
  if (summary.error !== undefined) lines.push(`error    ${summary.error}`);
  if (orders.open > 0) lines.push(`open     ${orders.open} orders rest and are adopted by the next start: ${resume}`);
  return lines;
}

function reportLines({ currency, source, profit, rates, ...rest }: Report): string[] {
  const missing = rates.filter(({ rate }) => rate === null).map(({ asset }) => asset);
  if (profit === null) return [`in ${currency.padEnd(8)} not told: no market of this run leads from ${missing.join(', ')} to ${currency}`];
  const parts = PART_NAMES.filter((name) => rest[name] !== '0').map((name) => `${name} ${rest[name] ?? 'unknown'}`);
  return [`in ${currency.padEnd(8)} ${profit}  = ${parts.join(' + ') || '0'}  (${source})`];
}

function closingLines({ strategies, left }: Closing): string[] {
  if (left.length === 0) return [`closed   ${strategies.join(', ')}: nothing is held`];
  return left.map(({ strategy, instrument, qty }) => `LEFT     ${strategy} still holds ${qty} of ${instrument}`);
}

function counted(counts: Readonly<Record<string, number>>): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.length === 0 ? 'none' : some.map(([name, count]) => `${name} ${count}`).join(', ');
}

function us(value: number): string {
  return value >= 10_000 ? `${(value / 1000).toFixed(1)} ms` : `${value >= 100 ? value.toFixed(0) : value.toFixed(1)} us`;
}
