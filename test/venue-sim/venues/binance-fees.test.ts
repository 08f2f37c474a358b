/** Spot fees in BNB: an account that wants it pays three quarters of the fee in that coin, as Binance's `bnbBurn` says, and the exchange's books still add up. */
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
