/**
 * From an order's request to its bytes in the gateway's socket, for each venue's ccxt gateway: ccxt builds and signs, our HTTP client writes. What of it is ccxt's is shown.
 * The tick before it is the pipeline's `tick to order`.
 */
import { createServer } from 'node:http';
import { Socket, type AddressInfo } from 'node:net';
import { Reason } from '../../src/core/orders/reasons.js';
import type { HttpClient } from '../../src/core/ports/http.js';
import { exchangeIdOf, loadExchangeClass } from '../../src/execution/gateways/ccxt/exchange-class.js';
import { Exchange } from '../../src/execution/gateways/ccxt/exchange.js';
import { NodeHttpClient } from '../../src/net/http-client.js';
import { realWallUs, SystemTimers } from '../../src/workers/clock.js';
import { percentile, type BenchFile, type BenchRow } from '../harness.js';

/** "At best": microseconds from the tick to the bytes. */
const GOAL_US = 30;
const WARM_CALLS = 200;

interface Order {
  readonly venue: string;
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
}

const BINANCE = {
  symbol: 'BTCUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.001',
  price: '60000.0',
  newClientOrderId: 'thor1a2b3c',
};
const ORDERS: readonly Order[] = [
  { venue: 'binance-spot', method: 'privatePostOrder', params: BINANCE },
  { venue: 'binance-usdm', method: 'fapiPrivatePostOrder', params: BINANCE },
  { venue: 'binance-coinm', method: 'dapiPrivatePostOrder', params: { ...BINANCE, symbol: 'BTCUSD_PERP', quantity: '1' } },
  {
    venue: 'bybit',
    method: 'privatePostV5OrderCreate',
    params: {
      category: 'linear',
      symbol: 'BTCUSDT',
      side: 'Buy',
      orderType: 'Limit',
      qty: '0.001',
      price: '60000.0',
      timeInForce: 'PostOnly',
      orderLinkId: 'thor1a2b3c',
    },
  },
  {
    venue: 'bitmex',
    method: 'privatePostOrder',
    params: { symbol: 'XBTUSD', side: 'Buy', ordType: 'Limit', orderQty: '100', price: '60000', clOrdID: 'thor1a2b3c' },
  },
];

/** When the last bytes went into any socket of this process's client, milliseconds. */
let writtenMs = 0;

/** Every write of a socket goes by here while this is installed. */
function watchWrites(): () => void {
  const write = Reflect.get(Socket.prototype, 'write') as (this: Socket, ...given: unknown[]) => boolean;
  Socket.prototype.write = function watched(this: Socket, ...given: unknown[]) {
    const result = write.apply(this, given);
    if (Number.isNaN(writtenMs)) writtenMs = performance.now();
    return result;
  };
  return () => {
    Socket.prototype.write = write;
  };
}

async function venueRow({ venue, method, params }: Order, address: string, http: HttpClient, calls: number): Promise<BenchRow> {
  let leftMs = 0;
  const exchange = new Exchange({
    venue,
    exchangeClass: await loadExchangeClass(exchangeIdOf(venue)),
    credentials: { apiKey: 'k'.repeat(64), secret: 's'.repeat(64) },
    address,
    http: {
      request: (...request) => {
        leftMs = performance.now();
        return http.request(...request);
      },
      close: () => undefined,
    },
    timeoutMs: 5_000,
    wallUs: realWallUs,
    hooks: { permit: () => Reason.NONE, onSent: () => undefined, onAnswer: () => undefined, onFailure: () => undefined },
  });
  const whole: number[] = [];
  const ccxt: number[] = [];
  for (let n = -WARM_CALLS; n < calls; n++) {
    writtenMs = Number.NaN;
    const startedMs = performance.now();
    const answer = (await exchange.call(method, { ...params }, { kind: 'new', items: 1, weight: 1, group: '' })) as {
      readonly path?: unknown;
    };
    if (typeof answer.path !== 'string' || Number.isNaN(writtenMs)) throw new Error(`${venue}: an order did not reach the server`);
    if (n < 0) continue;
    whole.push((writtenMs - startedMs) * 1000);
    ccxt.push((leftMs - startedMs) * 1000);
  }
  const [ours, share] = [percentile(whole, 0.5), percentile(ccxt, 0.5)];
  return {
    name: `order to bytes in the socket, ${venue}`,
    ours,
    theirs: null,
    unit: 'us',
    against: '',
    ratio: null,
    isShown: true,
    conditions: `wall time, one order after the other, kept-alive loopback connection; p99 ${percentile(whole, 0.99).toFixed(0)} us; of it ccxt, building and signing, p50 ${share.toFixed(1)} us (${((100 * share) / ours).toFixed(0)} %), our client ${(ours - share).toFixed(1)} us; the goal is ${GOAL_US} us from the tick`,
    check: 'every order came to the server',
  };
}

export const rows: BenchFile = async (options) => {
  const server = createServer((request, response) => {
    request
      .resume()
      .once('end', () => response.setHeader('content-type', 'application/json').end(`{"path":"${request.method}","retCode":0}`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const timers = new SystemTimers(1);
  const http = new NodeHttpClient({ timers });
  const restore = watchWrites();
  try {
    const table: BenchRow[] = [];
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const order of ORDERS) table.push(await venueRow(order, address, http, options.isQuick ? 100 : 2_000));
    return table;
  } finally {
    restore();
    http.close();
    timers.stop();
    server.closeAllConnections();
    server.close();
  }
};
