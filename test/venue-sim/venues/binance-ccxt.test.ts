/** ccxt's own classes, unchanged, with their addresses pointed at the simulated venues: what people call every day works and agrees with the money. */
import type { Exchange as CcxtExchange, Order as CcxtOrder } from 'ccxt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VenueId } from '../../../src/venue-sim/market/spec.js';
import { ServedVenue } from '../support/served-venue.js';

type CcxtClass = 'binance' | 'binanceusdm' | 'binancecoinm';
let ccxt: typeof import('ccxt').default;

async function clientOf(name: CcxtClass, served: ServedVenue): Promise<CcxtExchange> {
  const exchange = new ccxt[name]({
    apiKey: served.apiKey,
    secret: served.secret,
    enableRateLimit: false,
    options: { warnOnFetchOpenOrdersWithoutSymbol: false },
  });
  exchange.urls['api'] = Object.fromEntries(
    Object.entries(exchange.urls['api'] as Record<string, string>).map(([api, url]) => [api, url.replace(/^https:\/\/[^/]+/, served.rest)]),
  );
  if (name === 'binance') exchange.options['fetchMarkets'] = { types: ['spot'] };
  await readClock(exchange);
  await exchange.loadMarkets();
  return exchange;
}

/** The simulated market's time is its own. */
async function readClock(exchange: CcxtExchange): Promise<void> {
  await (exchange as unknown as { loadTimeDifference(): Promise<unknown> }).loadTimeDifference();
}

const VENUES = [
  { id: 'binance-spot', name: 'binance', symbol: 'BTC/USDT', amount: 0.01, other: 'ETH/USDT', quote: 'USDT' },
  { id: 'binance-usdm', name: 'binanceusdm', symbol: 'BTC/USDT:USDT', amount: 0.01, other: 'ETH/USDT:USDT', quote: 'USDT' },
  { id: 'binance-coinm', name: 'binancecoinm', symbol: 'BTC/USD:BTC', amount: 5, other: 'ETH/USD:ETH', quote: 'BTC' },
] as const satisfies readonly { id: VenueId; name: CcxtClass; symbol: string; amount: number; other: string; quote: string }[];

beforeAll(async () => {
  ({ default: ccxt } = await import('ccxt'));
});

