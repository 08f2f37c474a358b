/**
 * Binance USD-M and COIN-M: a stream opened with a listen key. LIST_SUBSCRIPTIONS is both the proof that the server answers on this connection and the
 * heartbeat: a stream that answers pings of the transport only may still be stuck.
 */
import type { Endpoints } from '../venue.js';
import { isRecord, listOf, recordOf, textOf, type JsonRecord } from '../json.js';
import { isZero, sideOf, statusOf, unwrapped, usOf } from './binance-events.js';
import { PRIVATE_BEAT_MS, PRIVATE_RECONNECT_MS, type PrivateContext, type PrivateStream } from './private-stream.js';

const LIST = '{"method":"LIST_SUBSCRIPTIONS","params":[],"id":1}';
/** "This listenKey does not exist." */
const KEY_GONE = '-1125';

export function binanceFuturesPrivate(listenKeyPath: string, url: (endpoints: Endpoints, listenKey: string) => string): PrivateStream {
  return {
    listenKey: {
      path: listenKeyPath,
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

function readAccount(event: JsonRecord, { sink, instrumentOf }: PrivateContext): void {
  const update = recordOf(event['a']);
  const tsUs = usOf(event['T']);
  const positions = listOf(update['P'] ?? []).map(recordOf);
  for (const entry of listOf(update['B'] ?? [])) {
    const balance = recordOf(entry);
    const asset = textOf(balance['a']);
    const wallet = textOf(balance['wb']);
    sink.onPrivateBalance({ asset, total: wallet, free: null, tsUs });
    // Funding names no payment: asset, time and the wallet after it tell one from a repeated message.
    if (update['m'] === 'FUNDING_FEE') {
      sink.onPrivateFunding({
        instrument: instrumentOf(typeof positions[0]?.['s'] === 'string' ? positions[0]['s'] : '')?.index ?? -1,
        asset,
        amount: textOf(balance['bc']),
        id: `${textOf(event['T'])}-${asset}-${wallet}`,
        tsUs,
      });
    }
  }
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
