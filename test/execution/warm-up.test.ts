import { describe, expect, it } from 'vitest';
import { warmUpExecutor } from '../../src/execution/warm-up.js';
import { instrument, INVERSE, LINEAR, SPOT, TABLES } from './rig.js';

describe('warmUpExecutor', () => {
  it('takes every order all the way, whatever the kind of contract and the smallest size', () => {
    const coarse = instrument(0, 'bitmex:ETHUSD', { kind: 'quanto', minQty: '100', lotSize: '7', settle: 'BTC' });
    for (const one of [SPOT, LINEAR, INVERSE, coarse]) {
      expect(warmUpExecutor({ ...TABLES, instruments: [one] }, 200), one.id).toBe(200);
    }
    expect(warmUpExecutor({ ...TABLES, instruments: [] })).toBe(0);
  });
});
