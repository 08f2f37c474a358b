/**
 * BitMEX (closed on 2026-09-23; kept for replay and the simulated venue). Books are keyed by id: `partial` and `insert` carry the price, `update` and
 * `delete` may carry the id alone. There is no sequence number: an unknown id, an insert of a known one and a crossed book are the only signs of a lost
 * message. Newer servers send price and times in every row.
 */
import {
  ACTION_DELETE,
  ACTION_INSERT,
  ACTION_SNAPSHOT,
  ACTION_UPDATE,
  ASK,
  BID,
  FIELD_ACTION,
  FIELD_FLAGS,
  FIELD_SIDE,
  FIELD_TIME,
  FIELD_UNUSED,
  FIELD_NEXT_FUNDING,
  MESSAGE_MARK,
  MESSAGE_QUOTE,
  MESSAGE_ROWS,
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
  TRADE_FLAG_OLD,
} from '../../core/kernel/message.js';
import { canonicalDecimal, formatDecimal, parseDecimal } from '../../core/numbers/decimal.js';
import { EngineError } from '../../core/numbers/errors.js';
import type { ContractKind, Instrument } from '../../core/orders/instrument.js';
import { decimalOf, integerOf, listOf, millisOf, recordOf, textOf, type JsonRecord } from '../json.js';
import { BITMEX_UNITS, bitmexPrivate } from '../private/bitmex.js';
import { choice, rowId, rowPrice, rowQty, rowSide, rowSymbol, rows, set, text, time, type RowPart, type Shape } from '../shape.js';
import type { ConnectionPlan, Endpoints, InstrumentPage, MapperOut, Venue } from '../venue.js';

const SIDES = { Buy: BID, Sell: ASK };
const ACTIONS: Readonly<Record<string, number>> = {
  partial: ACTION_SNAPSHOT,
  insert: ACTION_INSERT,
  update: ACTION_UPDATE,
  delete: ACTION_DELETE,
};
const TABLE = choice(FIELD_UNUSED, { orderBookL2_25: 25, orderBookL2: 0 });

const ROW: readonly RowPart[] = [text('{"symbol":"'), rowSymbol(), text('","id":'), rowId(), text(',"side":"'), rowSide(SIDES), text('"')];
const SIZE: readonly RowPart[] = [text(',"size":'), rowQty()];
const PRICE: readonly RowPart[] = [text(',"price":'), rowPrice()];
/** Newer rows end in `"timestamp":"..."`, the newest in `"timestamp":"...","transactTime":"..."`. */
const STAMP: readonly RowPart[] = [text(',"timestamp":"'), time(FIELD_TIME), text('"')];
const STAMPS: readonly RowPart[] = [...STAMP, text(',"transactTime":"'), time(FIELD_UNUSED), text('"')];

function shape(action: string, code: number, name: string, ...parts: readonly RowPart[]): Shape {
  return {
    name: `${action} ${name}`,
    kind: MESSAGE_ROWS,
    parts: [
      text('{"table":"'),
      TABLE,
      text(`","action":"${action}","data":[`),
      rows(...ROW, ...parts, text('}')),
      text(']}'),
      set(FIELD_ACTION, code),
    ],
  };
}

const SHAPES: readonly Shape[] = [
  shape('update', ACTION_UPDATE, 'by id', ...SIZE),
  shape('insert', ACTION_INSERT, 'plain', ...SIZE, ...PRICE),
  shape('delete', ACTION_DELETE, 'by id'),
  shape('update', ACTION_UPDATE, 'stamped', ...SIZE, ...PRICE, ...STAMP),
  shape('insert', ACTION_INSERT, 'stamped', ...SIZE, ...PRICE, ...STAMP),
  shape('delete', ACTION_DELETE, 'stamped', ...PRICE, ...STAMP),
  shape('update', ACTION_UPDATE, 'twice stamped', ...SIZE, ...PRICE, ...STAMPS),
  shape('insert', ACTION_INSERT, 'twice stamped', ...SIZE, ...PRICE, ...STAMPS),
  shape('delete', ACTION_DELETE, 'twice stamped', ...PRICE, ...STAMPS),
  shape('update', ACTION_UPDATE, 'priced', ...SIZE, ...PRICE),
  shape('delete', ACTION_DELETE, 'priced', ...PRICE),
];

/** Topics of one subscribe message; a message costs one of 20 subscriptions a second. */
const TOPICS_PER_MESSAGE = 20;
const SYMBOLS_PER_CONNECTION = 40;

