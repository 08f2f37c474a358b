/**
 * Binance USD-M and COIN-M: a stream opened with a listen key. LIST_SUBSCRIPTIONS is both the proof that the server answers on this connection and the
 * heartbeat: a stream that answers pings of the transport only may still be stuck.
 */
import type { Endpoints } from '../venue.js';
import { EngineError } from '../../core/numbers/errors.js';
import { isRecord, listOf, recordOf, textOf, type JsonRecord } from '../json.js';
import { isZero, sideOf, statusOf, unwrapped, usOf } from './binance-events.js';
import { PRIVATE_BEAT_MS, PRIVATE_RECONNECT_MS, type FundingRest, type PrivateContext, type PrivateStream } from './private-stream.js';

const LIST = '{"method":"LIST_SUBSCRIPTIONS","params":[],"id":1}';
/** "This listenKey does not exist." */
const KEY_GONE = '-1125';

/** @param root `/fapi/v1` or `/dapi/v1` */
export function binanceFuturesPrivate(root: string, url: (endpoints: Endpoints, listenKey: string) => string): PrivateStream {
  return {
    listenKey: {
      path: `${root}/listenKey`,
      header: 'X-MBX-APIKEY',
      /** Valid for 60 minutes; a PUT every 30 is what the venue asks for ("Keepalive User Data Stream", read 2026-11). */
      keepAliveMs: 30 * 60_000,
      livesMs: 55 * 60_000,
      keyOf: (json) => textOf(recordOf(json)['listenKey']),
      isGone: (json) => isRecord(json) && json['code'] === KEY_GONE,
    },
    url,
    opening: () => [LIST],
    gapMs: 0,
    proofs: ['answered'],
    heartbeat: { everyMs: PRIVATE_BEAT_MS, text: LIST },
    reconnectAfterMs: PRIVATE_RECONNECT_MS,
    funding: incomeOf(`${root}/income`),
    makeReader: (context) => ({ read: (json) => read(recordOf(json), context) }),
  };
}

function read(frame: JsonRecord, context: PrivateContext): void {
  if (frame['id'] !== undefined && frame['e'] === undefined) {
    if (frame['error'] !== undefined) context.lost(`refused: ${errorText(frame['error'])}`);
    else context.proved('answered');
    return;
  }
  const event = unwrapped(frame);
  if (!isRecord(event)) return;
  switch (event['e']) {
    case 'ORDER_TRADE_UPDATE':
      readOrder(recordOf(event['o']), context);
      return;
    case 'ACCOUNT_UPDATE':
      readAccount(event, context);
      return;
    case 'listenKeyExpired':
      context.lost('the listen key expired');
      return;
  }
}

function errorText(error: unknown): string {
  return isRecord(error) ? `${String(error['code'])} ${String(error['msg'])}` : String(error);
}

/** CALCULATED are executions of a liquidation; the client ids of such orders (`autoclose-…`, `adl_autoclose…`) are the venue's, not ours. */
function readOrder(order: JsonRecord, { sink, instrumentOf }: PrivateContext): void {
  const instrument = instrumentOf(textOf(order['s']));
  const what = textOf(order['x']);
  const side = sideOf(order);
  const tsUs = usOf(order['T']);
  const clientId = textOf(order['c']);
  const venueOrderId = textOf(order['i']);
  const fillQty = textOf(order['l']);
  if ((what === 'TRADE' || what === 'CALCULATED') && !isZero(fillQty)) {
    // Without a fee neither amount nor asset are named.
    const hasFee = typeof order['n'] === 'string' && typeof order['N'] === 'string';
    sink.onPrivateFill({
      instrument: instrument?.index ?? -1,
      clientId,
      venueOrderId,
      tradeId: textOf(order['t']),
      side,
      price: textOf(order['L']),
      qty: fillQty,
      fee: hasFee ? textOf(order['n']) : '0',
      feeAsset: hasFee ? textOf(order['N']) : (instrument?.settle ?? ''),
      isMaker: order['m'] === true,
      tsUs,
    });
  }
  sink.onPrivateOrder({
    instrument: instrument?.index ?? -1,
    clientId,
    venueOrderId,
    side,
    status: statusOf(order),
    isAmended: what === 'AMENDMENT',
    price: textOf(order['p']),
    qty: textOf(order['q']),
    cum: textOf(order['z']),
    isPostOnly: order['f'] === 'GTX',
    isReduceOnly: order['R'] === true,
    reason: expiryReasonOf(order),
    tsUs,
  });
}

/** `er`: why the venue ended the order, '0' for none. */
function expiryReasonOf(order: JsonRecord): string {
  const code = order['er'];
  return typeof code === 'string' && code !== '0' ? code : '';
}

function readAccount(event: JsonRecord, { sink, instrumentOf, fundingPaid }: PrivateContext): void {
  const update = recordOf(event['a']);
  const tsUs = usOf(event['T']);
  const positions = listOf(update['P'] ?? []).map(recordOf);
  for (const entry of listOf(update['B'] ?? [])) {
    const balance = recordOf(entry);
    sink.onPrivateBalance({ asset: textOf(balance['a']), total: textOf(balance['wb']), free: null, tsUs });
  }
  // For cross positions the message sums payments up and names no symbol.
  if (update['m'] === 'FUNDING_FEE') fundingPaid();
  for (const position of positions) {
    // LONG and SHORT rows belong to hedge mode, which we do not trade in.
    if (position['ps'] !== 'BOTH') continue;
    sink.onPrivatePosition({
      instrument: instrumentOf(textOf(position['s']))?.index ?? -1,
      qty: textOf(position['pa']),
      entryPrice: textOf(position['ep']),
      tsUs,
    });
  }
}

const INCOME_PER_PAGE = 1000;

/** Oldest first from the start time on. */
function incomeOf(path: string): FundingRest {
  const targetOf = (sinceMs: number): string => `${path}?incomeType=FUNDING_FEE&startTime=${sinceMs}&limit=${INCOME_PER_PAGE}`;
  return {
    targets: (sinceMs) => [targetOf(sinceMs)],
    sign: (target, { apiKey, sign, nowMs, windowMs }) => {
      const signed = `${target}&recvWindow=${windowMs}&timestamp=${nowMs}`;
      return { target: `${signed}&signature=${sign(signed.slice(path.length + 1))}`, headers: { 'X-MBX-APIKEY': apiKey } };
    },
    read: (target, json, { instrumentOf }, tell) => {
      if (!Array.isArray(json)) throw new EngineError('VENUE_REFUSED', 'retry', { path, text: errorText(json) });
      const rows = listOf(json).map(recordOf);
      let lastMs = '0';
      for (const row of rows) {
        lastMs = textOf(row['time']);
        if (row['incomeType'] !== 'FUNDING_FEE') continue;
        const instrument = instrumentOf(textOf(row['symbol']))?.index ?? -1;
        tell({ instrument, asset: textOf(row['asset']), amount: textOf(row['income']), id: textOf(row['tranId']), tsUs: usOf(lastMs) });
      }
      // The last time again: payments of one moment may be cut in two. They have ids.
      const next = targetOf(Number(lastMs));
      return rows.length === INCOME_PER_PAGE && next !== target ? next : null;
    },
  };
}
