/**
 * Where the recordings are, for tests that need them. They are no part of the project: without them such a test says "absent" and passes, unless
 * THOR_REQUIRE names `recordings`, in which case it fails.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const RECORDINGS = path.resolve(ROOT, '../shared/recordings');
export const HAVE_RECORDINGS = existsSync(path.join(RECORDINGS, 'README.md'));

/** True when the recordings are here; throws where they are required and missing. Says so otherwise. */
export function needRecordings(): boolean {
  if (HAVE_RECORDINGS) return true;
  if ((process.env['THOR_REQUIRE'] ?? '').split(',').includes('recordings'))
    throw new Error(`recordings are required and absent: ${RECORDINGS}`);
  console.log('recordings absent: nothing compared');
  return false;
}

/** A recording's path by its name in expected/faults.json: `bitmex/l2-10sym-2021-07-22.ndjson.gz`. */
export function recordingPath(name: string): string {
  return path.join(RECORDINGS, name);
}

/** Text of an expected file, `books.tsv`, `trades.ndjson` or `final.json`. */
export function expectedText(name: string, kind: 'books.tsv' | 'trades.ndjson' | 'final.json'): string {
  const base = path.join(RECORDINGS, 'expected', name.replace(/\.ndjson\.gz$/, ''));
  return kind === 'final.json' ? readFileSync(`${base}.${kind}`, 'utf8') : gunzipSync(readFileSync(`${base}.${kind}.gz`)).toString('utf8');
}

export interface FaultCase {
  readonly recording: string;
  readonly fault: 'drop' | 'double' | 'swap';
  readonly line: number;
  readonly symbol: string;
  readonly with_line?: number;
  readonly first_noticed_at_line: number | null;
  readonly noticed_as: string | null;
  readonly final_top25_same: boolean;
}

export function faultCases(exchanges: readonly string[]): readonly FaultCase[] {
  const all = JSON.parse(readFileSync(path.join(RECORDINGS, 'expected/faults.json'), 'utf8')) as readonly FaultCase[];
  return all.filter((entry) => exchanges.some((exchange) => entry.recording.startsWith(`${exchange}/`)));
}

/** The recordings of the venues that we read. */
export const READ_RECORDINGS = [
  'bitmex/l2-10sym-2021-07-22.ndjson.gz',
  'bybit/v5-linear-spot-btc-eth-2026-08-09.ndjson.gz',
  'binance/coinm-10sym-2021-07-22.ndjson.gz',
  'binance/coinm-btcusd_perp-2024-08-08.ndjson.gz',
  'binance/spot-4sym-2021-10-12.ndjson.gz',
  'binance/spot-btcusdt-2024-08-08.ndjson.gz',
  'binance/us-4sym-2021-10-12.ndjson.gz',
  'binance/usdm-4sym-2021-07-22.ndjson.gz',
  'binance/usdm-ethusdt-2024-08-08.ndjson.gz',
] as const;
