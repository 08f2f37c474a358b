/** What leaves and what comes as text: prices, quantities, flags, fees, shares of funding; and what stands in no text at all. */
import { describe, expect, it } from 'vitest';
import { FLAG_POST_ONLY, FLAG_REDUCE_ONLY, RecordKind, SIDE_SELL, TIF_FOK, TIF_IOC } from '../../../../src/core/memory/record.js';
import { EngineError } from '../../../../src/core/numbers/errors.js';
import { prepareCcxt } from '../../../../src/execution/gateways/ccxt.js';
import { clientId, GatewayBench, INSTRUMENTS, orderId, tablesOf } from './gateway-bench.js';
import { json, ScriptedHttp, type Sent } from './scripted-http.js';

import { accepts, usdm } from './usdm-script.js';

describe('texts', () => {
  /** Every price and quantity that leaves is the decimal of its ticks and lots, whatever their size. */
  it('prices and quantities leave exactly as they are', async () => {
    const steps = ['0.1', '0.01', '0.00000001', '0.5', '0.25', '1', '5', '100', '0.0000001'];
    for (const [place, step] of steps.entries()) {
      const one = { ...(INSTRUMENTS['binance-usdm'] ?? [])[0], tickSize: step, lotSize: step } as NonNullable<
        (typeof INSTRUMENTS)[string]
      >[number];
      const http = new ScriptedHttp(accepts);
      const bench = await GatewayBench.open({ venue: 'binance-usdm', http, tables: tablesOf('binance-usdm', [one]) });
      await bench.up();
      const ticks = [1, 3, 7, 29, 123_456_789, 999_999_999_999, 4_503_599_627_370_495][place % 7] ?? 1;
      await bench.asks({ orderId: orderId(1), price: ticks, qty: ticks });
      const exact = exactProduct(ticks, step);
      expect([http.of('POST', '/fapi/v1/order')[0]?.params['price'], http.of('POST', '/fapi/v1/order')[0]?.params['quantity']]).toEqual([
        exact,
        exact,
      ]);
    }
  });

  it('C11: flags and time in force as each venue names them', async () => {
    const seen: Record<string, unknown[]> = {};
    for (const venue of ['binance-spot', 'binance-usdm', 'bybit', 'bitmex']) {
      const http = new ScriptedHttp(() => json({ retCode: 0, result: { list: [] } }));
      const bench = await GatewayBench.open({ venue, http });
      await bench.up();
      http.sent.length = 0;
      for (const [place, more] of [
        { flags: FLAG_POST_ONLY },
        { tif: TIF_IOC, side: SIDE_SELL },
        { tif: TIF_FOK },
        { flags: FLAG_REDUCE_ONLY },
      ].entries()) {
        await bench.asks({ orderId: orderId(place + 1), ...more });
      }
      const orders = http.sent
        .filter(({ method }) => method === 'POST')
        .map((sent) => ({ ...sent.params, ...(sent.json as Record<string, unknown> | null) }));
      seen[venue] = orders.map((one) => [
        one['type'] ?? one['orderType'] ?? one['ordType'],
        one['timeInForce'],
        one['side'],
        one['execInst'] ?? one['reduceOnly'],
      ]);
    }
    expect(seen).toEqual({
      'binance-spot': [
        ['LIMIT_MAKER', undefined, 'BUY', undefined],
        ['LIMIT', 'IOC', 'SELL', undefined],
        ['LIMIT', 'FOK', 'BUY', undefined],
        ['LIMIT', 'GTC', 'BUY', undefined],
      ],
      'binance-usdm': [
        ['LIMIT', 'GTX', 'BUY', undefined],
        ['LIMIT', 'IOC', 'SELL', undefined],
        ['LIMIT', 'FOK', 'BUY', undefined],
        ['LIMIT', 'GTC', 'BUY', 'true'],
      ],
      bybit: [
        ['Limit', 'PostOnly', 'Buy', undefined],
        ['Limit', 'IOC', 'Sell', undefined],
        ['Limit', 'FOK', 'Buy', undefined],
        ['Limit', 'GTC', 'Buy', true],
      ],
      bitmex: [
        ['Limit', 'GoodTillCancel', 'Buy', 'ParticipateDoNotInitiate'],
        ['Limit', 'ImmediateOrCancel', 'Sell', undefined],
        ['Limit', 'FillOrKill', 'Buy', undefined],
        ['Limit', 'GoodTillCancel', 'Buy', 'ReduceOnly'],
      ],
    });
  });

  it('fees are exact in 1e-8 of their asset, rebates negative, more digits go to the nearest', async () => {
    const [bench] = await usdm(accepts);
    await bench.asks({ orderId: orderId(1) });
    const fees = ['0.00001234', '-0.5', '123456.78901234', '0.000000005', '0.0000000049', '1e-7'];
    for (const [place, fee] of fees.entries())
      bench.gateway.onPrivateFill({
        instrument: 0,
        clientId: clientId(1),
        venueOrderId: '1',
        tradeId: `t${place}`,
        side: 'buy',
        price: '10',
        qty: '0.001',
        fee,
        feeAsset: 'USDT',
        isMaker: false,
        tsUs: 1,
      });
    expect(bench.heard().map(({ fee }) => fee)).toEqual([1_234, -50_000_000, 12_345_678_901_234, 1, 0, 10]);
  });

  it('a funding payment is split by the strategies positions, to the last unit', async () => {
    const [bench] = await usdm(accepts);
    bench.setPosition(0, 0, 30);
    bench.setPosition(1, 0, -10);
    const funding = { instrument: 0, asset: 'USDT', amount: '-0.00000007', id: 'f1', tsUs: 9 };
    bench.gateway.onPrivateFunding(funding);
    bench.gateway.onPrivateFunding(funding);
    // 30 of a net 20 pay 10.5 of 7 units, and the other side gets the rest back.
    expect(bench.heard().map(({ kind, strategy, fee }) => [kind, strategy, fee])).toEqual([
      ['FUNDING', 0, -10],
      ['FUNDING', 1, 3],
    ]);
  });

  it('a funding payment that an earlier run counted is not told again', async () => {
    const [first] = await usdm(accepts);
    first.setPosition(0, 0, 30);
    first.gateway.onPrivateFunding({ instrument: 0, asset: 'USDT', amount: '-0.5', id: 'f1', tsUs: 9 });
    const paidFundings = first.heard().map(({ tradeId }) => tradeId);
    expect(paidFundings).toHaveLength(1);
    const [second] = await usdm(accepts, { paidFundings });
    second.setPosition(1, 0, 30);
    second.gateway.onPrivateFunding({ instrument: 0, asset: 'USDT', amount: '-0.5', id: 'f1', tsUs: 9 });
    expect(second.heard()).toEqual([]);
    second.gateway.onPrivateFunding({ instrument: 0, asset: 'USDT', amount: '-0.5', id: 'f2', tsUs: 9 });
    expect(second.heard().map(({ kind, strategy }) => [kind, strategy])).toEqual([['FUNDING', 1]]);
  });
});

