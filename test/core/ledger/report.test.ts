import { describe, expect, it } from 'vitest';
import { freezeMarks, type Marks } from '../../../src/core/ledger/marks.js';
import type { PnlRow } from '../../../src/core/ledger/pnl.js';
import { REPORT_SOURCE, reportOf } from '../../../src/core/ledger/report.js';
import { INSTRUMENTS, INVERSE, LINEAR, SPOT, SPOT_CROSS } from './money-fixture.js';

const ZEROS = { grid: '0', arb: '0', other: '0', trend: '0', fees: '0', funding: '0', conversion: '0', rounding: '0' };

const row = (asset: string, parts: Partial<PnlRow>): PnlRow => ({
  asset,
  ...ZEROS,
  equityChange: '0',
  unexplained: '0',
  residual: null,
  ...parts,
});

const middles = (ticks: Readonly<Record<number, number>>): Marks => freezeMarks(INSTRUMENTS.length, (index) => ticks[index] ?? Number.NaN);

/** 65,000.005 and 64,990.1 for BTC, 0.03 BTC for ETH. */
const ALL = middles({ [SPOT]: 6_500_000.5, [LINEAR]: 649_901, [INVERSE]: 650_100, [SPOT_CROSS]: 30_000 });

describe('report in one currency', () => {
  it('adds up the assets at the middles of their spot books, part by part', () => {
    const rows = [
      row('USDT', { grid: '10.5', trend: '-6500.25', equityChange: '-6489.75' }),
      row('BTC', { trend: '0.1', fees: '-0.0001', equityChange: '0.0999' }),
    ];
    expect(reportOf('USDT', rows, INSTRUMENTS, ALL)).toEqual({
      currency: 'USDT',
      source: REPORT_SOURCE,
      rates: [
        { asset: 'USDT', rate: '1', via: [] },
        { asset: 'BTC', rate: '65000.005', via: ['binance-spot:BTCUSDT'] },
      ],
      ...ZEROS,
      grid: '10.5',
      trend: '-0.2495',
      fees: '-6.5000005',
      profit: '3.7504995',
    });
  });

  it('goes over two markets where it must, by the other name of a coin, and by a contract where no spot book was seen', () => {
    const rows = [row('ETH', { equityChange: '2' }), row('XBT', { equityChange: '-0.01' })];
    const noSpot = middles({ [LINEAR]: 649_901, [SPOT_CROSS]: 30_000 });
    const { rates, profit } = reportOf('USDT', rows, INSTRUMENTS, noSpot);
    expect(rates).toEqual([
      { asset: 'ETH', rate: '1949.703', via: ['binance-spot:ETHBTC', 'binance-usdm:BTCUSDT'] },
      { asset: 'XBT', rate: '64990.1', via: ['binance-usdm:BTCUSDT'] },
    ]);
    expect(profit).toBe('3249.505');
  });

  it('the currency may be the base: an amount of the quote is divided', () => {
    const { profit, rates } = reportOf('BTC', [row('USDT', { equityChange: '-100' })], INSTRUMENTS, ALL);
    expect(rates[0]?.rate).toBe('0.000015384614');
    expect(profit).toBe('-0.00153846');
  });

  it('is null where no market leads to the currency, and dollars are not taken for USDT', () => {
    const rows = [row('USDT', { grid: '1', equityChange: '1' }), row('BTC', { fees: '-0.1', equityChange: '-0.1' })];
    const { profit, grid, fees, rates } = reportOf('USD', rows, INSTRUMENTS, middles({ [INVERSE]: 650_100 }));
    expect(rates).toEqual([
      { asset: 'USDT', rate: null, via: [] },
      { asset: 'BTC', rate: '65010', via: ['binance-coinm:BTCUSD_PERP'] },
    ]);
    expect({ profit, grid, fees }).toEqual({ profit: null, grid: null, fees: '-6501' });
  });
});
