/** `config new` writes what `config check` reads. */
import { describe, expect, it } from 'vitest';
import { composeConfig, type Composition } from '../../src/config/compose.js';
import { parseConfig } from '../../src/config/load.js';

const COMPOSITION: Composition = {
  venues: [{ id: 'binance-usdm', keys: 'env:BINANCE' }, { id: 'bybit' }],
  strategies: [
    {
      name: 'g',
      kind: 'grid',
      instruments: ['binance-usdm:BTCUSDT', 'bybit:linear:BTCUSDT'],
      params: { investment: '1000', ratio: '1e5', flag: true, count: 3 },
      keys: [
        { key: 'investment', unit: 'quote', reason: 'How much.' },
        { key: 'ratio', unit: '', reason: "It's text: # not a comment." },
        { key: 'flag', unit: '', reason: 'Whether.' },
        { key: 'count', unit: '', reason: 'How many, '.repeat(40) },
        { key: 'other', unit: 'ms', default: 5, reason: 'Left alone.' },
      ],
    },
  ],
  risk: [
    { key: 'maxNotional', unit: 'quote', default: '5', reason: 'A limit.' },
    { key: 'dailyLoss', unit: 'units', reason: 'One an asset.', example: "{ USDT: '500' }" },
  ],
};

describe('composeConfig', () => {
  const text = composeConfig(COMPOSITION);

  it('is read back as what was said, decimals as text', () => {
    const config = parseConfig(text, 'new');
    expect(config.venues).toMatchObject([{ id: 'binance-usdm', keys: 'env:BINANCE' }, { id: 'bybit' }]);
    expect(config.strategies).toEqual([
      { name: 'g', kind: 'grid', instruments: COMPOSITION.strategies[0]?.instruments, params: COMPOSITION.strategies[0]?.params },
    ]);
    expect(config.risk).toEqual({});
  });

  it('names every key that can be set, and stays within the width of a screen', () => {
    for (const key of ['investment', 'ratio', 'flag', 'count', 'other', 'maxNotional'])
      expect(text).toMatch(new RegExp(`^ +(# )?${key}: `, 'm'));
    expect(text).toMatch(/^ +# other: 5$/m);
    expect(text).toMatch(/^ +# dailyLoss: { USDT: '500' }$/m);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(170);
  });

  it('a block whose lines are all comments is one that was not given', () => {
    const strategies = [{ ...COMPOSITION.strategies[0]!, params: {} }];
    expect(parseConfig(composeConfig({ ...COMPOSITION, strategies }), 'new').strategies[0]?.params).toEqual({});
  });
});
