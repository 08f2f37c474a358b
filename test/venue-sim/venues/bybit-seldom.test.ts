/** What clients of Bybit ask when they start although this exchange has nothing of it: each answer in the venue's shape, none invented. */
import { describe, expect, it } from 'vitest';
import { BybitClient, rowsOf, type Json } from '../support/bybit-client.js';

const LINEAR = { category: 'linear', symbol: 'BTCUSDT' } as const;
const SPOT = { category: 'spot', symbol: 'BTCUSDT' } as const;

function clientAfter(seconds: number): BybitClient {
  const bybit = new BybitClient();
  bybit.venue.run(seconds);
  return bybit;
}

describe('bybit paths about what does not exist here', () => {
  it('are lists without an entry, public and signed', () => {
    const bybit = clientAfter(0.1);
    const empty: readonly (readonly [string, Record<string, string>, string])[] = [
      ['market/insurance', { coin: 'BTC' }, 'list'],
      ['market/delivery-price', { category: 'linear' }, 'list'],
      ['market/account-ratio', { ...LINEAR, period: '1h' }, 'list'],
      ['market/tickers', { category: 'option', baseCoin: 'BTC' }, 'list'],
      ['spot-margin-trade/data', {}, 'vipCoinList'],
      ['account/contract-transaction-log', {}, 'list'],
      ['asset/settlement-record', { category: 'linear' }, 'list'],
      ['asset/exchange/order-record', {}, 'orderBody'],
      ['asset/deposit/query-internal-record', {}, 'rows'],
      ['asset/transfer/query-universal-transfer-list', {}, 'list'],
      ['position/move-history', {}, 'list'],
      ['user/submembers', {}, 'subMembers'],
    ];
    for (const [path, query, list] of empty) {
      const answer = bybit.get(path, query);
      expect([path, answer.retCode, answer.result[list]]).toEqual([path, 0, []]);
    }
    expect(bybit.get('asset/settlement-record', { category: 'spot' }).retMsg).toBe('Illegal category');
  });

  it('are settings that can be set to what they are, and to nothing else', () => {
    const bybit = clientAfter(0.1);
    const code = (path: string, body: Json): number => bybit.post(path, body).retCode;
    expect(code('account/set-hedging-mode', { setHedgingMode: 'OFF' })).toBe(0);
    expect(code('account/set-hedging-mode', { setHedgingMode: 'ON' })).toBe(10_001);
    expect(code('position/set-auto-add-margin', { ...LINEAR, autoAddMargin: 0 })).toBe(0);
    expect(code('position/set-auto-add-margin', { ...LINEAR, autoAddMargin: 1 })).toBe(10_001);
    expect(code('position/set-auto-add-margin', { category: 'linear', symbol: 'NONE', autoAddMargin: 0 })).toBe(10_001);
    const risk = bybit.get('position/list', LINEAR);
    const set = bybit.post('position/set-risk-limit', { ...LINEAR, riskId: 1 });
    expect(set.result).toEqual({ category: 'linear', riskId: 1, riskLimitValue: rowsOf(risk)[0]?.['riskLimitValue'] });
  });

  it('move no money: the key has no right to', () => {
    const bybit = clientAfter(0.1);
    for (const path of ['asset/transfer/inter-transfer', 'asset/withdraw/create'])
      expect(bybit.post(path, { coin: 'BTC' }).retCode).toBe(10_005);
    const rights = bybit.get('user/query-api').result['permissions'] as Record<string, unknown>;
    expect(rights['Wallet']).toEqual([]);
  });
});

describe('bybit conditional orders', () => {
  it('are none, however many plain ones are open or ended, and cancelling them cancels nothing', () => {
    const bybit = clientAfter(0.1);
    const order = { ...LINEAR, side: 'Buy', orderType: 'Limit', qty: '0.01', price: '60000' };
    for (const orderLinkId of ['open', 'ended']) expect(bybit.post('order/create', { ...order, orderLinkId }).retCode).toBe(0);
    bybit.post('order/cancel', { ...LINEAR, orderLinkId: 'ended' });
    const names = (path: string, orderFilter: string): unknown[] =>
      rowsOf(bybit.get(path, { ...LINEAR, orderFilter })).map((row) => row['orderLinkId']);
    expect([names('order/realtime', 'StopOrder'), names('order/history', 'tpslOrder')]).toEqual([[], []]);
    expect(bybit.post('order/cancel-all', { ...LINEAR, orderFilter: 'StopOrder' }).result['list']).toEqual([]);
    expect([names('order/realtime', 'Order'), names('order/history', 'Order')]).toEqual([['open'], ['ended']]);
  });
});

