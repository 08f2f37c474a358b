/**
 * BitMEX: tables of rows. `partial` is the state at subscription, `insert` and `update` follow; an update names only what changed, so rows are kept. States
 * at subscription are not told: whoever listens reads them by REST once the stream is up, which is later than they are.
 */
import { formatDecimal, parseDecimal } from '../../core/numbers/decimal.js';
import { EngineError } from '../../core/numbers/errors.js';
import type { Instrument } from '../../core/orders/instrument.js';
import type { PrivateFundingEvent, PrivateOrderStatus } from '../../core/ports/private-events.js';
import { isRecord, listOf, millisOf, recordOf, textOf, type JsonRecord } from '../json.js';
import {
  PRIVATE_BEAT_MS,
  PRIVATE_RECONNECT_MS,
  type FundingRest,
  type PrivateContext,
  type PrivateReader,
  type PrivateStream,
} from './private-stream.js';

/** How long the signature of `authKeyExpires` is good for, seconds. */
const AUTH_VALID_S = 60;
const TABLES = ['order', 'execution', 'position', 'margin'] as const;
/** Ended orders whose rows are kept: late updates still name them. */
const ENDED_KEPT = 500;

/** `XBt` is a satoshi, `USDt` a millionth of a tether: money and contract values are told in these; our asset names beside. */
export const BITMEX_UNITS: Readonly<Record<string, { readonly asset: string; readonly decimals: number }>> = {
  XBt: { asset: 'XBT', decimals: 8 },
  USDt: { asset: 'USDT', decimals: 6 },
};

const STATUS: Readonly<Record<string, PrivateOrderStatus>> = {
  New: 'new',
  PartiallyFilled: 'partially-filled',
  Filled: 'filled',
  Canceled: 'cancelled',
  Expired: 'expired',
  Rejected: 'rejected',
};

const FUNDING_PATH = '/api/v1/execution/tradeHistory';
const FUNDING_PER_PAGE = 500;
const FUNDING_FILTER = encodeURIComponent('{"execType":"Funding"}');

const FUNDING: FundingRest = {
  targets: (sinceMs) => [
    `${FUNDING_PATH}?filter=${FUNDING_FILTER}&startTime=${encodeURIComponent(new Date(sinceMs).toISOString())}&count=${FUNDING_PER_PAGE}&reverse=false&start=0`,
  ],
  sign: (target, { apiKey, sign, nowMs }) => {
    const expires = String(Math.floor(nowMs / 1000) + AUTH_VALID_S);
    return { target, headers: { 'api-key': apiKey, 'api-expires': expires, 'api-signature': sign(`GET${target}${expires}`) } };
  },
  read: (target, json, { instrumentOf }, tell) => {
    if (!Array.isArray(json))
      throw new EngineError('VENUE_REFUSED', 'retry', { path: FUNDING_PATH, text: JSON.stringify(json).slice(0, 200) });
    const rows = listOf(json).map(recordOf);
    for (const row of rows) if (row['execType'] === 'Funding') tell(fundingOf(row, instrumentOf));
    const start = Number(/&start=(\d+)$/.exec(target)?.[1] ?? 0);
    return rows.length < FUNDING_PER_PAGE ? null : target.replace(/&start=\d+$/, `&start=${start + FUNDING_PER_PAGE}`);
  },
};

export const bitmexPrivate: PrivateStream = {
  listenKey: null,
  url: (endpoints) => `${endpoints.wsPrivate ?? endpoints.wsPublic}/realtime`,
  opening: ({ apiKey, sign, nowMs }) => {
    const expires = Math.floor(nowMs / 1000) + AUTH_VALID_S;
    return [
      JSON.stringify({ op: 'authKeyExpires', args: [apiKey, expires, sign(`GET/realtime${expires}`)] }),
      JSON.stringify({ op: 'subscribe', args: ['order', 'execution', 'position', 'margin:*'] }),
    ];
  },
  gapMs: 0,
  proofs: ['auth', ...TABLES],
  heartbeat: { everyMs: PRIVATE_BEAT_MS, text: 'ping' },
  isAliveText: (text) => text === 'pong',
  reconnectAfterMs: PRIVATE_RECONNECT_MS,
  funding: FUNDING,
  makeReader: (context) => new BitmexReader(context),
};

