/**
 * Orders, fills, levels and audit rows as the journal tells them: fed record by record by the journal writer's sink, so nothing is shown that could be lost.
 * Every list is bounded; every change is an event with a sequence number, so that an outside observer can record each exactly once. Service lane.
 */
import { FLAG_ADOPTED, RecordKind } from '../core/memory/record.js';
import { readRecord, type JournalRecord } from '../core/orders/journal-record.js';
import { beginOrder, foldRecord } from '../core/orders/order-fold.js';
import { isTerminal, OrderState, orderStateName } from '../core/orders/order-state.js';
import type { RecoveredState } from '../core/orders/recovered.js';
import type { RunTables } from '../core/orders/tables.js';
import { RowMaker, type OrderFold } from './journal-rows.js';
import type { FillCounts, LiveEvent, OrderCounts } from './payload.js';
import type { AuditRow, FillRow, LevelRow, OrderRow } from './payload-rows.js';

export const ENDED_ORDERS_KEPT = 400;
export const FILLS_KEPT = 600;
export const AUDIT_KEPT = 300;
/** Events a late observer can still ask for. */
export const EVENTS_KEPT = 8_192;

type Happening =
  | { readonly event: 'order'; readonly row: OrderRow }
  | { readonly event: 'fill'; readonly row: FillRow }
  | { readonly event: 'level'; readonly row: LevelRow }
  | { readonly event: 'audit'; readonly row: AuditRow };

type Values = Readonly<Record<string, string | number | boolean>>;

/** A change of parameters as journaled. */
export interface ParamsRecord {
  readonly strategy: string;
  readonly setUs: number;
  readonly before: Values;
  readonly values: Values;
}

export class JournalView {
  readonly #rows: RowMaker;
  readonly #orders = new Map<number, OrderFold>();
  readonly #ended: number[] = [];
  readonly #fills: FillRow[] = [];
  readonly #fillIds = new Set<string>();
  readonly #audit: AuditRow[] = [];
  readonly #levels = new Map<number, LevelRow>();
  readonly #levelFills = new Map<number, number>();
  readonly #events: LiveEvent[] = [];
  readonly #counts = { sent: 0, accepted: 0, amended: 0, rejected: 0, cancelled: 0, filled: 0 };
  readonly #byVenue: Record<string, number>;
  readonly #byStrategy: Record<string, number>;
  readonly #byKind: Record<string, number>;
  /** `strategy|outcome` -> orders. */
  readonly #outcomes = new Map<string, number>();
  #fillCount = 0;
  #seq = 0;

  /** Orders of a strategy that risk blocked: counted where they are, as the journal does not hold each (a full disk's are told now and then). */
  readonly #deniedOf: (strategy: number) => number;
  readonly #strategies: number;

  constructor(
    tables: RunTables,
    levelStates: (kind: string) => readonly string[],
    recovered: RecoveredState | null,
    deniedOf: (strategy: number) => number,
  ) {
    this.#deniedOf = deniedOf;
    this.#strategies = tables.strategies.length;
    this.#rows = new RowMaker(tables, levelStates);
    this.#byVenue = Object.fromEntries(tables.venues.map((venue) => [venue, 0]));
    this.#byStrategy = Object.fromEntries(tables.strategies.map(({ name }) => [name, 0]));
    this.#byKind = { grid: 0, arb: 0, ...Object.fromEntries(tables.strategies.map(({ pnlKind }) => [pnlKind, 0])) };
    if (recovered !== null) this.#adopt(recovered);
  }

  /** One journaled record of 128 bytes at byte `at`. Unknown kinds are somebody else's. */
  onRecord(u8: Uint8Array, f64: Float64Array, at: number): void {
    const record = readRecord(u8, f64, at);
    switch (record.kind) {
      case RecordKind.CREATE:
        return this.#create(record);
      case RecordKind.FILL:
        return this.#fill(record);
      case RecordKind.LEVEL:
        return this.#level(record);
      case RecordKind.DENIED:
      case RecordKind.REFUSED:
      case RecordKind.TAKEN:
      case RecordKind.HALT:
      case RecordKind.REPAIR:
        return this.#auditRow(record);
      case RecordKind.REJECT:
      case RecordKind.AMEND_REJECT:
      case RecordKind.CANCEL_REJECT:
      case RecordKind.UNKNOWN:
      case RecordKind.NOT_FOUND:
        this.#auditRow(record);
        return this.#answer(record);
      default:
        return this.#answer(record);
    }
  }