describe('bybit instruments', () => {
  it('are the same for an account as for everybody, all of them traded', () => {
    const bybit = clientAfter(0.1);
    for (const category of ['linear', 'inverse', 'spot'])
      expect(bybit.get('account/instruments-info', { category }).result).toEqual(bybit.get('market/instruments-info', { category }).result);
    expect(rowsOf(bybit.get('account/instruments-info', LINEAR))).toHaveLength(1);
    expect(bybit.get('account/instruments-info', { category: 'linear', symbol: 'NONE' }).retCode).toBe(10_001);
    expect(rowsOf(bybit.get('market/instruments-info', { category: 'linear', status: 'Trading' })).length).toBeGreaterThan(0);
    expect(rowsOf(bybit.get('market/instruments-info', { category: 'linear', status: 'PreLaunch' }))).toEqual([]);
    const index = bybit.get('market/index-price-components', { indexName: 'BTCUSDT' }).result;
    const [ticker] = rowsOf(bybit.get('market/tickers', LINEAR));
    expect(index).toMatchObject({ indexName: 'BTCUSDT', lastPrice: ticker?.['indexPrice'], components: [] });
    expect(bybit.get('market/index-price-components', { indexName: 'NONE' }).retCode).toBe(10_001);
  });
});

describe('bybit spot orders', () => {
  it('can be as large as the wallet, since nothing is lent', () => {
    const bybit = clientAfter(0.1);
    const check = (side: string): Json => bybit.get('order/spot-borrow-check', { ...SPOT, side }).result;
    const sell = check('Sell');
    expect(sell).toMatchObject({ side: 'Sell', borrowCoin: 'BTC', maxTradeQty: '20', spotMaxTradeQty: '20' });
    const buy = check('Buy');
    expect(buy).toMatchObject({ borrowCoin: 'USDT', maxTradeAmount: '1000000', spotMaxTradeAmount: '1000000' });
    const { price } = rowsOf(bybit.get('market/recent-trade', { ...SPOT, limit: '1' }))[0] as { price: string };
    expect(Number(buy['maxTradeQty']) * Number(price)).toBeCloseTo(1_000_000, 0);
  });
});

describe('bybit price improvement', () => {
  it('is a book whose levels have a third number, by request and as a stream', () => {
    const bybit = clientAfter(1);
    const client = bybit.venue.open('/v5/public/linear');
    client.send({ op: 'subscribe', args: ['orderbook.rpi.BTCUSDT', 'orderbook.50.BTCUSDT'] });
    const sides = (topic: string): Json => client.take().find((message) => message['topic'] === topic)?.['data'] as Json;
    const received = client.received.slice();
    const rpi = sides('orderbook.rpi.BTCUSDT')['b'] as string[][];
    client.received.push(...received);
    const plain = sides('orderbook.50.BTCUSDT')['b'] as string[][];
    expect(plain).toHaveLength(50);
    expect(rpi).toEqual(plain.map((level) => [...level, '0']));
    const asked = bybit.get('market/rpi_orderbook', { ...LINEAR, limit: '50' }).result;
    expect(asked['b']).toEqual(rpi);
    expect(bybit.get('market/rpi_orderbook', LINEAR).retMsg).toBe('params error: limit invalid');
  });
});

describe('bybit public topics', () => {
  it('tell the limits of prices when they move, as orders are held to them', () => {
    const bybit = clientAfter(1);
    const client = bybit.venue.open('/v5/public/linear');
    client.send({ op: 'subscribe', args: ['priceLimit.BTCUSDT'] });
    client.take();
    bybit.venue.run(2);
    const { data } = client.take().at(-1) as { data: Json };
    const { buyLmt, sellLmt } = bybit.get('market/price-limit', LINEAR).result as Record<string, string>;
    expect(data['symbol']).toBe('BTCUSDT');
    expect(Math.abs(Number(data['buyLmt']) / Number(buyLmt) - 1)).toBeLessThan(0.001);
    expect(Math.abs(Number(data['sellLmt']) / Number(sellLmt) - 1)).toBeLessThan(0.001);
  });

  it('of the pool, of deleveraging and of the system are taken and stay silent; options know no symbol', () => {
    const bybit = clientAfter(0.1);
    const answer = (path: string, topic: string): unknown => {
      const client = bybit.venue.open(path);
      client.send({ op: 'subscribe', args: [topic] });
      return client.take()[0]?.['success'];
    };
    expect(answer('/v5/public/linear', 'insurance.USDT')).toBe(true);
    expect(answer('/v5/public/inverse', 'adlAlert.inverse')).toBe(true);
    expect(answer('/v5/public/spot', 'insurance.USDT')).toBe(false);
    expect(answer('/v5/public/misc/status', 'system.status')).toBe(true);
    expect(answer('/v5/public/option', 'tickers.BTC-1JAN27-100000-C')).toBe(false);
  });
});
