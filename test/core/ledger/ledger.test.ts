import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/core/ledger/ledger.js';
import type { Marks } from '../../../src/core/ledger/marks.js';
import { partsText, type LedgerSnapshot, type PartsText } from '../../../src/core/ledger/parts.js';
import { pnlRows } from '../../../src/core/ledger/pnl.js';
import {
  anyFill,
  anyFunding,
  anyMarks,
  fillOf,
  INVERSE,
  INVERSE_BITMEX,
  LINEAR,
  marksAt,
  QUANTO,
  SPOT,
  SPOT_ELSEWHERE,
  TABLES,
  type FillBrief,
} from './money-fixture.js';
import { isSame, type Fraction } from './fraction.js';
import { SlowLedger, type Part } from './slow-ledger.js';
import { times } from '../../support/torture.js';

const BNB = TABLES.assets.indexOf('BNB');
/** Settled by inverse contracts: their exact values have no end. */
const INVERSE_MONEY = new Set(['BTC', 'XBT']);
const BUY = 0;
const SELL = 1;

function run(fills: readonly FillBrief[], marks: Marks = () => null): LedgerSnapshot {
  const ledger = new Ledger(TABLES);
  for (const brief of fills) ledger.applyFill(fillOf(brief));
  return ledger.snapshot(marks);
}

function asset(snapshot: LedgerSnapshot, name: string): PartsText {
  const found = snapshot.assets.find((one) => one.asset === name);
  if (found === undefined) throw new Error(`no asset ${name}`);
  return partsText(found);
}

const ZEROS = { grid: '0', arb: '0', other: '0', trend: '0', fees: '0', funding: '0', conversion: '0', rounding: '0', equity: '0' };

/** @param entries each cut of an inverse value, and each share of one, may take a 1e-18 */
function compare(snapshot: LedgerSnapshot, slow: SlowLedger, marks: Marks, entries: number): void {
  for (const one of snapshot.assets) {
    expect(one.unexplained).toBe(0n);
    expect(slow.isBalanced(one.asset)).toBe(true);
    expect(isSame(one.equity, one.scale, slow.equity(one.asset, marks))).toBe(true);
    expect(isSame(one.fees, one.scale, slow.fees(one.asset))).toBe(true);
  }
  for (const { strategy, assets } of snapshot.strategies) {
    for (const one of assets) {
      const slack = INVERSE_MONEY.has(one.asset) ? 4 * entries : 0;
      for (const [part, fraction] of Object.entries(slow.parts(strategy, one.asset, marks)) as [Part, Fraction][]) {
        const told = `strategy ${strategy}, ${one.asset}: ${part} is ${one[part]} of 1e-${one.scale}, slowly ${fraction.join(' / ')}`;
        expect(isSame(one[part], one.scale, fraction, slack), told).toBe(true);
      }
    }
  }
}

