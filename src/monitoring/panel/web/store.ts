/** What the page knows, by slice; panels subscribe to slices and are redrawn at most once a frame. */
import { useEffect, useState } from 'preact/hooks';
import type {
  HistoryPayload,
  LiveEvent,
  LiveMessage,
  PnlRow,
  RefusalsPayload,
  SeriesPayload,
  SnapshotMessage,
  StatusPayload,
} from '../../payload.ts';
import type {
  AuditRow,
  BalanceRow,
  BookRow,
  DepthPayload,
  FillRow,
  LevelRow,
  OrderRow,
  PositionRow,
  StrategyPnlRow,
} from '../../payload-rows.ts';

export type Slice = 'connection' | 'status' | 'books' | 'orders' | 'fills' | 'levels' | 'pnl' | 'audit' | 'history';

const FILLS_SHOWN = 600;
const AUDIT_SHOWN = 300;
const ENDED_SHOWN = 400;
const POINTS_SHOWN = 1_800;

export interface MutableSeries {
  tsUs: number[];
  values: (number | null)[];
}

/** An opportunity taken or not, as against what was blocked, repaired, stopped or changed. */
export function isRoutine({ event }: AuditRow): boolean {
  return event === 'refused' || event === 'taken';
}

export class Store {
  isConnected = false;
  wasConnected = false;
  status: StatusPayload | null = null;
  books: readonly BookRow[] = [];
  depth = new Map<string, DepthPayload>();
  orders = new Map<number, OrderRow>();
  fills: FillRow[] = [];
  levels = new Map<string, LevelRow>();
  positions: readonly PositionRow[] = [];
  balances: readonly BalanceRow[] = [];
  pnl: readonly PnlRow[] = [];
  strategyPnl: readonly StrategyPnlRow[] = [];
  audit: AuditRow[] = [];
  refusals: RefusalsPayload = { risk: {}, opportunities: {}, taken: {} };
  mids = new Map<string, MutableSeries>();
  equity = new Map<string, MutableSeries>();
  realised = new Map<string, MutableSeries>();
  /** Engine's market clock minus ours, so that ages are right without asking. */
  clockOffsetUs = 0;
  #seq = 0;
  #run: number | null = null;
  readonly #listeners = new Map<Slice, Set<() => void>>();
  readonly #dirty = new Set<Slice>();
  #isScheduled = false;

  resumePoint(): { seq: number; run: number | null } {
    return { seq: this.#seq, run: this.#run };
  }

  receive(message: LiveMessage): void {
    if (message.type === 'snapshot') this.#snapshot(message);
    else if (message.type === 'events') for (const event of message.events) this.#event(event);
    else if (message.type === 'books') {
      this.#setClock(message.nowUs);
      this.#mergeBooks(message.books, message.depth);
    } else {
      this.#setStatus(message.status);
      this.positions = message.positions;
      this.balances = message.balances;
      this.refusals = message.refusals;
      this.pnl = message.pnl;
      this.strategyPnl = message.strategyPnl;
      this.#chartPoints(message.status.nowUs);
      this.#touch('pnl');
      this.#touch('history');
    }
  }

  disconnected(): void {
    this.isConnected = false;
    this.#touch('connection');
  }

  nowUs(): number {
    return Date.now() * 1000 + this.clockOffsetUs;
  }

  subscribe(slice: Slice, listener: () => void): () => void {
    const set = this.#listeners.get(slice) ?? new Set();
    this.#listeners.set(slice, set);
    set.add(listener);
    return () => set.delete(listener);
  }

  #snapshot(message: SnapshotMessage): void {
    this.isConnected = true;
    this.wasConnected = true;
    this.#seq = message.seq;
    this.#run = message.status.run;
    this.#setStatus(message.status);
    this.books = message.books;
    this.depth = new Map(message.depth.map((depth) => [depth.instrument, depth]));
    this.orders = new Map(message.orders.map((order) => [order.orderId, order]));
    this.fills = [...message.fills];
    this.levels = new Map(message.levels.map((level) => [levelKey(level), level]));
    this.positions = message.positions;
    this.balances = message.balances;
    this.pnl = message.pnl;
    this.strategyPnl = message.strategyPnl;
    this.audit = [...message.audit];
    this.refusals = message.refusals;
    this.#setHistory(message.history);
    for (const slice of ['connection', 'status', 'books', 'orders', 'fills', 'levels', 'pnl', 'audit', 'history'] as const)
      this.#touch(slice);
  }

