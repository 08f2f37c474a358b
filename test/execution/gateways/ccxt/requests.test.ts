/** Requests and their answers, with the test as the venue: batches by client order id, and what counts as refused, unknown, or not found. */
import { describe, expect, it } from 'vitest';
import { RecordKind } from '../../../../src/core/memory/record.js';
import { clientId, GatewayBench, orderId } from './gateway-bench.js';
import { json, noAnswer, refusedConnection, ScriptedHttp } from './scripted-http.js';

import { accepts, binanceOrder, event, say, usdm } from './usdm-script.js';

describe('C6: batches', () => {
  it('requests that are ready together go as one call, up to what the venue takes', async () => {
    const [bench, http] = await usdm(accepts);
    for (let one = 1; one <= 7; one++) bench.ask({ orderId: orderId(one) });
    await bench.settle();
    const calls = http
      .of('POST', '/fapi/v1/batchOrders')
      .map(({ params }) => (JSON.parse(params['batchOrders'] ?? '') as unknown[]).length);
    expect(calls).toEqual([5, 2]);
    expect(bench.heard().map(({ kind, orderId: id }) => [kind, id])).toEqual(
      Array.from({ length: 7 }, (_, index) => ['ACK', orderId(index + 1)]),
    );
  });

  it('answers in any order are told by client order id', async () => {
    const [bench] = await usdm((sent) => {
      const ids = (JSON.parse(sent.params['batchOrders'] ?? '[]') as { newClientOrderId: string }[]).map((one) => one.newClientOrderId);
      return json(ids.toReversed().map((id, place) => binanceOrder(id, { orderId: 100 + place, price: `${10 + place}.0` })));
    });
    for (let one = 1; one <= 3; one++) bench.ask({ orderId: orderId(one) });
    await bench.settle();
    expect(bench.heard().map(({ orderId: id, price }) => [id, price])).toEqual([
      [orderId(1), 120],
      [orderId(2), 110],
      [orderId(3), 100],
    ]);
  });

  it('an error without a name is an item s only when all others are in their places; else the outcome is unknown', async () => {
    let isReversed = false;
    const [bench] = await usdm((sent) => {
      const ids = (JSON.parse(sent.params['batchOrders'] ?? '[]') as { newClientOrderId: string }[]).map((one) => one.newClientOrderId);
      const rows = ids.map((id, place) => (place === 1 ? { code: -2019, msg: 'Margin is insufficient.' } : binanceOrder(id)));
      return json(isReversed ? rows.toReversed() : rows);
    });
    for (let one = 1; one <= 3; one++) bench.ask({ orderId: orderId(one) });
    await bench.settle();
    expect(bench.heard().map((told) => say(told))).toEqual(['ACK', 'REJECT INSUFFICIENT_BALANCE', 'ACK']);
    isReversed = true;
    for (let one = 4; one <= 6; one++) bench.ask({ orderId: orderId(one) });
    await bench.settle();
    expect(bench.heard().map((told) => say(told))).toEqual(['ACK', 'UNKNOWN TIMEOUT', 'ACK']);
  });

  it('an item that the answer leaves out is unknown, never refused', async () => {
    const [bench] = await usdm((sent) => {
      const ids = (JSON.parse(sent.params['batchOrders'] ?? '[]') as { newClientOrderId: string }[]).map((one) => one.newClientOrderId);
      return json(ids.slice(0, 2).map((id) => binanceOrder(id)));
    });
    for (let one = 1; one <= 3; one++) bench.ask({ orderId: orderId(one) });
    await bench.settle();
    expect(bench.heard().map((told) => say(told))).toEqual(['ACK', 'ACK', 'UNKNOWN TIMEOUT']);
  });

  it('Bybit batches are of one category', async () => {
    const http = new ScriptedHttp((sent) => {
      const body = (sent.json ?? {}) as { readonly request?: readonly { readonly orderLinkId: string }[]; readonly orderLinkId?: string };
      if (sent.path.startsWith('/v5/account') || sent.path.startsWith('/v5/position')) return json({ retCode: 0, result: { list: [] } });
      const ids = (body.request ?? [{ orderLinkId: body.orderLinkId ?? '' }]).map((one) => ({
        orderId: 'x',
        orderLinkId: one.orderLinkId,
      }));
      const list = { list: ids };
      return json({
        retCode: 0,
        result: body.request === undefined ? ids[0] : list,
        retExtInfo: { list: ids.map(() => ({ code: 0, msg: 'OK' })) },
        time: 1,
      });
    });
    const bench = await GatewayBench.open({ venue: 'bybit', http });
    await bench.up();
    http.sent.length = 0;
    for (const [one, instrument] of [0, 0, 1, 1, 0].entries()) bench.ask({ orderId: orderId(one + 1), instrument });
    await bench.settle();
    expect(http.sent.map(({ path, json: body }) => [path, (body as { category: string }).category])).toEqual([
      ['/v5/order/create-batch', 'linear'],
      ['/v5/order/create-batch', 'spot'],
      ['/v5/order/create', 'linear'],
    ]);
    expect(bench.heard().filter(({ kind }) => kind === 'ACK')).toHaveLength(5);
  });
});