class BitmexReader implements PrivateReader {
  readonly #context: PrivateContext;
  readonly #orders = new Map<string, JsonRecord>();
  readonly #ended: string[] = [];
  readonly #margins = new Map<string, JsonRecord>();
  readonly #positions = new Map<string, JsonRecord>();

  constructor(context: PrivateContext) {
    this.#context = context;
  }

  read(json: unknown): void {
    const frame = recordOf(json);
    const error = frame['error'];
    if (error !== undefined) {
      // The request is repeated in such an answer, with key and signature: only the words are passed on.
      this.#context.lost(`refused: ${String(frame['status'])} ${typeof error === 'string' ? error : JSON.stringify(error)}`);
      return;
    }
    if (frame['success'] === true) {
      const request = frame['request'];
      if (isRecord(request) && request['op'] === 'authKeyExpires') this.#context.proved('auth');
      return;
    }
    const table = TABLES.find((name) => name === frame['table']);
    if (table === undefined) return;
    const action = textOf(frame['action']);
    const rows = listOf(frame['data']).map(recordOf);
    for (const row of rows) this.#row(table, action, row);
    if (action === 'partial') this.#context.proved(table);
  }

  #row(table: (typeof TABLES)[number], action: string, row: JsonRecord): void {
    switch (table) {
      case 'order':
        this.#order(action, row);
        return;
      case 'execution':
        if (action === 'insert') readExecution(row, this.#context);
        return;
      case 'position':
        this.#position(action, row);
        return;
      case 'margin':
        this.#margin(action, row);
        return;
    }
  }

  #order(action: string, row: JsonRecord): void {
    const id = textOf(row['orderID']);
    const before = this.#orders.get(id);
    if (action === 'delete') {
      this.#orders.delete(id);
      return;
    }
    // An insert that is known came twice or late: what followed it is newer.
    if (action === 'insert' && before !== undefined) return;
    if (action === 'update' && before === undefined) {
      this.#context.lost('an update of an order that was never told');
      return;
    }
    const whole: JsonRecord = { ...before, ...row };
    this.#orders.set(id, whole);
    const status = statusOf(whole);
    if (status !== 'new' && status !== 'partially-filled') this.#end(id);
    if (action === 'partial') return;
    this.#tellOrder(id, whole, before, status);
  }

  #tellOrder(id: string, row: JsonRecord, before: JsonRecord | undefined, status: PrivateOrderStatus): void {
    const instructions = textIn(row, 'execInst');
    const isOver = status === 'cancelled' || status === 'rejected' || status === 'expired';
    this.#context.sink.onPrivateOrder({
      instrument: this.#context.instrumentOf(textOf(row['symbol']))?.index ?? -1,
      clientId: textIn(row, 'clOrdID'),
      venueOrderId: id,
      side: sideOf(row),
      status,
      isAmended: before !== undefined && (before['price'] !== row['price'] || before['orderQty'] !== row['orderQty']),
      price: decimalIn(row, 'price'),
      qty: decimalIn(row, 'orderQty'),
      cum: decimalIn(row, 'cumQty'),
      isPostOnly: instructions.includes('ParticipateDoNotInitiate'),
      isReduceOnly: instructions.includes('ReduceOnly') || instructions.includes('Close'),
      reason: isOver ? textIn(row, 'ordRejReason') || textIn(row, 'text') : '',
      tsUs: usIn(row),
    });
  }

  #end(id: string): void {
    this.#ended.push(id);
    if (this.#ended.length <= ENDED_KEPT) return;
    const oldest = this.#ended.shift();
    if (oldest !== undefined) this.#orders.delete(oldest);
  }

  #position(action: string, row: JsonRecord): void {
    const key = `${textOf(row['symbol'])} ${textIn(row, 'currency')}`;
    const whole: JsonRecord = { ...this.#positions.get(key), ...row };
    this.#positions.set(key, whole);
    if (action === 'partial' || row['currentQty'] === undefined || row['currentQty'] === null) return;
    this.#context.sink.onPrivatePosition({
      instrument: this.#context.instrumentOf(textOf(row['symbol']))?.index ?? -1,
      qty: decimalIn(whole, 'currentQty'),
      entryPrice: decimalIn(whole, 'avgEntryPrice'),
      tsUs: usIn(whole),
    });
  }

  #margin(action: string, row: JsonRecord): void {
    const currency = textOf(row['currency']);
    const whole: JsonRecord = { ...this.#margins.get(currency), ...row };
    this.#margins.set(currency, whole);
    const units = BITMEX_UNITS[currency];
    if (action === 'partial' || units === undefined || (row['walletBalance'] === undefined && row['availableMargin'] === undefined)) return;
    if (typeof whole['walletBalance'] !== 'string') return;
    const free = whole['availableMargin'];
    this.#context.sink.onPrivateBalance({
      asset: units.asset,
      total: moneyOf(whole['walletBalance'], units.decimals),
      free: typeof free === 'string' ? moneyOf(free, units.decimals) : null,
      tsUs: usIn(whole),
    });
  }
}