  /** Parameters of a strategy were changed. */
  onParams({ strategy, setUs, before, values }: ParamsRecord): void {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(values)])].filter((key) => before[key] !== values[key]);
    const text = keys.map((key) => `${key} ${before[key] ?? 'none'} -> ${values[key] ?? 'none'}`).join(', ');
    const nothing = { instrument: null, level: null, side: null, price: null, qty: null };
    this.#keepAudit({ ...nothing, event: 'parameters', strategy, reason: null, text, tsUs: setUs });
  }

  get seq(): number {
    return this.#seq;
  }

  /** Live orders first, then the newest ended ones, newest first. */
  orders(limit = Infinity): OrderRow[] {
    const folds = [...this.#orders.values()];
    const live = folds.filter(({ state }) => !isTerminal(state));
    const ended = this.#ended.flatMap((id) => this.#orders.get(id) ?? []).reverse();
    return [...live, ...ended].slice(0, limit).map((fold) => this.#rows.orderRow(fold));
  }

  /** Newest first. */
  fills(limit = FILLS_KEPT): FillRow[] {
    return this.#fills.slice(-limit).reverse();
  }

  audit(limit = AUDIT_KEPT): AuditRow[] {
    return this.#audit.slice(-limit).reverse();
  }

  levels(): LevelRow[] {
    return [...this.#levels.values()];
  }

  /** Events after `seq`, oldest first; null when some of them are no longer held. */
  eventsSince(seq: number): LiveEvent[] | null {
    if (seq >= this.#seq) return seq === this.#seq ? [] : null;
    const first = this.#events[0]?.seq ?? this.#seq + 1;
    if (seq + 1 < first) return null;
    return this.#events.slice(seq + 1 - first);
  }

  orderCounts(): OrderCounts {
    let open = 0;
    let unknown = 0;
    for (const { state } of this.#orders.values()) {
      if (state === OrderState.UNKNOWN) unknown++;
      else if (!isTerminal(state)) open++;
    }
    let denied = 0;
    for (let strategy = 0; strategy < this.#strategies; strategy++) denied += this.#deniedOf(strategy);
    return { ...this.#counts, denied, open, unknown };
  }

  fillCounts(): FillCounts {
    return { count: this.#fillCount, byVenue: { ...this.#byVenue }, byStrategy: { ...this.#byStrategy }, byKind: { ...this.#byKind } };
  }

  /** Orders of a strategy by outcome: sent, accepted, amended, rejected, denied, cancelled, expired, filled. */
  outcomes(strategy: number, outcome: string): number {
    return outcome === 'denied' ? this.#deniedOf(strategy) : (this.#outcomes.get(`${strategy}|${outcome}`) ?? 0);
  }

  openBy(strategy: number): number {
    let open = 0;
    for (const fold of this.#orders.values()) if (fold.strategy === strategy && !isTerminal(fold.state)) open++;
    return open;
  }

  #adopt(recovered: RecoveredState): void {
    for (const order of recovered.orders) {
      const fold: OrderFold = {
        ...order,
        flags: order.flags | FLAG_ADOPTED,
        reason: 0,
        amendTicks: 0,
        amendLots: 0,
        isAccepted: true,
        createdUs: order.createdUs ?? 0,
        updatedUs: order.updatedUs ?? 0,
      };
      if (!isTerminal(order.state)) this.#orders.set(order.orderId, fold);
    }
    for (const fill of recovered.fills) {
      const row = this.#rows.fillRow({ ...fill, isEarlierRun: true });
      this.#keepFill(row);
    }
    for (const level of recovered.levels) {
      this.#levels.set(levelKey(level.strategy, level.level), this.#rows.levelRow({ ...level, reason: 0, fills: 0, tsUs: 0 }));
    }
  }

  #create(record: JournalRecord): void {
    const fold: OrderFold = { ...beginOrder(record, OrderState.PENDING), isAccepted: false };
    this.#orders.set(fold.orderId, fold);
    this.#counts.sent++;
    this.#outcome(fold.strategy, 'sent');
    this.#event({ event: 'order', row: this.#rows.orderRow(fold) });
  }

  /** What a record makes of its order. A record about an order that ended or is no longer held, or that does not fit it, changes nothing. */
  #answer(record: JournalRecord): void {
    const fold = this.#orders.get(record.orderId);
    if (fold === undefined || isTerminal(fold.state)) return;
    const isUnanswered = fold.state === OrderState.PENDING || fold.state === OrderState.UNKNOWN;
    if (!foldRecord(fold, record)) return;
    if (record.kind === RecordKind.ACK && isUnanswered) this.#accepted(fold);
    if (record.kind === RecordKind.AMENDED) {
      this.#counts.amended++;
      this.#outcome(fold.strategy, 'amended');
    }
    this.#changed(fold, record);
  }

  #fill(record: JournalRecord): void {
    const fold = this.#orders.get(record.orderId);
    const row = this.#rows.fillRow({ ...record, isEarlierRun: false });
    if (this.#fillIds.has(row.fillId)) return;
    this.#keepFill(row);
    this.#fillCount++;
    add(this.#byVenue, row.venue);
    add(this.#byStrategy, row.strategy);
    add(this.#byKind, row.kind);
    const key = levelKey(record.strategy, record.level);
    this.#levelFills.set(key, (this.#levelFills.get(key) ?? 0) + 1);
    this.#event({ event: 'fill', row });
    if (fold === undefined) return;
    const wasEnded = isTerminal(fold.state);
    if (fold.state === OrderState.PENDING || fold.state === OrderState.UNKNOWN) this.#accepted(fold);
    foldRecord(fold, record);
    if (wasEnded) {
      this.#event({ event: 'order', row: this.#rows.orderRow(fold) });
      return;
    }
    this.#changed(fold, record);
  }

  /** After every change of a live order: its end is counted, its event sent. */
  #changed(fold: OrderFold, record: JournalRecord): void {
    if (isTerminal(fold.state)) {
      fold.reason = fold.state === OrderState.FILLED ? 0 : record.reason;
      if (fold.state === OrderState.FILLED) this.#counts.filled++;
      else if (fold.state === OrderState.REJECTED) this.#counts.rejected++;
      else this.#counts.cancelled++; // part filled or expired by its own time in force, then gone: the summary has one word for it
      this.#outcome(fold.strategy, orderStateName(fold.state));
      this.#ended.push(fold.orderId);
      if (this.#ended.length > ENDED_ORDERS_KEPT) this.#orders.delete(this.#ended.shift() ?? -1);
    }
    this.#event({ event: 'order', row: this.#rows.orderRow(fold) });
  }

  /** Counted once an order, at its first sign of life from the venue. Adopted orders were counted in their own run. */
  #accepted(fold: OrderFold): void {
    if (fold.isAccepted) return;
    fold.isAccepted = true;
    this.#counts.accepted++;
    this.#outcome(fold.strategy, 'accepted');
  }

  #outcome(strategy: number, outcome: string): void {
    const key = `${strategy}|${outcome}`;
    this.#outcomes.set(key, (this.#outcomes.get(key) ?? 0) + 1);
  }

  #level(record: JournalRecord): void {
    const key = levelKey(record.strategy, record.level);
    // A level record keeps its free words where a fill keeps price and quantity.
    const free = { auxTicks: record.fillTicks, auxLots: record.fillLots };
    const row = this.#rows.levelRow({ ...record, ...free, fills: this.#levelFills.get(key) ?? 0 });
    // Without a price it is no level any more: its ladder gave way to a smaller one. Who watches is told so.
    if (record.priceTicks === 0 && record.qtyLots === 0) this.#levels.delete(key);
    else this.#levels.set(key, row);
    this.#event({ event: 'level', row });
  }

  #auditRow(record: JournalRecord): void {
    this.#keepAudit(this.#rows.auditRow(record));
  }

  #keepAudit(row: AuditRow): void {
    this.#audit.push(row);
    if (this.#audit.length > AUDIT_KEPT) dropOldest(this.#audit);
    this.#event({ event: 'audit', row });
  }

  #keepFill(row: FillRow): void {
    this.#fillIds.add(row.fillId);
    this.#fills.push(row);
    if (this.#fills.length <= FILLS_KEPT) return;
    const gone = this.#fills.shift();
    if (gone !== undefined) this.#fillIds.delete(gone.fillId);
  }

  #event(what: Happening): void {
    this.#seq++;
    this.#events.push({ seq: this.#seq, ...what });
    // Dropped in blocks: shifting one element of thousands for each event would cost more than the event.
    if (this.#events.length >= EVENTS_KEPT * 2) this.#events.splice(0, EVENTS_KEPT);
  }
}

/** Opportunities come by the second: they make room first, so that a halt or a repair of an hour ago is still there. */
function dropOldest(audit: AuditRow[]): void {
  const routine = audit.findIndex(({ event }) => event === 'refused' || event === 'taken');
  audit.splice(Math.max(0, routine), 1);
}

function levelKey(strategy: number, level: number): number {
  return strategy * 65_536 + level;
}

function add(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
