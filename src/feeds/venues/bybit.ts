/**
 * Bybit v5 linear, inverse and spot. Books come in the stream: a snapshot, then deltas with u = previous u + 1; u = 1 is a restarted service and replaces
 * the book. Key order differs between the spot and the contract endpoints, so each shape exists in both. The same symbol names exist in several
 * categories: ours carry the category in front, `linear:BTCUSDT`.
 */
import {
  ACTION_DELTA,
  ACTION_SNAPSHOT,
  ASK,
  BID,
  FIELD_ACTION,
  FIELD_LAST,
  FIELD_NEXT_FUNDING,
  FIELD_SIDE,
  FIELD_STREAM,
  FIELD_TIME,
  FIELD_UNUSED,
  MESSAGE_DEPTH,
  MESSAGE_MARK,
  MESSAGE_QUOTE,
  MESSAGE_TRADE,
  NUMBER_ASK,
  NUMBER_ASK_QTY,
  NUMBER_BID,
  NUMBER_BID_QTY,
  NUMBER_FUNDING,
  NUMBER_INDEX,
  NUMBER_MARK,
  NUMBER_PRICE,
  NUMBER_QTY,
  type LevelList,
} from '../../core/kernel/message.js';
import { canonicalDecimal } from '../../core/numbers/decimal.js';
import { EngineError } from '../../core/numbers/errors.js';
import type { ContractKind, Instrument } from '../../core/orders/instrument.js';
import { integerOf, listOf, recordOf, textOf, type JsonRecord } from '../json.js';
import { bybitPrivate } from '../private/bybit.js';
import { choice, int, levels, skip, symbol, text, type Part, type Shape } from '../shape.js';
import type { ConnectionPlan, Endpoints, InstrumentPage, MapperOut, Venue } from '../venue.js';

const CATEGORIES = ['linear', 'inverse', 'spot'] as const;
type Category = (typeof CATEGORIES)[number];

/** Depth of the stream we ask for: 200 levels every 20 ms on contracts and spot ("Orderbook", read 2026-11). */
const DEPTH = 200;
/** `args` of one subscribe request: spot takes ten, and ten are enough everywhere. */
const ARGS_PER_REQUEST = 10;
/** Symbols of one connection: far below the 21,000 characters of args that a connection may hold. */
const SYMBOLS_PER_CONNECTION = 100;

const TYPE = choice(FIELD_ACTION, { delta: ACTION_DELTA, snapshot: ACTION_SNAPSHOT });

/** `{"s":"BTCUSDT","b":[...],"a":[...],"u":1,"seq":2}` */
const BOOK_DATA: readonly Part[] = [
  text('"data":{"s":"'),
  symbol(),
  text('","b":'),
  levels(BID),
  text(',"a":'),
  levels(ASK),
  text(',"u":'),
  int(FIELD_LAST),
  text(',"seq":'),
  int(FIELD_UNUSED),
  text('},"cts":'),
  int(FIELD_UNUSED),
  text('}'),
];

const TOPIC: readonly Part[] = [text('{"topic":"orderbook.'), int(FIELD_STREAM), text('.'), skip()];

const SHAPES: readonly Shape[] = [
  {
    name: 'orderbook, type first',
    kind: MESSAGE_DEPTH,
    parts: [...TOPIC, text('","type":"'), TYPE, text('","ts":'), int(FIELD_TIME), text(','), ...BOOK_DATA],
  },
  {
    name: 'orderbook, ts first',
    kind: MESSAGE_DEPTH,
    parts: [...TOPIC, text('","ts":'), int(FIELD_TIME), text(',"type":"'), TYPE, text('",'), ...BOOK_DATA],
  },
];

export const bybit: Venue = {
  id: 'bybit',
  exchange: 'bybit',
  matchesMarket: (market) => CATEGORIES.some((category) => market.includes(category)),
  endpoints: { rest: 'https://api.bybit.com', wsPublic: 'wss://stream.bybit.com', wsPrivate: 'wss://stream.bybit.com' },
  sequence: 'plus-one',
  snapshot: 'in-band',
  spliceByPrev: false,
  shapes: SHAPES,
  map,

  connections,
  resubscribe: (name) => [
    JSON.stringify({ op: 'unsubscribe', args: [`orderbook.${DEPTH}.${name}`] }),
    JSON.stringify({ op: 'subscribe', args: [`orderbook.${DEPTH}.${name}`] }),
  ],
  subscribeGapMs: 50,
  /** The server drops lines that are quiet; it asks for a ping every 20 s ("Connect", read 2026-11). */
  heartbeat: { everyMs: 18_000, text: '{"op":"ping"}' },
  staleAfterMs: 30_000,
  /** No limit is documented; a connection a day old is opened anew like the others. */
  reconnectAfterMs: 23.5 * 3_600_000,

  instrumentPaths: (symbols) => {
    const wanted = CATEGORIES.filter((category) => symbols.length === 0 || symbols.some((name) => name.startsWith(`${category}:`)));
    return wanted.map((category) => `/v5/market/instruments-info?category=${category}&limit=1000`);
  },
  parseInstruments,
  private: bybitPrivate,
  depth: null,
  recordedPrefix: (url) => {
    const category = /\/v5\/public\/(linear|inverse|spot)/.exec(url)?.[1];
    return category === undefined ? '' : `${category}:`;
  },
};