interface Charge {
  readonly instrument: Instrument | undefined;
  /** Positive when paid. */
  readonly fee: string;
  readonly feeAsset: string;
}

function chargeOf(row: JsonRecord, instrumentOf: PrivateContext['instrumentOf']): Charge {
  const units = BITMEX_UNITS[textIn(row, 'settlCurrency')];
  const instrument = instrumentOf(textOf(row['symbol']));
  const fee = units === undefined ? '0' : moneyOf(decimalIn(row, 'execComm'), units.decimals);
  return { instrument, fee, feeAsset: units?.asset ?? instrument?.settle ?? '' };
}

function fundingOf(row: JsonRecord, instrumentOf: PrivateContext['instrumentOf']): PrivateFundingEvent {
  const { instrument, fee, feeAsset } = chargeOf(row, instrumentOf);
  const amount = fee === '0' ? fee : fee.startsWith('-') ? fee.slice(1) : `-${fee}`;
  return { instrument: instrument?.index ?? -1, asset: feeAsset, amount, id: textOf(row['execID']), tsUs: usIn(row) };
}

/** Trades are fills, whoever caused them; a settlement closes at the settlement price; funding is money only. */
function readExecution(row: JsonRecord, { sink, instrumentOf, funding }: PrivateContext): void {
  const type = textOf(row['execType']);
  if (type === 'Funding') {
    funding(fundingOf(row, instrumentOf));
    return;
  }
  // A settlement without a side has nothing to close.
  if (type !== 'Trade' && (type !== 'Settlement' || textIn(row, 'side') === '')) return;
  const { instrument, fee, feeAsset } = chargeOf(row, instrumentOf);
  sink.onPrivateFill({
    instrument: instrument?.index ?? -1,
    clientId: textIn(row, 'clOrdID'),
    venueOrderId: textOf(row['orderID']),
    tradeId: textOf(row[type === 'Trade' ? 'trdMatchID' : 'execID']),
    side: sideOf(row),
    price: decimalIn(row, 'lastPx'),
    qty: decimalIn(row, 'lastQty'),
    fee,
    feeAsset,
    isMaker: textIn(row, 'lastLiquidityInd').startsWith('Added'),
    tsUs: usIn(row),
  });
}

function statusOf(row: JsonRecord): PrivateOrderStatus {
  const word = textOf(row['ordStatus']);
  const status = STATUS[word];
  if (status === undefined) throw new EngineError('BAD_SHAPE', 'give-up', { expected: 'an order status', found: word });
  return status;
}

function sideOf(row: JsonRecord): 'buy' | 'sell' {
  const side = textOf(row['side']);
  if (side !== 'Buy' && side !== 'Sell') throw new EngineError('BAD_SHAPE', 'give-up', { expected: 'Buy or Sell', found: side });
  return side === 'Buy' ? 'buy' : 'sell';
}

/** Null and absent fields are empty. */
function textIn(row: JsonRecord, key: string): string {
  const value = row[key];
  return value === undefined || value === null ? '' : textOf(value);
}

function decimalIn(row: JsonRecord, key: string): string {
  return textIn(row, key) || '0';
}

function usIn(row: JsonRecord): number {
  return millisOf(row['timestamp']) * 1000;
}

function moneyOf(units: string, decimals: number): string {
  const { mantissa, scale } = parseDecimal(units);
  return formatDecimal(mantissa, scale + decimals);
}
