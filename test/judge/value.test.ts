/** Values and exact sums of the judge: known executions, and that a mark never moves cash. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instrument } from '../../src/core/orders/instrument.js';
import { Amount, Sums, isSame } from '../../src/judge/exact.js';
import { cashOf, flowsOf, valueOf } from '../../src/judge/value.js';

function instrument(venue: string, kind: Instrument['kind'], multiplier: string, lotSize: string, settle: string): Instrument {
  return {
    index: 0,
    id: `${venue}:X`,
    venue,
    symbol: 'X',
    kind,
    base: 'BTC',
    quote: 'USDT',
    settle,
    tickSize: '0.1',
    lotSize,
    multiplier,
    minQty: lotSize,
    maxQty: '0',
    minNotional: '0',
    maxOpenOrders: 200,
    makerFee: '0',
    takerFee: '0',
    feeAssetBuy: settle,
    feeAssetSell: settle,
    source: 'venue',
  };
}

const XBTUSD = instrument('bitmex', 'inverse', '1', '100', 'XBT');
const ETHUSD = instrument('bitmex', 'quanto', '0.000001', '1', 'XBT');
const COINM = instrument('binance-coinm', 'inverse', '100', '1', 'BTC');
const LINEAR = instrument('bybit', 'linear', '1', '0.001', 'USDT');
const SPOT = instrument('binance-spot', 'spot', '1', '0.00001', 'USDT');

const value = (one: Instrument, qty: string, price: string): string => valueOf(one, Amount.of(qty), Amount.of(price)).toString();

const flows = (one: Instrument, side: 'buy' | 'sell', qty: string, price: string): string[] =>
  flowsOf(one, { side, qty, price, fee: '0.001', feeAsset: 'FEE' }).map(({ asset, amount }) => `${asset} ${amount.toString()}`);

describe('exact amounts', () => {
  it('sums and rounds as fractions of integers do', () => {
    const decimal = fc.tuple(fc.bigInt(-(10n ** 20n), 10n ** 20n), fc.integer({ min: 0, max: 12 }));
    fc.assert(
      fc.property(decimal, decimal, fc.integer({ min: 0, max: 12 }), ([a, i], [b, j], scale) => {
        const x = new Amount(a, i);
        const y = new Amount(b, j);
        expect(x.plus(y).at(24)).toBe(a * 10n ** BigInt(24 - i) + b * 10n ** BigInt(24 - j));
        expect(x.minus(y).plus(y).equals(x)).toBe(true);
        const rounded = x.rounded(scale);
        const error = rounded.minus(x);
        const twice = (error.isNegative ? error.negated() : error).times(Amount.of('2'));
        expect(twice.minus(new Amount(1n, scale)).mantissa <= 0n).toBe(true);
        if (b === 0n) return;
        const quotient = x.dividedBy(y, 10).times(y).minus(x);
        const bound = (y.isNegative ? y.negated() : y).times(new Amount(1n, 10));
        expect((quotient.isNegative ? quotient.negated() : quotient).times(Amount.of('2')).minus(bound).mantissa <= 0n).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('halves go away from zero, and equal values have many texts', () => {
    expect(Amount.of('0.5').rounded(0).toString()).toBe('1');
    expect(Amount.of('-0.5').rounded(0).toString()).toBe('-1');
    expect(Amount.of('-0.49').rounded(0).toString()).toBe('0');
    expect(Amount.of('1').dividedBy(Amount.of('-3'), 4).toString()).toBe('-0.3333');
    expect(isSame('1.50', '1.5')).toBe(true);
    expect(isSame('1e-8', '0.00000001')).toBe(true);
    expect(isSame('1.5', '1.50000000000000000000001')).toBe(false);
    const sums = new Sums();
    sums.add('X', Amount.of('0.1'));
    sums.add('X', Amount.of('0.2'));
    expect([sums.of('X').toString(), sums.of('Y').toString(), sums.names]).toEqual(['0.3', '0', ['X']]);
  });
});

describe('values', () => {
  it('BitMEX rounds the value of one lot and multiplies, as its trades of 2021-07-22 show', () => {
    expect(value(XBTUSD, '900', '32180.5')).toBe('0.02796723');
    expect(value(ETHUSD, '2000', '1160.72')).toBe('2.32144');
  });

  it('elsewhere the value of the whole is rounded to a hundred-millionth', () => {
    expect(value(COINM, '7', '61234.5')).toBe('0.01143146');
    expect(value(LINEAR, '0.123', '60000.1')).toBe('7380.0123');
    expect(value(LINEAR, '0.010', '60100.12345678')).toBe('601.00123457');
  });

  it('flows: what is paid, what is received, and the fee', () => {
    expect(flows(SPOT, 'buy', '0.5', '100')).toEqual(['USDT -50', 'BTC 0.5', 'FEE -0.001']);
    expect(flows(SPOT, 'sell', '0.5', '100')).toEqual(['USDT 50', 'BTC -0.5', 'FEE -0.001']);
    expect(flows(LINEAR, 'sell', '2', '100')).toEqual(['USDT 200', 'FEE -0.001']);
    expect(flows(COINM, 'buy', '1', '50000')).toEqual(['BTC 0.002', 'FEE -0.001']);
    expect(flows(COINM, 'sell', '1', '50000')).toEqual(['BTC -0.002', 'FEE -0.001']);
  });

  it('a mark never moves cash: whatever it is, wallet and unrealised profit give the sum of the flows', () => {
    const trade = fc.record({
      isBuy: fc.boolean(),
      lots: fc.integer({ min: 1, max: 500 }),
      ticks: fc.integer({ min: 100_000, max: 900_000 }),
    });
    const cases = fc.constantFrom(XBTUSD, ETHUSD, COINM, LINEAR);
    fc.assert(
      fc.property(
        cases,
        fc.array(trade, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 10_000_000, max: 90_000_000 }),
        (one, trades, markUnits) => {
          // The venue's own way: a position with its cost, profit realised in proportion, integers of a hundred-millionth.
          let lots = 0n;
          let cost = 0n;
          let wallet = 0n;
          let flows = Amount.ZERO;
          const direction = one.kind === 'inverse' ? -1n : 1n;
          for (const { isBuy, lots: size, ticks } of trades) {
            const qty = Amount.of(String(size)).times(Amount.of(one.lotSize));
            const price = new Amount(BigInt(ticks), 1);
            for (const { amount } of flowsOf(one, {
              side: isBuy ? 'buy' : 'sell',
              qty: qty.toString(),
              price: price.toString(),
              fee: '0',
              feeAsset: '',
            }))
              flows = flows.plus(amount);
            let rest = BigInt(size);
            let worth = valueOf(one, qty, price).rounded(8).at(8);
            const sign = isBuy ? 1n : -1n;
            const held = lots < 0n ? -lots : lots;
            if (lots !== 0n && lots > 0n !== isBuy) {
              const closed = held < rest ? held : rest;
              const closing = (worth * closed) / rest;
              const entry = (cost * closed) / held;
              wallet += direction * (lots > 0n ? closing - entry : entry - closing);
              cost -= entry;
              worth -= closing;
              rest -= closed;
              lots += sign * closed;
            }
            cost += worth;
            lots += sign * rest;
          }
          const mark = new Amount(BigInt(markUnits), 3);
          const qty = new Amount(lots, 0).times(Amount.of(one.lotSize));
          const atMark = valueOf(one, qty, mark).rounded(8).at(8);
          const unrealised = direction * (lots > 0n ? atMark - cost : cost - atMark);
          const position = {
            instrument: one.id,
            qty: qty.toString(),
            mark: mark.toString(),
            unrealised: new Amount(unrealised, 8).toString(),
          };
          const cash = lots === 0n ? Amount.ZERO : cashOf(one, position);
          expect(new Amount(wallet, 8).plus(cash).toString()).toBe(flows.toString());
        },
      ),
      { numRuns: 300 },
    );
  });
});
