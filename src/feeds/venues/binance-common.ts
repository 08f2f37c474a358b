/**
 * What the three Binance markets share: event formats, subscription messages, metadata filters. Formats: Binance's "WebSocket Market Streams" pages,
 * checked against the recordings of 2021 and 2024. Combined streams wrap the event as {"stream":...,"data":...}; raw ones send it bare; both are read.
 */
import {
  ACTION_DELTA,
  ASK,
  BID,
  FIELD_ACTION,
  FIELD_FIRST,
  FIELD_FLAGS,
  FIELD_ID,
  FIELD_KIND,
  FIELD_LAST,
  FIELD_NEXT_FUNDING,
  FIELD_PREV,
  FIELD_SIDE,
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
  TRADE_FLAG_NOT_PRICE_FORMING,
  TRADE_KIND_AGG,
  TRADE_KIND_TRADE,
  type LevelList,
  type Message,
} from '../../core/kernel/message.js';
import { canonicalDecimal } from '../../core/numbers/decimal.js';
import type { Instrument } from '../../core/orders/instrument.js';
import { decimalOf, integerOf, isRecord, listOf, recordOf, textOf, type JsonRecord } from '../json.js';
import { choice, decimal, int, levels, set, skip, symbol, text, type Part, type Shape } from '../shape.js';
import type { ConnectionPlan, MapperOut } from '../venue.js';

/** `m`: the buyer was the maker, so the taker sold. */
const TAKER = { true: 1, false: 0 };

/** Each shape twice: as the combined stream wraps it, and bare. */
export function bothWays(name: string, kind: number, parts: readonly Part[], last: string): readonly Shape[] {
  return [
    { name: `${name} combined`, kind, parts: [text('{"stream":"'), skip(), text('","data":'), ...parts, text(`${last}}`)] },
    { name: `${name} raw`, kind, parts: [...parts, text(last)] },
  ];
}

/** `E` is the event time; the matching engine's `T` beside it is not kept. `pair`: COIN-M sends `ps` behind `s`. */
export function futuresShapes(pair: boolean): readonly Shape[] {
  const ps: readonly Part[] = pair ? [text('","ps":"'), skip()] : [];
  const depth: readonly Part[] = [
    text('{"e":"depthUpdate","E":'),
    int(FIELD_TIME),
    text(',"T":'),
    int(FIELD_UNUSED),
    text(',"s":"'),
    symbol(),
    ...ps,
    text('","U":'),
    int(FIELD_FIRST),
    text(',"u":'),
    int(FIELD_LAST),
    text(',"pu":'),
    int(FIELD_PREV),
    text(',"b":'),
    levels(BID),
    text(',"a":'),
    levels(ASK),
    set(FIELD_ACTION, ACTION_DELTA),
  ];
  const ticker: readonly Part[] = [
    ...(pair
      ? [text('{"u":'), int(FIELD_LAST), text(',"e":"bookTicker","s":"')]
      : [text('{"e":"bookTicker","u":'), int(FIELD_LAST), text(',"s":"')]),
    symbol(),
    ...ps,
    ...quoteParts(),
    text('","T":'),
    int(FIELD_UNUSED),
    text(',"E":'),
    int(FIELD_TIME),
  ];
  const trade: readonly Part[] = [
    text('{"e":"trade","E":'),
    int(FIELD_UNUSED),
    text(',"T":'),
    int(FIELD_TIME),
    text(',"s":"'),
    symbol(),
    text('","t":'),
    int(FIELD_ID),
    text(',"p":"'),
    decimal(NUMBER_PRICE),
    text('","q":"'),
    decimal(NUMBER_QTY),
    text('","X":"MARKET","m":'),
    choice(FIELD_SIDE, TAKER),
    set(FIELD_KIND, TRADE_KIND_TRADE),
  ];
  return [
    ...bothWays('depth', MESSAGE_DEPTH, depth, '}'),
    ...bothWays('bookTicker', MESSAGE_QUOTE, ticker, '}'),
    ...bothWays('trade', MESSAGE_TRADE, trade, '}'),
    ...bothWays('aggTrade', MESSAGE_TRADE, aggParts(true), '}'),
  ];
}