  #event(event: LiveEvent): void {
    if (event.seq <= this.#seq && this.isConnected) return;
    this.#seq = event.seq;
    if (event.event === 'order') {
      // Taken out first: an order that changed moves to the end, so the oldest ended ones are at the front.
      this.orders.delete(event.row.orderId);
      this.orders.set(event.row.orderId, event.row);
      this.#forgetEnded();
      this.#touch('orders');
    } else if (event.event === 'fill') {
      this.fills.unshift(event.row);
      if (this.fills.length > FILLS_SHOWN) this.fills.length = FILLS_SHOWN;
      this.#touch('fills');
    } else if (event.event === 'level') {
      const { price, qty } = event.row;
      if (Number(price) === 0 && Number(qty) === 0) this.levels.delete(levelKey(event.row));
      else this.levels.set(levelKey(event.row), event.row);
      this.#touch('levels');
    } else {
      this.audit.unshift(event.row);
      // Opportunities come by the second: they make room first.
      if (this.audit.length > AUDIT_SHOWN) this.audit.splice(this.audit.findLastIndex(isRoutine), 1);
      this.#touch('audit');
    }
  }

  #forgetEnded(): void {
    if (this.orders.size < ENDED_SHOWN * 2) return;
    let ended = 0;
    for (const order of this.orders.values()) if (!order.isLive) ended++;
    for (const [id, order] of this.orders) {
      if (ended <= ENDED_SHOWN) return;
      if (order.isLive) continue;
      this.orders.delete(id);
      ended--;
    }
  }

  #setStatus(status: StatusPayload): void {
    this.status = status;
    this.#setClock(status.nowUs);
    this.#touch('status');
  }

  #setClock(nowUs: number): void {
    this.clockOffsetUs = nowUs - Date.now() * 1000;
  }

  #mergeBooks(rows: readonly BookRow[], depth: readonly DepthPayload[]): void {
    const fresh = new Map(rows.map((row) => [row.instrument, row]));
    this.books = this.books.map((row) => fresh.get(row.instrument) ?? row);
    for (const levels of depth) this.depth.set(levels.instrument, levels);
    this.#touch('books');
  }

  #setHistory(history: HistoryPayload): void {
    this.mids = copy(history.mids);
    this.equity = copy(history.equity);
    this.realised = copy(history.realised);
  }

  #chartPoints(tsUs: number): void {
    for (const book of this.books) push(this.mids, book.instrument, tsUs, book.mid);
    for (const row of this.pnl) {
      push(this.equity, row.asset, tsUs, Number(row.equityChange));
      push(this.realised, row.asset, tsUs, Number(row.grid) + Number(row.arb) + Number(row.other) + Number(row.fees));
    }
  }

  #touch(slice: Slice): void {
    this.#dirty.add(slice);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      const dirty = [...this.#dirty];
      this.#dirty.clear();
      const run = new Set<() => void>();
      for (const name of dirty) for (const listener of this.#listeners.get(name) ?? []) run.add(listener);
      for (const listener of run) listener();
    });
  }
}

export const store = new Store();

/** Redraws the calling component when one of the slices changed. */
export function useStore(...slices: Slice[]): Store {
  const [, setVersion] = useState(0);
  useEffect(() => {
    const redraw = (): void => setVersion((version) => version + 1);
    const stops = slices.map((slice) => store.subscribe(slice, redraw));
    return () => {
      for (const stop of stops) stop();
    };
  }, []);
  return store;
}

export function levelKey(level: { readonly strategy: string; readonly level: number }): string {
  return `${level.strategy}/${level.level}`;
}

function copy(all: Readonly<Record<string, SeriesPayload>>): Map<string, MutableSeries> {
  return new Map(Object.entries(all).map(([name, series]) => [name, { tsUs: [...series.tsUs], values: [...series.values] }]));
}

function push(all: Map<string, MutableSeries>, name: string, tsUs: number, value: number | null): void {
  let series = all.get(name);
  if (series === undefined) {
    series = { tsUs: [], values: [] };
    all.set(name, series);
  }
  series.tsUs.push(tsUs);
  series.values.push(value);
  if (series.tsUs.length > POINTS_SHOWN) {
    series.tsUs.splice(0, POINTS_SHOWN / 4);
    series.values.splice(0, POINTS_SHOWN / 4);
  }
}
