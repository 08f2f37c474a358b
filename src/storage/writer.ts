/**
 * The writer role: takes records from every producer's journal ring, writes them in groups, and publishes how far each producer is written and durable.
 * Service thread (an event-loop lane); it owns the cursors, the blocked word and the writer's counters. Nothing is shown or stored that it has not written:
 * sinks are called after the write.
 *
 * Durability: `none` and `interval` differ only in what gateways wait for; both sync every `syncEveryUs`. `each` syncs as soon as something was written, and
 * again while records arrive: a group is what came in during the sync before it.
 */
import type { CounterBlock, WriterCounter } from '../core/memory/counters.js';
import type { Histogram } from '../core/memory/histogram.js';
import { CONTROL_BLOCKED, CURSOR_BYTES, CURSOR_DURABLE, CURSOR_WRITTEN, type MemoryPlan } from '../core/memory/layout.js';
import { REC_DECIDED_US, REC_KIND, RECORD_BYTES, RecordKind } from '../core/memory/record.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import { SpscRing } from '../core/memory/spsc-ring.js';
import { EngineError, messageOf } from '../core/numbers/errors.js';
import { Reason } from '../core/orders/reasons.js';
import type { Role } from '../core/ports/role.js';
import { type RunStart } from './run-start.js';
import { type Journal, WRITE_FULL, WRITE_OK } from './journal.js';
import { ColdKind, FRAME_HEAD_BYTES, FRAME_HOT, padded } from './segment.js';

export type Durability = 'none' | 'interval' | 'each';

/** Half the time in which a power cut may lose what the operating system was told: an order of magnitude above a sync, so that the device rests. */
export const SYNC_EVERY_US = 50_000;
/** How often a full disk or a failing device is tried again. */
const RETRY_US = 10_000;
const UNBLOCK_US = 1_000_000;
/** Requests whose time to durable is being measured; more are written all the same, only not measured. */
const PENDING_TIMES = 65_536;

/** Sees records in journal order, after they were written. A sink that throws is taken off and counted: it must not stop the journal. */
export interface JournalSink {
  readonly name: string;
  /** The record at `byteOffset` (a multiple of 8) of both views, which share one buffer; valid during the call. */
  onRecord(u8: Uint8Array, f64: Float64Array, byteOffset: number): void;
  onCold?(kind: number, value: unknown): void;
  onBatchEnd(): void;
}

export interface WriterOptions {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly journal: Journal;
  readonly durability: Durability;
  readonly syncEveryUs?: number;
  /** Monotonic market time, for the answer of a sync, which comes between steps. */
  readonly nowUs: () => number;
  readonly counters: CounterBlock<WriterCounter>;
  readonly orderToDurable: Histogram;
  /** The written cursors moved: what waits for them may leave before the sinks are told. */
  readonly onWritten?: () => void;
  /** A cursor moved outside a step: the host wakes the lane of those who wait for it. */
  readonly onAdvance?: () => void;
  /** Something a person should know: disk full, space again, a sync that failed, a sink that threw. */
  readonly onNotice?: (text: string) => void;
}

export class Writer implements Role {
  readonly name = 'writer';
  readonly #views: SharedViews;
  readonly #journal: Journal;
  readonly #durability: Durability;
  readonly #syncEveryUs: number;
  readonly #options: WriterOptions;
  readonly #counters: CounterBlock<WriterCounter>;
  readonly #rings: readonly SpscRing[];
  readonly #cursorWord: number;
  readonly #blockedWord: number;
  /** Records of each producer in the batch or before it; written; covered by the sync under way. */
  readonly #taken: Uint32Array;
  readonly #written: Uint32Array;
  readonly #syncing: Uint32Array;
  #sinks: readonly JournalSink[] = [];
  readonly #cold: { readonly kind: ColdKind; readonly value: unknown }[] = [];
  readonly #batchCold: { readonly kind: ColdKind; readonly value: unknown }[] = [];
  /** A batch that could not be written yet. */
  #isPending = false;
  #batchRecords = 0;
  #firstProducer = 0;
  #hasUnsynced = false;
  #syncStartedUs = 0;
  #retryAtUs = 0;
  #isDeviceFailed = false;
  #isHoldingSyncs = false;
  #isClosing = false;
  readonly #afterSync: (() => void)[] = [];
  readonly #decidedUs = new Float64Array(PENDING_TIMES);
  #timesHead = 0;
  #timesTail = 0;

