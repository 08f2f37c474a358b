/** Bybit v5: one private connection for linear, inverse and spot; authentication and subscription are sent back to back. */
import { EngineError } from '../../core/numbers/errors.js';
import type { Instrument } from '../../core/orders/instrument.js';
import type { PrivateFundingEvent, PrivateOrderStatus } from '../../core/ports/private-events.js';
import { isRecord, listOf, recordOf, textOf, type JsonRecord } from '../json.js';
import { OrderTerms } from './order-terms.js';
import { PRIVATE_BEAT_MS, PRIVATE_RECONNECT_MS, type FundingRest, type PrivateContext, type PrivateStream } from './private-stream.js';

const TOPICS = ['order', 'execution', 'position', 'wallet'];
const GUARD = 'dead-man';

const STATUS: Readonly<Record<string, PrivateOrderStatus>> = {
  Created: 'new',
  New: 'new',
  Untriggered: 'new',
  Triggered: 'new',
  Active: 'new',
  PartiallyFilled: 'partially-filled',
  Filled: 'filled',
  Cancelled: 'cancelled',
  PartiallyFilledCanceled: 'cancelled',
  Deactivated: 'cancelled',
  Rejected: 'rejected',
};
/** Executions that change a position: trades, and what the venue does by itself. */
const FILL_TYPES = new Set(['Trade', 'AdlTrade', 'BustTrade', 'Delivery', 'Settle']);
const NO_REASON = new Set(['', 'EC_NoError', 'UNKNOWN']);

/** The longest span between start and end that one request may ask for ("Get Trade History", read 2026-11). */
const FUNDING_SPAN_MS = 7 * 24 * 3_600_000;

const FUNDING: FundingRest = {
  targets: (sinceMs, nowMs, instruments) => {
    const targets: string[] = [];
    for (const category of ['linear', 'inverse']) {
      if (!instruments.some(({ symbol }) => symbol.startsWith(`${category}:`))) continue;
      // The last span is open at its end: their clock may be ahead of ours.
      for (let fromMs = sinceMs; ; fromMs += FUNDING_SPAN_MS) {
        const isLast = nowMs - fromMs <= FUNDING_SPAN_MS;
        const end = isLast ? '' : `&endTime=${fromMs + FUNDING_SPAN_MS}`;
        targets.push(`/v5/execution/list?category=${category}&execType=Funding&startTime=${fromMs}${end}&limit=100`);
        if (isLast) break;
      }
    }
    return targets;
  },
  sign: (target, { apiKey, sign, nowMs, windowMs }) => ({
    target,
    headers: {
      'X-BAPI-API-KEY': apiKey,
      'X-BAPI-TIMESTAMP': String(nowMs),
      'X-BAPI-RECV-WINDOW': String(windowMs),
      'X-BAPI-SIGN': sign(`${nowMs}${apiKey}${windowMs}${target.slice(target.indexOf('?') + 1)}`),
    },
  }),
  read: (target, json, { instrumentOf: named }, tell) => {
    const answer = recordOf(json);
    if (answer['retCode'] !== '0' || !isRecord(answer['result']))
      throw new EngineError('VENUE_REFUSED', 'retry', {
        path: '/v5/execution/list',
        text: `${String(answer['retCode'])} ${String(answer['retMsg'])}`,
      });
    const { list, nextPageCursor } = answer['result'];
    const category = /category=(\w+)/.exec(target)?.[1] ?? '';
    for (const entry of listOf(list)) {
      const row = recordOf(entry);
      if (row['execType'] === 'Funding') tell(fundingOf(row, named(`${category}:${textOf(row['symbol'])}`)));
    }
    if (typeof nextPageCursor !== 'string' || nextPageCursor === '') return null;
    const cursor = nextPageCursor.includes('%') ? nextPageCursor : encodeURIComponent(nextPageCursor);
    return `${target.replace(/&cursor=.*$/, '')}&cursor=${cursor}`;
  },
};

export const bybitPrivate: PrivateStream = {
  listenKey: null,
  url: (endpoints) => `${endpoints.wsPrivate ?? endpoints.wsPublic}/v5/private`,
  opening: ({ apiKey, sign, nowMs, windowMs, guarded }) => {
    const expires = nowMs + windowMs;
    const guards = guardsOf(guarded);
    return [
      JSON.stringify({ req_id: 'auth', op: 'auth', args: [apiKey, expires, sign(`GET/realtime${expires}`)] }),
      JSON.stringify({ req_id: 'subscribe', op: 'subscribe', args: TOPICS }),
      // Apart: an account that may not have the switch is refused it, and nothing else.
      ...(guards.length === 0 ? [] : [JSON.stringify({ req_id: GUARD, op: 'subscribe', args: guards })]),
    ];
  },
  gapMs: 0,
  proofs: ['auth', 'subscribe'],
  /** The venue asks for a ping every 20 s and answers each. */
  heartbeat: { everyMs: PRIVATE_BEAT_MS, text: '{"op":"ping"}' },
  reconnectAfterMs: PRIVATE_RECONNECT_MS,
  isDeadMan: true,
  funding: FUNDING,
  makeReader: (context) => {
    const terms = new OrderTerms();
    return { read: (json) => read(recordOf(json), context, terms) };
  },
};

/** The switch watches connections that listen to these, and no others. */
function guardsOf(kinds: readonly Instrument['kind'][]): string[] {
  return [...(kinds.some((kind) => kind !== 'spot') ? ['dcp.future'] : []), ...(kinds.includes('spot') ? ['dcp.spot'] : [])];
}