describe.each(VENUES)('ccxt $name at the simulated $id', ({ id, name, symbol, amount, other, quote }) => {
  let served: ServedVenue;
  let client: CcxtExchange;
  const isSpot = id === 'binance-spot';
  const far = (price: number): number => Number(client.priceToPrecision(symbol, price * 0.99));
  const best = async (): Promise<{ bid: number; ask: number }> => {
    const book = await client.fetchOrderBook(symbol, 5);
    return { bid: Number(book.bids[0]?.[0]), ask: Number(book.asks[0]?.[0]) };
  };

  /** Without unrealised profit, which ccxt's total has in it. */
  const wallet = async (): Promise<number> => {
    const balance = await client.fetchBalance();
    if (isSpot) return balance[quote]?.total ?? 0;
    const { assets } = balance.info as { readonly assets: readonly { readonly asset: string; readonly walletBalance: string }[] };
    return Number(assets.find(({ asset }) => asset === quote)?.walletBalance);
  };

  beforeAll(async () => {
    served = await ServedVenue.start(id);
    client = await clientOf(name, served);
  });
  afterAll(async () => {
    await served.stop();
  });

  it('loads markets with keys, and the limits that the venue checks', () => {
    const market = client.market(symbol);
    expect(market.active).toBe(true);
    expect(client.symbols).toContain(other);
    expect(market.precision.amount).toBeGreaterThan(0);
  });

  it('places, edits, finds and cancels orders', async () => {
    const { bid } = await best();
    const placed = await client.createOrder(symbol, 'limit', 'buy', amount, far(bid), { clientOrderId: 'ccxt1' });
    expect(placed).toMatchObject({ status: 'open', clientOrderId: 'ccxt1', amount, filled: 0 });
    const edited = await client.editOrder(
      String(placed.id),
      symbol,
      'limit',
      'buy',
      amount * 2,
      far(bid * 0.99),
      isSpot ? { newClientOrderId: 'ccxt2' } : {},
    );
    expect(edited).toMatchObject({ status: 'open', amount: amount * 2 });
    expect(edited.id === placed.id).toBe(!isSpot);
    expect(await client.fetchOrder(String(edited.id), symbol)).toMatchObject({
      status: 'open',
      amount: amount * 2,
      price: far(bid * 0.99),
    });
    expect((await client.fetchOpenOrders(symbol)).map((order) => order.id)).toEqual([edited.id]);
    expect(await client.cancelOrder(String(edited.id), symbol)).toMatchObject({ status: 'canceled' });
    expect(await client.fetchOpenOrders(symbol)).toEqual([]);
    await expect(client.cancelOrder(String(edited.id), symbol)).rejects.toBeInstanceOf(ccxt.OrderNotFound);
  });

  it('cancels all, and many at once where the venue can', async () => {
    const { bid } = await best();
    const placed: CcxtOrder[] = [];
    if (isSpot) for (let index = 0; index < 3; index++) placed.push(await client.createOrder(symbol, 'limit', 'buy', amount, far(bid)));
    else {
      const order = { symbol, type: 'limit', side: 'buy', amount, price: far(bid) } as const;
      const tooMuch = { ...order, amount: id === 'binance-coinm' ? 900_000 : 900 };
      const answered = await client.createOrders([order, order, tooMuch, order]);
      expect(answered.map((one) => one.id !== undefined)).toEqual([true, true, false, true]);
      placed.push(...answered.filter((one) => one.id !== undefined));
      const [first, second] = placed;
      await client.cancelOrders([first?.id ?? '', second?.id ?? ''], symbol);
    }
    expect(await client.fetchOpenOrders(symbol)).toHaveLength(isSpot ? 3 : 1);
    await client.cancelAllOrders(symbol);
    expect(await client.fetchOpenOrders(symbol)).toEqual([]);
  });

  it('fills from the flow and books trades, fees, balances and positions to the last digit', async () => {
    const before = await wallet();
    if (!isSpot) await client.setLeverage(7, symbol);
    const { bid } = await best();
    const taken = await client.createOrder(symbol, 'market', 'buy', amount);
    const resting = await client.createOrder(symbol, 'limit', 'buy', amount, Number(client.priceToPrecision(symbol, bid * 0.9998)), {
      postOnly: true,
    });
    const isFilled = (): boolean =>
      served.venue.venue.exchange.openOrders(served.venue.venue.exchange.testAccounts[0] ?? never()).length === 0;
    expect(served.passUntil(isFilled, 60)).toBe(true);
    await readClock(client);
    expect(await client.fetchOrder(String(resting.id), symbol)).toMatchObject({ status: 'closed', filled: amount });
    const trades = await client.fetchMyTrades(symbol);
    expect(new Set(trades.map((trade) => trade.order))).toEqual(new Set([taken.id, resting.id]));
    expect(trades.some((trade) => trade.takerOrMaker === 'maker') && trades.some((trade) => trade.takerOrMaker === 'taker')).toBe(true);
    const after = await wallet();
    if (isSpot) {
      const cost = trades.reduce((sum, trade) => sum + (trade.cost ?? 0), 0);
      expect(after).toBeCloseTo(before - cost, 7);
      expect((await client.fetchBalance())['BTC']?.total).toBeCloseTo(20 + amount * 2 * 0.999, 8);
      return;
    }
    const fees = trades.reduce((sum, trade) => sum + (trade.fee?.cost ?? 0), 0);
    expect(after).toBeCloseTo(before - fees, 7);
    const [position] = await client.fetchPositions([symbol]);
    expect(position).toMatchObject({ contracts: amount * 2, side: 'long', marginMode: 'cross' });
    await client.createOrder(symbol, 'market', 'sell', amount * 2, undefined, { reduceOnly: true });
    expect((await client.fetchPositions([symbol])).filter((one) => one.contracts !== 0)).toEqual([]);
  });

  it('reads fees, ledger and funding', async () => {
    const fee = await client.fetchTradingFee(symbol);
    expect([fee.maker, fee.taker]).toEqual(isSpot ? [0.001, 0.001] : [0.0002, 0.0005]);
    const fees = await client.fetchTradingFees();
    expect(Object.keys(fees).length).toBeGreaterThan(0);
    if (isSpot) return;
    const ledger = await client.fetchLedger();
    expect(ledger.map((entry) => entry.type)).toContain('commission');
    expect(await client.fetchFundingHistory(symbol)).toEqual([]);
  });

  it('is refused in the words that ccxt knows', async () => {
    const { bid } = await best();
    // ccxt knows the futures' own codes by the venue's real host only; the venue's words are there all the same.
    const tooMuch = client.createOrder(symbol, 'limit', 'buy', isSpot ? 800 : amount * 5e4, far(bid));
    await expect(tooMuch).rejects.toThrow(isSpot ? 'insufficient balance' : '"code":-2019');
    const crossing = client.createOrder(symbol, 'limit', 'buy', amount, Number(client.priceToPrecision(symbol, bid * 1.01)), {
      postOnly: true,
    });
    await expect(crossing).rejects.toThrow(isSpot ? 'immediately match' : '"code":-5022');
    await expect(client.fetchOrder('1', symbol)).rejects.toBeInstanceOf(ccxt.OrderNotFound);
    client.secret = 'wrong';
    await expect(client.fetchBalance()).rejects.toBeInstanceOf(ccxt.AuthenticationError);
    client.secret = served.secret;
  });
});

function never(): never {
  throw new Error('the exchange has no test account');
}
