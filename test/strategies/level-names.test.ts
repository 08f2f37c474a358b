import { describe, expect, it } from 'vitest';
import { LEVEL_STATE_NAMES, LevelState } from '../../src/strategies/grid/level-state.js';
import { ARB_STATE_NAMES, LegState, PAIR_STATE } from '../../src/strategies/arb/leg.js';

describe('names of level states', () => {
  it('each code of a grid has its name, and codes without a state have none', () => {
    expect(LEVEL_STATE_NAMES[LevelState.OPEN]).toBe('open');
    expect(LEVEL_STATE_NAMES[LevelState.PARKED]).toBe('parked');
    expect(LEVEL_STATE_NAMES[LevelState.META]).toBe('meta');
    expect(LEVEL_STATE_NAMES[LevelState.PARKED + 1]).toBe('');
    expect(LEVEL_STATE_NAMES).toHaveLength(16);
  });

  it('each code of an arbitrage leg, and of its pair', () => {
    expect(ARB_STATE_NAMES.slice(0, 5)).toEqual(['idle', 'sent', 'cancelling', 'unknown', '']);
    expect(ARB_STATE_NAMES[LegState.CANCELLING]).toBe('cancelling');
    expect(ARB_STATE_NAMES[PAIR_STATE]).toBe('pair');
    expect(ARB_STATE_NAMES).toHaveLength(16);
  });
});
