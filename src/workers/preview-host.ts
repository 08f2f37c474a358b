/** `thor preview`: what each grid of a configuration would do now, before anything is sent. Asks the venues for instruments and prices, trades nothing. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { UsageError } from '../core/numbers/errors.js';
import type { Instrument } from '../core/orders/instrument.js';
import { NodeHttpClient } from '../net/http-client.js';
import { gridSettings } from '../strategies/grid/params.js';
import type { GridPreview, PreviewSide } from '../strategies/grid/preview.js';
import { marketTimeNow, SystemTimers } from './clock.js';
import { previewEntry } from './grid-preview.js';
import { namedInstruments } from './instruments.js';
import { glanceAtMarket, type BestPrice } from './market-glance.js';
import { defaultData } from './prepare.js';
import { readRunConfig, type StrategyPlan } from './run-config.js';
import { tradeOptionsOf, type TradeOptions } from './trade-options.js';
import { findOrStartVenues, readAddresses, stopVenues, type Addresses } from './venues-process.js';

const WITHIN_MS = 15_000;

interface Found {
  /** Null: the venues' own addresses. */
  readonly addresses: Addresses | null;
  leave(): Promise<void>;
}

export async function runPreviewVerb(flags: Readonly<Record<string, unknown>>): Promise<number> {
  const options = tradeOptionsOf(flags);
  const run = await readRunConfig(options);
  const grids = run.entries.filter((entry) => entry.kind === 'grid');
  if (grids.length === 0) throw new UsageError(`preview: no grid among ${run.entries.map((entry) => entry.name).join(', ')}`);
  const price = typeof flags['price'] === 'string' ? flags['price'] : null;
  if (price !== null && !(Number(price) > 0)) throw new UsageError(`--price: expected a positive decimal, was '${price}'`);
  const timers = new SystemTimers(1);
  const http = new NodeHttpClient({ timers });
  const found = await findVenues(options, http);
  try {
    const addresses = found.addresses?.venues ?? {};
    const instruments = await namedInstruments([...new Set(grids.flatMap((entry) => entry.instruments))], addresses, http);
    const needsMarket = price === null && grids.some((entry) => gridSettings(entry.name, entry.params).anchor !== 'price');
    const market = found.addresses?.clock ?? marketTimeNow(1);
    const prices = needsMarket
      ? await glanceAtMarket(instruments, addresses, { kernel: options.kernel, market, withinMs: WITHIN_MS })
      : null;
    const isSimulated = found.addresses !== null;
    const previews = grids.map((entry) => previewOf(entry, instruments, price, prices));
    if (options.isJson) for (const preview of previews) process.stdout.write(`${JSON.stringify({ simulated: isSimulated, ...preview })}\n`);
    else process.stdout.write(`${previews.map((preview) => previewText(preview, isSimulated)).join('\n\n')}\n`);
    return 0;
  } finally {
    await found.leave();
    http.close();
    timers.stop();
  }
}

const leaveAlone = (): Promise<void> => Promise.resolve();

/** Simulated venues that run already are asked and left running; else a pair of their own is started for the question. */
async function findVenues(options: TradeOptions, http: NodeHttpClient): Promise<Found> {
  if (options.addresses !== null) return { addresses: readAddresses(options.addresses), leave: leaveAlone };
  if (options.mode !== 'sim') return { addresses: null, leave: leaveAlone };
  const known = join(resolve(options.data ?? defaultData(options)), 'venues');
  const isKnown = existsSync(join(known, 'addresses.json'));
  const folder = isKnown ? known : mkdtempSync(join(tmpdir(), 'thor-preview-'));
  const { addresses, isFound } = await findOrStartVenues({ folder, seed: options.seed, speed: options.speed, replay: null }, http);
  return {
    addresses,
    leave: async () => {
      if (!isFound) await stopVenues(addresses, http);
      if (!isKnown) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function previewOf(
  entry: StrategyPlan,
  instruments: readonly Instrument[],
  price: string | null,
  prices: readonly BestPrice[] | null,
): GridPreview {
  const instrument = instruments.find((one) => one.id === entry.instruments[0]);
  if (instrument === undefined) throw new UsageError(`${entry.name}: no instrument`);
  const best = prices?.[instrument.index];
  const midTicks = best === undefined ? Number.NaN : Math.round((best.bidTicks + best.askTicks) / 2);
  return previewEntry(entry.name, entry.params, instrument, { price, midTicks });
}

export function previewText(preview: GridPreview, isSimulated: boolean): string {
  const { lines, profitAsset, profitPerGrid } = preview;
  const rows = [...lines]
    .toReversed()
    .map((line) => [
      String(line.level),
      line.side,
      line.qty,
      line.price,
      line.counterPrice,
      line.gross,
      line.fees,
      line.net,
      line.netPercent,
      line.rests ? 'at once' : 'when near',
    ]);
  const table = columns([['level', 'side', 'quantity', 'price', 'back at', 'gross', 'fees', 'net', 'of value', 'placed'], ...rows]);
  return [
    `${isSimulated ? 'SIMULATED  ' : ''}${preview.name}: grid on ${preview.instrument}, ${lines.length} levels around ${preview.anchor}`,
    ...table,
    `profit      ${profitPerGrid.least} to ${profitPerGrid.most} ${profitAsset} a round trip after fees (${profitPerGrid.leastPercent} to ${profitPerGrid.mostPercent}; fee ${preview.feeRate} a side)`,
    ...preview.capital.map((need) => `${need.use.padEnd(11)} ${need.amount} ${need.asset}`),
    ...sideText('all bought', 'buy', preview.long),
    ...sideText('all sold', 'sell', preview.short),
    ...preview.notes.map((note) => `note        ${note}`),
  ].join('\n');
}

function sideText(title: string, order: 'buy' | 'sell', side: PreviewSide | null): string[] {
  if (side === null) return [];
  const liquidation = side.liquidation === null ? '' : `; liquidation near ${side.liquidation}`;
  return [
    `${title.padEnd(11)} ${side.qty} at ${side.averagePrice} on average when every ${order} filled; break-even ${side.breakEven}${liquidation}`,
  ];
}

/** Numbers to the right, words to the left. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 1 || column === 9 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
