/**
 * Fees in BNB: an account that wants it pays three quarters of a spot fee in that coin, nine tenths of one of USD-M, as Binance's `bnbBurn` and `feeBurn` say, and
 * the exchange's books still add up.
 */
import { describe, expect, it } from 'vitest';
import { BinanceClient, type Json } from '../support/binance-client.js';

const MARKET_ORDER = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01000', newOrderRespType: 'FULL' };

const unitsOf = (text: unknown): bigint => BigInt(String(text).replace('.', ''));
const fillsOf = (answer: Json): Json[] => answer['fills'] as Json[];

describe('fees in BNB', () => {
  it('an account that wants it pays three quarters of the fee in BNB, and the full fee again when it no longer does', () => {
    const client = BinanceClient.at('binance-spot');
    expect(fillsOf(client.ok('POST', '/api/v3/order', MARKET_ORDER)).map((fill) => fill['commissionAsset'])).toEqual(
      expect.arrayContaining(['BTC']),
    );
    expect(client.ok('POST', '/sapi/v1/bnbBurn', { spotBNBBurn: 'true' })).toEqual({ spotBNBBurn: true, interestBNBBurn: false });
    const fills = fillsOf(client.ok('POST', '/api/v3/order', MARKET_ORDER));
    expect(fills.length).toBeGreaterThan(0);
    let paid = 0n;
    for (const { price, qty, commission, commissionAsset } of fills) {
      expect(commissionAsset).toBe('BNB');
      // 0.1 % of the value, three quarters of it, at 600 USDT for one BNB, to the nearest 1e-8; price and quantity are texts of 1e-8.
      const value = unitsOf(price) * unitsOf(qty);
      const divisor = 4n * 1000n * 600n * 100_000_000n;
      const units = (value * 3n * 2n + divisor) / (2n * divisor);
      expect(unitsOf(commission)).toBe(units);
      paid += units;
    }
    const balances = (client.ok('GET', '/api/v3/account')['balances'] as Json[]).find(({ asset }) => asset === 'BNB');
    expect(unitsOf(balances?.['free'])).toBe(100n * 100_000_000n - paid);
    expect(client.ok('GET', '/api/v3/account/commission', { symbol: 'BTCUSDT' })['discount']).toMatchObject({
      enabledForAccount: true,
      discountAsset: 'BNB',
    });
    expect(client.venue.world.exchangeOf('binance-spot').audit()).toEqual([]);
    client.ok('POST', '/sapi/v1/bnbBurn', { spotBNBBurn: 'false' });
    for (const fill of fillsOf(client.ok('POST', '/api/v3/order', MARKET_ORDER))) expect(fill['commissionAsset']).toBe('BTC');
  });

  it('a fee in BNB of a market quoted in BTC is valued by the BTC market', () => {
    const client = BinanceClient.at('binance-spot');
    client.ok('POST', '/sapi/v1/bnbBurn', { spotBNBBurn: 'true' });
    const answer = client.ok('POST', '/api/v3/order', { ...MARKET_ORDER, symbol: 'ETHBTC', quantity: '1.0000' });
    const paid = fillsOf(answer).reduce((sum, fill) => sum + Number(fill['commission']), 0);
    // 1 ETH of some 1,922 USDT: three quarters of 0.1 % at 600.
    expect(paid).toBeGreaterThan(((1_922 * 0.00075) / 600) * 0.97);
    expect(paid).toBeLessThan(((1_922 * 0.00075) / 600) * 1.03);
    expect(fillsOf(answer)[0]?.['commissionAsset']).toBe('BNB');
  });
});

describe('fees of USD-M in BNB', () => {
  const ORDER = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.010' };
  const balanceOf = (client: BinanceClient, asset: string): bigint =>
    unitsOf(client.list('GET', '/fapi/v3/balance').find((row) => row['asset'] === asset)?.['balance']);

  it('nine tenths leave the BNB wallet, none the margin, and trades, statement and events say so', () => {
    const client = BinanceClient.at('binance-usdm');
    const { listenKey } = client.ok('POST', '/fapi/v1/listenKey');
    const socket = client.venue.open(`/private/ws?listenKey=${String(listenKey)}`);
    expect(client.ok('POST', '/fapi/v1/feeBurn', { feeBurn: 'true' })).toEqual({ code: 200, msg: 'success' });
    expect(client.ok('GET', '/fapi/v1/feeBurn')).toEqual({ feeBurn: true });
    const dollars = balanceOf(client, 'USDT');
    client.ok('POST', '/fapi/v1/order', ORDER);
    const trades = client.list('GET', '/fapi/v1/userTrades', { symbol: 'BTCUSDT' });
    expect(trades.length).toBeGreaterThan(0);
    let paid = 0n;
    for (const { price, qty, commission, commissionAsset } of trades) {
      expect(commissionAsset).toBe('BNB');
      // 0.05 % of the value, nine tenths of it, at 600 USDT for one BNB, to the nearest 1e-8; price has 2 decimals, quantity 3.
      const value = unitsOf(price) * unitsOf(qty) * 1_000n;
      const divisor = 10n * 2_000n * 600n;
      const units = (value * 9n * 2n + divisor) / (2n * divisor);
      expect(unitsOf(commission)).toBe(units);
      paid += units;
    }
    expect(balanceOf(client, 'BNB')).toBe(100n * 100_000_000n - paid);
    expect(balanceOf(client, 'USDT')).toBe(dollars);
    const income = client.list('GET', '/fapi/v1/income', { incomeType: 'COMMISSION' });
    expect(income.reduce((sum, line) => sum + unitsOf(line['income']), 0n)).toBe(-paid);
    expect(income.map(({ asset }) => asset)).toEqual(trades.map(() => 'BNB'));
    client.venue.run(0.02);
    const events = socket.take();
    const fills = events.filter(({ e, o }) => e === 'ORDER_TRADE_UPDATE' && (o as Json)['x'] === 'TRADE').map(({ o }) => o as Json);
    expect(fills.map(({ N, n }) => [N, n])).toEqual(trades.map(({ commission }) => ['BNB', commission]));
    const update = events.find(({ e }) => e === 'ACCOUNT_UPDATE')?.['a'] as { readonly B: Json[]; readonly P: Json[] };
    expect(update.B.map(({ a, wb }) => [a, unitsOf(wb)])).toEqual([
      ['BNB', 100n * 100_000_000n - paid],
      ['USDT', dollars],
    ]);
    expect(update.P).toMatchObject([{ s: 'BTCUSDT', pa: '0.010' }]);
    expect(client.venue.world.exchangeOf('binance-usdm').audit()).toEqual([]);
  });

  it('the full fee is paid in USDT when it is switched off again', () => {
    const client = BinanceClient.at('binance-usdm');
    client.ok('POST', '/fapi/v1/feeBurn', { feeBurn: 'true' });
    client.ok('POST', '/fapi/v1/feeBurn', { feeBurn: 'false' });
    client.ok('POST', '/fapi/v1/order', ORDER);
    const [trade] = client.list('GET', '/fapi/v1/userTrades', { symbol: 'BTCUSDT' });
    expect(trade?.['commissionAsset']).toBe('USDT');
    expect(balanceOf(client, 'BNB')).toBe(100n * 100_000_000n);
  });
});