function categoryOf(instrument: Instrument): Category {
  const category = CATEGORIES.find((name) => instrument.symbol.startsWith(`${name}:`));
  if (category === undefined)
    throw new EngineError('BAD_SYMBOL', 'give-up', { symbol: instrument.symbol, expected: 'linear:, inverse: or spot: in front' });
  return category;
}

function connections(instruments: readonly Instrument[], endpoints: Endpoints): readonly ConnectionPlan[] {
  const plans: ConnectionPlan[] = [];
  for (const category of CATEGORIES) {
    const all = instruments.filter((instrument) => categoryOf(instrument) === category);
    for (let from = 0; from < all.length; from += SYMBOLS_PER_CONNECTION) {
      const part = all.slice(from, from + SYMBOLS_PER_CONNECTION);
      const symbols = part.map((instrument) => ({ instrument, text: instrument.symbol.slice(category.length + 1) }));
      // Books first: they are what the others wait for.
      const args = ['orderbook.' + String(DEPTH), 'publicTrade', 'tickers'].flatMap((topic) =>
        symbols.map((entry) => `${topic}.${entry.text}`),
      );
      const subscribe: string[] = [];
      for (let at = 0; at < args.length; at += ARGS_PER_REQUEST) {
        subscribe.push(JSON.stringify({ op: 'subscribe', args: args.slice(at, at + ARGS_PER_REQUEST) }));
      }
      plans.push({
        name: `${category}-${plans.length}`,
        url: `${endpoints.wsPublic}/v5/public/${category}`,
        symbols,
        carriesBooks: true,
        subscribe,
      });
    }
  }
  return plans;
}

function map(json: unknown, out: MapperOut): void {
  const frame = recordOf(json);
  const topic = frame['topic'];
  if (typeof topic !== 'string') return;
  const dot = topic.indexOf('.');
  switch (topic.slice(0, dot)) {
    case 'orderbook':
      mapBook(frame, Number(topic.slice(dot + 1, topic.indexOf('.', dot + 1))), out);
      return;
    case 'publicTrade':
      for (const entry of listOf(frame['data'])) mapTrade(recordOf(entry), out);
      return;
    case 'tickers':
      mapTicker(frame, out);
      return;
  }
}

function mapBook(frame: JsonRecord, depth: number, out: MapperOut): void {
  const data = recordOf(frame['data']);
  if (!out.begin(MESSAGE_DEPTH, textOf(data['s']))) return;
  const message = out.message;
  const type = textOf(frame['type']);
  if (type !== 'delta' && type !== 'snapshot')
    throw new EngineError('BAD_SHAPE', 'give-up', { expected: 'delta or snapshot', found: type });
  message.setField(FIELD_STREAM, depth);
  message.setField(FIELD_TIME, frame['ts']);
  message.setField(FIELD_LAST, data['u']);
  message.fields[FIELD_ACTION] = type === 'snapshot' ? ACTION_SNAPSHOT : ACTION_DELTA;
  addLevels(data['b'], message.bids);
  addLevels(data['a'], message.asks);
  out.emit();
}

function addLevels(value: unknown, side: LevelList): void {
  for (const level of listOf(value)) {
    const pair = listOf(level);
    side.add(textOf(pair[0]), textOf(pair[1]));
  }
}

function mapTrade(entry: JsonRecord, out: MapperOut): void {
  if (!out.begin(MESSAGE_TRADE, textOf(entry['s']))) return;
  const message = out.message;
  const side = textOf(entry['S']);
  if (side !== 'Buy' && side !== 'Sell') throw new EngineError('BAD_SHAPE', 'give-up', { expected: 'Buy or Sell', found: side });
  message.idText = textOf(entry['i']);
  message.setField(FIELD_TIME, entry['T']);
  message.fields[FIELD_SIDE] = side === 'Sell' ? 1 : 0;
  message.setNumber(NUMBER_PRICE, textOf(entry['p']));
  message.setNumber(NUMBER_QTY, textOf(entry['v']));
  out.emit();
}

