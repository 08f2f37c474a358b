/** The USD-M venue as a script: what tests of the gateway's own rules answer requests with. */
import type { HttpAnswer } from '../../../../src/core/ports/http.js';
import type { PrivateOrderEvent } from '../../../../src/core/ports/private-events.js';
import { clientId, GatewayBench, type Told } from './gateway-bench.js';
import { json, ScriptedHttp, type Sent, type Script } from './scripted-http.js';

export const say = ({ kind, reason }: Told): string => (reason === 'NONE' ? kind : `${kind} ${reason}`);

/** An order as Binance writes it. */
export function binanceOrder(id: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const terms = { price: '10.0', origQty: '0.010', executedQty: '0', status: 'NEW', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC' };
  return { symbol: 'BTCUSDT', orderId: 1, clientOrderId: id, updateTime: 1_790_000_000_000, ...terms, ...more };
}

/** The USD-M venue of a script; what the script leaves open is answered as an account. */
export async function usdm(
  script: Script,
  change: Parameters<typeof GatewayBench.open>[0]['change'] = {},
  ringRecords = 256,
): Promise<[GatewayBench, ScriptedHttp]> {
  const http = new ScriptedHttp((sent) =>
    sent.path === '/fapi/v2/balance' || sent.path === '/fapi/v2/positionRisk' ? json([]) : script(sent),
  );
  const bench = await GatewayBench.open({ venue: 'binance-usdm', http, change, ringRecords });
  await bench.up();
  http.sent.length = 0;
  return [bench, http];
}

export const accepts = (sent: Sent): HttpAnswer => {
  const batch = sent.params['batchOrders'];
  if (batch !== undefined)
    return json((JSON.parse(batch) as { newClientOrderId: string }[]).map((one) => binanceOrder(one.newClientOrderId)));
  return json(
    binanceOrder(
      sent.params['newClientOrderId'] ?? sent.params['origClientOrderId'] ?? '',
      sent.method === 'DELETE' ? { status: 'CANCELED' } : {},
    ),
  );
};

export const event = (more: Partial<PrivateOrderEvent> = {}): PrivateOrderEvent => ({
  instrument: 0,
  clientId: clientId(1),
  venueOrderId: '1',
  side: 'buy',
  status: 'new',
  isAmended: false,
  price: '10',
  qty: '0.01',
  cum: '0',
  isPostOnly: false,
  isReduceOnly: false,
  reason: '',
  tsUs: 1_790_000_000_000_000,
  ...more,
});
