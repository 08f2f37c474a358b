/** BitMEX's public tables as streams: partial first, then what changed. Called by `BitmexServer` when somebody subscribes. */
import type { Side } from '../../engine/book-side.js';
import { DepthHeld, DepthWindow, topOf, type LevelChange, type WindowChange } from '../../market/depth.js';
import type { Market } from '../../market/market.js';
import type { LiquidationEvent } from '../../exchange/contract.js';
import { BIN_TABLES, TRADE_BIN_HEAD, bins } from './bin-tables.js';
import { EVENT_HEADS, EVENT_TABLES, VENUE_TABLES, events } from './event-tables.js';
import { instrumentRow, liveFields, type LiveFields } from './instrument.js';
import { TABLE_HEADS, fundingRow, levelRow, quoteRow, tradeRow } from './public-tables.js';
import { every, onStep } from '../topic-source.js';
import type { TopicSource } from '../hub.js';

const NONE: readonly string[] = [];

/** The recording shows about 46 book messages a second for XBTUSD: changes of this long share their messages. */
const BOOK_PERIOD_MS = 30;
const QUOTE_PERIOD_MS = 250;
const INSTRUMENT_PERIOD_MS = 500;
const TEN_PERIOD_MS = 100;
const FUNDING_PERIOD_MS = 8 * 3_600_000;

export const PUBLIC_TABLES: readonly string[] = [
  'funding',
  'instrument',
  'orderBookL2',
  'orderBookL2_25',
  'orderBook10',
  'quote',
  'trade',
  ...BIN_TABLES,
  ...EVENT_TABLES,
];

/** @param symbol undefined: all markets in one subscription */
export function bitmexStream(
  markets: readonly Market[],
  table: string,
  symbol: string | undefined,
  bitcoinPrice: () => number,
  forced: readonly LiquidationEvent[] = [],
): TopicSource | null {
  const wanted = symbol === undefined ? markets : markets.filter((market) => market.spec.symbol === symbol);
  // The insurance fund is told by currency, chat by channel.
  if (wanted.length === 0 && !VENUE_TABLES.has(table)) return null;
  const filter = symbol === undefined ? '{}' : `{"symbol":"${symbol}"}`;
  const partial = (rows: readonly string[]): string =>
    `{"table":"${table}","action":"partial",${headOf(table, wanted)},"filter":${filter},"data":[${rows.join(',')}]}`;
  const change = (action: string, rows: readonly string[]): string =>
    `{"table":"${table}","action":"${action}","data":[${rows.join(',')}]}`;
  if (BIN_TABLES.includes(table)) return bins(wanted, table, partial, (rows) => change('insert', rows), bitcoinPrice);
  if (EVENT_TABLES.includes(table)) return events(wanted, table, forced, partial, change);
  switch (table) {
    case 'orderBookL2':
      return book(wanted.map(wholeBook), partial, change);
    case 'orderBookL2_25':
      return book(
        wanted.map((market) => bestLevels(market, 25)),
        partial,
        change,
      );
    case 'orderBook10':
      return bookTen(wanted, partial, change);
    case 'trade': {
      const rowsOf = (market: Market): string[] => market.freshTrades.map((trade) => tradeRow(market, trade, bitcoinPrice()));
      const source = onStep(() =>
        wanted.filter((market) => market.freshTrades.length > 0).map((market) => change('insert', rowsOf(market))),
      );
      return {
        ...source,
        greeting: () => [
          partial(wanted.flatMap((market) => (market.lastTrade === undefined ? [] : [tradeRow(market, market.lastTrade, bitcoinPrice())]))),
        ],
      };
    }
    case 'quote':
      return quotes(wanted, partial, change);
    case 'funding':
      return fundings(wanted, partial, change);
    default:
      return instruments(wanted, partial, change, bitcoinPrice);
  }
}

type Partial = (rows: readonly string[]) => string;
type Change = (action: string, rows: readonly string[]) => string;

/** What clients of one book hold: all of it, or its best levels. */
interface HeldBook {
  readonly market: Market;
  advance(): WindowChange | undefined;
  levels(side: Side): readonly LevelChange[];
  stop(): void;
}

function wholeBook(market: Market): HeldBook {
  const held = new DepthHeld(market.engine);
  market.listen(held);
  return { market, advance: () => held.advance(), levels: (side) => held.levels(side), stop: () => market.unlisten(held) };
}

function bestLevels(market: Market, depth: number): HeldBook {
  const window = new DepthWindow(market.engine, depth);
  return { market, advance: () => window.advance(), levels: (side) => (side === 'buy' ? window.bids : window.asks), stop: () => undefined };
}

/** Deletes come first, so that no state in between is crossed. */
function book(books: readonly HeldBook[], partial: Partial, change: Change): TopicSource {
  const source = every(BOOK_PERIOD_MS, () => {
    const texts: string[] = [];
    for (const held of books) {
      const changed = held.advance();
      if (changed !== undefined) texts.push(...bookChanges(held.market, changed, change));
    }
    return texts;
  });
  const whole = (): string[] => books.flatMap((held) => [...heldRows(held, 'sell').toReversed(), ...heldRows(held, 'buy')]);
  const stop = (): void => {
    for (const held of books) held.stop();
  };
  return { ...source, greeting: () => [partial(whole())], stop };
}

function heldRows(held: HeldBook, side: Side): string[] {
  return held.levels(side).map(([ticks, lots]) => levelRow(held.market, side, ticks, lots, { size: true, price: true }));
}

