/** ccxt's own bitmex class (4.5.82, the last that has it), unchanged but for its addresses, against the simulated venue. */
import { bitmex } from 'ccxt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SteppedVenue } from '../support/stepped-venue.js';
import { START_US } from '../support/venue-client.js';

let venue: SteppedVenue;
let exchange: bitmex;

beforeAll(async () => {
  venue = await SteppedVenue.start('bitmex');
  await venue.run(2);
  exchange = new bitmex({ apiKey: venue.apiKey, secret: venue.secret, enableRateLimit: false });
  exchange.urls['api'] = { public: venue.rest, private: venue.rest };
  // Market time stands still between steps, whatever the wall says.
  exchange.options['recvWindow'] = Math.max(5_000, START_US / 1_000 - Date.now() + 600_000);
  await exchange.loadMarkets();
});
afterAll(() => venue.stop());

function idOf(order: { readonly id?: string | undefined }): string {
  return order.id ?? '';
}

describe.each(['BTC/USD:BTC', 'BTC/USDT:USDT', 'ETH/USD:BTC'])('ccxt on bitmex %s', (symbol) => {
  const amount = symbol === 'BTC/USD:BTC' ? 1_000 : symbol === 'ETH/USD:BTC' ? 10 : 20_000;

  it('creates, edits, finds and cancels', async () => {
    const { bid } = await exchange.fetchTicker(symbol);
    const price = Math.floor(Number(bid) * 0.9);
    const clientOrderId = `c-${symbol.slice(0, 8)}`;
    const created = await exchange.createOrder(symbol, 'limit', 'buy', amount, price, { clientOrderId, postOnly: true });
    expect(created).toMatchObject({ status: 'open', clientOrderId, price, postOnly: true, remaining: amount });
    const edited = await exchange.editOrder(idOf(created), symbol, 'limit', 'buy', amount * 2, price - 10);
    expect(edited).toMatchObject({ id: created.id, price: price - 10, remaining: amount * 2 });
    expect(await exchange.fetchOrder(idOf(created), symbol)).toMatchObject({ status: 'open', price: price - 10, clientOrderId });
    expect((await exchange.fetchOpenOrders(symbol)).map(({ id }) => id)).toEqual([created.id]);
    expect(await exchange.cancelOrder(idOf(created), symbol)).toMatchObject({ id: created.id, status: 'canceled' });
    await expect(exchange.cancelOrder(idOf(created), symbol)).rejects.toThrow(/Unable to cancel order due to existing state: Canceled/);
    expect((await exchange.fetchOrders(symbol)).at(-1)).toMatchObject({ id: created.id, status: 'canceled' });
  });

  it('cancels several and all', async () => {
    const { bid } = await exchange.fetchTicker(symbol);
    const price = Math.floor(Number(bid) * 0.9);
    const ids: string[] = [];
    for (let step = 0; step < 4; step++) ids.push(idOf(await exchange.createOrder(symbol, 'limit', 'buy', amount, price - step)));
    expect((await exchange.cancelOrders(ids.slice(0, 2), symbol)).map(({ status }) => status)).toEqual(['canceled', 'canceled']);
    expect((await exchange.cancelAllOrders(symbol)).map(({ id }) => id)).toEqual(ids.slice(2));
    expect(await exchange.fetchOpenOrders(symbol)).toEqual([]);
    await venue.run(5);
  });

  it('trades, and reads trades, balance, positions and the statement', async () => {
    await exchange.setLeverage(5, symbol);
    const bought = await exchange.createOrder(symbol, 'market', 'buy', amount);
    expect(bought).toMatchObject({ status: 'closed', remaining: 0 });
    const trades = await exchange.fetchMyTrades(symbol);
    expect(trades.length).toBeGreaterThan(0);
    expect(trades.every((trade) => trade.order === bought.id && trade.takerOrMaker === 'taker' && Number(trade.fee?.cost) > 0)).toBe(true);
    expect(await exchange.fetchPositions([symbol])).toMatchObject([{ symbol, contracts: amount, leverage: 5, marginMode: 'isolated' }]);
    const balance = await exchange.fetchBalance();
    const currency = symbol === 'BTC/USDT:USDT' ? 'USDT' : 'BTC';
    expect(Number(balance[currency]?.total)).toBeGreaterThan(0);
    expect(Number(balance[currency]?.free)).toBeLessThan(Number(balance[currency]?.total));
    await exchange.createOrder(symbol, 'market', 'sell', amount, undefined, { reduceOnly: true });
    await exchange.setMarginMode('cross', symbol);
    const ledger = await exchange.fetchLedger(currency);
    expect(ledger.map(({ type }) => type)).toContain('margin');
    const after = await exchange.fetchBalance();
    expect(ledger[ledger.length - 1]?.after).toBe(after[currency]?.total);
    await venue.run(5);
  });
});

it('ccxt starts the dead man’s timer of bitmex and stops it', async () => {
  expect(await exchange.cancelAllOrdersAfter(60_000_000)).toMatchObject({ now: expect.any(String), cancelTime: expect.any(String) });
  expect(await exchange.cancelAllOrdersAfter(0)).toMatchObject({ cancelTime: 0 });
});