describe('C1: outcomes', () => {
  it('a DUPLICATE answer to a create is a question: what exists is told as it stands', async () => {
    const [bench, http] = await usdm((sent) => {
      if (sent.method === 'POST') return json({ code: -4116, msg: 'ClientOrderId is duplicated.' }, 400);
      if (sent.path.endsWith('userTrades'))
        return json([
          {
            symbol: 'BTCUSDT',
            id: 7,
            orderId: 1,
            side: 'BUY',
            price: '10.0',
            qty: '0.004',
            commission: '0.00002',
            commissionAsset: 'USDT',
            time: 5,
            maker: true,
          },
        ]);
      return json(binanceOrder(clientId(1), { executedQty: '0.004', status: 'PARTIALLY_FILLED' }));
    });
    const told = await bench.asks({ orderId: orderId(1) });
    expect(told.map((one) => say(one))).toEqual(['ACK', 'FILL']);
    expect(told[1]).toMatchObject({ fillLots: 4, fillTicks: 100, fee: 2_000, feeAsset: 'USDT', tradeId: 7, isMaker: true });
    expect(http.of('POST', '/fapi/v1/order')).toHaveLength(1);
  });

  it.each([
    ['no answer', () => noAnswer(), 'UNKNOWN TIMEOUT'],
    ['a refused connection', () => refusedConnection(), 'REJECT GATEWAY_DOWN'],
    ['a page of HTML', () => ({ status: 200, headers: {}, text: '<html>maintenance</html>' }), 'UNKNOWN TIMEOUT'],
    ['an empty body', () => ({ status: 200, headers: {}, text: '' }), 'UNKNOWN TIMEOUT'],
    ['half an answer', () => ({ status: 200, headers: {}, text: '{"symbol":"BTCUSDT","orderId"' }), 'UNKNOWN TIMEOUT'],
    ['somebody else s order', () => json(binanceOrder('other')), 'UNKNOWN TIMEOUT'],
    ['an order without a price', () => json({ ...binanceOrder(clientId(1)), price: undefined }), 'UNKNOWN TIMEOUT'],
    ['a gateway s 502', () => ({ status: 502, headers: {}, text: 'Bad Gateway' }), 'UNKNOWN TIMEOUT'],
    ['an unknown execution', () => json({ code: -1007, msg: 'Timeout waiting for response from backend server.' }, 408), 'UNKNOWN TIMEOUT'],
    ['a code that nobody knows', () => json({ code: -9999, msg: 'something new' }, 400), 'REJECT VENUE_REJECTED'],
  ] as const)('a create answered by %s', async (_, answer, wanted) => {
    const [bench] = await usdm(() => answer());
    expect((await bench.asks({ orderId: orderId(1) })).map((told) => say(told))).toEqual([wanted]);
  });

  it('C2: a question that nobody answers is not answered "not found"', async () => {
    const [bench] = await usdm(() => noAnswer());
    const told = [
      ...(await bench.asks({ kind: RecordKind.QUERY, orderId: orderId(1) })),
      ...(await bench.asks({ kind: RecordKind.LIST, orderId: 0 })),
    ];
    expect(told.filter(({ kind }) => !kind.startsWith('GATEWAY'))).toEqual([]);
  });

  it('a list is whole or not at all', async () => {
    const [bench] = await usdm((sent) => (sent.params['symbol'] === 'ETHUSDT' ? noAnswer() : json([binanceOrder(clientId(1))])));
    expect(await bench.asks({ kind: RecordKind.LIST, orderId: 0 })).toEqual([]);
  });

  it('an answer carries the time of its request s decision, news of the stream carry none', async () => {
    const [bench] = await usdm(accepts);
    expect((await bench.asks({ orderId: orderId(1), decidedUs: 777 })).map(({ decidedUs }) => decidedUs)).toEqual([777]);
    bench.gateway.onPrivateOrder(event({ status: 'cancelled', tsUs: 1_790_000_000_000_001 }));
    expect(bench.heard().map(({ kind, decidedUs }) => [kind, decidedUs < 1])).toEqual([['CANCELLED', true]]);
  });

  it('terms that the stream tells late never undo newer ones', async () => {
    const [bench] = await usdm((sent) =>
      sent.method === 'PUT' ? json(binanceOrder(clientId(1), { price: '11.0', updateTime: 1_790_000_000_500 })) : accepts(sent),
    );
    await bench.asks({ orderId: orderId(1) });
    expect((await bench.asks({ kind: RecordKind.AMEND, orderId: orderId(1), price: 110 })).map(({ kind, price }) => [kind, price])).toEqual(
      [['AMENDED', 110]],
    );
    bench.gateway.onPrivateOrder(event({ status: 'partially-filled', price: '10', cum: '0.001', tsUs: 1_790_000_000_100_000 }));
    expect(bench.heard()).toEqual([]);
  });

  it('a create that waited until nobody waits for it any more is refused unsent', async () => {
    const [bench, http] = await usdm((sent) =>
      sent.method === 'POST' && http.sent.length === 1
        ? json({ code: -1003, msg: 'Too many requests' }, 429, { 'retry-after': '10' })
        : accepts(sent),
    );
    await bench.asks({ orderId: orderId(1) });
    bench.ask({ orderId: orderId(2) });
    bench.nowUs += 1_000_000;
    await bench.settle();
    expect(bench.heard()).toEqual([]);
    bench.nowUs += 1_500_000;
    await bench.settle();
    expect(bench.heard().map((told) => say(told))).toEqual(['REJECT RATE_LIMITED']);
    bench.nowUs += 10_000_000;
    await bench.settle();
    expect(http.of('POST', '/fapi/v1/order')).toHaveLength(1);
  });
});