describe('ledger', () => {
  it('spot: open quantity is trend in both assets, sold quantity is grid profit in the quote', () => {
    const bought = run([{ instrument: SPOT, side: BUY, ticks: 10_000, lots: 100_000 }]);
    expect(asset(bought, 'USDT')).toEqual({ asset: 'USDT', ...ZEROS, trend: '-100', equity: '-100' });
    expect(asset(bought, 'BTC')).toEqual({ asset: 'BTC', ...ZEROS, trend: '1', equity: '1' });
    const sold = run([
      { instrument: SPOT, side: BUY, ticks: 10_000, lots: 100_000, fee: 100_000 },
      { instrument: SPOT, side: SELL, ticks: 10_100, lots: 40_000, fee: 4_040_000 },
    ]);
    expect(asset(sold, 'USDT')).toEqual({ asset: 'USDT', ...ZEROS, grid: '0.4', trend: '-60', fees: '-0.0404', equity: '-59.6404' });
    expect(asset(sold, 'BTC')).toEqual({ asset: 'BTC', ...ZEROS, trend: '0.6', fees: '-0.001', equity: '0.599' });
  });

  it('a grid closes its newest lots first: each round trip earns its own step, long or short, through zero', () => {
    const ladder = [
      { instrument: SPOT, side: BUY, ticks: 10_000, lots: 100_000 },
      { instrument: SPOT, side: BUY, ticks: 9_900, lots: 100_000 },
      { instrument: SPOT, side: BUY, ticks: 9_800, lots: 100_000 },
      { instrument: SPOT, side: SELL, ticks: 9_900, lots: 100_000 },
    ];
    expect(asset(run(ladder), 'USDT')).toMatchObject({ grid: '1', trend: '-199' });
    const snapshot = run([
      ...ladder,
      { instrument: SPOT, side: SELL, ticks: 10_000, lots: 100_000 },
      { instrument: SPOT, side: SELL, ticks: 10_100, lots: 150_000 },
      { instrument: SPOT, side: BUY, ticks: 10_000, lots: 50_000 },
    ]);
    expect(asset(snapshot, 'USDT')).toMatchObject({ grid: '3.5', trend: '0', equity: '3.5' });
    expect(asset(snapshot, 'BTC')).toMatchObject({ trend: '0' });
  });

  it('other strategies close their oldest lots first', () => {
    const snapshot = run([
      { instrument: SPOT, side: SELL, ticks: 10_300, lots: 100_000, strategy: 2 },
      { instrument: SPOT, side: SELL, ticks: 10_500, lots: 100_000, strategy: 2 },
      { instrument: SPOT, side: BUY, ticks: 10_000, lots: 150_000, strategy: 2 },
    ]);
    // 103 - 100 and half of 105 - 100; half a coin is still owed, sold at 105.
    expect(asset(snapshot, 'USDT')).toMatchObject({ other: '5.5', trend: '52.5', equity: '58' });
    expect(asset(snapshot, 'BTC')).toMatchObject({ other: '0', trend: '-0.5' });
  });

  it('linear: a hand-computed sheet of a grid on a perpetual', () => {
    const snapshot = run(
      [
        { instrument: LINEAR, side: BUY, ticks: 600_000, lots: 10, fee: 12_000_000 },
        { instrument: LINEAR, side: BUY, ticks: 599_000, lots: 10, fee: 11_980_000 },
        { instrument: LINEAR, side: SELL, ticks: 600_500, lots: 5, fee: 6_005_000 },
        { instrument: LINEAR, side: SELL, ticks: 601_000, lots: 8, fee: 9_616_000 },
      ],
      marksAt({ [LINEAR]: 598_000.5 }),
    );
    // Newest first, 0.01 bought at 59900: 0.005 sold at 60050 is 0.75, 0.005 at 60100 is 1; then 0.003 of the 0.01 bought at 60000, at 60100: 0.3.
    // Open: 0.007 bought at 60000, mark 59800.05: -1.39965.
    expect(asset(snapshot, 'USDT')).toEqual({
      asset: 'USDT',
      ...ZEROS,
      grid: '2.05',
      trend: '-1.39965',
      fees: '-0.39601',
      equity: '0.25434',
    });
  });

  it('inverse: a hand-computed sheet, profit in coin, the venue rounding each execution to 1e-8', () => {
    const snapshot = run(
      [
        { instrument: INVERSE, side: BUY, ticks: 600_000, lots: 10, strategy: 2 },
        { instrument: INVERSE, side: SELL, ticks: 612_345, lots: 4, strategy: 2 },
      ],
      marksAt({ [INVERSE]: 590_000 }),
    );
    // Flows: 1000/60000 = 0.016666666667 -> 0.01666667; 400/61234.5 = 0.006532265308... -> 0.00653227. Open 600 USD: 600/59000 = 0.010169491525 -> 0.01016949.
    const coin = asset(snapshot, 'BTC');
    expect(coin.equity).toBe('-0.00003509');
    // 400/60000 - 400/61234.5 and 600/60000 - 600/59000, cut at 1e-18.
    expect(coin.other).toBe('0.000134401358711184');
    expect(coin.trend).toBe('-0.000169491525423728');
    expect(coin.rounding).toBe('0.000000000166712544');
  });

  it('inverse on BitMEX: the value of one lot is rounded, then multiplied', () => {
    const snapshot = run(
      [{ instrument: INVERSE_BITMEX, side: BUY, ticks: 64_361, lots: 9, strategy: 2 }],
      marksAt({ [INVERSE_BITMEX]: 64_361 }),
    );
    expect(asset(snapshot, 'XBT')).toMatchObject({ equity: '0' });
    const wallet = snapshot.venues.find((one) => one.venue === 'bitmex')?.assets.find((one) => one.asset === 'XBT');
    expect(wallet?.wallet).toBe(2_796_723n * 10n ** BigInt((wallet?.scale ?? 0) - 8));
  });

  it('quanto: profit in the third asset', () => {
    const snapshot = run(
      [
        { instrument: QUANTO, side: SELL, ticks: 52_000, lots: 30, strategy: 2 },
        { instrument: QUANTO, side: BUY, ticks: 51_000, lots: 10, strategy: 2 },
      ],
      marksAt({ [QUANTO]: 52_100 }),
    );
    // 10 contracts x 50 USD x 0.000001, and 20 open at a loss of 5 USD each.
    expect(asset(snapshot, 'XBT')).toMatchObject({ other: '0.0005', trend: '-0.0001', rounding: '0', equity: '0.0004' });
  });

  it('arb: buying at one venue and selling at another locks the difference at once', () => {
    const snapshot = run([
      { instrument: SPOT, side: BUY, ticks: 10_000, lots: 100_000, strategy: 1 },
      { instrument: SPOT_ELSEWHERE, side: SELL, ticks: 10_100, lots: 1_000_000, strategy: 1 },
    ]);
    expect(asset(snapshot, 'USDT')).toMatchObject({ arb: '1', trend: '0', equity: '1' });
    expect(asset(snapshot, 'BTC')).toMatchObject({ arb: '0', trend: '0', equity: '0' });
    const wallets = snapshot.venues.map((venue) => [
      venue.venue,
      ...venue.assets.filter((one) => one.wallet !== 0n).map((one) => one.asset),
    ]);
    expect(wallets.filter((row) => row.length > 1)).toEqual([
      ['binance-spot', 'USDT', 'BTC'],
      ['bybit', 'USDT', 'BTC'],
    ]);
  });

  it('arb: a spot/perpetual pair locks its basis; the legs stay in trend until they close', () => {
    const open = [
      { instrument: SPOT, side: BUY, ticks: 10_000, lots: 100_000, strategy: 1 },
      { instrument: LINEAR, side: SELL, ticks: 1_010, lots: 1_000, strategy: 1 },
    ];
    const held = run(open, marksAt({ [LINEAR]: 1_020 }));
    expect(asset(held, 'USDT')).toMatchObject({ arb: '1', trend: '-102', equity: '-101' });
    expect(asset(held, 'BTC')).toMatchObject({ trend: '1', equity: '1' });
    const closed = run([
      ...open,
      { instrument: SPOT, side: SELL, ticks: 10_500, lots: 100_000, strategy: 1 },
      { instrument: LINEAR, side: BUY, ticks: 1_052, lots: 1_000, strategy: 1 },
    ]);
    expect(asset(closed, 'USDT')).toMatchObject({ arb: '0.8', trend: '0', equity: '0.8' });
    expect(asset(closed, 'BTC')).toMatchObject({ trend: '0', equity: '0' });
  });

  it('two grids of one strategy on two instruments do not match each other', () => {
    const snapshot = run([
      { instrument: SPOT, side: BUY, ticks: 10_000, lots: 100_000 },
      { instrument: SPOT_ELSEWHERE, side: SELL, ticks: 10_100, lots: 1_000_000 },
    ]);
    expect(asset(snapshot, 'USDT')).toMatchObject({ grid: '0', trend: '1' });
  });

  it('applies a fill once, by venue, trade and order', () => {
    const ledger = new Ledger(TABLES);
    const fill = fillOf({ instrument: SPOT, side: BUY, ticks: 10_000, lots: 100_000 });
    expect(ledger.applyFill(fill)).toBe(true);
    expect(ledger.applyFill({ ...fill })).toBe(false);
    expect(ledger.applyFill({ ...fill, orderId: fill.orderId + 1 })).toBe(true);
    expect(ledger.snapshot(() => null).fillsByVenue).toEqual([2, 0, 0, 0, 0]);
    expect(ledger.netLots(SPOT)).toBe(200_000);
  });

  it('books funding to its part and its wallet, once', () => {
    const ledger = new Ledger(TABLES);
    const funding = { instrument: LINEAR, strategy: 1, asset: 0, amount: -250_000_000, id: 7 };
    expect(ledger.applyFunding(funding)).toBe(true);
    expect(ledger.applyFunding(funding)).toBe(false);
    expect(
      asset(
        ledger.snapshot(() => null),
        'USDT',
      ),
    ).toEqual({ asset: 'USDT', ...ZEROS, funding: '-2.5', equity: '-2.5' });
  });

  it('rows tell what changed between two snapshots', () => {
    const ledger = new Ledger(TABLES);
    ledger.applyFill(fillOf({ instrument: LINEAR, side: BUY, ticks: 600_000, lots: 10 }));
    const start = ledger.snapshot(marksAt({ [LINEAR]: 601_000 }));
    ledger.applyFill(fillOf({ instrument: LINEAR, side: SELL, ticks: 602_000, lots: 4, fee: 500 }));
    const end = ledger.snapshot(marksAt({ [LINEAR]: 599_000 }));
    const scale = 20;
    const change = end.assets[0]?.equity ?? 0n;
    const accounts = [{ asset: 'USDT', scale, change: change * 10n ** BigInt(scale - (end.assets[0]?.scale ?? 0)) + 5n }];
    expect(pnlRows(start, end, accounts)).toEqual([
      {
        asset: 'USDT',
        grid: '0.8',
        arb: '0',
        other: '0',
        trend: '-1.6',
        fees: '-0.000005',
        funding: '0',
        conversion: '0',
        rounding: '0',
        equityChange: '-0.800005',
        unexplained: '0',
        residual: '0.00000000000000000005',
      },
    ]);
    expect(pnlRows(start, end, null)[0]?.residual).toBeNull();
  });

  it('a fee in a third asset is a fee of that asset and of nothing else', () => {
    const snapshot = run([
      { instrument: SPOT, side: BUY, ticks: 10_000, lots: 100_000, fee: 12_500, feeAsset: BNB },
      { instrument: SPOT, side: SELL, ticks: 10_100, lots: 100_000, fee: 12_625, feeAsset: BNB },
    ]);
    expect(asset(snapshot, 'USDT')).toEqual({ asset: 'USDT', ...ZEROS, grid: '1', equity: '1' });
    expect(asset(snapshot, 'BTC')).toEqual({ asset: 'BTC', ...ZEROS });
    expect(asset(snapshot, 'BNB')).toEqual({ asset: 'BNB', ...ZEROS, fees: '-0.00025125', equity: '-0.00025125' });
    expect(snapshot.venues[0]?.assets[BNB]).toMatchObject({ asset: 'BNB', wallet: -25_125n });
  });

  it('equity, fees and every part of every strategy are those of a slow double-entry ledger, over random histories', () => {
    const history = fc.array(fc.oneof({ weight: 6, arbitrary: anyFill }, { weight: 1, arbitrary: anyFunding }), {
      maxLength: 60,
      size: 'max',
    });
    fc.assert(
      fc.property(history, anyMarks, (entries, marks) => {
        const ledger = new Ledger(TABLES);
        const slow = new SlowLedger(TABLES);
        for (const entry of entries) {
          if ('amount' in entry) {
            ledger.applyFunding(entry);
            slow.applyFunding(entry);
          } else {
            ledger.applyFill(entry);
            slow.applyFill(entry);
          }
        }
        for (const used of [marks, (): null => null]) compare(ledger.snapshot(used), slow, used, entries.length);
      }),
      { numRuns: times(60, 2_000) },
    );
  });

  it('a flat ledger has no trend, and its profit does not depend on marks', () => {
    fc.assert(
      fc.property(fc.array(anyFill, { maxLength: 30, size: 'max' }), anyMarks, (fills, marks) => {
        const ledger = new Ledger(TABLES);
        // Reversed sides at other prices bring every (strategy, instrument) back to zero.
        for (const fill of fills) ledger.applyFill(fill);
        for (const fill of fills) {
          ledger.applyFill({ ...fill, side: 1 - fill.side, fillTicks: fill.fillTicks + 17, tradeId: fill.tradeId + 1e9 });
        }
        const snapshot = ledger.snapshot(marks);
        for (const one of snapshot.assets) {
          expect(one.trend).toBe(0n);
          expect(one.unexplained).toBe(0n);
        }
      }),
      { numRuns: 60 },
    );
  });
});
