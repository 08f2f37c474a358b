/**
 * The saved exchanges of `--state DIR`, readable by their owner only. Called by the `venues` process.
 *
 *   exchanges.json         everything but history, replaced whole, now and then and at the end
 *   exchanges.quick.json   the same without what only the public looks back on (candles, trades): written soon after a client's account changed
 *   history.N.ndjson       ended orders, fills and statements of the clients' accounts, appended; a snapshot says which file and how much of it is its own.
 *                          A file that has grown far beyond what accounts remember is followed by a new one
 *
 * A crash leaves the newer of the two snapshots and the history up to its mark: never a part of a file.
 */
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, messageOf } from '../core/numbers/errors.js';
import type { HistoryLine } from './exchange/history.js';
import type { SavedMarket } from './market/market.js';
import { STATE_VERSION, type SavedWorld, type VenueWorld } from './world.js';

const FILE = 'exchanges.json';
const QUICK_FILE = 'exchanges.quick.json';
/** A history file grows by at most this much over what was remembered when it was begun. */
const MOST_HISTORY_GROWTH = 64 * 1024 * 1024;

type LookedBackOn = 'candles' | 'prices' | 'hours' | 'trades' | 'aggregates';
interface Snapshot extends SavedWorld {
  readonly historyFile: string;
  readonly historyBytes: number;
  /** Rises with every save: the newer snapshot wins. */
  readonly saveNumber: number;
}
interface QuickSnapshot extends Omit<Snapshot, 'markets'> {
  readonly markets: Readonly<Record<string, Omit<SavedMarket, LookedBackOn>>>;
}

/** Told of each save: when its snapshot was taken, and what became of it. */
export interface SaveWatcher {
  onTaken(): void;
  onWritten(): void;
  onFailed(): void;
}

export class StateFolder {
  watcher: SaveWatcher | null = null;
  readonly #directory: string;
  readonly #mostHistoryGrowth: number;
  #historyFile = historyFileOf(1);
  #historyBytes = 0;
  #historyStart = 0;
  #saveNumber = 0;
  #saving: Promise<void> = Promise.resolve();

  constructor(directory: string, mostHistoryGrowth = MOST_HISTORY_GROWTH) {
    this.#directory = directory;
    this.#mostHistoryGrowth = mostHistoryGrowth;
  }

