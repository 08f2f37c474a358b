/**
 * Binance spot: the private stream is a subscription on the order socket (`userDataStream.subscribe.signature`; listen keys are gone). Events are wrapped as
 * {subscriptionId, event}; raw and combined ones are read too.
 */
import { formatDecimal, parseDecimal } from '../../core/numbers/decimal.js';
import { isRecord, listOf, recordOf, textOf, type JsonRecord } from '../json.js';
import { isZero, sideOf, statusOf, unwrapped, usOf } from './binance-events.js';
import { PRIVATE_BEAT_MS, PRIVATE_RECONNECT_MS, type PrivateContext, type PrivateStream } from './private-stream.js';

const SUBSCRIBE_ID = 'subscribe';

export const binanceSpotPrivate: PrivateStream = {
  listenKey: null,
  url: (endpoints) => `${endpoints.wsApi ?? ''}/ws-api/v3`,
  opening: ({ apiKey, sign, nowMs, windowMs }) => {
    // Parameters are signed in the order of their names.
    const query = `apiKey=${apiKey}&recvWindow=${windowMs}&timestamp=${nowMs}`;
    const params = { apiKey, recvWindow: windowMs, timestamp: nowMs, signature: sign(query) };
    return [JSON.stringify({ id: SUBSCRIBE_ID, method: 'userDataStream.subscribe.signature', params })];
  },
  gapMs: 0,
  proofs: ['subscribed'],
  heartbeat: { everyMs: PRIVATE_BEAT_MS, text: '{"id":"beat","method":"ping"}' },
  reconnectAfterMs: PRIVATE_RECONNECT_MS,
  funding: null,
  makeReader: (context) => ({ read: (json) => read(recordOf(json), context) }),
};

function read(frame: JsonRecord, context: PrivateContext): void {
  if (frame['status'] !== undefined) {
    if (frame['id'] === SUBSCRIBE_ID) readAnswer(frame, context);
    return;
  }
  const event = unwrapped(frame);
  if (!isRecord(event)) return;
  switch (event['e']) {
    case 'executionReport':
      readReport(event, context);
      return;
    case 'outboundAccountPosition':
      for (const entry of listOf(event['B'])) {
        const balance = recordOf(entry);
        const free = textOf(balance['f']);
        context.sink.onPrivateBalance({
          asset: textOf(balance['a']),
          total: sumOf(free, textOf(balance['l'])),
          free,
          tsUs: usOf(event['u']),
        });
      }
      return;
    case 'eventStreamTerminated':
      context.lost('the venue ended the subscription');
      return;
  }
}

function readAnswer(answer: JsonRecord, context: PrivateContext): void {
  if (answer['status'] === '200') {
    context.proved('subscribed');
    return;
  }
  const error = isRecord(answer['error']) ? answer['error'] : {};
  context.lost(`refused: ${String(error['code'])} ${String(error['msg'])}`);
}

function readReport(event: JsonRecord, { sink, instrumentOf }: PrivateContext): void {
  const instrument = instrumentOf(textOf(event['s']))?.index ?? -1;
  const what = textOf(event['x']);
  const side = sideOf(event);
  const tsUs = usOf(event['T']);
  const venueOrderId = textOf(event['i']);
  // A cancel has a client id of its own (`c`); the order's is then in `C`.
  const original = event['C'];
  const clientId = typeof original === 'string' && original !== '' && original !== 'null' ? original : textOf(event['c']);
  const fillQty = textOf(event['l']);
  const fillPrice = textOf(event['L']);
  // A report of a trade without quantity or price is a remark; the order's sum says more, and asking for its trades tells the rest.
  if (what === 'TRADE' && event['t'] !== '-1' && !isZero(fillQty) && !isZero(fillPrice)) {
    sink.onPrivateFill({
      instrument,
      clientId,
      venueOrderId,
      tradeId: textOf(event['t']),
      side,
      price: fillPrice,
      qty: fillQty,
      fee: textOf(event['n']),
      feeAsset: typeof event['N'] === 'string' ? event['N'] : '',
      isMaker: event['m'] === true,
      tsUs,
    });
  }
  const reason = textOf(event['r']);
  sink.onPrivateOrder({
    instrument,
    clientId,
    venueOrderId,
    side,
    status: statusOf(event),
    isAmended: what === 'REPLACED',
    price: textOf(event['p']),
    qty: textOf(event['q']),
    cum: textOf(event['z']),
    isPostOnly: event['o'] === 'LIMIT_MAKER' || event['f'] === 'GTX',
    isReduceOnly: false,
    reason: reason === 'NONE' ? '' : reason,
    tsUs,
  });
}

function sumOf(a: string, b: string): string {
  const left = parseDecimal(a);
  const right = parseDecimal(b);
  const scale = Math.max(left.scale, right.scale);
  return formatDecimal(left.mantissa * 10n ** BigInt(scale - left.scale) + right.mantissa * 10n ** BigInt(scale - right.scale), scale);
}