function read(frame: JsonRecord, context: PrivateContext, terms: OrderTerms): void {
  const op = frame['op'];
  if (frame['req_id'] === GUARD) {
    if (frame['success'] !== true) context.note(`the venue's dead-man switch does not watch this connection: ${String(frame['ret_msg'])}`);
    return;
  }
  if (op === 'auth' || op === 'subscribe') {
    if (frame['success'] === true || frame['retCode'] === '0') context.proved(op);
    else context.lost(`${op} refused: ${String(frame['ret_msg'] ?? frame['retMsg'])}`);
    return;
  }
  if (typeof frame['topic'] !== 'string') return;
  const rows = listOf(frame['data']).map(recordOf);
  switch (frame['topic']) {
    case 'order':
      for (const row of rows) readOrder(row, context, terms);
      return;
    case 'execution':
      for (const row of rows) readExecution(row, context);
      return;
    case 'position':
      for (const row of rows) readPosition(row, context);
      return;
    case 'wallet':
      for (const row of rows) readWallet(row, usOf(frame['creationTime']), context);
      return;
  }
}

function instrumentOf(row: JsonRecord, context: PrivateContext): Instrument | undefined {
  return context.instrumentOf(`${textOf(row['category'])}:${textOf(row['symbol'])}`);
}

function sideOf(row: JsonRecord): 'buy' | 'sell' {
  const side = textOf(row['side']);
  if (side !== 'Buy' && side !== 'Sell') throw new EngineError('BAD_SHAPE', 'give-up', { expected: 'Buy or Sell', found: side });
  return side === 'Buy' ? 'buy' : 'sell';
}

/** Empty texts stand for "none". */
function decimalOf(value: unknown): string {
  const text = textOf(value);
  return text === '' ? '0' : text;
}

function usOf(value: unknown): number {
  return Number(textOf(value)) * 1000;
}

function readOrder(row: JsonRecord, context: PrivateContext, terms: OrderTerms): void {
  const word = textOf(row['orderStatus']);
  const status = STATUS[word];
  if (status === undefined) throw new EngineError('BAD_SHAPE', 'give-up', { expected: 'an order status', found: word });
  const venueOrderId = textOf(row['orderId']);
  const price = decimalOf(row['price']);
  const qty = decimalOf(row['qty']);
  const reason = textOf(row['rejectReason'] ?? '');
  context.sink.onPrivateOrder({
    instrument: instrumentOf(row, context)?.index ?? -1,
    clientId: textOf(row['orderLinkId']),
    venueOrderId,
    side: sideOf(row),
    status,
    isAmended: terms.changed(venueOrderId, price, qty, status),
    price,
    qty,
    cum: decimalOf(row['cumExecQty']),
    isPostOnly: row['timeInForce'] === 'PostOnly',
    isReduceOnly: row['reduceOnly'] === true,
    reason: NO_REASON.has(reason) ? '' : reason,
    tsUs: usOf(row['updatedTime']),
  });
}

/** A fee that we pay is positive there. */
function fundingOf(row: JsonRecord, instrument: Instrument | undefined): PrivateFundingEvent {
  const fee = decimalOf(row['execFee']);
  const named = typeof row['feeCurrency'] === 'string' ? row['feeCurrency'] : '';
  return {
    instrument: instrument?.index ?? -1,
    asset: named || (instrument?.settle ?? ''),
    amount: fee.startsWith('-') ? fee.slice(1) : `-${fee}`,
    id: textOf(row['execId']),
    tsUs: usOf(row['execTime']),
  };
}

function readExecution(row: JsonRecord, context: PrivateContext): void {
  const instrument = instrumentOf(row, context);
  const type = textOf(row['execType']);
  const fee = decimalOf(row['execFee']);
  const tsUs = usOf(row['execTime']);
  const named = typeof row['feeCurrency'] === 'string' ? row['feeCurrency'] : '';
  if (type === 'Funding') {
    context.funding(fundingOf(row, instrument));
    return;
  }
  if (!FILL_TYPES.has(type)) return;
  const side = sideOf(row);
  context.sink.onPrivateFill({
    instrument: instrument?.index ?? -1,
    clientId: textOf(row['orderLinkId']),
    venueOrderId: textOf(row['orderId']),
    tradeId: textOf(row['execId']),
    side,
    price: textOf(row['execPrice']),
    qty: textOf(row['execQty']),
    fee,
    feeAsset: named || ((side === 'buy' ? instrument?.feeAssetBuy : instrument?.feeAssetSell) ?? ''),
    isMaker: row['isMaker'] === true,
    tsUs,
  });
}

/** One-way mode has index 0; the others belong to hedge mode, which we do not trade in. */
function readPosition(row: JsonRecord, context: PrivateContext): void {
  if (row['positionIdx'] !== '0') return;
  const size = decimalOf(row['size']);
  context.sink.onPrivatePosition({
    instrument: instrumentOf(row, context)?.index ?? -1,
    qty: row['side'] === 'Sell' ? `-${size}` : size,
    entryPrice: decimalOf(row['entryPrice']),
    tsUs: usOf(row['updatedTime']),
  });
}

function readWallet(row: JsonRecord, tsUs: number, context: PrivateContext): void {
  for (const entry of listOf(row['coin'])) {
    const coin = recordOf(entry);
    const free = coin['availableToWithdraw'];
    context.sink.onPrivateBalance({
      asset: textOf(coin['coin']),
      total: decimalOf(coin['walletBalance']),
      free: typeof free === 'string' && free !== '' ? free : null,
      tsUs,
    });
  }
}
