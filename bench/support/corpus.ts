/**
 * Book messages of one recording, ready to be read again and again: what comes before (snapshots and the messages until all books are live) and the
 * messages that are timed. From the recordings folder where it is present, else a made-up stream of about the same size.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRecording } from '../../src/feeds/recording.js';
import { findVenue } from '../../src/feeds/registry.js';
import type { Venue } from '../../src/feeds/venue.js';
import { madeStream } from './made-stream.js';

/** Of the compiled file, dist-bench/bench/support. */
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const RECORDINGS = resolve(ROOT, '../shared/recordings');

export interface CorpusFrame {
  /** Symbol of a REST snapshot; null for a frame of the socket. */
  readonly restSymbol: string | null;
  /** Names that are equal on two connections are two books. */
  readonly conn: string;
  readonly bytes: Buffer;
}

export interface Corpus {
  readonly name: string;
  readonly venue: Venue;
  /** Brings the books to life; played before each pass, not timed. */
  readonly before: readonly CorpusFrame[];
  /** Timed. */
  readonly frames: readonly CorpusFrame[];
  readonly bytes: number;
  /** Where the bytes are from, for the row. */
  readonly origin: string;
  readonly levelsPerFrame: number;
}

export interface CorpusSource {
  readonly name: string;
  readonly venue: string;
  readonly recording: string;
  /** Levels a message where a made-up stream takes the place of the recording. */
  readonly madeLevels: number;
}

export const SOURCES = {
  binanceSmall: {
    name: 'Binance USD-M, small',
    venue: 'binance-usdm',
    recording: 'binance/usdm-4sym-2021-07-22.ndjson.gz',
    madeLevels: 9,
  },
  binanceSpot: {
    name: 'Binance spot',
    venue: 'binance-spot',
    recording: 'binance/spot-btcusdt-2024-08-08.ndjson.gz',
    madeLevels: 30,
  },
  binanceLarge: {
    name: 'Binance USD-M, large',
    venue: 'binance-usdm',
    recording: 'binance/usdm-ethusdt-2024-08-08.ndjson.gz',
    madeLevels: 65,
  },
  binanceCoinm: {
    name: 'Binance COIN-M',
    venue: 'binance-coinm',
    recording: 'binance/coinm-btcusd_perp-2024-08-08.ndjson.gz',
    madeLevels: 9,
  },
  bybit: {
    name: 'Bybit v5',
    venue: 'bybit',
    recording: 'bybit/v5-linear-spot-btc-eth-2026-08-09.ndjson.gz',
    madeLevels: 11,
  },
  bitmex: { name: 'BitMEX L2', venue: 'bitmex', recording: 'bitmex/l2-10sym-2021-07-22.ndjson.gz', madeLevels: 1 },
} as const satisfies Record<string, CorpusSource>;

const BOOK_TEXT = /"e":"depthUpdate"|"topic":"orderbook\.|"table":"orderBookL2/;
/** Begins a book: Bybit's and BitMEX's snapshots in the stream. */
const IN_BAND_SNAPSHOT = /"type":"snapshot"|"action":"partial"/;
/** Messages before the first snapshot that are kept for the splice; a recording has up to a few hundred. */
const MOST_BEFORE = 4000;

/** @param most timed messages at most */
export async function readCorpus(source: CorpusSource, most: number): Promise<Corpus> {
  const file = join(RECORDINGS, source.recording);
  const venue = findVenue(source.venue);
  if (venue === undefined) throw new Error(`no venue ${source.venue}`);
  if (!existsSync(file)) {
    const made = madeStream(source.venue, most, source.madeLevels);
    return corpusOf(source, venue, made.before, made.frames, `a made-up stream (${source.recording} is absent)`);
  }
  const all: CorpusFrame[] = [];
  let start = 0;
  for await (const line of readRecording(file)) {
    if (line.kind === 'http') {
      const symbol = venue.depth?.symbolOf(line.http) ?? null;
      if (symbol === null) continue;
      // A recorder may ask again for a book that lives; only the snapshots at the beginning belong to the preparation.
      if (all.length - start < MOST_BEFORE) {
        all.push({ restSymbol: symbol, conn: '', bytes: Buffer.from(line.raw) });
        start = all.length;
      }
    } else if (line.kind === 'in' && BOOK_TEXT.test(line.raw)) {
      all.push({ restSymbol: null, conn: line.conn, bytes: Buffer.from(line.raw) });
      if (IN_BAND_SNAPSHOT.test(line.raw.slice(0, 200)) && all.length - start < MOST_BEFORE) start = all.length;
    }
    if (all.length - start >= most && start > 0) break;
  }
  return corpusOf(source, venue, all.slice(0, start), all.slice(start), `recorded bytes of ${source.recording}`);
}

function corpusOf(
  source: CorpusSource,
  venue: Venue,
  before: readonly CorpusFrame[],
  frames: readonly CorpusFrame[],
  origin: string,
): Corpus {
  const bytes = frames.reduce((sum, frame) => sum + frame.bytes.length, 0);
  return { name: source.name, venue, before, frames, bytes, origin, levelsPerFrame: levelsOf(frames) / Math.max(1, frames.length) };
}

function levelsOf(frames: readonly CorpusFrame[]): number {
  let levels = 0;
  for (const { bytes } of frames) {
    const json = JSON.parse(bytes.toString()) as { data?: unknown; b?: unknown[]; a?: unknown[] };
    const data = (json.data ?? json) as { b?: unknown[]; a?: unknown[] } | unknown[];
    levels += Array.isArray(data) ? data.length : (data.b?.length ?? 0) + (data.a?.length ?? 0);
  }
  return levels;
}

export function describe(corpus: Corpus): string {
  const { frames, bytes, levelsPerFrame, origin } = corpus;
  return `${frames.length} messages, ${Math.round(bytes / Math.max(1, frames.length))} bytes and ${levelsPerFrame.toFixed(1)} levels each on average, ${origin}`;
}