export const bitmex: Venue = {
  id: 'bitmex',
  exchange: 'bitmex',
  matchesMarket: () => true,
  endpoints: { rest: 'https://www.bitmex.com', wsPublic: 'wss://ws.bitmex.com', wsPrivate: 'wss://ws.bitmex.com' },
  sequence: 'none',
  snapshot: 'in-band',
  spliceByPrev: false,
  shapes: SHAPES,
  map,

  connections,
  resubscribe: (name) => [
    JSON.stringify({ op: 'unsubscribe', args: [`orderBookL2:${name}`] }),
    JSON.stringify({ op: 'subscribe', args: [`orderBookL2:${name}`] }),
  ],
  subscribeGapMs: 100,
  /** "If 5 seconds pass without a message, send `ping`" (its "Websocket API", Heartbeats); the answer is the text `pong`. */
  heartbeat: { everyMs: 5_000, text: 'ping' },
  isAliveText: (frame) => frame === 'pong',
  staleAfterMs: 60_000,
  reconnectAfterMs: 23.5 * 3_600_000,

  instrumentPaths: () => ['/api/v1/instrument/active'],
  parseInstruments,
  private: bitmexPrivate,
  depth: null,
};

function connections(instruments: readonly Instrument[], endpoints: Endpoints): readonly ConnectionPlan[] {
  const plans: ConnectionPlan[] = [];
  for (let from = 0; from < instruments.length; from += SYMBOLS_PER_CONNECTION) {
    const part = instruments.slice(from, from + SYMBOLS_PER_CONNECTION);
    const topics = ['orderBookL2', 'trade', 'quote', 'instrument'].flatMap((table) =>
      part.map((instrument) => `${table}:${instrument.symbol}`),
    );
    const subscribe: string[] = [];
    for (let at = 0; at < topics.length; at += TOPICS_PER_MESSAGE) {
      subscribe.push(JSON.stringify({ op: 'subscribe', args: topics.slice(at, at + TOPICS_PER_MESSAGE) }));
    }
    plans.push({
      name: `realtime-${plans.length}`,
      url: `${endpoints.wsPublic}/realtime`,
      symbols: part.map((instrument) => ({ instrument, text: instrument.symbol })),
      carriesBooks: true,
      subscribe,
    });
  }
  return plans;
}

function map(json: unknown, out: MapperOut): void {
  const frame = recordOf(json);
  switch (frame['table']) {
    case 'orderBookL2':
    case 'orderBookL2_25':
      mapRows(frame, out);
      return;
    case 'trade':
      for (const entry of listOf(frame['data'])) mapTrade(recordOf(entry), frame['action'] === 'partial', out);
      return;
    case 'quote':
      for (const entry of listOf(frame['data'])) mapQuote(recordOf(entry), out);
      return;
    case 'instrument':
      for (const entry of listOf(frame['data'])) mapMark(recordOf(entry), out);
      return;
  }
}

function mapRows(frame: JsonRecord, out: MapperOut): void {
  const name = textOf(frame['action']);
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  const data = listOf(frame['data']).map(recordOf);
  if (action === undefined) throw new EngineError('BAD_SHAPE', 'give-up', { expected: 'partial, insert, update or delete', found: name });
  // An empty partial is an empty book: its symbol stands in the filter.
  const first = data[0] === undefined ? recordOf(frame['filter'])['symbol'] : data[0]['symbol'];
  out.begin(MESSAGE_ROWS, textOf(first));
  const message = out.message;
  message.fields[FIELD_ACTION] = action;
  for (const row of data) {
    const instrument = out.indexOf(textOf(row['symbol']));
    if (instrument < 0) continue;
    const side = textOf(row['side']);
    if (side !== 'Buy' && side !== 'Sell') throw new EngineError('BAD_SHAPE', 'give-up', { expected: 'Buy or Sell', found: side });
    message.rows.add({
      instrument,
      id: integerOf(row['id']),
      side: SIDES[side],
      price: row['price'] === undefined ? null : decimalOf(row['price']),
      qty: row['size'] === undefined ? null : decimalOf(row['size']),
    });
    if (typeof row['timestamp'] === 'string') message.fields[FIELD_TIME] = millisOf(row['timestamp']);
  }
  if (message.rows.count > 0 || (data.length === 0 && message.instrument >= 0)) out.emit();
}