function bookChanges(market: Market, changed: WindowChange, change: Change): string[] {
  const rows = { delete: [] as string[], update: [] as string[], insert: [] as string[] };
  const add = (side: 'buy' | 'sell', levels: readonly LevelChange[]): void => {
    for (const [ticks, lots, isNew = false] of levels) {
      const action = lots === 0 ? 'delete' : isNew ? 'insert' : 'update';
      rows[action].push(levelRow(market, side, ticks, lots, { size: lots !== 0, price: isNew }));
    }
  };
  // In order of id: the highest price first.
  add('sell', changed.asks.toReversed());
  add('buy', changed.bids);
  const actions = ['delete', 'update', 'insert'] as const;
  return actions.filter((action) => rows[action].length > 0).map((action) => change(action, rows[action]));
}

/** Always the ten best levels of both sides, whole. */
function bookTen(markets: readonly Market[], partial: Partial, change: Change): TopicSource {
  const sent = new Map<Market, number>();
  const row = (market: Market, nowMs: number): string =>
    `{"symbol":"${market.spec.symbol}","bids":${pairsText(market, topOf(market.engine.bids, 10))},"asks":${pairsText(market, topOf(market.engine.asks, 10))},` +
    `"timestamp":"${new Date(nowMs).toISOString()}"}`;
  const source = every(TEN_PERIOD_MS, (nowMs) => {
    const changed = markets.filter((market) => sent.get(market) !== market.engine.sequence);
    for (const market of changed) sent.set(market, market.engine.sequence);
    return changed.map((market) => change('update', [row(market, nowMs)]));
  });
  return { ...source, greeting: (nowUs) => [partial(markets.map((market) => row(market, Math.floor(nowUs / 1_000))))] };
}

function quotes(markets: readonly Market[], partial: Partial, change: Change): TopicSource {
  const waiting = new Map<Market, string[]>(markets.map((market) => [market, []]));
  const timed = every(QUOTE_PERIOD_MS, () => {
    const texts: string[] = [];
    for (const rows of waiting.values()) if (rows.length > 0) texts.push(change('insert', rows.splice(0)));
    return texts;
  });
  return {
    produce: (nowUs) => {
      for (const [market, rows] of waiting) if (market.bestChanged) rows.push(quoteRow(market, nowUs));
      return timed.produce(nowUs);
    },
    greeting: (nowUs) => [partial(markets.map((market) => quoteRow(market, nowUs)))],
  };
}

function instruments(markets: readonly Market[], partial: Partial, change: Change, bitcoinPrice: () => number): TopicSource {
  const sent = new Map<Market, LiveFields>();
  const source = every(INSTRUMENT_PERIOD_MS, (nowMs) => {
    const texts: string[] = [];
    for (const market of markets) {
      const now = liveFields(market, bitcoinPrice(), nowMs * 1_000);
      const before = sent.get(market);
      sent.set(market, now);
      if (before === undefined) continue;
      const changed = Object.entries(now).filter(([name, value]) => name !== 'timestamp' && before[name] !== value);
      if (changed.length === 0) continue;
      texts.push(
        change('update', [JSON.stringify({ symbol: market.spec.symbol, ...Object.fromEntries(changed), timestamp: now['timestamp'] })]),
      );
    }
    return texts.length === 0 ? NONE : texts;
  });
  return {
    ...source,
    greeting: (nowUs) => [partial(markets.map((market) => JSON.stringify(instrumentRow(market, bitcoinPrice(), nowUs))))],
  };
}

function headOf(table: string, markets: readonly Market[]): string {
  if (BIN_TABLES.includes(table)) return table.startsWith('trade') ? TRADE_BIN_HEAD : (TABLE_HEADS['quote'] ?? '');
  return TABLE_HEADS[table] ?? EVENT_HEADS[table] ?? instrumentHead(markets);
}

/** Types of the instrument table, read off a row. */
function instrumentHead(markets: readonly Market[]): string {
  const [market] = markets;
  const row = market === undefined ? {} : instrumentRow(market, 1, 0);
  const types = Object.entries(row).map(([name, value]) => `"${name}":"${typeOf(name, value)}"`);
  return `"keys":["symbol"],"types":{${types.join(',')}},"foreignKeys":{"inverseLeg":"instrument","sellLeg":"instrument","buyLeg":"instrument"},"attributes":{"symbol":"unique"}`;
}

function typeOf(name: string, value: unknown): string {
  if (/Timestamp$|^(timestamp|listing|front|expiry|settle)$/.test(name)) return 'timestamp';
  if (name.endsWith('Interval')) return 'timespan';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'string') return 'symbol';
  return /Volume|Qty|Turnover|lotSize|openInterest|openValue|risk/.test(name) ? 'long' : 'float';
}

/** At the venue's own hours, which all its markets share. */
function fundings(markets: readonly Market[], partial: Partial, change: Change): TopicSource {
  let dueMs: number | undefined;
  const source = onStep((nowMs) => {
    const nextMs = markets[0]?.nextFundingMs(nowMs);
    const passedMs = dueMs;
    dueMs = nextMs;
    if (passedMs === undefined || passedMs === nextMs) return NONE;
    return [
      change(
        'insert',
        markets.map((market) => fundingRow(market, passedMs)),
      ),
    ];
  });
  return { ...source, greeting: (nowUs) => [partial(markets.map((market) => lastFunding(market, nowUs)))] };
}

/** The rate of the period that began last. */
function lastFunding(market: Market, nowUs: number): string {
  return fundingRow(market, market.nextFundingMs(Math.floor(nowUs / 1_000)) - FUNDING_PERIOD_MS);
}

function pairsText(market: Market, list: readonly LevelChange[]): string {
  return `[${list.map(([ticks, lots]) => `[${market.trimmedPrice(ticks)},${market.qtyText(lots)}]`).join(',')}]`;
}
