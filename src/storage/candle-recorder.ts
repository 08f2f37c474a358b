/**
 * Writes closed minutes to the embedded store, and copies them from there to others: those may be away, and need no queue in memory. A role of the service thread,
 * given its trades by the host (from the tapes). The journal knows nothing of it: candles are a record of the market, not of what we did.
 */
import { messageOf } from '../core/numbers/errors.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { Role } from '../core/ports/role.js';
import { CandleBuilder, joinCandles, MINUTE_US } from './candles.js';
import type { CandleDoc, CandleStore } from './schema.js';

/** Trades of a minute come a little after its end: feeds and venues have latencies. */
const GRACE_US = 3_000_000;
const FLUSH_US = 1_000_000;
const RETRY_US = 10_000_000;
const COPY_MOST = 1_000;

export type TradeVisitor = (instrument: number, priceTicks: number, qtyLots: number, isBuy: boolean, venueUs: number) => void;

/** A reader of the tapes. Trades sent as history and those that form no price are left out by the host. */
export interface TradeSource {
  /** Visits what came since the last call; returns how many. */
  drain(visit: TradeVisitor): number;
}

export interface CandleRecorderOptions {
  readonly source: TradeSource;
  readonly instruments: readonly Instrument[];
  /** The one that is always there. */
  readonly store: CandleStore;
  /** Stores that copy from it. */
  readonly copies?: readonly CandleStore[];
  /** Market wall time. */
  readonly wallUs: () => number;
  readonly onNotice?: (text: string) => void;
}

export class CandleRecorder implements Role {
  readonly name = 'candles';
  readonly #options: CandleRecorderOptions;
  readonly #builder: CandleBuilder;
  #waiting: CandleDoc[] = [];
  #work: Promise<void> | null = null;
  #nextAtUs = 0;
  #isFailing = false;

  constructor(options: CandleRecorderOptions) {
    this.#options = options;
    this.#builder = new CandleBuilder(options.instruments);
  }

  /** Trades that came after their minute had been written. */
  get late(): number {
    return this.#builder.late;
  }

  step(nowUs: number, _maxRecords: number): number {
    const count = this.#options.source.drain((...trade) => this.#builder.add(...trade));
    if (this.#work === null && nowUs >= this.#nextAtUs) this.#flush(nowUs);
    return count;
  }

  /** Writes what is open too: the next run joins its part of the minute to it. */
  async close(): Promise<void> {
    await this.#work;
    this.#waiting.push(...this.#builder.take(Infinity));
    await this.#write().catch((error: unknown) => this.#fail(error));
  }

  #flush(nowUs: number): void {
    const untilUs = this.#options.wallUs() - GRACE_US;
    this.#waiting.push(...this.#builder.take(untilUs));
    this.#work = this.#turn(untilUs).then(
      () => {
        this.#work = null;
        this.#isFailing = false;
        this.#nextAtUs = nowUs + FLUSH_US;
      },
      (error: unknown) => {
        this.#work = null;
        this.#fail(error);
        this.#nextAtUs = nowUs + RETRY_US;
      },
    );
  }

  async #turn(untilUs: number): Promise<void> {
    await this.#write();
    for (const copy of this.#options.copies ?? []) await this.#copy(copy, untilUs);
  }

  async #write(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const { store } = this.#options;
    const joined: CandleDoc[] = [];
    for (const candle of this.#waiting) {
      let before: CandleDoc | null = null;
      for await (const doc of store.candles({ fromUs: candle.openUs, toUs: candle.openUs }))
        if (doc.instrument === candle.instrument) before = doc;
      joined.push(before === null ? candle : joinCandles(before, candle));
    }
    await store.writeCandles(joined);
    this.#waiting = [];
  }

  /** Whole minutes only: what a stop cut in two is copied when it is joined. */
  async #copy(copy: CandleStore, untilUs: number): Promise<void> {
    const toUs = untilUs - MINUTE_US;
    for (;;) {
      const some: CandleDoc[] = [];
      const range = { fromUs: (await copy.lastCandleUs()) + 1, toUs };
      if (range.fromUs > toUs) return;
      for await (const doc of this.#options.store.candles(range, COPY_MOST)) some.push(doc);
      if (some.length === 0) return;
      // The last minute may go on behind the limit: it is copied whole, or not in this turn.
      const lastUs = some.at(-1)?.openUs ?? 0;
      if (some.length === COPY_MOST)
        for await (const doc of this.#options.store.candles({ fromUs: lastUs, toUs: lastUs }))
          if (!some.some((one) => one.openUs === lastUs && one.instrument === doc.instrument)) some.push(doc);
      await copy.writeCandles(some);
    }
  }

  /** Candles wait for the store: a few hundred bytes a minute and instrument. */
  #fail(error: unknown): void {
    if (!this.#isFailing) this.#options.onNotice?.(`candles could not be stored (${messageOf(error)}): they are tried again`);
    this.#isFailing = true;
  }
}