describe('a request that the venue refused for its time', () => {
  const LATE = { code: -1021, msg: 'Timestamp for this request is outside of the recvWindow.' };

  it('C1: was not taken: it is signed anew and sent again, once, with the same client order id', async () => {
    let refusals = 1;
    const [bench, http] = await usdm((sent) => {
      if (sent.path === '/fapi/v1/time') return json({ serverTime: 1_790_000_000_000 });
      return refusals-- > 0 ? json(LATE, 400) : accepts(sent);
    });
    bench.ask({ orderId: orderId(1) });
    await bench.settle();
    const sent = http.of('POST', '/fapi/v1/order');
    expect(sent.map(({ params }) => params['newClientOrderId'])).toEqual([clientId(1), clientId(1)]);
    expect(http.of('GET', '/fapi/v1/time')).toHaveLength(1);
    expect(bench.heard().map((told) => say(told))).toEqual(['ACK']);
    refusals = 2;
    bench.ask({ orderId: orderId(2) });
    await bench.settle();
    expect(http.of('POST', '/fapi/v1/order')).toHaveLength(4);
    expect(bench.heard().map((told) => say(told))).toEqual(['REJECT VENUE_REJECTED']);
  });

  it('C1: is not sent any more when it became too old meanwhile, and no clock is asked twice for many', async () => {
    const [bench, http] = await usdm((sent) => {
      if (sent.path !== '/fapi/v1/time') return json(LATE, 400);
      bench.nowUs += 3_000_000;
      return json({ serverTime: 1_790_000_000_000 });
    });
    for (let one = 1; one <= 12; one++) bench.ask({ orderId: orderId(one) });
    await bench.settle();
    expect(http.of('POST', '/fapi/v1/batchOrders')).toHaveLength(3);
    expect(http.of('GET', '/fapi/v1/time').length).toBeLessThan(3);
    expect(bench.heard().map((told) => say(told))).toEqual(Array.from({ length: 12 }, () => 'REJECT RATE_LIMITED'));
  });
});