  /** Undefined when nothing was saved yet. History is to be loaded into the world that is made of the snapshot. */
  async load(seed: number): Promise<{ readonly saved: SavedWorld; readonly history: readonly HistoryLine[] } | undefined> {
    const full = (await this.#read(FILE, seed)) as Snapshot | undefined;
    const quick = (await this.#read(QUICK_FILE, seed)) as QuickSnapshot | undefined;
    if (full === undefined) return undefined;
    const saved: Snapshot = quick === undefined || quick.saveNumber <= full.saveNumber ? full : { ...quick, markets: merged(full, quick) };
    this.#saveNumber = saved.saveNumber;
    const history = await this.#loadHistory(saved.historyFile, saved.historyBytes);
    return { saved, history };
  }

  /** One after the other, whoever asks. `isQuick` needs a whole snapshot to stand on. */
  save(world: VenueWorld, isQuick = false): Promise<void> {
    const next = this.#saving.then(() => this.#save(world, isQuick));
    this.#saving = next.catch(() => undefined);
    const { watcher } = this;
    if (watcher === null) return next;
    return next.then(
      () => watcher.onWritten(),
      (error: unknown) => {
        watcher.onFailed();
        throw error;
      },
    );
  }

  async #save(world: VenueWorld, isQuick: boolean): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    // Taken in one go: history and snapshot are of the same moment.
    const saved = world.save();
    const exchanges = [...world.exchanges.values()];
    const isAnew = !isQuick && this.#historyBytes > this.#historyStart + this.#mostHistoryGrowth;
    const taken = exchanges.map((exchange) => ({ exchange, count: exchange.history.unsaved.length }));
    const lines = exchanges.flatMap((exchange) => (isAnew ? exchange.history.whole(exchange.states) : exchange.history.unsaved));
    this.watcher?.onTaken();
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const place = isAnew ? { file: followerOf(this.#historyFile), bytes: 0 } : { file: this.#historyFile, bytes: this.#historyBytes };
    const historyBytes = place.bytes + Buffer.byteLength(text);
    const snapshot = JSON.stringify({
      ...(isQuick ? withoutPast(saved) : saved),
      historyFile: place.file,
      historyBytes,
      saveNumber: ++this.#saveNumber,
    });
    if (text !== '') await this.#append(place.file, place.bytes, text);
    await replaceFile(join(this.#directory, isQuick ? QUICK_FILE : FILE), snapshot);
    if (isAnew) {
      this.#historyStart = historyBytes;
      await rm(join(this.#directory, QUICK_FILE), { force: true });
      await rm(join(this.#directory, this.#historyFile), { force: true });
    }
    this.#historyFile = place.file;
    this.#historyBytes = historyBytes;
    for (const { exchange, count } of taken) exchange.history.saved(count);
  }

  /** Behind the last byte that a snapshot counts: what a crash left there is written over. */
  async #append(name: string, position: number, text: string): Promise<void> {
    const handle = await open(join(this.#directory, name), position === 0 ? 'w' : 'r+', 0o600);
    try {
      const bytes = Buffer.from(text);
      let written = 0;
      while (written < bytes.length) {
        written += (await handle.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
      }
    } finally {
      await handle.close();
    }
  }

  async #loadHistory(name: string, bytes: number): Promise<readonly HistoryLine[]> {
    this.#historyFile = name;
    this.#historyBytes = bytes;
    if (bytes === 0) return [];
    const file = join(this.#directory, name);
    const whole = await readIfThere(file);
    if (whole === undefined || whole.length < bytes)
      throw new EngineError('STATE_UNREADABLE', 'give-up', { file, reason: `holds ${whole?.length ?? 0} bytes of ${bytes}` });
    const texts = whole.subarray(0, bytes).toString('utf8').trimEnd().split('\n');
    let lines: HistoryLine[];
    try {
      lines = texts.map((text) => JSON.parse(text) as HistoryLine);
    } catch (error) {
      throw new EngineError('STATE_UNREADABLE', 'give-up', { file, reason: messageOf(error) });
    }
    return lines;
  }

  async #read(name: string, seed: number): Promise<unknown> {
    const file = join(this.#directory, name);
    const bytes = await readIfThere(file);
    if (bytes === undefined) return undefined;
    let saved: SavedWorld;
    try {
      saved = JSON.parse(bytes.toString('utf8')) as SavedWorld;
    } catch (error) {
      throw new EngineError('STATE_UNREADABLE', 'give-up', { file, reason: messageOf(error) });
    }
    if (saved.version !== STATE_VERSION)
      throw new EngineError('STATE_VERSION', 'give-up', { file, expected: STATE_VERSION, found: saved.version ?? 'none' });
    if (saved.seed !== seed) throw new EngineError('STATE_SEED', 'give-up', { file, expected: seed, found: saved.seed });
    return saved;
  }
}

function historyFileOf(generation: number): string {
  return `history.${generation}.ndjson`;
}

function followerOf(name: string): string {
  return historyFileOf(Number(/\d+/.exec(name)?.[0] ?? 1) + 1);
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new EngineError('STATE_UNREADABLE', 'give-up', { file, reason: messageOf(error) });
  }
}

function withoutPast(saved: SavedWorld): Omit<QuickSnapshot, 'historyFile' | 'historyBytes' | 'saveNumber'> {
  const markets = Object.entries(saved.markets).map(([name, market]) => {
    const { candles: _candles, prices: _prices, hours: _hours, trades: _trades, aggregates: _aggregates, ...rest } = market;
    return [name, rest];
  });
  return { ...saved, markets: Object.fromEntries(markets) as QuickSnapshot['markets'] };
}

/** Candles and trades are those of the last whole snapshot. */
function merged(full: Snapshot, quick: QuickSnapshot): SavedWorld['markets'] {
  const markets = Object.entries(full.markets).map(([name, market]) => [name, { ...market, ...quick.markets[name] }]);
  return Object.fromEntries(markets) as SavedWorld['markets'];
}

/** Readers see the old file or the new one, never a part. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const fresh = `${file}.${process.pid}.new`;
  await writeFile(fresh, text, { mode: 0o600 });
  await rename(fresh, file);
}