describe('B18: secrets', () => {
  it('stand in no notice and in no error, whatever the venue or the transport repeats', async () => {
    const apiKey = 'AKIAverysecretkeyid0001';
    const secret = 's3cr3t/with+signs==&more';
    const leak = (sent: Sent): string =>
      `${apiKey} ${secret} ${encodeURIComponent(secret)} ${sent.url} ${sent.body} signature=${sent.params['signature'] ?? ''} "listenKey":"pqia91ma19a5s61cv6a81va65sdf19v8a65a1"`;
    const http = new ScriptedHttp((sent) => json({ code: -2015, msg: leak(sent) }, 401));
    const bench = await GatewayBench.open({ venue: 'binance-usdm', http, apiKey, secret });
    await bench.up();
    await bench.asks({ orderId: orderId(1) });
    await bench.asks({ kind: RecordKind.QUERY, orderId: orderId(1) });
    const texts = bench.notices.join('\n');
    expect(bench.notices.length).toBeGreaterThan(1);
    for (const hidden of [apiKey, secret, encodeURIComponent(secret), 'pqia91ma19a5s61cv6a81va65sdf19v8a65a1'])
      expect(texts).not.toContain(hidden);
    expect(texts).not.toMatch(/signature=(?!\[hidden\])[^\s]/);
  });
});

describe('prepareCcxt', () => {
  const options = {
    address: 'http://venue.test',
    timeoutMs: 1_000,
    wallUs: () => 1_790_000_000_000_000,
    credentials: { apiKey: 'k', secret: 's' },
  };

  it('names the class that ccxt does not have', async () => {
    await expect(prepareCcxt('ccxt:nosuchvenue', { ...options, instruments: [], http: new ScriptedHttp() })).rejects.toMatchObject({
      code: 'CCXT_CLASS_MISSING',
    });
  });

  it('names missing keys', async () => {
    await expect(prepareCcxt('bybit', { ...options, credentials: null, instruments: [], http: new ScriptedHttp() })).rejects.toMatchObject({
      code: 'KEYS_MISSING',
    });
  });

  it('names instruments that the venue does not list', async () => {
    const http = new ScriptedHttp(() => json([]));
    const { instruments } = tablesOf('bitmex');
    const failure = await prepareCcxt('bitmex', { ...options, instruments, http }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EngineError);
    expect(failure).toMatchObject({ code: 'NOT_LISTED', facts: { instruments: 'bitmex:XBTUSD' } });
  });

  it('says in the venue s words why a key does not work, without the key', async () => {
    const http = new ScriptedHttp(() => json({ error: { message: 'Invalid API Key. very-secret-key-id', name: 'HTTPError' } }, 401));
    const failure = await prepareCcxt('bitmex', {
      ...options,
      credentials: { apiKey: 'very-secret-key-id', secret: 'very-secret' },
      instruments: [],
      http,
    }).catch((error: unknown) => error);
    expect(String(failure)).toMatch(/VENUE_NOT_READY.*Invalid API Key/);
    expect(String(failure)).not.toContain('very-secret');
  });
});

/** ticks x step, as text, by hand. */
function exactProduct(ticks: number, step: string): string {
  const [whole = '0', fraction = ''] = step.split('.');
  const product = (BigInt(ticks) * BigInt(whole + fraction)).toString().padStart(fraction.length + 1, '0');
  const text = fraction === '' ? product : `${product.slice(0, -fraction.length)}.${product.slice(-fraction.length)}`;
  return text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;
}
