/**
 * Feeds a store from the journal's files: the journal is the queue, and the store's own position is the cursor. A role of the service thread: a step starts at most
 * one small batch, and none before the last one is committed, so that a slow or absent store delays nothing and costs no memory; it catches up when it can.
 * It reads up to what is on the device: after a power cut a store never knows more than the journal.
 */
import type { CounterBlock, WriterCounter } from '../core/memory/counters.js';
import { EngineError, messageOf } from '../core/numbers/errors.js';
import type { Timers } from '../core/ports/clock.js';
import type { Role } from '../core/ports/role.js';
import { loadCheckpoint } from './checkpoint.js';
import { type Disk, nodeDisk } from './disk.js';
import { isBefore, type Journal, type JournalPosition } from './journal.js';
import { kinshipOf } from './journal-identity.js';
import { JournalReader, type JournalVisitor } from './journal-reader.js';
import { readRecord } from '../core/orders/journal-record.js';
import { type JournalItem, Projection } from './projection.js';
import type { Store, StorePosition, StoreReader } from './schema.js';
import { HOT_FRAME_BYTES, segmentName, segmentNumber } from './segment.js';
import { copyStore, seedFromCheckpoint } from './store-seed.js';

/** A third of a millisecond of work on the thread that the gateways share; at a commit of 5 ms still 12,000 records a second. */
const STEP_ITEMS = 64;
/** Before trading and after it nobody waits for the thread. */
const CATCH_UP_ITEMS = 4096;
/** Rest between commits when the store has caught up: a commit syncs the same device as the journal. */
const REST_US = 100_000;
/** Rest after a failure of the store, doubled with each further one. */
const RETRY_US = 1_000_000;
const MOST_RETRY_US = 16_000_000;

export interface StoreFeedOptions {
  readonly store: Store;
  readonly journal: Pick<Journal, 'folder' | 'position' | 'durable'> & Partial<Pick<Journal, 'isFull'>>;
  readonly disk?: Disk;
  readonly counters?: CounterBlock<WriterCounter>;
  readonly onNotice?: (text: string) => void;
  /** Records of one batch while trading; a store that is milliseconds away wants more at once. */
  readonly stepItems?: number;
  /** A store that is asked for what the journal does not say any more, when this one is empty. */
  readonly elder?: StoreReader;
  /** For a store that may not answer: how long `close` waits for it to take the rest. */
  readonly close?: { readonly timers: Timers; readonly withinMs: number };
}

/** For page, metrics and readiness. */
export interface StoreStatus {
  readonly name: string;
  readonly state: 'starting' | 'current' | 'behind' | 'failing';
  /** Journal that the store does not have yet: bytes, and what that is in records. */
  readonly lagBytes: number;
  readonly lagRecords: number;
  /** How long ago (market time) it last had everything; 0 while it has. */
  readonly behindUs: number;
  readonly records: number;
  readonly failures: number;
  /** Of the last failure, '' while it works. */
  readonly error: string;
  /** Null until the store told it. */
  readonly position: StorePosition | null;
}

export class StoreFeed implements Role {
  readonly name: string;
  readonly #options: StoreFeedOptions;
  readonly #store: Store;
  readonly #disk: Disk;
  readonly #stepItems: number;
  #reader: JournalReader | null = null;
  #projection: Projection | null = null;
  #position: StorePosition | null = null;
  #work: Promise<void> | null = null;
  #nextAtUs = 0;
  #nowUs = 0;
  #currentAtUs = -1;
  #retryUs = RETRY_US;
  #records = 0;
  #failures = 0;
  #error = '';
  #isClosed = false;
  #isGivenUp = false;
  /** Sizes of segments that are finished. */
  readonly #sizes = new Map<number, number>();

  constructor(options: StoreFeedOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#disk = options.disk ?? nodeDisk;
    this.#stepItems = options.stepItems ?? STEP_ITEMS;
    this.name = options.store.name === 'lmdb' ? 'store' : `store-${options.store.name}`;
  }

