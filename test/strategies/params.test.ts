/** Parameters as people write them: what is taken, and what each refusal says. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/numbers/errors.js';
import grid from '../../src/strategies/grid.js';
import arb from '../../src/strategies/arb.js';
import { checkParams, describeParams } from '../../src/strategies/params.js';

describe('parameters', () => {
  it('take their defaults and keep decimals as text', () => {
    const params = checkParams('g', grid, { investment: '1000.50', lower: 60_000, grids: '40' });
    expect(params['investment']).toBe('1000.50');
    expect(params['lower']).toBe('60000');
    expect(params['grids']).toBe(40);
    expect(params['spacing']).toBe('arithmetic');
    expect(params['size']).toBeUndefined();
  });

  it.each([
    [{ lowr: '1' }, /params\.lowr: grid has no such parameter; did you mean 'lower'\?/],
    [{ lower: 0.1 }, /params\.lower must be a decimal number as text, like '0\.25', was 0\.1/],
    [{ lower: '-1' }, /at least 0, was "-1"/],
    [{ grids: 1.5 }, /a whole number, was 1\.5/],
    [{ grids: 0 }, /at least 1, was 0/],
    [{ spacing: 'geometrc' }, /one of arithmetic, geometric \(did you mean geometric\?\)/],
    [{ postOnly: 'yes' }, /true or false/],
    [{ leverage: '100.0001' }, /at most 100/],
  ])('%j is refused', (given, message) => {
    expect(() => checkParams('g', grid, given)).toThrow(message);
    expect(() => checkParams('g', grid, given)).toThrow(UsageError);
  });

  it('are described one a line, with unit, range and default', () => {
    const lines = describeParams(arb);
    expect(lines).toHaveLength(arb.params.length);
    expect(lines.find((line) => line.startsWith('minEdge'))).toMatch(/\(ratio\): .*decimal, -0\.1 to 1, default 0\.0002/);
  });
});