/** @param idFirst futures send the id before the symbol, spot behind it */
export function aggParts(idFirst: boolean): readonly Part[] {
  return [
    text('{"e":"aggTrade","E":'),
    int(FIELD_UNUSED),
    ...(idFirst
      ? [text(',"a":'), int(FIELD_ID), text(',"s":"'), symbol(), text('"')]
      : [text(',"s":"'), symbol(), text('","a":'), int(FIELD_ID)]),
    text(',"p":"'),
    decimal(NUMBER_PRICE),
    text('","q":"'),
    decimal(NUMBER_QTY),
    text('","f":'),
    int(FIELD_UNUSED),
    text(',"l":'),
    int(FIELD_UNUSED),
    text(',"T":'),
    int(FIELD_TIME),
    text(',"m":'),
    choice(FIELD_SIDE, TAKER),
    set(FIELD_KIND, TRADE_KIND_AGG),
  ];
}

/** A symbol cannot be reordered around these: they begin behind it, with its closing quote. */
export function quoteParts(): readonly Part[] {
  return [
    text('","b":"'),
    decimal(NUMBER_BID),
    text('","B":"'),
    decimal(NUMBER_BID_QTY),
    text('","a":"'),
    decimal(NUMBER_ASK),
    text('","A":"'),
    decimal(NUMBER_ASK_QTY),
  ];
}

/** The readable way, for all markets and stream kinds. Acknowledgements and channels that we do not use yield nothing. */
export function mapBinance(json: unknown, out: MapperOut): void {
  const frame = recordOf(json);
  const event = isRecord(frame['data']) ? frame['data'] : frame;
  switch (event['e'] ?? (isTicker(event) ? 'bookTicker' : '')) {
    case 'depthUpdate':
      mapDepth(event, out);
      return;
    case 'trade':
    case 'aggTrade':
      mapTrade(event, out);
      return;
    case 'bookTicker':
      mapTicker(event, out);
      return;
    case 'markPriceUpdate':
      mapMark(event, out);
      return;
  }
}

/** Spot's bookTicker has no event name. */
function isTicker(event: JsonRecord): boolean {
  return typeof event['u'] === 'number' && typeof event['B'] === 'string' && typeof event['A'] === 'string';
}

function mapDepth(event: JsonRecord, out: MapperOut): void {
  if (!out.begin(MESSAGE_DEPTH, textOf(event['s']))) return;
  const message = out.message;
  message.setField(FIELD_TIME, event['E']);
  message.setField(FIELD_FIRST, event['U']);
  message.setField(FIELD_LAST, event['u']);
  if (event['pu'] !== undefined) message.setField(FIELD_PREV, event['pu']);
  message.fields[FIELD_ACTION] = ACTION_DELTA;
  addLevels(event['b'], message.bids);
  addLevels(event['a'], message.asks);
  out.emit();
}

export function addLevels(value: unknown, side: LevelList): void {
  for (const level of listOf(value)) {
    const pair = listOf(level);
    side.add(textOf(pair[0]), textOf(pair[1]));
  }
}

function mapTrade(event: JsonRecord, out: MapperOut): void {
  if (!out.begin(MESSAGE_TRADE, textOf(event['s']))) return;
  const message = out.message;
  const isAgg = event['e'] === 'aggTrade';
  message.setField(FIELD_ID, event[isAgg ? 'a' : 't']);
  message.setField(FIELD_TIME, event['T']);
  message.fields[FIELD_KIND] = isAgg ? TRADE_KIND_AGG : TRADE_KIND_TRADE;
  message.fields[FIELD_SIDE] = event['m'] === true ? 1 : 0;
  message.setNumber(NUMBER_PRICE, textOf(event['p']));
  message.setNumber(NUMBER_QTY, textOf(event['q']));
  const mark = event['X'];
  if (typeof mark === 'string' && mark !== 'MARKET') {
    message.markText = mark;
    message.fields[FIELD_FLAGS] = TRADE_FLAG_NOT_PRICE_FORMING;
  }
  out.emit();
}

function mapTicker(event: JsonRecord, out: MapperOut): void {
  if (!out.begin(MESSAGE_QUOTE, textOf(event['s']))) return;
  const message = out.message;
  message.setField(FIELD_LAST, event['u']);
  if (event['E'] !== undefined) message.setField(FIELD_TIME, event['E']);
  message.setNumber(NUMBER_BID, textOf(event['b']));
  message.setNumber(NUMBER_BID_QTY, textOf(event['B']));
  message.setNumber(NUMBER_ASK, textOf(event['a']));
  message.setNumber(NUMBER_ASK_QTY, textOf(event['A']));
  out.emit();
}

