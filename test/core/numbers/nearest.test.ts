import { describe, expect, it } from 'vitest';
import { didYouMean, nearestWord } from '../../../src/core/numbers/nearest.js';

describe('nearestWord', () => {
  it('finds the word with one letter missing, wrong, doubled or swapped', () => {
    const words = ['strategies', 'venues', 'storage', 'server'];
    expect(nearestWord('strategis', words)).toBe('strategies');
    expect(nearestWord('vanues', words)).toBe('venues');
    expect(nearestWord('sttorage', words)).toBe('storage');
    expect(nearestWord('sevrer', words)).toBe('server');
  });

  it('does not mind capitals', () => {
    expect(nearestWord('VENUES', ['strategies', 'venues'])).toBe('venues');
    expect(nearestWord('btcusdt', ['ETHUSDT', 'BTCUSDT'])).toBe('BTCUSDT');
  });

  it('gives the first of equally near words', () => {
    expect(nearestWord('grip', ['grid', 'grit'])).toBe('grid');
  });

  it('gives nothing when nothing is shared, or nothing is known', () => {
    expect(nearestWord('xyz', ['abc', 'de'])).toBeNull();
    expect(nearestWord('grid', [])).toBeNull();
    expect(nearestWord('', ['grid'])).toBeNull();
  });
});

describe('didYouMean', () => {
  it('asks about the nearest word, or adds nothing', () => {
    expect(`no 'gird'${didYouMean('gird', ['grid', 'arb'])}`).toBe("no 'gird'; did you mean 'grid'?");
    expect(`no 'xyz'${didYouMean('xyz', ['grid', 'arb'])}`).toBe("no 'xyz'");
  });
});
