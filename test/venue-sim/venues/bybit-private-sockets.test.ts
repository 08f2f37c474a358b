/** The simulated Bybit's private stream and its trade socket. */
import { beforeEach, describe, expect, it } from 'vitest';
import { BybitClient, dataOf, rowsOf, type Json, far, crossing } from '../support/bybit-client.js';

let bybit: BybitClient;

beforeEach(() => {
  bybit = new BybitClient();
  bybit.venue.run(0.1);
});

describe('bybit private socket', () => {
  it('wants a login, knows its topics, answers pings', () => {
    const socket = bybit.venue.open('/v5/private');
    socket.send({ op: 'subscribe', args: ['order'], req_id: 'q' });
    socket.send({ op: 'auth', args: [bybit.apiKey, bybit.nowMs() - 1, 'ab'] });
    socket.send({ op: 'auth', args: ['nobody', bybit.nowMs() + 1_000, 'ab'] });
    socket.send({ op: 'auth', args: [bybit.apiKey, bybit.nowMs() + 1_000, 'ab'] });
    socket.send({ op: 'ping', req_id: 'p' });
    const answers = socket.take();
    expect(answers.slice(0, 4).map((message) => [message['success'], message['op']])).toEqual([
      [false, 'subscribe'],
      [false, 'auth'],
      [false, 'auth'],
      [false, 'auth'],
    ]);
    expect(answers[4]).toEqual({ req_id: 'p', op: 'pong', args: [String(bybit.nowMs())], conn_id: answers[0]?.['conn_id'] });
    const known = bybit.socket('/v5/private');
    known.send({ op: 'subscribe', args: ['order', 'orders'] });
    known.send({ op: 'subscribe', args: ['order.linear'] });
    expect(known.take()).toMatchObject([{ success: false, ret_msg: 'error:handler not found,topic:orders' }, { success: true }]);
  });

  it('tells an account its own orders, by category where asked, and nobody else’s', () => {
    const all = bybit.socket('/v5/private', 'order', 'execution.fast', 'wallet');
    const spot = bybit.socket('/v5/private', 'order.spot', 'position');
    const other = new BybitClient(bybit.venue, 'spare').socket('/v5/private', 'order', 'execution', 'position', 'wallet');
    bybit.post('order/create', crossing('linear', { orderLinkId: 'x1' }));
    bybit.post('order/create', far('spot', { orderLinkId: 'x2' }));
    bybit.venue.run(0.02);
    const heard = all.take();
    expect(dataOf(heard, 'order').map((row) => [row['orderLinkId'], row['orderStatus'], row['category']])).toEqual([
      ['x1', 'New', 'linear'],
      ['x1', 'Filled', 'linear'],
      ['x2', 'New', 'spot'],
    ]);
    expect(dataOf(heard, 'execution.fast')).toMatchObject([{ orderLinkId: 'x1', execQty: '0.010', isMaker: false }]);
    expect(dataOf(heard, 'wallet').length).toBeGreaterThan(0);
    const few = spot.take();
    expect(dataOf(few, 'order.spot').map((row) => row['orderLinkId'])).toEqual(['x2']);
    expect(dataOf(few, 'position')).toMatchObject([{ symbol: 'BTCUSDT', side: 'Buy', size: '0.010', category: 'linear' }]);
    expect(other.take()).toEqual([]);
  });

  it('lets go of a client that reads too slowly', () => {
    const slow = bybit.socket('/v5/private', 'order');
    slow.outcome = 'dropped';
    bybit.post('order/create', far('linear'));
    bybit.post('order/create', far('linear'));
    bybit.venue.run(0.02);
    expect(bybit.venue.venue.counters.slowClients).toBe(1);
  });

  it('cancels an account’s orders when its listeners of dcp are gone for the window', () => {
    expect(bybit.post('order/disconnected-cancel-all', { timeWindow: 2, product: 'DERIVATIVES' }).retCode).toBe(10_001);
    expect(bybit.post('order/disconnected-cancel-all', { timeWindow: 5, product: 'DERIVATIVES' }).retCode).toBe(0);
    expect(bybit.get('account/query-dcp-info').result).toEqual({
      dcpInfos: [{ product: 'DERIVATIVES', dcpStatus: 'ON', timeWindow: '5' }],
    });
    bybit.post('order/create', far('linear'));
    bybit.post('order/create', far('spot'));
    const open = (category: string): number => rowsOf(bybit.get('order/realtime', { category, symbol: 'BTCUSDT' })).length;
    const socket = bybit.socket('/v5/private', 'dcp.future');
    bybit.venue.run(6);
    expect([open('linear'), open('spot')]).toEqual([1, 1]);
    socket.leave();
    bybit.venue.run(4.9);
    const again = bybit.socket('/v5/private', 'dcp.future');
    bybit.venue.run(5.5);
    expect(open('linear')).toBe(1);
    again.leave();
    bybit.venue.run(5.1);
    expect([open('linear'), open('spot')]).toEqual([0, 1]);
  });
});

