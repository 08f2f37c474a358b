import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalDecimal,
  formatDecimal,
  formatTicks,
  parseDecimal,
  scaleOf,
  ticksOf,
  toTicksDown,
  toTicksUp,
} from '../../../src/core/numbers/decimal.js';

describe('decimal text', () => {
  it('has one canonical form', () => {
    const table: readonly (readonly [string, string])[] = [
      ['61800.20', '61800.2'],
      ['9.12E-7', '0.000000912'],
      ['100.000', '100'],
      ['+007.50', '7.5'],
      ['-0.00', '0'],
      ['.5', '0.5'],
      ['5.', '5'],
      ['1e3', '1000'],
      ['1.25e1', '12.5'],
      ['-0.0100', '-0.01'],
      ['123456789012345678901234567.89', '123456789012345678901234567.89'],
    ];
    for (const [text, canonical] of table) expect(canonicalDecimal(text)).toBe(canonical);
  });

  it('refuses what is no number', () => {
    for (const text of ['', '.', '-', '1.2.3', '1e', 'e5', ' 1', '1 ', '0x10', 'NaN', 'Infinity', '1,5', '1e999', '--1', '9'.repeat(500)]) {
      expect(() => parseDecimal(text), text).toThrow('BAD_DECIMAL');
    }
  });

  it('comes back from mantissa and scale', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.integer({ min: 0, max: 18 }), (mantissa, scale) => {
        const text = formatDecimal(mantissa, scale);
        const back = parseDecimal(text);
        expect(back.mantissa * 10n ** BigInt(18 - back.scale)).toBe(mantissa * 10n ** BigInt(18 - scale));
        expect(canonicalDecimal(text)).toBe(text);
      }),
    );
  });

  it('knows how fine a number really is', () => {
    expect([scaleOf('0.010'), scaleOf('100.00'), scaleOf('1e-9')]).toEqual([2, 0, 9]);
  });
});

describe('ticks', () => {
  it('counts whole steps exactly and refuses what lies between', () => {
    expect(ticksOf('32180.50', '0.5')).toBe(64_361);
    expect(ticksOf('0.00001814', '0.00000001')).toBe(1_814);
    expect(ticksOf('1500', '100')).toBe(15);
    expect(() => ticksOf('32180.25', '0.5')).toThrow('OFF_GRID');
    expect(() => ticksOf('1', '0')).toThrow('BAD_STEP');
    expect(() => ticksOf('90071992547409.93', '0.01')).toThrow('OUT_OF_RANGE');
    expect(ticksOf('90071992547409.91', '0.01')).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('rounds in the direction it names, below zero too', () => {
    expect([toTicksDown('10.07', '0.05'), toTicksUp('10.07', '0.05')]).toEqual([201, 202]);
    expect([toTicksDown('-10.07', '0.05'), toTicksUp('-10.07', '0.05')]).toEqual([-202, -201]);
    expect([toTicksDown('10.05', '0.05'), toTicksUp('10.05', '0.05')]).toEqual([201, 201]);
  });

  it('prints what it counts', () => {
    expect(formatTicks(64_361, '0.5')).toBe('32180.5');
    expect(formatTicks(0, '0.01')).toBe('0');
    expect(formatTicks(-5, '100')).toBe('-500');
    expect(() => formatTicks(0.5, '1')).toThrow('OUT_OF_RANGE');
  });
});
