/**
 * A small market that talks in each venue's words, and an obvious reader of the same words: JSON.parse, a Map, the venue's documented rules, nothing shared
 * with the product but decimal text. The fuzz test feeds both the same bytes.
 */
import { parseDecimal } from '../../src/core/numbers/decimal.js';
import { PlainBook } from '../core/book/plain-book.js';

/** Seeded chance. */
export function chance(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export type Level = readonly [price: string, qty: string];

/** A wandering market: each turn changes some levels near the touch and takes away what was crossed. */
export class ToyMarket {
  readonly bids = new Map<number, number>();
  readonly asks = new Map<number, number>();
  #mid = 30_000_00;
  readonly #next: () => number;

  constructor(next: () => number) {
    this.#next = next;
    for (let i = 1; i <= 15; i++) {
      this.bids.set(this.#mid - i * 3, this.#qty());
      this.asks.set(this.#mid + i * 3, this.#qty());
    }
  }

  turn(): { readonly bids: Level[]; readonly asks: Level[] } {
    const next = this.#next;
    this.#mid += Math.floor(next() * 7) - 3;
    const changed = { bids: new Map<number, number>(), asks: new Map<number, number>() };
    const set = (side: 'bids' | 'asks', ticks: number, qty: number): void => {
      if (qty === 0) this[side].delete(ticks);
      else this[side].set(ticks, qty);
      changed[side].set(ticks, qty);
    };
    for (const ticks of this.bids.keys()) if (ticks >= this.#mid) set('bids', ticks, 0);
    for (const ticks of this.asks.keys()) if (ticks <= this.#mid) set('asks', ticks, 0);
    for (let i = Math.floor(next() * 3); i >= 0; i--) {
      const side = next() < 0.5 ? 'bids' : 'asks';
      const away = 1 + Math.floor(next() * 40);
      const ticks = side === 'bids' ? this.#mid - away : this.#mid + away;
      set(side, ticks, next() < 0.4 && this[side].size > 8 ? 0 : this.#qty());
    }
    for (const side of ['bids', 'asks'] as const) {
      const far = [...this[side].keys()].toSorted((a, b) => (side === 'bids' ? a - b : b - a));
      for (const ticks of far.slice(0, Math.max(0, far.length - 25))) set(side, ticks, 0);
    }
    return { bids: levels(changed.bids), asks: levels(changed.asks) };
  }

  whole(): { readonly bids: Level[]; readonly asks: Level[] } {
    return { bids: levels(this.bids), asks: levels(this.asks) };
  }

  #qty(): number {
    return 1 + Math.floor(this.#next() * 5_000_000);
  }
}

function levels(map: ReadonlyMap<number, number>): Level[] {
  return [...map].map(([ticks, qty]) => [(ticks / 100).toFixed(2), (qty / 1000).toFixed(3)]);
}

/** What a protocol test double can do. `frame` is the next message; `snapshot` brings a reader back. */
export interface Protocol {
  readonly name: string;
  readonly venue: string;
  readonly symbol: string;
  /** Text that names the symbol in messages. */
  readonly text: string;
  frame(): string;
  /** REST body, or a frame to send. */
  snapshot(): { readonly rest: string } | { readonly frame: string };
  readonly reference: Reference;
}

export interface Reference {
  readonly book: PlainBook;
  isLive(): boolean;
  /** Text of one frame as the bytes decode. */
  frame(text: string): void;
  rest(body: string): void;
  /** The connection ended; what waited belonged to it. */
  disconnected(): void;
}

interface Change {
  readonly first: number;
  readonly last: number;
  readonly prev: number;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

function apply(book: PlainBook, change: { readonly bids: readonly Level[]; readonly asks: readonly Level[] }): void {
  for (const [price, qty] of change.bids) book.set(0, price, qty);
  for (const [price, qty] of change.asks) book.set(1, price, qty);
}

/** Two texts that are numbers, not negative: what every venue sends for a level. */
function isLevel(level: unknown): boolean {
  if (!Array.isArray(level)) return false;
  return level.slice(0, 2).length === 2 && level.slice(0, 2).every((text) => typeof text === 'string' && isNumber(text));
}

function isNumber(text: string): boolean {
  try {
    const { mantissa, scale } = parseDecimal(text);
    return mantissa >= 0n && mantissa <= BigInt(Number.MAX_SAFE_INTEGER) && scale <= 18;
  } catch {
    return false;
  }
}

function areLevels(value: unknown): boolean {
  return Array.isArray(value) && value.every(isLevel);
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Binance, both rules. A message that it cannot read makes it give up, as any lost one does. */
class BinanceReference implements Reference {
  readonly book = new PlainBook();
  #waiting: Change[] = [];
  #last = Number.NaN;
  #live = false;
  #first = true;
  #misfits = 0;

  constructor(
    readonly symbol: string,
    readonly isFutures: boolean,
  ) {}

  isLive(): boolean {
    return this.#live;
  }

  frame(text: string): void {
    const json = parsed(text);
    const inner = json?.['data'];
    const event = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as Record<string, unknown>) : json;
    if (event?.['e'] !== 'depthUpdate' || event['s'] !== this.symbol) return;
    const change = { first: event['U'], last: event['u'], prev: event['pu'], bids: event['b'], asks: event['a'] } as Change;
    const numbers = [event['E'], event['U'], event['u'], ...(event['pu'] === undefined ? [] : [event['pu']])];
    if (!numbers.every(Number.isSafeInteger) || !areLevels(change.bids) || !areLevels(change.asks)) {
      // Named our book and cannot be read: lost.
      this.#live = false;
      return;
    }
    if (this.#live) this.#take(change);
    else this.#waiting.push(change);
  }

  rest(body: string): void {
    const json = JSON.parse(body) as { lastUpdateId: number; bids: Level[]; asks: Level[] };
    // A book in sequence is ahead of an older snapshot.
    if (this.#live && json.lastUpdateId < this.#last) return;
    this.book.clear();
    apply(this.book, json);
    this.#last = json.lastUpdateId;
    this.#first = true;
    this.#live = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let i = 0; i < waiting.length; i++) {
      this.#take(waiting[i]!);
      if (!this.#live) {
        this.#misfits++;
        this.#waiting = this.#misfits > 3 ? [] : waiting.slice(i);
        return;
      }
    }
    this.#misfits = 0;
  }

  disconnected(): void {
    this.#live = false;
    this.#waiting = [];
  }

  #take(change: Change): void {
    const last = this.#last;
    if (this.isFutures) {
      if (this.#first && change.last < last && change.prev !== last) return;
      const fits = change.prev === last || (this.#first && change.first <= last && last <= change.last);
      if (!fits) return this.#lose(change);
    } else {
      if (change.last <= last) return undefined;
      if (!(change.first === last + 1 || (this.#first && change.first <= last + 1))) return this.#lose(change);
    }
    apply(this.book, change);
    this.#last = change.last;
    this.#first = false;
    return undefined;
  }

  #lose(change: Change): void {
    this.#live = false;
    this.#waiting.push(change);
  }
}

class BybitReference implements Reference {
  readonly book = new PlainBook();
  #last = Number.NaN;
  #live = false;

  constructor(readonly symbol: string) {}
  isLive(): boolean {
    return this.#live;
  }
  frame(text: string): void {
    const json = parsed(text);
    const topic = json?.['topic'];
    if (typeof topic !== 'string' || topic.split('.')[0] !== 'orderbook' || Number(topic.split('.')[1]) !== 200) return;
    const data = json?.['data'] as { s: unknown; u: number; b: Level[]; a: Level[] } | null | undefined;
    if (data?.s !== this.symbol) return;
    const type = json?.['type'];
    if (!Number.isSafeInteger(data.u) || !areLevels(data.b) || !areLevels(data.a)) {
      this.#live = false;
      return;
    }
    if (type === 'snapshot' || (type === 'delta' && data.u === 1)) {
      this.book.clear();
      this.#live = true;
    } else if (data.u !== this.#last + 1) this.#live = false;
    this.#last = data.u;
    if (this.#live) apply(this.book, { bids: data.b, asks: data.a });
  }
  rest(): void {
    throw new Error('snapshots come in the stream');
  }
  disconnected(): void {
    this.#live = false;
  }
}

interface Row {
  readonly symbol?: unknown;
  readonly id: number;
  readonly side: string;
  readonly size?: number;
  readonly price?: number;
}

class BitmexReference implements Reference {
  readonly book = new PlainBook();
  readonly #rows = new Map<number, { side: string; price: number; size: number }>();
  #live = false;

  constructor(readonly symbol: string) {}
  isLive(): boolean {
    return this.#live;
  }
  frame(text: string): void {
    const json = parsed(text);
    if (json === null) {
      // No sequence number: a frame that cannot be read may have been any message.
      this.#live = false;
      return;
    }
    if (json['table'] !== 'orderBookL2' && json['table'] !== 'orderBookL2_25') return;
    const data = json['data'];
    if (!Array.isArray(data)) return;
    const own = (data as Row[]).filter((row) => row.symbol === this.symbol);
    if (json['action'] === 'partial') {
      this.#rows.clear();
      this.book.clear();
      this.#live = true;
    }
    if (!this.#live) return;
    for (const row of own) this.#take(String(json['action']), row);
  }
  #take(action: string, row: Row): void {
    const known = this.#rows.get(row.id);
    const isNew = action === 'partial' || action === 'insert';
    if (isNew === (known !== undefined)) {
      this.#live = false;
      return;
    }
    if (known !== undefined) this.book.set(known.side === 'Buy' ? 0 : 1, String(known.price), '0');
    this.#rows.delete(row.id);
    if (action === 'delete') return;
    const now = { side: row.side, price: row.price ?? known?.price ?? Number.NaN, size: row.size ?? known?.size ?? Number.NaN };
    if (!isNumber(String(now.price)) || !isNumber(String(now.size))) {
      this.#live = false;
      return;
    }
    this.#rows.set(row.id, now);
    this.book.set(now.side === 'Buy' ? 0 : 1, String(now.price), String(now.size));
  }
  rest(): void {
    throw new Error('snapshots come in the stream');
  }
  disconnected(): void {
    this.#live = false;
  }
}

/** Binance words: `pair` adds COIN-M's `ps`; `wrapped` is the combined stream. */
function binance(name: string, venue: string, seed: number, kind: 'spot' | 'usdm' | 'coinm', wrapped: boolean): Protocol {
  const next = chance(seed);
  const market = new ToyMarket(next);
  const symbol = kind === 'coinm' ? 'BTCUSD_PERP' : '1000BTCUSDT';
  let last = 1_000_000;
  return {
    name,
    venue,
    symbol,
    text: symbol,
    reference: new BinanceReference(symbol, kind !== 'spot'),
    frame: () => {
      const change = market.turn();
      const prev = last;
      const first = kind === 'spot' ? last + 1 : last + 1 + Math.floor(next() * 50);
      last = first + Math.floor(next() * 20);
      const event = {
        e: 'depthUpdate',
        E: 1_700_000_000_000 + last,
        ...(kind === 'spot' ? {} : { T: 1_700_000_000_000 + last }),
        s: symbol,
        ...(kind === 'coinm' ? { ps: 'BTCUSD' } : {}),
        U: first,
        u: last,
        ...(kind === 'spot' ? {} : { pu: prev }),
        b: change.bids,
        a: change.asks,
      };
      return JSON.stringify(wrapped ? { stream: `${symbol.toLowerCase()}@depth@100ms`, data: event } : event);
    },
    snapshot: () => ({ rest: JSON.stringify({ lastUpdateId: last, ...market.whole() }) }),
  };
}

function bybit(seed: number, category: 'linear' | 'spot'): Protocol {
  const next = chance(seed);
  const market = new ToyMarket(next);
  let u = 100;
  const book = (type: string, change: { readonly bids: readonly Level[]; readonly asks: readonly Level[] }): string => {
    const data = { s: 'BTCUSDT', b: change.bids, a: change.asks, u, seq: u * 3 };
    const ts = 1_700_000_000_000 + u;
    const head = { topic: 'orderbook.200.BTCUSDT', ...(category === 'linear' ? { type, ts } : { ts, type }) };
    return JSON.stringify({ ...head, data, cts: ts - 5 });
  };
  return {
    name: `bybit ${category}`,
    venue: 'bybit',
    symbol: `${category}:BTCUSDT`,
    text: 'BTCUSDT',
    reference: new BybitReference('BTCUSDT'),
    frame: () => {
      const change = market.turn();
      u++;
      return book('delta', change);
    },
    snapshot: () => ({ frame: book('snapshot', market.whole()) }),
  };
}

/** An id stands for a side and a price. */
function idOf(side: string, price: string): number {
  return 88_000_000_000 - Math.round(Number(price) * 100) * 2 - (side === 'Buy' ? 1 : 0);
}

function bitmex(seed: number, isStamped: boolean): Protocol {
  const next = chance(seed);
  const market = new ToyMarket(next);
  const known = new Map<string, Level>();
  const waiting: string[] = [];
  const row = (side: string, [price, qty]: Level, action: string): Record<string, unknown> => ({
    symbol: 'XBTUSD',
    id: idOf(side, price),
    side,
    ...(action === 'delete' ? {} : { size: Math.round(Number(qty) * 1000) }),
    ...(action === 'insert' || action === 'partial' || isStamped ? { price: Number(price) } : {}),
    ...(isStamped ? { timestamp: '2026-05-04T03:02:01.123Z' } : {}),
  });
  const turn = (): void => {
    const change = market.turn();
    const byAction = new Map<string, Record<string, unknown>[]>();
    for (const [side, list] of [['Buy', change.bids] as const, ['Sell', change.asks] as const]) {
      for (const level of list) {
        const key = side + level[0];
        const has = known.has(key);
        const isGone = Number(level[1]) === 0;
        if (isGone && !has) continue;
        const action = isGone ? 'delete' : has ? 'update' : 'insert';
        if (isGone) known.delete(key);
        else known.set(key, level);
        byAction.set(action, [...(byAction.get(action) ?? []), row(side, level, action)]);
      }
    }
    // Deletes first, so that the book is never crossed between two messages.
    for (const action of ['delete', 'update', 'insert']) {
      const rows = byAction.get(action);
      if (rows !== undefined) waiting.push(JSON.stringify({ table: 'orderBookL2', action, data: rows }));
    }
  };
  return {
    name: `bitmex ${isStamped ? 'stamped' : 'by id'}`,
    venue: 'bitmex',
    symbol: 'XBTUSD',
    text: 'XBTUSD',
    reference: new BitmexReference('XBTUSD'),
    frame: () => {
      while (waiting.length === 0) turn();
      return waiting.shift()!;
    },
    snapshot: () => {
      waiting.length = 0;
      known.clear();
      const whole = market.whole();
      const rows = [
        ...whole.bids.map((level) => row('Buy', level, 'partial')),
        ...whole.asks.map((level) => row('Sell', level, 'partial')),
      ];
      for (const level of whole.bids) known.set(`Buy${level[0]}`, level);
      for (const level of whole.asks) known.set(`Sell${level[0]}`, level);
      return {
        frame: JSON.stringify({
          table: 'orderBookL2',
          action: 'partial',
          keys: ['symbol', 'id', 'side'],
          filter: { symbol: 'XBTUSD' },
          data: rows,
        }),
      };
    },
  };
}

export function protocols(seed: number): readonly Protocol[] {
  return [
    binance('binance spot combined', 'binance-spot', seed + 1, 'spot', true),
    binance('binance spot raw', 'binance-spot', seed + 2, 'spot', false),
    binance('binance usdm', 'binance-usdm', seed + 3, 'usdm', true),
    binance('binance coinm', 'binance-coinm', seed + 4, 'coinm', true),
    bybit(seed + 5, 'linear'),
    bybit(seed + 6, 'spot'),
    bitmex(seed + 7, false),
    bitmex(seed + 8, true),
  ];
}