describe('bybit trade socket', () => {
  const header = (): Json => ({ 'X-BAPI-TIMESTAMP': String(bybit.nowMs()), 'X-BAPI-RECV-WINDOW': '5000' });

  it('trades by request id with the limits and refusals of REST', () => {
    const stranger = bybit.venue.open('/v5/trade');
    stranger.send({ reqId: 'r0', header: header(), op: 'order.create', args: [far('linear')] });
    expect(stranger.take()).toMatchObject([{ reqId: 'r0', retCode: 10_005, op: 'order.create' }]);
    const trade = bybit.socket('/v5/trade');
    trade.send({ op: 'ping', reqId: 'p1' });
    trade.send({ reqId: 'r1', header: header(), op: 'order.create', args: [far('linear', { orderLinkId: 'w1' })] });
    trade.send({ reqId: 'r1', header: header(), op: 'order.create', args: [far('linear')] });
    trade.send({ reqId: 'r2', header: {}, op: 'order.create', args: [far('linear')] });
    trade.send({
      reqId: 'r3',
      header: header(),
      op: 'order.amend',
      args: [{ category: 'linear', symbol: 'BTCUSDT', orderLinkId: 'w1', price: '60001' }],
    });
    trade.send({ reqId: 'r4', header: header(), op: 'order.cancel', args: [{ category: 'linear', symbol: 'BTCUSDT', orderLinkId: 'w2' }] });
    trade.send({
      reqId: 'r5',
      header: header(),
      op: 'order.create-batch',
      args: [{ category: 'linear', request: [far('linear'), far('linear', { qty: 'x' })] }],
    });
    trade.send({ reqId: 'r6', header: header(), op: 'order.dance', args: [] });
    expect(trade.take()).toMatchObject([
      { reqId: 'p1', retCode: 0, op: 'pong' },
      { reqId: 'r1', retCode: 0, data: { orderLinkId: 'w1' }, header: { 'X-Bapi-Limit': '10', 'X-Bapi-Limit-Status': '9' } },
      { reqId: 'r1', retCode: 20_006 },
      { reqId: 'r2', retCode: 10_002 },
      { reqId: 'r3', retCode: 0, data: { orderLinkId: 'w1' } },
      { reqId: 'r4', retCode: 110_001, retMsg: 'order not exists or too late to cancel' },
      {
        reqId: 'r5',
        retCode: 0,
        data: { list: [{ symbol: 'BTCUSDT' }, { orderId: '' }] },
        retExtInfo: { list: [{ code: 0 }, { code: 10_001 }] },
      },
      { reqId: 'r6', retCode: 10_404 },
    ]);
    expect(rowsOf(bybit.get('order/realtime', { category: 'linear', symbol: 'BTCUSDT', orderLinkId: 'w1' }))).toMatchObject([
      { price: '60001.00' },
    ]);
    const expires = bybit.nowMs() + 5_000;
    trade.send({ op: 'auth', args: [bybit.apiKey, expires, bybit.sign(`GET/realtime${expires}`)] });
    expect(trade.take()).toMatchObject([{ retCode: 20_001, op: 'auth' }]);
  });

  it('fails one order of a batch when a fault asks for it', () => {
    bybit.venue.script.add({ kind: 'partial-batch-failure', count: 1 }, bybit.venue.world.nowUs);
    const trade = bybit.socket('/v5/trade');
    const request = [far('linear'), far('linear')];
    trade.send({ reqId: 'f1', header: header(), op: 'order.create-batch', args: [{ category: 'linear', request }] });
    const [answer] = trade.take() as [{ retExtInfo: { list: { code: number }[] } }];
    expect(answer.retExtInfo.list.filter(({ code }) => code !== 0)).toHaveLength(1);
    expect(rowsOf(bybit.get('order/realtime', { category: 'linear', symbol: 'BTCUSDT' }))).toHaveLength(1);
  });
});
