/** A class without a dialect of its own, by ccxt's unified methods: here `binanceusdm` under the name that any other class would have. */
import { expect, it } from 'vitest';
import { RecordKind } from '../../../../src/core/memory/record.js';
import { prepareCcxt } from '../../../../src/execution/gateways/ccxt.js';
import { exchangeIdOf, loadExchangeClass } from '../../../../src/execution/gateways/ccxt/exchange-class.js';
import { credentialsOf } from '../../../../src/venue-sim/exchange/accounts.js';
import { TestVenue } from '../../../venue-sim/support/venue-client.js';
import { GatewayBench, INSTRUMENTS, orderId, tablesOf, type Told } from './gateway-bench.js';
import { json, ScriptedHttp } from './scripted-http.js';
import { SimHttp, SimTime } from './sim-loop.js';

const VENUE = 'ccxt:binanceusdm';
const say = ({ kind, reason }: Told): string => (reason === 'NONE' ? kind : `${kind} ${reason}`);

it('creates, amends, asks, lists and cancels by unified methods; the venue is named by its class', async () => {
  const venue = new TestVenue('binance-usdm');
  const time = new SimTime(venue);
  const http = new SimHttp(venue, time);
  const tables = tablesOf(VENUE, INSTRUMENTS['binance-usdm']);
  const credentials = credentialsOf(7, 'binance-usdm', 'test');
  const wallUs = (): number => time.wallUs();
  const address = 'http://venue.test';
  const handOver = await prepareCcxt(VENUE, { credentials, address, instruments: tables.instruments, http, timeoutMs: 1_000, wallUs });
  expect(handOver.symbols).toEqual({ BTCUSDT: 'BTC/USDT:USDT', ETHUSDT: 'ETH/USDT:USDT' });
  expect(handOver.markets?.length).toBe(2);
  const options = { requestTimeoutMs: 1_000, hasPrivateStream: false, deadManMs: null };
  const bench = await GatewayBench.open({ venue: VENUE, http, tables, ...credentials, change: { handOver, options, wallUs } });
  await bench.settle(30);
  bench.heard();
  const market = venue.world.marketsOf('binance-usdm')[0];
  const price = Math.round((market?.engine.bids.bestTicks ?? 0) * 0.97);
  const ask = async (kind: number, more: Partial<Parameters<GatewayBench['ask']>[0]> = {}): Promise<string[]> => {
    // A venue that nothing is known of is asked two things a second.
    venue.world.advance(venue.world.nowUs + 5_000_000);
    bench.nowUs += 5_000_000;
    bench.ask({ kind, orderId: orderId(1), price, qty: 20, ...more });
    await bench.settle(30);
    return bench.heard().map((told) => say(told));
  };
  expect(await ask(RecordKind.CREATE)).toEqual(['ACK']);
  expect(await ask(RecordKind.QUERY)).toEqual(['ACK']);
  expect(await ask(RecordKind.QUERY, { orderId: orderId(2) })).toEqual(['NOT_FOUND UNKNOWN_ORDER']);
  expect(await ask(RecordKind.LIST, { orderId: 0 })).toEqual(['LISTED', 'LIST_END']);
  expect(await ask(RecordKind.FILLS, { orderId: 0, tsUs: wallUs() - 1_000_000 })).toEqual(['FILLS_END']);
  expect((await ask(RecordKind.POSITIONS, { orderId: 0 })).at(-1)).toBe('POSITIONS_END');
  expect(await ask(RecordKind.AMEND, { price: price - 10 })).toEqual(['AMENDED']);
  expect(await ask(RecordKind.CANCEL)).toEqual(['CANCELLED BY_REQUEST']);
  expect(await ask(RecordKind.CANCEL)).toEqual(['CANCEL_REJECT UNKNOWN_ORDER']);
});

it('C7: an emulated edit is never used', async () => {
  const http = new ScriptedHttp(() => json({}));
  const bench = await GatewayBench.open({
    venue: 'htx',
    http,
    tables: tablesOf('htx', INSTRUMENTS['binance-spot']),
    change: { options: { requestTimeoutMs: 1_000, hasPrivateStream: false, deadManMs: null } },
  });
  await bench.settle();
  bench.heard();
  http.sent.length = 0;
  expect((await bench.asks({ kind: RecordKind.AMEND, orderId: orderId(1) })).map((told) => say(told))).toEqual(['AMEND_REJECT BAD_ORDER']);
  expect(http.sent).toEqual([]);
});

it('a class is loaded alone, and one that does not exist is named', async () => {
  expect(exchangeIdOf('binance-coinm')).toBe('binancecoinm');
  expect(exchangeIdOf('ccxt:kraken')).toBe('kraken');
  expect((await loadExchangeClass('bitmex')).name).toBe('bitmex');
  await expect(loadExchangeClass('../base')).rejects.toMatchObject({ code: 'CCXT_CLASS_MISSING' });
  await expect(loadExchangeClass('nosuchvenue')).rejects.toMatchObject({ code: 'CCXT_CLASS_MISSING', facts: { exchange: 'nosuchvenue' } });
});
