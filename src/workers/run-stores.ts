/** The stores of a run, opened before it trades and closed after it: the embedded one, the database that the configuration names, candles in both. Main thread. */
import { join } from 'node:path';
import type { ThorConfig } from '../config/schema.js';
import type { CounterBlock, WriterCounter } from '../core/memory/counters.js';
import type { MemoryPlan } from '../core/memory/layout.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { RunTables } from '../core/orders/tables.js';
import type { Timers } from '../core/ports/clock.js';
import type { Role } from '../core/ports/role.js';
import { CandleRecorder } from '../storage/candle-recorder.js';
import { openEmbedded, sealEmbedded } from '../storage/embedded-store.js';
import type { Journal } from '../storage/journal.js';
import { LMDB_NAME, type LmdbStore } from '../storage/lmdb.js';
import type { MongoStore } from '../storage/mongo.js';
import { StoreFeed, type StoreStatus } from '../storage/store-feed.js';
import { mongoStoreOf } from './stores.js';
import { TapeTrades } from './tape-trades.js';

/** A database is milliseconds away: more records a batch, a millisecond of work. */
const MONGO_STEP_ITEMS = 256;
/** How long the end of a run waits for a database to take the rest. */
const MONGO_CLOSE_MS = 3_000;

export interface OpenedStores {
  readonly lmdb: LmdbStore;
  readonly mongo: MongoStore | null;
}

/** Looks at the embedded store's file, and puts aside what cannot be trusted. Connects to no database: that is done when it is first fed. */
export async function openStores(
  dataDir: string,
  tag: string,
  config: ThorConfig,
  journal: Journal,
  notice: (text: string) => void,
): Promise<OpenedStores> {
  const mongo = mongoStoreOf(config, tag);
  const lmdb = await openEmbedded({ path: join(dataDir, LMDB_NAME), journal, onNotice: notice });
  return { lmdb, mongo };
}

export interface RunStoresParts {
  readonly opened: OpenedStores;
  readonly dataDir: string;
  readonly config: ThorConfig;
  readonly journal: Journal;
  readonly tables: RunTables;
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly counters: CounterBlock<WriterCounter>;
  /** Of the wall. */
  readonly timers: Timers;
  readonly wallUs: () => number;
  notice(text: string): void;
}

export class RunStores {
  readonly roles: readonly Role[];
  readonly #parts: RunStoresParts;
  readonly #feeds: readonly StoreFeed[];
  readonly #candles: CandleRecorder | null;

  constructor(parts: RunStoresParts) {
    this.#parts = parts;
    const { journal, counters, opened, timers, views, plan, tables } = parts;
    const onNotice = (text: string): void => parts.notice(text);
    const { lmdb, mongo } = opened;
    const feeds = [new StoreFeed({ store: lmdb, journal, counters, onNotice })];
    if (mongo !== null) {
      const close = { timers, withinMs: MONGO_CLOSE_MS };
      feeds.push(new StoreFeed({ store: mongo, journal, onNotice, stepItems: MONGO_STEP_ITEMS, elder: lmdb, close }));
    }
    this.#feeds = feeds;
    this.#candles = parts.config.storage.candles
      ? new CandleRecorder({
          source: new TapeTrades(views, plan),
          instruments: tables.instruments,
          store: lmdb,
          copies: mongo === null ? [] : [mongo],
          wallUs: parts.wallUs,
          onNotice,
        })
      : null;
    this.roles = this.#candles === null ? feeds : [...feeds, this.#candles];
  }

  /** One for each store: how far it is, and what keeps it. */
  status(): StoreStatus[] {
    return this.#feeds.map((feed) => feed.status());
  }

  /** Brings the stores up, as far as they answer, and seals the embedded one. The journal must be finished. */
  async close(): Promise<void> {
    await this.#candles?.close();
    // The database before the embedded store: it may still ask that one.
    for (const feed of [...this.#feeds].reverse()) await feed.close();
    sealEmbedded(join(this.#parts.dataDir, LMDB_NAME));
  }
}