function mapTrade(entry: JsonRecord, isOld: boolean, out: MapperOut): void {
  if (!out.begin(MESSAGE_TRADE, textOf(entry['symbol']))) return;
  const message = out.message;
  const side = textOf(entry['side']);
  if (side !== 'Buy' && side !== 'Sell') throw new EngineError('BAD_SHAPE', 'give-up', { expected: 'Buy or Sell', found: side });
  message.idText = textOf(entry['trdMatchID']);
  message.timeText = textOf(entry['timestamp']);
  message.fields[FIELD_TIME] = millisOf(entry['timestamp']);
  message.fields[FIELD_SIDE] = side === 'Sell' ? 1 : 0;
  if (isOld) message.fields[FIELD_FLAGS] = TRADE_FLAG_OLD;
  message.setNumber(NUMBER_PRICE, decimalOf(entry['price']));
  message.setNumber(NUMBER_QTY, decimalOf(entry['size']));
  out.emit();
}

/** A side without orders has neither price nor size. */
function mapQuote(entry: JsonRecord, out: MapperOut): void {
  if (!out.begin(MESSAGE_QUOTE, textOf(entry['symbol']))) return;
  const put = (number: number, key: string): void => {
    if (typeof entry[key] === 'number') out.message.setNumber(number, decimalOf(entry[key]));
  };
  put(NUMBER_BID, 'bidPrice');
  put(NUMBER_BID_QTY, 'bidSize');
  put(NUMBER_ASK, 'askPrice');
  put(NUMBER_ASK_QTY, 'askSize');
  out.message.fields[FIELD_TIME] = millisOf(entry['timestamp']);
  out.emit();
}

function mapMark(entry: JsonRecord, out: MapperOut): void {
  const has = (key: string): boolean => typeof entry[key] === 'number';
  if (!has('markPrice') && !has('fundingRate') && !has('indicativeSettlePrice')) return;
  if (!out.begin(MESSAGE_MARK, textOf(entry['symbol']))) return;
  const put = (number: number, key: string): void => {
    if (has(key)) out.message.setNumber(number, rounded(entry[key]));
  };
  put(NUMBER_MARK, 'markPrice');
  put(NUMBER_INDEX, 'indicativeSettlePrice');
  put(NUMBER_FUNDING, 'fundingRate');
  if (typeof entry['fundingTimestamp'] === 'string') out.message.fields[FIELD_NEXT_FUNDING] = millisOf(entry['fundingTimestamp']);
  out.emit();
}

/** Marks are floats of the server with up to 17 digits; 15 say all there is. */
function rounded(value: unknown): string {
  return String(Number(Number(decimalOf(value)).toPrecision(15)));
}

/** Open-order cap of an account on one symbol. */
const MOST_OPEN_ORDERS = 200;

function parseInstruments(body: string): InstrumentPage {
  const instruments: Omit<Instrument, 'index'>[] = [];
  for (const entry of listOf(JSON.parse(body))) {
    const info = recordOf(entry);
    const units = BITMEX_UNITS[String(info['settlCurrency'])];
    // Indices are in the list too; they have no settlement currency or no lot.
    if (info['state'] !== 'Open' || units === undefined || typeof info['lotSize'] !== 'number') continue;
    instruments.push(instrumentOf(info, units));
  }
  return { instruments, next: null };
}

function instrumentOf(info: JsonRecord, units: { readonly asset: string; readonly decimals: number }): Omit<Instrument, 'index'> {
  const name = textOf(info['symbol']);
  const kind: ContractKind = info['isInverse'] === true ? 'inverse' : info['isQuanto'] === true ? 'quanto' : 'linear';
  const multiplier = parseDecimal(decimalOf(info['multiplier']));
  const size = multiplier.mantissa < 0n ? -multiplier.mantissa : multiplier.mantissa;
  return {
    id: `bitmex:${name}`,
    venue: 'bitmex',
    symbol: name,
    kind,
    base: textOf(info['underlying']),
    quote: textOf(info['quoteCurrency']),
    settle: units.asset,
    tickSize: canonicalDecimal(decimalOf(info['tickSize'])),
    lotSize: canonicalDecimal(decimalOf(info['lotSize'])),
    // Settlement units of one contract at price 1: base units where quote is what settles, dollars for inverse, value per point for quanto.
    multiplier: formatDecimal(size, multiplier.scale + units.decimals),
    minQty: canonicalDecimal(decimalOf(info['lotSize'])),
    maxQty: canonicalDecimal(decimalOf(info['maxOrderQty'] ?? 0)),
    minNotional: '0',
    maxOpenOrders: MOST_OPEN_ORDERS,
    makerFee: canonicalDecimal(decimalOf(info['makerFee'])),
    takerFee: canonicalDecimal(decimalOf(info['takerFee'])),
    feeAssetBuy: units.asset,
    feeAssetSell: units.asset,
    source: 'venue',
  };
}
