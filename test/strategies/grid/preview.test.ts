/** The preview against sheets computed by hand. */
import { describe, expect, it } from 'vitest';
import type { Instrument } from '../../../src/core/orders/instrument.js';
import grid from '../../../src/strategies/grid.js';
import { makeLadder } from '../../../src/strategies/grid/ladder.js';
import { gridSettings } from '../../../src/strategies/grid/params.js';
import { previewGrid, type GridPreview } from '../../../src/strategies/grid/preview.js';
import { instrumentOf } from '../../support/instruments.js';
import { paramsOf } from '../harness.js';

function preview(given: Record<string, unknown>, over: Partial<Instrument> = {}): GridPreview {
  const instrument = instrumentOf(over);
  const settings = gridSettings('g', paramsOf(grid, given));
  return previewGrid('g', settings, instrument, makeLadder('g', settings, instrument, 600_000));
}

const sheet = (of: GridPreview): string[] =>
  of.lines.map(
    (line) =>
      `${line.side} ${line.qty} at ${line.price}, back at ${line.counterPrice}: ${line.gross} - ${line.fees} = ${line.net} ${line.netPercent}`,
  );

const INVERSE = {
  kind: 'inverse',
  quote: 'USD',
  settle: 'BTC',
  feeAssetBuy: 'BTC',
  feeAssetSell: 'BTC',
  minNotional: '0',
  minQty: '1',
} as const;
const COINM = { ...INVERSE, id: 'binance-coinm:BTCUSD_PERP', venue: 'binance-coinm', lotSize: '1', multiplier: '100' } as const;
const BITMEX = { ...INVERSE, id: 'bitmex:XBTUSD', venue: 'bitmex', lotSize: '100', multiplier: '1', minQty: '100' } as const;

describe('grid preview', () => {
  // 0.01 BTC a level, 600 apart, 0.02 % a side: 6 - 0.0002 x (price bought + price sold) x 0.01.
  it('B16: linear, to the last digit', () => {
    const of = preview({ step: '1%', count: 2, size: '0.01' });
    expect(sheet(of)).toEqual([
      'buy 0.01 at 58800, back at 59400: 6 - 0.2364 = 5.7636 0.9802 %',
      'buy 0.01 at 59400, back at 60000: 6 - 0.2388 = 5.7612 0.9699 %',
      'sell 0.01 at 60600, back at 60000: 6 - 0.2412 = 5.7588 0.9503 %',
      'sell 0.01 at 61200, back at 60600: 6 - 0.2436 = 5.7564 0.9406 %',
    ]);
    expect(of.profitPerGrid).toEqual({ least: '5.7564', most: '5.7636', leastPercent: '0.9406 %', mostPercent: '0.9802 %' });
    // The larger side holds 606 + 612.
    expect(of.capital).toEqual([{ asset: 'USDT', amount: '1218', use: 'margin' }]);
    // 59100 x 1.0002 / 0.9998 = 59123.64..., 60900 x 0.9998 / 1.0002 = 60875.64...
    expect(of.long).toEqual({ qty: '0.02', averagePrice: '59100', breakEven: '59123.7', liquidation: null });
    expect(of.short).toMatchObject({ qty: '0.02', averagePrice: '60900', breakEven: '60875.6' });
  });

  it('with leverage: margin and the prices at which it is gone', () => {
    const of = preview({ step: '1%', count: 2, size: '0.01', leverage: '10' });
    expect(of.capital).toEqual([{ asset: 'USDT', amount: '121.8', use: 'margin' }]);
    // 121.8 - 1182 + 0.02 P = 0.005 x 0.02 P and 121.8 + 1218 - 0.02 P = 0.005 x 0.02 P.
    expect(of.long?.liquidation).toBe('53276.3');
    expect(of.short?.liquidation).toBe('66656.8');
  });

  // 6 contracts of 100 dollars: 600 / 59400 = 0.01010101, 600 / 60000 = 0.01, 600 / 60600 = 0.00990099 coins, each execution rounded.
  it('B16: inverse, in coins, to the last digit', () => {
    const of = preview({ step: '600', count: 1, size: '6' }, COINM);
    expect(sheet(of)).toEqual([
      'buy 6 at 59400, back at 60000: 0.00010101 - 0.00000402 = 0.00009699 0.9602 %',
      'sell 6 at 60600, back at 60000: 0.00009901 - 0.00000398 = 0.00009503 0.9598 %',
    ]);
    expect(of.capital).toEqual([{ asset: 'BTC', amount: '0.01010101', use: 'margin' }]);
    // 59400 x 1.0002 / 0.9998 = 59423.76...
    expect(of.long).toMatchObject({ averagePrice: '59400', breakEven: '59423.8' });
  });

  // One lot is 100 dollars: 6 x 0.0016835 and 6 x 0.00166667.
  it('inverse where the venue rounds each contract', () => {
    expect(sheet(preview({ step: '600', buyLevels: 1, sellLevels: 0, size: '600' }, BITMEX))).toEqual([
      'buy 600 at 59400, back at 60000: 0.00010098 - 0.00000402 = 0.00009696 0.9599 %',
    ]);
  });

  it('spot: what each side holds, no liquidation, and what waits for stock', () => {
    const spot = { id: 'binance-spot:BTCUSDT', venue: 'binance-spot', kind: 'spot', feeAssetBuy: 'BTC', makerFee: '0.001' } as const;
    const of = preview({ step: '1%', count: 2, size: '0.01' }, spot);
    expect(of.capital).toEqual([
      { asset: 'USDT', amount: '1182', use: 'buy orders' },
      { asset: 'BTC', amount: '0.02', use: 'sell orders' },
    ]);
    expect(of.long?.liquidation).toBeNull();
    expect(of.notes.join()).toContain('2 sell levels need BTC');
  });

  it('a rebate breaks even before the average, and far levels wait', () => {
    const of = preview({ step: '1%', count: 5, size: '0.01', activePerSide: 2 }, { makerFee: '-0.0001' });
    expect(of.lines.filter((line) => line.rests).map((line) => line.price)).toEqual(['58800', '59400', '60600', '61200']);
    expect(of.notes.join()).toContain('6 levels further away');
    // Buys at 57000 to 59400: 58200 x 0.9999 / 1.0001 = 58188.36...
    expect(of.long?.breakEven).toBe('58188.4');
    expect(Number(of.lines[0]?.fees)).toBeLessThan(0);
  });
});
