import { describe, expect, it } from 'vitest';
import { Reason, REASON_COUNT, reasonName } from '../../../src/core/orders/reasons.js';

describe('Reason', () => {
  it('gives each name a code of its own that fits the counter block', () => {
    const codes = Object.values(Reason);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) {
      expect(Number.isInteger(code)).toBe(true);
      expect(code).toBeGreaterThanOrEqual(0);
      expect(code).toBeLessThan(REASON_COUNT);
    }
  });

  it('keeps the codes that journals already hold', () => {
    // A journal is read by later versions: these numbers are part of its format.
    expect(Reason).toMatchObject({
      NONE: 0,
      SIZE_TOO_SMALL: 1,
      STALE_BOOK: 8,
      HALTED: 11,
      GROUP_REFUSED: 20,
      DRAWDOWN: 27,
      JOURNAL_FAILED: 33,
      POST_ONLY_WOULD_TAKE: 40,
      NO_LIQUIDITY: 49,
      EDGE_TOO_SMALL: 60,
      BOOK_NOT_LIVE: 70,
    });
  });

  it('names every code, and an unknown one by its number', () => {
    for (const [name, code] of Object.entries(Reason)) expect(reasonName(code)).toBe(name);
    expect(reasonName(127)).toBe('REASON_127');
  });
});
