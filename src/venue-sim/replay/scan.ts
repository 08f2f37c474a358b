/** First pass over the recordings: what they hold, from when to when, and whether they belong together. Called by the replay's process before it listens. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { EngineError, UsageError } from '../../core/numbers/errors.js';
import { VenueCounters } from '../venues/protocol.js';
import { BinanceReplay } from './binance-replay.js';
import { BitmexReplay } from './bitmex-replay.js';
import { BybitReplay } from './bybit-replay.js';
import { timeUs, type RecordingSource } from './recorded-line.js';
import type { ReplayContext, ReplayVenue } from './replay-venue.js';

export interface ScannedFile {
  readonly file: string;
  readonly venue: ReplayVenue;
  readonly connections: Readonly<Record<string, string>>;
  readonly firstUs: number;
  readonly lastUs: number;
}

export interface Scanned {
  readonly files: readonly ScannedFile[];
  readonly venues: readonly ReplayVenue[];
  readonly firstUs: number;
  readonly lastUs: number;
}

export type VenueHooks = Pick<ReplayContext, 'nowUs' | 'onSnapshotAnswered'>;

/** Throws UsageError for files that do not go together, EngineError BAD_RECORDING with file, line and reason for a damaged one. */
export async function scanRecordings(files: readonly string[], source: RecordingSource, hooks: VenueHooks): Promise<Scanned> {
  if (files.length === 0) throw new UsageError('--replay: no file is given');
  const venues = new Map<string, ReplayVenue>();
  const scanned: ScannedFile[] = [];
  for (const file of files) {
    if (!existsSync(file)) throw new UsageError(`--replay: ${file}: no such file`);
    const { venue, connections } = await source.info(file);
    const known = venues.get(venue.id);
    const replay = known ?? createReplayVenue({ ...hooks, id: venue.id, counters: new VenueCounters() });
    venues.set(venue.id, replay);
    const before = new Set(replay.symbols());
    scanned.push({ file, venue: replay, connections, ...(await scanFile(file, source, replay, connections, before)) });
  }
  const firstUs = Math.min(...scanned.map((one) => one.firstUs));
  const lastUs = Math.max(...scanned.map((one) => one.lastUs));
  const commonFromUs = Math.max(...scanned.map((one) => one.firstUs));
  const commonToUs = Math.min(...scanned.map((one) => one.lastUs));
  if (commonFromUs > commonToUs) {
    const spans = scanned.map((one) => `${basename(one.file)} ${isoText(one.firstUs)} to ${isoText(one.lastUs)}`);
    throw new UsageError(`--replay: files that do not overlap in time are separate runs: ${spans.join('; ')}`);
  }
  return { files: scanned, venues: [...venues.values()], firstUs, lastUs };
}

function createReplayVenue(context: ReplayContext): ReplayVenue {
  if (context.id === 'bybit') return new BybitReplay(context);
  if (context.id === 'bitmex') return new BitmexReplay(context);
  return new BinanceReplay(context);
}

async function scanFile(
  file: string,
  source: RecordingSource,
  venue: ReplayVenue,
  connections: Readonly<Record<string, string>>,
  before: ReadonlySet<string>,
): Promise<{ firstUs: number; lastUs: number }> {
  let firstUs = Infinity;
  let lastUs = -Infinity;
  let line = 0;
  const inThis = new Set<string>();
  try {
    for await (const record of source.read(file)) {
      line = record.line;
      const us = timeUs(record);
      firstUs = Math.min(firstUs, us);
      lastUs = Math.max(lastUs, us);
      venue.scan(record, connections[record.conn] ?? '', inThis);
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw new EngineError('BAD_RECORDING', 'give-up', { file, line, reason: error.message });
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.code, error.recovery, { file, ...error.facts });
  }
  if (line === 0) throw new UsageError(`--replay: ${file}: holds no message`);
  const twice = [...inThis].find((symbol) => before.has(symbol));
  if (twice !== undefined) throw new UsageError(`--replay: ${venue.id}:${twice} is in two files: their books would run into each other`);
  return { firstUs, lastUs };
}

function isoText(us: number): string {
  return new Date(us / 1000).toISOString();
}