  constructor(options: WriterOptions) {
    const { views, plan, journal } = options;
    const producers = plan.counts.producers;
    this.#options = options;
    this.#views = views;
    this.#journal = journal;
    this.#durability = options.durability;
    this.#syncEveryUs = options.syncEveryUs ?? SYNC_EVERY_US;
    this.#counters = options.counters;
    this.#rings = Array.from(
      { length: producers },
      (_, p) => new SpscRing(views, plan.journals + plan.journalStride * p, RECORD_BYTES, plan.counts.journalRecords),
    );
    this.#cursorWord = plan.cursors >> 2;
    this.#blockedWord = (plan.control + CONTROL_BLOCKED) >> 2;
    this.#taken = Uint32Array.from(this.#rings, (ring) => ring.released());
    this.#written = this.#taken.slice();
    this.#syncing = new Uint32Array(producers);
    this.#counters.set('segments', journal.segment);
    this.#publishBlocked();
  }

  addSink(sink: JournalSink): void {
    this.#sinks = [...this.#sinks, sink];
  }

  /** Written with the next group, in the order of the calls. The start of a run is written twice: if one copy is damaged, its records can still be read. */
  appendCold(kind: ColdKind, value: unknown): void {
    this.#cold.push({ kind, value });
    if (kind === ColdKind.RUN_START) this.#cold.push({ kind, value });
  }

  /** The first thing of a run, on the device when it returns: what the indexes in its records mean. */
  startRun(run: RunStart, nowUs: number): void {
    this.#journal.run = run.tables.run;
    this.appendCold(ColdKind.RUN_START, run);
    if (!this.flushNow(nowUs))
      throw new EngineError('JOURNAL_NOT_WRITABLE', 'give-up', { folder: this.#journal.folder, error: this.#journal.lastError });
  }

  /** Everything appended so far is on the device when this returns: for the start of a run, before anything trades. */
  flushNow(nowUs: number): boolean {
    this.#isHoldingSyncs = true;
    while (this.step(nowUs, Infinity) > 0);
    this.#isHoldingSyncs = false;
    if (this.#isPending || this.#cold.length > 0) return false;
    if (!this.#isClosing) this.#journal.prepare();
    this.#journal.syncNow();
    this.#advanceDurable(this.#written, this.#timesHead);
    return true;
  }

  step(nowUs: number, maxRecords: number): number {
    if ((this.#journal.isFull || this.#isDeviceFailed) && nowUs >= this.#retryAtUs) this.#tryUnblock(nowUs);
    if (this.#isPending) {
      if (nowUs < this.#retryAtUs) return 0;
    } else if (!this.#collect(maxRecords)) {
      this.#syncWhenDue(nowUs);
      return 0;
    }
    const records = this.#batchRecords + this.#batchCold.length;
    if (!this.#write(nowUs)) return 0;
    this.#syncWhenDue(nowUs);
    return records;
  }

  /** Journal records waiting in the rings, all producers. */
  lag(): number {
    let waiting = 0;
    for (const ring of this.#rings) waiting += ring.waiting();
    return waiting;
  }

  /** Takes what is left, syncs, closes. Rejects when something could not be written; the journal then ends where it ends. */
  async close(nowUs: number): Promise<void> {
    this.#isClosing = true;
    while (this.#journal.isSyncing) await new Promise<void>((resolve) => this.#afterSync.push(resolve));
    const isDrained = this.flushNow(nowUs);
    this.#journal.close();
    if (!isDrained) throw new Error(`the journal could not be finished: ${this.#journal.lastError}`);
  }

  /** Fills a batch from the rings, each in turn first, and the cold objects. False when there is nothing or no place to write it. */
  #collect(maxRecords: number): boolean {
    const rings = this.#rings;
    if (this.#cold.length === 0 && !this.#hasRecords()) return false;
    const journal = this.#journal;
    if (!journal.begin()) {
      this.#publishBlocked();
      return false;
    }
    this.#counters.set('segments', journal.segment);
    for (const cold of this.#cold) journal.addCold(cold.kind, cold.value);
    this.#batchCold.push(...this.#cold);
    this.#cold.length = 0;
    let records = 0;
    for (let i = 0; i < rings.length; i++) {
      const producer = (this.#firstProducer + i) % rings.length;
      const ring = rings[producer]!;
      for (let n = 0; n < maxRecords && journal.batchHasRoom; n++) {
        const at = ring.front();
        if (at < 0) break;
        const seq = (ring.released() + 1) >>> 0;
        journal.addHot(this.#views.i32, at >> 2, producer, seq);
        // Released before the write: the batch keeps the record until it is written, and no cursor says otherwise.
        ring.release();
        this.#taken[producer] = seq;
        records++;
      }
    }
    this.#firstProducer = rings.length === 0 ? 0 : (this.#firstProducer + 1) % rings.length;
    this.#batchRecords = records;
    return true;
  }

  #hasRecords(): boolean {
    for (let p = 0; p < this.#rings.length; p++) if (this.#rings[p]!.front() >= 0) return true;
    return false;
  }

  #write(nowUs: number): boolean {
    const result = this.#journal.write();
    if (result !== WRITE_OK) {
      if (!this.#isPending) this.#counters.add(result === WRITE_FULL ? 'diskFull' : 'errors');
      if (result !== WRITE_FULL) this.#failDevice();
      this.#isPending = true;
      this.#retryAtUs = nowUs + RETRY_US;
      this.#publishBlocked();
      return false;
    }
    this.#isPending = false;
    this.#hasUnsynced = true;
    this.#written.set(this.#taken);
    this.#publishBlocked();
    this.#publish(CURSOR_WRITTEN, this.#written);
    if (this.#isDeviceFailed) this.#publish(CURSOR_DURABLE, this.#written);
    this.#counters.add('records', this.#batchRecords);
    this.#counters.add('bytes', this.#journal.batchBytes);
    this.#counters.add('flushes');
    this.#counters.set('lagRecords', this.lag());
    this.#options.onWritten?.();
    this.#tellSinks();
    return true;
  }

  #tellSinks(): void {
    const { u8, u32, f64 } = this.#journal.batch;
    const end = this.#journal.batchBytes;
    for (const sink of this.#sinks) {
      try {
        for (const cold of this.#batchCold) sink.onCold?.(cold.kind, cold.value);
      } catch (error) {
        this.#dropSink(sink, error);
      }
    }
    this.#batchCold.length = 0;
    for (let at = 0; at < end; at += padded(u32[at >> 2]!)) {
      if (u8[at + 8] !== FRAME_HOT) continue;
      const record = at + FRAME_HEAD_BYTES;
      const kind = u8[record + REC_KIND]!;
      if (kind === RecordKind.CREATE || kind === RecordKind.AMEND || kind === RecordKind.CANCEL)
        this.#noteTime(f64[(record + REC_DECIDED_US) >> 3]!);
      const sinks = this.#sinks;
      for (let i = 0; i < sinks.length; i++) {
        const sink = sinks[i]!;
        try {
          sink.onRecord(u8, f64, record);
        } catch (error) {
          this.#dropSink(sink, error);
        }
      }
    }
    for (const sink of this.#sinks) {
      try {
        sink.onBatchEnd();
      } catch (error) {
        this.#dropSink(sink, error);
      }
    }
  }

  #dropSink(sink: JournalSink, error: unknown): void {
    this.#sinks = this.#sinks.filter((other) => other !== sink);
    this.#counters.add('errors');
    this.#options.onNotice?.(`journal sink ${sink.name} was taken off: ${messageOf(error)}`);
  }

  #noteTime(decidedUs: number): void {
    if (decidedUs <= 0 || this.#timesHead - this.#timesTail >= PENDING_TIMES) return;
    this.#decidedUs[this.#timesHead++ % PENDING_TIMES] = decidedUs;
  }

  #syncWhenDue(nowUs: number): void {
    if (!this.#hasUnsynced || this.#journal.isSyncing || this.#isPending || this.#isHoldingSyncs) return;
    if (this.#durability !== 'each' && nowUs - this.#syncStartedUs < this.#syncEveryUs) return;
    this.#startSync(nowUs);
  }

  #startSync(nowUs: number): void {
    this.#hasUnsynced = false;
    this.#syncStartedUs = nowUs;
    this.#syncing.set(this.#written);
    const timesEnd = this.#timesHead;
    this.#journal.sync((error) => {
      if (error === null) {
        this.#counters.add('syncs');
        this.#advanceDurable(this.#syncing, timesEnd);
      } else {
        // After a failed sync the system may have thrown the pages away and say "fine" next time: it is not asked again. New orders stop until a restart;
        // the cursor goes on, so that cancels leave even under `each`.
        this.#counters.add('errors');
        this.#failDevice();
        this.#publishBlocked();
        this.#publish(CURSOR_DURABLE, this.#written);
      }
      for (const resolve of this.#afterSync.splice(0)) resolve();
      this.#options.onAdvance?.();
      this.#prepare();
      if (this.#durability === 'each' && !this.#isClosing) this.#syncWhenDue(this.#options.nowUs());
    });
  }

  /** Space for what comes, once nobody waits for the sync that has just ended. It is synced like records, as soon as they would be. */
  #prepare(): void {
    if (this.#isClosing || this.#isDeviceFailed || this.#isPending) return;
    if (this.#journal.prepare(this.#hasUnsynced)) this.#hasUnsynced = true;
  }

  #advanceDurable(counts: Uint32Array, timesEnd: number): void {
    this.#publish(CURSOR_DURABLE, counts);
    const nowUs = this.#options.nowUs();
    while (this.#timesTail < timesEnd) this.#options.orderToDurable.record(nowUs - this.#decidedUs[this.#timesTail++ % PENDING_TIMES]!);
  }

  #publish(cursor: number, counts: Uint32Array): void {
    for (let p = 0; p < counts.length; p++)
      Atomics.store(this.#views.i32, this.#cursorWord + ((CURSOR_BYTES * p + cursor) >> 2), counts[p]! | 0);
  }

  #failDevice(): void {
    if (!this.#isDeviceFailed)
      this.#options.onNotice?.(`the journal's device failed (${this.#journal.lastError}): no new orders until a restart`);
    this.#isDeviceFailed = true;
  }

  #tryUnblock(nowUs: number): void {
    if (!this.#isPending) this.#retryAtUs = nowUs + UNBLOCK_US;
    if (this.#journal.isFull && !this.#isPending && this.#journal.tryUnblock()) this.#publishBlocked();
  }

  #publishBlocked(): void {
    const reason = this.#isDeviceFailed ? Reason.JOURNAL_FAILED : this.#journal.isFull ? Reason.DISK_FULL : Reason.NONE;
    const before = Atomics.exchange(this.#views.i32, this.#blockedWord, reason);
    if (before === reason) return;
    if (reason === Reason.DISK_FULL)
      this.#options.onNotice?.('the disk is full: no new orders; cancels, answers and fills are journaled from the reserve');
    if (reason === Reason.NONE) this.#options.onNotice?.('the disk has space again: new orders are taken');
  }
}
