/** Binance spot's request socket `/ws-api/v3`: requests that need no key are answered, the others as to an unknown key until the trading half attaches. */

export const WS_API_PATH = '/ws-api/v3';

/** Methods of the trading half. */
const SIGNED = /^(order|orderList|openOrders|openOrderLists|allOrders|myTrades|account|session|userDataStream)\./;

export interface WsApiLimits {
  readonly weightPerMinute: number;
  readonly usedWeight: number;
}

/** The answer to one request, with its id as it was sent. */
export function wsApiAnswer(message: Readonly<Record<string, unknown>>, nowMs: number, limits: WsApiLimits): string {
  const id = message['id'] ?? null;
  const method = typeof message['method'] === 'string' ? message['method'] : '';
  const rateLimits = [
    { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: limits.weightPerMinute, count: limits.usedWeight },
  ];
  if (method === 'ping') return JSON.stringify({ id, status: 200, result: {}, rateLimits });
  if (method === 'time') return JSON.stringify({ id, status: 200, result: { serverTime: nowMs }, rateLimits });
  const error = SIGNED.test(method)
    ? { code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' }
    : { code: -1000, msg: `Unknown method '${method.slice(0, 40)}'.` };
  return JSON.stringify({ id, status: SIGNED.test(method) ? 401 : 400, error, rateLimits });
}
