/** Positions of a simulated exchange to the last unit: linear, inverse and quanto, leverage, margin modes, funding, liquidation. Figures are worked out here, apart from the exchange's code. */
import { describe, expect, it } from 'vitest';
import type { Funding } from '../../../src/venue-sim/exchange/contract.js';
import type { VenueId } from '../../../src/venue-sim/market/spec.js';
import { createVenueWorld, type SavedWorld, type VenueWorld } from '../../../src/venue-sim/world.js';
import { START_US } from '../support/venue-client.js';
import { TestExchange, names } from './support.js';

/** Nearest, halves away from zero, of positive fractions. */
const nearest = (numerator: bigint, denominator: bigint): bigint => (numerator * 2n + denominator) / (denominator * 2n);
const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);

/** Lives through the hour of a payment. */
function overFunding(hourUs: number, only: readonly VenueId[]): VenueWorld {
  const world = createVenueWorld({ seed: 8, startUs: hourUs - 2_000_000, only });
  for (let step = 0; step < 250; step++) world.step();
  return world;
}

describe('positions of a simulated exchange', () => {
  it('are exact for linear contracts: value, fee, realised profit', () => {
    const test = new TestExchange('binance-usdm', 'BTCUSDT');
    const { exchange, account, market } = test;
    test.placed({ side: 'buy', lots: 300 });
    const bought = exchange.fills(account);
    // 0.001 BTC a lot, 0.1 USDT a tick, units of 1e-8: 10,000 a tick and lot.
    for (const fill of bought) {
      expect(fill.valueUnits).toBe(BigInt(fill.ticks) * BigInt(fill.lots) * 10_000n);
      expect(fill.feeUnits).toBe(nearest(fill.valueUnits * 5n, 10_000n));
    }
    const entry = sum(bought.map(({ valueUnits }) => valueUnits));
    expect(exchange.position(account, market)).toMatchObject({ lots: 300, entryUnits: entry });
    const closing = test.placed({ side: 'sell', lots: 100 });
    const sold = exchange.fills(account).slice(bought.length);
    const closed = nearest(entry, 3n);
    const realised = sum(sold.map(({ realisedUnits }) => realisedUnits));
    const fees = sum(exchange.fills(account).map(({ feeUnits }) => feeUnits));
    expect(closing).toMatchObject({ realisedUnits: realised, feeUnits: sum(sold.map(({ feeUnits }) => feeUnits)) });
    // Several executions close part by part: each rounds its part of the entry once.
    expect(Math.abs(Number(realised - (sum(sold.map(({ valueUnits }) => valueUnits)) - closed)))).toBeLessThanOrEqual(sold.length);
    expect(exchange.wallet(account, 'USDT').total).toBe(1_000_000n * 10n ** 8n + realised - fees);
    expect(exchange.ledger(account).map(({ kind }) => kind)).toContain('realised');
    expect(exchange.audit()).toEqual([]);
  });

  it('are exact for inverse contracts: coins for dollars, rounded once per execution', () => {
    const test = new TestExchange('binance-coinm', 'BTCUSD_PERP');
    const { exchange, account, market } = test;
    test.placed({ side: 'sell', lots: 70 });
    for (const fill of exchange.fills(account)) {
      // 100 USD a contract, ticks of 0.1.
      expect(fill.valueUnits).toBe(nearest(BigInt(fill.lots) * 100n * 10n ** 8n * 10n, BigInt(fill.ticks)));
      expect(fill.feeAsset.asset).toBe('BTC');
    }
    const { unrealised, entryUnits, markUnits, entryPrice } = exchange.position(account, market);
    // A short of dollars in coins gains when the price falls: its dollars are worth more coins.
    expect(unrealised).toBe(markUnits - entryUnits);
    expect(entryPrice).toBeCloseTo((7_000 * 1e8) / Number(entryUnits), 6);
  });

  it('of BitMEX round lot by lot, are whole satoshis, and quantos pay 100 satoshis a dollar', () => {
    const test = new TestExchange('bitmex', 'XBTUSD');
    test.placed({ side: 'buy', lots: 9 });
    for (const fill of test.exchange.fills(test.account)) {
      // A lot is 100 contracts of one dollar; ticks of 0.5.
      expect(fill.valueUnits).toBe(BigInt(fill.lots) * nearest(100n * 10n ** 8n * 2n, BigInt(fill.ticks)));
      expect(fill.feeUnits).toBe(nearest(fill.valueUnits * 5n, 10_000n));
    }
    const quanto = new TestExchange('bitmex', 'ETHUSD');
    quanto.placed({ side: 'buy', lots: 11 });
    for (const fill of quanto.exchange.fills(quanto.account)) {
      // Ticks of 0.05 dollars: 5 satoshis a tick and contract.
      expect(fill.valueUnits).toBe(BigInt(fill.lots) * BigInt(fill.ticks) * 5n);
    }
    const linear = new TestExchange('bitmex', 'XBTUSDT');
    linear.placed({ side: 'buy', lots: 2 });
    for (const fill of linear.exchange.fills(linear.account)) {
      // 1000 contracts a lot, a millionth of a coin each, ticks of 0.5: 500 units of 1e-6 USDt.
      expect(fill.valueUnits).toBe(BigInt(fill.lots) * BigInt(fill.ticks) * 500n);
      expect(fill.feeAsset).toEqual({ asset: 'USDt', decimals: 6 });
    }
  });

  it('turn around in one fill: the old one is closed, the rest opens at its own price', () => {
    const test = new TestExchange('bybit', 'BTCUSD');
    test.placed({ side: 'buy', lots: 500 });
    test.placed({ side: 'sell', lots: 800 });
    const position = test.exchange.position(test.account, test.market);
    expect(position.lots).toBe(-300);
    expect(test.exchange.audit()).toEqual([]);
    expect(position).toMatchObject({ boughtLots: 500, soldLots: 800 });
    test.placed({ side: 'buy', lots: 300 });
    expect(test.exchange.position(test.account, test.market)).toMatchObject({ lots: 0, entryUnits: 0n, unrealised: 0n });
    const { total } = test.exchange.wallet(test.account, 'BTC');
    const fills = test.exchange.fills(test.account);
    expect(total).toBe(20n * 10n ** 8n + sum(fills.map(({ realisedUnits, feeUnits }) => realisedUnits - feeUnits)));
  });

  it('need margin by leverage, orders of the larger side only, and free it again', () => {
    const test = new TestExchange('binance-usdm', 'BTCUSDT');
    const { exchange, account, market } = test;
    expect(exchange.setLeverage(account, market, 126)).toMatchObject({ refusal: { reason: 'leverage-out-of-range' } });
    expect(exchange.setLeverage(account, market, 10)).toEqual({ ok: true });
    expect(exchange.setLeverage(account, market, 10)).toMatchObject({ refusal: { reason: 'unchanged' } });
    const ticks = test.bid - 100;
    const buy = test.placed({ side: 'buy', ticks, lots: 50 });
    const value = BigInt(ticks) * 50n * 10_000n;
    expect(exchange.wallet(account, 'USDT').orderMargin).toBe(value / 10n);
    const sell = test.placed({ side: 'sell', ticks: test.ask + 100, lots: 20 });
    expect(exchange.wallet(account, 'USDT').orderMargin).toBe(value / 10n);
    exchange.cancel(account, buy);
    exchange.cancel(account, sell);
    expect(exchange.wallet(account, 'USDT')).toMatchObject({ orderMargin: 0n, available: 1_000_000n * 10n ** 8n });
    test.placed({ side: 'buy', lots: 100 });
    const { initialMargin, markUnits, maintenance } = exchange.position(account, market);
    expect(initialMargin).toBe((markUnits + 9n) / 10n);
    expect(maintenance).toBe((markUnits * 4n + 999n) / 1_000n);
    // Sells close the long first: only what goes beyond turning it around needs more.
    const away = test.ask + 100;
    const sells = BigInt(away) * 300n * 10_000n;
    test.placed({ side: 'sell', ticks: away, lots: 300 });
    expect(exchange.wallet(account, 'USDT').orderMargin).toBe((sells - markUnits - markUnits + 9n) / 10n);
  });

  it('may stand alone: isolated margin is put aside, added to, and no mode changes under a position', () => {
    const test = new TestExchange('binance-usdm', 'BTCUSDT');
    const { exchange, account, market } = test;
    const order = test.placed({ side: 'buy', ticks: test.bid - 500 });
    expect(exchange.setMarginMode(account, market, 'isolated')).toMatchObject({ refusal: { reason: 'has-orders' } });
    exchange.cancel(account, order);
    expect(exchange.setMarginMode(account, market, 'isolated')).toEqual({ ok: true });
    expect(exchange.changeIsolatedMargin(account, market, 5n)).toMatchObject({ refusal: { reason: 'not-isolated' } });
    test.placed({ side: 'buy', lots: 100 });
    expect(exchange.setMarginMode(account, market, 'cross')).toMatchObject({ refusal: { reason: 'has-position' } });
    const { entryUnits, isolatedMargin, liquidationPrice } = exchange.position(account, market);
    expect(Number(isolatedMargin - entryUnits / 20n)).toBeLessThanOrEqual(exchange.fills(account).length);
    expect(exchange.wallet(account, 'USDT').isolated).toBe(isolatedMargin);
    expect(exchange.changeIsolatedMargin(account, market, 1_000n * 10n ** 8n)).toEqual({ ok: true });
    const after = exchange.position(account, market);
    expect(after.isolatedMargin).toBe(isolatedMargin + 1_000n * 10n ** 8n);
    expect(after.liquidationPrice ?? 0).toBeLessThan((liquidationPrice ?? 0) - 9_000);
    expect(exchange.changeIsolatedMargin(account, market, -after.isolatedMargin)).toMatchObject({ ok: false });
    test.placed({ side: 'sell', lots: 50 });
    expect(exchange.position(account, market).isolatedMargin).toBe((after.isolatedMargin + 1n) / 2n);
    expect(exchange.audit()).toEqual([]);
  });

  it('pay funding at the hours of the venue: longs to shorts, exactly, the remainder of rounding to the venue', () => {
    const beforeHour = START_US + 4 * 3_600_000_000 - 2_000_000;
    const test = new TestExchange('bitmex', 'XBTUSD', { startUs: beforeHour });
    const { exchange, account, spare, market } = test;
    test.placed({ side: 'buy', lots: 90 });
    test.placed({ side: 'sell', lots: 70 }, spare);
    const paidHere = (): readonly Funding[] => exchange.fundings(market).filter(({ timeMs }) => timeMs * 1_000 >= beforeHour);
    test.until(() => paidHere().length === 1);
    const [funding] = paidHere();
    expect(funding?.timeMs).toBe((beforeHour + 2_000_000) / 1_000);
    const [paid] = exchange.ledger(account, { kind: 'funding' });
    const [received] = exchange.ledger(spare, { kind: 'funding' });
    const rate = BigInt(Math.round(Number(funding?.rate) * 1e6));
    const value = 90n * nearest(100n * 10n ** 8n * 100n, BigInt(Math.round(Number(funding?.mark) * 100)));
    const payment = rate >= 0n ? -nearest(value * rate, 1_000_000n) : nearest(value * -rate, 1_000_000n);
    expect(paid).toMatchObject({ units: payment, rate: funding?.rate, lots: 90 });
    expect(Math.sign(Number(received?.units))).toBe(-Math.sign(Number(paid?.units)));
    expect(exchange.position(account, market).fundingTotal).toBe(payment);
    expect(names(test.told())).toContain('funding');
    expect(exchange.audit()).toEqual([]);
    test.run(300);
    expect(paidHere()).toHaveLength(1);
  });

  it('lose and gain nothing by funding in sum, at every venue', () => {
    const left: bigint[] = [];
    const midnight = overFunding(START_US, ['binance-usdm', 'binance-coinm', 'bybit']);
    const four = overFunding(START_US + 4 * 3_600_000_000, ['bitmex']);
    for (const exchange of [...midnight.exchanges.values(), ...four.exchanges.values()]) {
      for (const market of exchange.markets) {
        const paidHere = exchange.fundings(market).filter(({ timeMs }) => timeMs >= START_US / 1_000);
        expect(paidHere.length).toBe(market.spec.kind === 'spot' ? 0 : 1);
      }
      expect(exchange.audit()).toEqual([]);
      for (const { rounding } of Object.values(exchange.save().books.houses)) left.push(BigInt(rounding));
    }
    // The holders' payments are rounded one by one: something is left over or missing somewhere.
    expect(left.some((units) => units !== 0n)).toBe(true);
  });

  it('are liquidated when their margin is gone: orders first, then the position, and the insurance fund covers the rest', () => {
    const test = new TestExchange('binance-usdm', 'BTCUSDT');
    const { exchange, account, market } = test;
    exchange.setMarginMode(account, market, 'isolated');
    exchange.setLeverage(account, market, 125);
    const resting = test.placed({ side: 'buy', ticks: test.bid - 5_000 });
    const position = (): number => exchange.position(account, market).lots;
    for (const side of ['buy', 'sell'] as const) {
      test.placed({ side, lots: 1_000 });
      const before = exchange.wallet(account, 'USDT').total;
      const behind = exchange.position(account, market).isolatedMargin;
      test.until(() => position() === 0, 60_000);
      const lost = before - exchange.wallet(account, 'USDT').total;
      expect(lost).toBeLessThanOrEqual(behind);
      expect(lost).toBeGreaterThan(behind / 4n);
      expect(exchange.audit()).toEqual([]);
    }
    expect([resting.state, resting.endReason]).toEqual(['cancelled', 'liquidation']);
    const told = test.told();
    expect(names(told)).toContain('liquidation');
    const forced = exchange.fills(account).filter(({ kind }) => kind === 'liquidation');
    expect(forced.reduce((lots, { lots: filled }) => lots + filled, 0)).toBe(2_000);
    expect(exchange.ledger(account, { kind: 'insurance' }).length).toBeGreaterThan(0);
  });

  it('of the cross mode are backed by the whole wallet, and end when it is gone', () => {
    const rich = new TestExchange('binance-usdm', 'BTCUSDT');
    // A poor account: 500 USDT instead of a million, and that much less was minted.
    const saved = JSON.parse(
      JSON.stringify(rich.world.save())
        .replaceAll(`"total":"\\u0001n${1_000_000n * 10n ** 8n}"`, `"total":"\\u0001n${500n * 10n ** 8n}"`)
        .replace(/"minted":"(\d+)"/, (_, minted: string) => `"minted":"${BigInt(minted) - 2n * 999_500n * 10n ** 8n}"`),
    ) as SavedWorld;
    const test = new TestExchange('binance-usdm', 'BTCUSDT', {}, saved);
    const { exchange, account, market } = test;
    expect(exchange.audit()).toEqual([]);
    exchange.setLeverage(account, market, 125);
    const resting = test.placed({ side: 'sell', ticks: test.ask + 3_000, lots: 1 });
    for (const side of ['buy', 'sell', 'buy', 'sell'] as const) {
      const price = (market.middlePrice * market.lotSize * 1.03) / 120;
      const lots = Math.floor(Number(exchange.wallet(account, 'USDT').available / 10n ** 8n) / price);
      if (lots > 0) test.placed({ side, lots });
      for (let step = 0; step < 12_000 && exchange.position(account, market).lots !== 0; step++) test.run(1);
      if (exchange.fills(account).some(({ kind }) => kind === 'liquidation')) break;
      test.placed({ side: side === 'buy' ? 'sell' : 'buy', lots, reduceOnly: true });
    }
    expect(exchange.fills(account).some(({ kind }) => kind === 'liquidation')).toBe(true);
    expect([resting.state, resting.endReason]).toEqual(['cancelled', 'liquidation']);
    expect(exchange.position(account, market).lots).toBe(0);
    expect(exchange.wallet(account, 'USDT').total).toBeGreaterThanOrEqual(0n);
    expect(exchange.wallet(account, 'USDT').total).toBeLessThan(400n * 10n ** 8n);
    expect(exchange.audit()).toEqual([]);
  });
});
