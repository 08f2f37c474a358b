/**
 * Feeds a store from the journal's files: the journal is the queue, and the store's own position is the cursor. A role of the service thread: a step starts at most
 * one small batch, and none before the last one is committed, so that a slow or absent store delays nothing and costs no memory; it catches up when it can.
 * It reads up to what is on the device: after a power cut a store never knows more than the journal.
 */
import type { CounterBlock, WriterCounter } from '../core/memory/counters.js';
import { EngineError, messageOf } from '../core/numbers/errors.js';
import type { Role } from '../core/ports/role.js';
import type { Disk } from './disk.js';
import { isBefore, type Journal, type JournalPosition } from './journal.js';
import { JournalReader, type JournalVisitor } from './journal-reader.js';
import { readRecord } from '../core/orders/journal-record.js';
import { type JournalItem, Projection } from './projection.js';
import type { Store } from './schema.js';

/** A third of a millisecond of work on the thread that the gateways share; at a commit of 5 ms still 12,000 records a second. */
const STEP_ITEMS = 64;
/** Before trading and after it nobody waits for the thread. */
const CATCH_UP_ITEMS = 4096;
/** Rest between commits when the store has caught up: a commit syncs the same device as the journal. */
const REST_US = 100_000;
/** Rest after a failure of the store. */
const RETRY_US = 1_000_000;

export interface StoreFeedOptions {
  readonly store: Store;
  readonly journal: Pick<Journal, 'folder' | 'position' | 'durable'> & Partial<Pick<Journal, 'isFull'>>;
  readonly disk?: Disk;
  readonly counters?: CounterBlock<WriterCounter>;
  readonly onNotice?: (text: string) => void;
}

export class StoreFeed implements Role {
  readonly name = 'store';
  readonly #options: StoreFeedOptions;
  readonly #store: Store;
  #reader: JournalReader | null = null;
  #projection: Projection | null = null;
  #position: JournalPosition = { segment: 0, offset: 0 };
  #work: Promise<void> | null = null;
  #nextAtUs = 0;
  #isFailing = false;
  #isClosed = false;

  constructor(options: StoreFeedOptions) {
    this.#options = options;
    this.#store = options.store;
  }

  /** Journal bytes that the store does not have yet, as far as they are in the segment being written; -1 when it is segments behind. */
  lagBytes(): number {
    const end = this.#options.journal.position;
    return end.segment === this.#position.segment ? end.offset - this.#position.offset : -1;
  }

  step(nowUs: number, _maxRecords: number): number {
    if (this.#work !== null || this.#isClosed || nowUs < this.#nextAtUs) return 0;
    // The last bytes of a full disk are the journal's.
    if (this.#options.journal.isFull === true) return 0;
    if (this.#projection !== null && !isBefore(this.#position, this.#options.journal.durable)) return 0;
    this.#work = this.#turn(STEP_ITEMS).then(
      (count) => {
        this.#work = null;
        this.#isFailing = false;
        this.#nextAtUs = count < STEP_ITEMS ? nowUs + REST_US : 0;
      },
      (error: unknown) => {
        this.#work = null;
        this.#fail(error);
        this.#nextAtUs = nowUs + RETRY_US;
      },
    );
    return 1;
  }

  /** Resolves when the store has everything of the journal that is on the device; rejects when the store fails. */
  async catchUp(): Promise<void> {
    await this.#work;
    while ((await this.#turn(CATCH_UP_ITEMS)) > 0);
  }

  /** Catches up, then closes the store. What a failing store lacks it reads from the journal at the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    try {
      await this.catchUp();
    } catch (error) {
      this.#fail(error);
    }
    this.#reader?.close();
    this.#reader = null;
    await this.#store.close();
  }

  async #turn(mostItems: number): Promise<number> {
    if (this.#projection === null || this.#reader === null) await this.#open();
    const reader = this.#reader;
    const projection = this.#projection;
    if (reader === null || projection === null) return 0;
    const items: JournalItem[] = [];
    const count = reader.read(collector(reader, items), mostItems, this.#options.journal.durable);
    if (count === 0) return 0;
    const position = reader.position;
    await this.#store.write(await projection.project(items, this.#store, position));
    this.#position = position;
    this.#options.counters?.add('storeRecords', count);
    this.#options.counters?.set('storeLag', Math.max(0, this.lagBytes()));
    return count;
  }

  async #open(): Promise<void> {
    const { disk, journal } = this.#options;
    const position = (await this.#store.position()) ?? { segment: 0, offset: 0 };
    if (isBefore(journal.position, position)) {
      const { segment } = position;
      throw new EngineError('STORE_AHEAD_OF_JOURNAL', 'give-up', {
        store: this.#store.name,
        segment,
        journalSegment: journal.position.segment,
      });
    }
    this.#projection = await Projection.over(this.#store);
    this.#position = position;
    this.#reader = new JournalReader({ folder: journal.folder, from: this.#position, ...(disk === undefined ? {} : { disk }) });
  }

  /** The batch in hand may or may not be in the store: the next turn begins again at the store's own position. */
  #fail(error: unknown): void {
    this.#reader?.close();
    this.#reader = null;
    this.#projection = null;
    this.#options.counters?.add('errors');
    if (!this.#isFailing)
      this.#options.onNotice?.(`store ${this.#store.name} failed (${messageOf(error)}): trading goes on, it catches up later`);
    this.#isFailing = true;
  }
}

/** A visitor that keeps what it sees, with the position behind each item. */
export function collector(reader: JournalReader, items: JournalItem[]): JournalVisitor {
  return {
    onHot: (block, at, { run }) => items.push({ type: 'record', record: readRecord(block.u8, block.f64, at), run, at: reader.position }),
    onCold: (kind, value) => items.push({ type: 'cold', kind, value, at: reader.position }),
  };
}