  /** How far the store is, as far as it is known: null before it was opened. */
  get position(): JournalPosition | null {
    return this.#position;
  }

  /** Journal bytes that the store does not have yet. */
  lagBytes(): number {
    const from = this.#position ?? { segment: 0, offset: 0 };
    const { position: end, folder } = this.#options.journal;
    if (from.segment === end.segment) return Math.max(0, end.offset - from.offset);
    let bytes = end.offset - from.offset;
    for (const name of this.#disk.list(folder)) {
      const number = Number.parseInt(name, 10);
      if (name === segmentName(number) && number >= from.segment && number < end.segment) bytes += this.#sizeOf(number);
    }
    return Math.max(0, bytes);
  }

  status(): StoreStatus {
    const lagBytes = this.lagBytes();
    const isCurrent = this.#error === '' && this.#position !== null && !isBefore(this.#position, this.#options.journal.durable);
    return {
      name: this.#store.name,
      state: this.#error !== '' ? 'failing' : this.#position === null ? 'starting' : isCurrent ? 'current' : 'behind',
      lagBytes,
      lagRecords: Math.ceil(lagBytes / HOT_FRAME_BYTES),
      behindUs: isCurrent ? 0 : Math.max(0, this.#nowUs - Math.max(0, this.#currentAtUs)),
      records: this.#records,
      failures: this.#failures,
      error: this.#error,
      position: this.#position,
    };
  }

  step(nowUs: number, _maxRecords: number): number {
    if (this.#currentAtUs < 0) this.#currentAtUs = nowUs;
    this.#nowUs = nowUs;
    if (this.#work !== null || this.#isClosed || nowUs < this.#nextAtUs) return 0;
    // The last bytes of a full disk are the journal's.
    if (this.#options.journal.isFull === true) return 0;
    if (this.#projection !== null && this.#position !== null && !isBefore(this.#position, this.#options.journal.durable)) {
      this.#currentAtUs = nowUs;
      return 0;
    }
    this.#work = this.#turn(this.#stepItems).then(
      (count) => {
        this.#work = null;
        this.#succeed();
        this.#nextAtUs = count < this.#stepItems ? nowUs + REST_US : 0;
      },
      (error: unknown) => {
        this.#work = null;
        this.#fail(error);
        this.#nextAtUs = nowUs + this.#retryUs;
        this.#retryUs = Math.min(this.#retryUs * 2, MOST_RETRY_US);
      },
    );
    return 1;
  }

  /** Resolves when the store has everything of the journal that is on the device; rejects when the store fails. */
  async catchUp(): Promise<void> {
    await this.#work;
    while (!this.#isGivenUp && (await this.#turn(CATCH_UP_ITEMS)) > 0);
  }

  /** Catches up, then closes the store. What a failing store lacks it reads from the journal at the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#lastTurns();
    this.#reader?.close();
    this.#reader = null;
    await this.#store.close();
  }

  async #lastTurns(): Promise<void> {
    const { close } = this.#options;
    const rest = this.catchUp().catch((error: unknown) => this.#fail(error));
    if (close === undefined) return rest;
    await new Promise<void>((resolve) => {
      const timer = close.timers.after(close.withinMs, () => {
        this.#isGivenUp = true;
        this.#options.onNotice?.(
          `store ${this.#store.name} has not taken everything (${this.lagBytes()} bytes): the rest follows at the next start`,
        );
        resolve();
      });
      void rest.then(() => {
        close.timers.cancel(timer);
        resolve();
      });
    });
  }

  async #turn(mostItems: number): Promise<number> {
    if (this.#projection === null || this.#reader === null) await this.#open();
    const reader = this.#reader;
    const projection = this.#projection;
    if (reader === null || projection === null) return 0;
    const items: JournalItem[] = [];
    const count = reader.read(collector(reader, items), mostItems, this.#options.journal.durable);
    if (count === 0) return 0;
    const { last } = reader;
    const position = { ...reader.position, ...(last === null ? {} : { last }) };
    const batch = await projection.project(items, this.#store, position);
    await this.#store.write(batch);
    this.#position = batch.position;
    this.#records += count;
    this.#options.counters?.add('storeRecords', count);
    this.#options.counters?.set('storeLag', Math.ceil(this.lagBytes() / HOT_FRAME_BYTES));
    return count;
  }

  async #open(): Promise<void> {
    const { journal } = this.#options;
    const position = await this.#begin();
    const kinship = kinshipOf(journal.folder, journal.position, position, this.#disk);
    const { segment } = position;
    if (kinship === 'ahead' || kinship === 'other') {
      const code = kinship === 'ahead' ? 'STORE_AHEAD_OF_JOURNAL' : 'STORE_OF_ANOTHER_JOURNAL';
      throw new EngineError(code, 'give-up', { store: this.#store.name, segment, journalSegment: journal.position.segment });
    }
    if (kinship === 'damaged')
      this.#options.onNotice?.(
        `store ${this.#store.name} knows what the journal lost to damage in segment ${segment}: it is kept and goes on from there`,
      );
    this.#projection = await Projection.over(this.#store);
    this.#position = position;
    this.#reader = new JournalReader({ folder: journal.folder, from: position, disk: this.#disk });
  }

  /** The store's place. An empty store on a journal whose first segments were compacted is given what they said. */
  async #begin(): Promise<StorePosition> {
    const { folder } = this.#options.journal;
    const position = (await this.#store.position()) ?? { segment: 0, offset: 0 };
    const first = Math.min(
      ...this.#disk
        .list(folder)
        .map(segmentNumber)
        .filter((number) => number > 0),
    );
    if (!Number.isFinite(first) || first === 1 || position.segment >= first) return position;
    const { name } = this.#store;
    // It was away for so long that the journal went on without it: what it holds as open may have ended meanwhile.
    if (position.segment > 0)
      throw new EngineError('STORE_BEHIND_JOURNAL', 'give-up', { store: name, segment: position.segment, firstSegment: first });
    const { elder } = this.#options;
    if (elder !== undefined && (await copyStore(elder, this.#store))) {
      this.#options.onNotice?.(
        `store ${name} was empty: it was filled from another store, because the journal begins with segment ${first}`,
      );
    } else {
      const { checkpoint } = loadCheckpoint(folder, this.#disk, false);
      const told =
        checkpoint === null ? `nothing is known of the segments before ${first}` : await seedFromCheckpoint(checkpoint, this.#store);
      this.#options.onNotice?.(`store ${name} was empty and the journal begins with segment ${first}: ${told}`);
    }
    return (await this.#store.position()) ?? { segment: 0, offset: 0 };
  }

  #succeed(): void {
    if (this.#error !== '') this.#options.onNotice?.(`store ${this.#store.name} works again: it is catching up (${this.lagBytes()} bytes)`);
    this.#error = '';
    this.#retryUs = RETRY_US;
  }

  /** The batch in hand may or may not be in the store: the next turn begins again at the store's own position. */
  #fail(error: unknown): void {
    this.#reader?.close();
    this.#reader = null;
    this.#projection = null;
    this.#failures++;
    this.#options.counters?.add('errors');
    if (this.#error === '')
      this.#options.onNotice?.(`store ${this.#store.name} failed (${messageOf(error)}): trading goes on, it catches up later`);
    this.#error = messageOf(error);
  }

  #sizeOf(segment: number): number {
    const known = this.#sizes.get(segment);
    if (known !== undefined) return known;
    const file = this.#disk.open(`${this.#options.journal.folder}/${segmentName(segment)}`, 'r');
    const size = this.#disk.size(file);
    this.#disk.close(file);
    this.#sizes.set(segment, size);
    return size;
  }
}

/** A visitor that keeps what it sees, with the position behind each item. */
export function collector(reader: JournalReader, items: JournalItem[]): JournalVisitor {
  return {
    onHot: (block, at, { run }) => items.push({ type: 'record', record: readRecord(block.u8, block.f64, at), run, at: reader.position }),
    onCold: (kind, value) => items.push({ type: 'cold', kind, value, at: reader.position }),
  };
}
