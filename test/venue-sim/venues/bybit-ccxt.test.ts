/** ccxt's own bybit class, unchanged but for its addresses, against the simulated venue: what the engine and people's bots call. */
import { bybit } from 'ccxt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SteppedVenue } from '../support/stepped-venue.js';

let venue: SteppedVenue;
let exchange: bybit;

beforeAll(async () => {
  venue = await SteppedVenue.start('bybit');
  await venue.run(2);
  exchange = new bybit({ apiKey: venue.apiKey, secret: venue.secret, enableRateLimit: false });
  exchange.urls['api'] = { ...exchange.urls['api'], public: venue.rest, private: venue.rest };
  // Market time stands still between steps, however long the machine takes for them.
  const timeDifference = (): number => Date.now() - Math.floor(venue.venue.world.nowUs / 1_000);
  Object.defineProperty(exchange.options, 'timeDifference', { get: timeDifference });
  await exchange.loadMarkets();
});
afterAll(() => venue.stop());

function idOf(order: { readonly id?: string | undefined }): string {
  return order.id ?? '';
}

describe.each(['BTC/USDT:USDT', 'BTC/USD:BTC', 'BTC/USDT'])('ccxt on bybit %s', (symbol) => {
  const isSpot = symbol === 'BTC/USDT';
  const isInverse = symbol === 'BTC/USD:BTC';
  const amount = isInverse ? 1_000 : 0.02;

  it('creates, edits, finds and cancels', async () => {
    const { bid } = await exchange.fetchTicker(symbol);
    const price = Math.floor(Number(bid) * 0.9);
    const clientOrderId = `c${isSpot ? 's' : isInverse ? 'i' : 'l'}1`;
    const created = await exchange.createOrder(symbol, 'limit', 'buy', amount, price, { clientOrderId, postOnly: true });
    expect(created.clientOrderId).toBe(clientOrderId);
    await exchange.editOrder(idOf(created), symbol, 'limit', 'buy', amount * 2, price - 10);
    const found = await exchange.fetchOrder(idOf(created), symbol, { acknowledged: true });
    expect(found).toMatchObject({ status: 'open', price: price - 10, amount: amount * 2, filled: 0, clientOrderId });
    expect((await exchange.fetchOpenOrders(symbol)).map(({ id }) => id)).toEqual([created.id]);
    await exchange.cancelOrder(idOf(created), symbol);
    expect((await exchange.fetchCanceledOrders(symbol))[0]).toMatchObject({ id: created.id, status: 'canceled' });
    await expect(exchange.cancelOrder(idOf(created), symbol)).rejects.toThrow(/OrderNotFound|not exist/);
  });

  it('creates, edits and cancels many at once', async () => {
    const { bid } = await exchange.fetchTicker(symbol);
    const price = Math.floor(Number(bid) * 0.9);
    const order = (step: number): object => ({ symbol, type: 'limit', side: 'buy', amount, price: price - step });
    const created = await exchange.createOrders([order(0), order(10), order(20)] as never);
    expect(created.map(({ id }) => typeof id)).toEqual(['string', 'string', 'string']);
    const edits = created.map(({ id }) => ({ ...order(30), id }));
    expect(await exchange.editOrders(edits as never)).toHaveLength(3);
    expect((await exchange.fetchOpenOrders(symbol)).map((open) => open.price)).toEqual([price - 30, price - 30, price - 30]);
    const ids = created.slice(0, 2).map(idOf);
    if (isInverse) for (const id of ids) await exchange.cancelOrder(id, symbol);
    else await exchange.cancelOrders(ids, symbol);
    expect(await exchange.fetchOpenOrders(symbol)).toHaveLength(1);
    await exchange.cancelAllOrders(symbol);
    expect(await exchange.fetchOpenOrders(symbol)).toEqual([]);
    await venue.run(1);
  });

  it('trades, and reads trades, orders, balance, positions and the statement', async () => {
    const bought = await exchange.createOrder(
      symbol,
      'market',
      'buy',
      amount,
      isSpot ? (await exchange.fetchTicker(symbol)).ask : undefined,
    );
    const trades = await exchange.fetchMyTrades(symbol);
    expect(trades.length).toBeGreaterThan(0);
    expect(trades.every((trade) => trade.order === bought.id && trade.takerOrMaker === 'taker' && Number(trade.fee?.cost) > 0)).toBe(true);
    expect((await exchange.fetchClosedOrders(symbol))[0]).toMatchObject({ id: bought.id, status: 'closed' });
    const balance = await exchange.fetchBalance();
    expect(Number(balance['USDT']?.total)).toBeGreaterThan(0);
    expect(Number(balance['BTC']?.free)).toBeLessThanOrEqual(Number(balance['BTC']?.total));
    if (!isSpot) {
      const held = await exchange.fetchPositions([symbol]);
      expect(held).toMatchObject([{ side: 'long', contracts: amount }]);
      await exchange.setLeverage(7, symbol);
      await expect(exchange.setLeverage(7, symbol)).rejects.toThrow(/110043/);
      await exchange.createOrder(symbol, 'market', 'sell', amount, undefined, { reduceOnly: true });
      expect((await exchange.fetchPositions([symbol])).filter(({ contracts }) => Number(contracts) > 0)).toEqual([]);
      expect(await exchange.fetchFundingHistory(symbol)).toEqual([]);
    }
    expect((await exchange.fetchLedger()).length).toBeGreaterThan(0);
    expect(await exchange.fetchTradingFee(symbol)).toMatchObject({ symbol, taker: isSpot ? 0.001 : 0.00055 });
    await venue.run(1);
  });
});

it('ccxt asks bybit for fees of all markets and sets the disconnect protection', async () => {
  expect(Object.keys(await exchange.fetchTradingFees())).toContain('BTC/USDT:USDT');
  expect(await exchange.cancelAllOrdersAfter(30_000)).toMatchObject({ retCode: 0 });
});