/** Contracts only: spot's tickers carry neither quotes nor marks. Deltas name what changed. */
function mapTicker(frame: JsonRecord, out: MapperOut): void {
  const data = recordOf(frame['data']);
  const name = textOf(data['symbol']);
  const has = (key: string): boolean => typeof data[key] === 'string' && data[key] !== '';
  const put = (number: number, key: string): void => {
    if (has(key)) out.message.setNumber(number, textOf(data[key]));
  };
  if ((has('markPrice') || has('indexPrice') || has('fundingRate')) && out.begin(MESSAGE_MARK, name)) {
    put(NUMBER_MARK, 'markPrice');
    put(NUMBER_INDEX, 'indexPrice');
    put(NUMBER_FUNDING, 'fundingRate');
    if (has('nextFundingTime')) out.message.setField(FIELD_NEXT_FUNDING, Number(data['nextFundingTime']));
    out.emit();
  }
  if ((has('bid1Price') || has('ask1Price')) && out.begin(MESSAGE_QUOTE, name)) {
    put(NUMBER_BID, 'bid1Price');
    put(NUMBER_BID_QTY, 'bid1Size');
    put(NUMBER_ASK, 'ask1Price');
    put(NUMBER_ASK_QTY, 'ask1Size');
    out.message.setField(FIELD_TIME, frame['ts']);
    out.emit();
  }
}

/** Non-VIP rates: contracts as a public fee index lists them (checked there 2026-10-16); spot commonly known, not checked against the venue. */
const FEES: Readonly<Record<Category, { readonly maker: string; readonly taker: string }>> = {
  linear: { maker: '0.0002', taker: '0.00055' },
  inverse: { maker: '0.0002', taker: '0.00055' },
  spot: { maker: '0.001', taker: '0.001' },
};

function parseInstruments(body: string, path: string): InstrumentPage {
  const answer = recordOf(JSON.parse(body));
  if (integerOf(answer['retCode']) !== 0) throw new EngineError('VENUE_REFUSED', 'give-up', { path, text: String(answer['retMsg']) });
  const result = recordOf(answer['result']);
  const category = CATEGORIES.find((name) => name === result['category']);
  if (category === undefined) throw new EngineError('BAD_SHAPE', 'give-up', { expected: 'a category', found: String(result['category']) });
  const cursor = result['nextPageCursor'];
  const base = path.replace(/&cursor=[^&]*/, '');
  return {
    instruments: listOf(result['list'])
      .map(recordOf)
      .filter((info) => info['status'] === 'Trading')
      .map((info) => instrumentOf(info, category)),
    next:
      typeof cursor === 'string' && cursor !== '' ? `${base}&cursor=${cursor.includes('%') ? cursor : encodeURIComponent(cursor)}` : null,
  };
}

function instrumentOf(info: JsonRecord, category: Category): Omit<Instrument, 'index'> {
  const name = textOf(info['symbol']);
  const base = textOf(info['baseCoin']);
  const quote = textOf(info['quoteCoin']);
  const price = recordOf(info['priceFilter']);
  const lot = recordOf(info['lotSizeFilter']);
  const isSpot = category === 'spot';
  const kind: ContractKind = category;
  const settle = isSpot ? quote : textOf(info['settleCoin']);
  return {
    id: `bybit:${category}:${name}`,
    venue: 'bybit',
    symbol: `${category}:${name}`,
    kind,
    base,
    quote,
    settle,
    tickSize: canonicalDecimal(textOf(price['tickSize'])),
    lotSize: canonicalDecimal(textOf(isSpot ? lot['basePrecision'] : lot['qtyStep'])),
    multiplier: '1',
    minQty: canonicalDecimal(textOf(lot['minOrderQty'])),
    maxQty: canonicalDecimal(textOf(lot['maxLimitOrderQty'] ?? lot['maxOrderQty'])),
    minNotional: canonicalDecimal(textOf(lot['minNotionalValue'] ?? lot['minOrderAmt'] ?? '0')),
    maxOpenOrders: 500,
    makerFee: FEES[category].maker,
    takerFee: FEES[category].taker,
    feeAssetBuy: isSpot ? base : settle,
    feeAssetSell: isSpot ? quote : settle,
    source: 'venue',
  };
}