/** Delivery contracts have no funding: their `r` is empty or absent. */
function mapMark(event: JsonRecord, out: MapperOut): void {
  if (!out.begin(MESSAGE_MARK, textOf(event['s']))) return;
  const message = out.message;
  message.setNumber(NUMBER_MARK, decimalOf(event['p']));
  if (typeof event['i'] === 'string' && event['i'] !== '') message.setNumber(NUMBER_INDEX, event['i']);
  if (typeof event['r'] === 'string' && event['r'] !== '') message.setNumber(NUMBER_FUNDING, event['r']);
  if (typeof event['T'] === 'number' && event['T'] > 0) message.setField(FIELD_NEXT_FUNDING, event['T']);
  out.emit();
}

/** REST `depth`: spot says no time, futures say `E`. */
export function mapBinanceSnapshot(json: unknown, message: Message): void {
  const body = recordOf(json);
  message.setField(FIELD_LAST, body['lastUpdateId']);
  if (body['E'] !== undefined) message.setField(FIELD_TIME, body['E']);
  addLevels(body['bids'], message.bids);
  addLevels(body['asks'], message.asks);
}

export function symbolOfDepthPath(path: string): string | null {
  const query = /\/depth\?(.*)$/.exec(path)?.[1];
  return query === undefined ? null : new URLSearchParams(query).get('symbol');
}

/** Streams of one SUBSCRIBE message: well below the 4,096 characters that the servers take. */
const STREAMS_PER_MESSAGE = 50;
/** Streams of one connection: 200 on the futures hosts, 1,024 on spot ("WebSocket Market Streams", read 2026-11). */
const STREAMS_PER_CONNECTION = 200;

export interface StreamGroup {
  readonly name: string;
  readonly url: string;
  /** Stream names of one symbol in lower case. */
  readonly streams: (lower: string) => readonly string[];
  readonly carriesBooks: boolean;
}

export function planConnections(instruments: readonly Instrument[], groups: readonly StreamGroup[]): readonly ConnectionPlan[] {
  const plans: ConnectionPlan[] = [];
  for (const group of groups) {
    const perSymbol = group.streams('x').length;
    const most = Math.max(1, Math.floor(STREAMS_PER_CONNECTION / perSymbol));
    for (let from = 0; from < instruments.length; from += most) {
      const part = instruments.slice(from, from + most);
      const streams = part.flatMap((instrument) => group.streams(instrument.symbol.toLowerCase()));
      plans.push({
        name: `${group.name}-${plans.length}`,
        url: group.url,
        symbols: part.map((instrument) => ({ instrument, text: instrument.symbol })),
        carriesBooks: group.carriesBooks,
        subscribe: subscribeTexts(streams),
      });
    }
  }
  return plans;
}

function subscribeTexts(streams: readonly string[]): readonly string[] {
  const texts: string[] = [];
  for (let from = 0; from < streams.length; from += STREAMS_PER_MESSAGE) {
    texts.push(JSON.stringify({ method: 'SUBSCRIBE', params: streams.slice(from, from + STREAMS_PER_MESSAGE), id: texts.length + 1 }));
  }
  return texts;
}

/** The filters of `exchangeInfo` as our instrument says them. */
export function filtersOf(
  info: JsonRecord,
): Pick<Instrument, 'tickSize' | 'lotSize' | 'minQty' | 'maxQty' | 'minNotional' | 'maxOpenOrders'> {
  const filters = new Map(listOf(info['filters']).map((entry) => [textOf(recordOf(entry)['filterType']), recordOf(entry)]));
  const price = recordOf(filters.get('PRICE_FILTER'));
  const lot = recordOf(filters.get('LOT_SIZE'));
  const notional = filters.get('NOTIONAL') ?? filters.get('MIN_NOTIONAL');
  const orders = filters.get('MAX_NUM_ORDERS');
  const least = notional === undefined ? '0' : (notional['minNotional'] ?? notional['notional'] ?? '0');
  const most = orders === undefined ? 200 : (orders['maxNumOrders'] ?? orders['limit'] ?? 200);
  return {
    tickSize: canonicalDecimal(textOf(price['tickSize'])),
    lotSize: canonicalDecimal(textOf(lot['stepSize'])),
    minQty: canonicalDecimal(textOf(lot['minQty'])),
    maxQty: canonicalDecimal(textOf(lot['maxQty'])),
    minNotional: canonicalDecimal(decimalOf(least)),
    maxOpenOrders: integerOf(most),
  };
}
