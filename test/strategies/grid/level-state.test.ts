/** The state machine of an order place, as a table: every state meets every event. */
import { describe, expect, it } from 'vitest';
import { isLiveLevel, LevelEvent, LevelState, nextLevelState } from '../../../src/strategies/grid/level-state.js';

const E = LevelEvent;
const S = LevelState;
const STATES = [S.IDLE, S.PLACING, S.OPEN, S.AMENDING, S.CANCELLING, S.UNKNOWN, S.BACKOFF, S.PARKED];
const EVENTS = Object.values(LevelEvent);

describe('level states', () => {
  it('answer every event with a known state', () => {
    for (const state of STATES) for (const event of EVENTS) expect(STATES).toContain(nextLevelState(state, event));
  });

  it('become live only by our own placing or by proof that an order rests', () => {
    const proofs: number[] = [E.SENT_PLACE, E.ACK, E.PART, E.AMENDED, E.LOST];
    for (const state of STATES.filter((one) => !isLiveLevel(one))) {
      for (const event of EVENTS) if (isLiveLevel(nextLevelState(state, event))) expect(proofs).toContain(event);
    }
  });

  it('stop being live only when the order ended or never was', () => {
    const ends: number[] = [E.FILLED, E.ENDED, E.REFUSED, E.REFUSED_FOR_GOOD];
    for (const state of STATES.filter(isLiveLevel)) {
      for (const event of EVENTS) if (!isLiveLevel(nextLevelState(state, event))) expect(ends).toContain(event);
    }
  });

  it('are never live after the end of the order', () => {
    for (const state of STATES) {
      for (const event of [E.FILLED, E.ENDED, E.REFUSED, E.REFUSED_FOR_GOOD]) expect(isLiveLevel(nextLevelState(state, event))).toBe(false);
    }
  });

  it.each([
    [S.IDLE, E.SENT_PLACE, S.PLACING],
    [S.PLACING, E.ACK, S.OPEN],
    [S.PLACING, E.FILLED, S.IDLE],
    [S.PLACING, E.REFUSED, S.BACKOFF],
    [S.PLACING, E.REFUSED_FOR_GOOD, S.PARKED],
    [S.PLACING, E.LOST, S.UNKNOWN],
    [S.OPEN, E.PART, S.OPEN],
    [S.OPEN, E.FILLED, S.IDLE],
    [S.OPEN, E.ENDED, S.BACKOFF],
    [S.OPEN, E.SENT_AMEND, S.AMENDING],
    [S.AMENDING, E.STANDS, S.OPEN],
    [S.AMENDING, E.FILLED, S.IDLE],
    [S.CANCELLING, E.ENDED, S.IDLE],
    [S.CANCELLING, E.STANDS, S.OPEN],
    [S.CANCELLING, E.ACK, S.CANCELLING],
    [S.UNKNOWN, E.REFUSED, S.BACKOFF],
    [S.UNKNOWN, E.ACK, S.OPEN],
    [S.BACKOFF, E.DUE, S.IDLE],
    [S.PARKED, E.DUE, S.IDLE],
    [S.PARKED, E.REFUSED, S.PARKED],
  ])('state %i and event %i give %i', (state, event, next) => {
    expect(nextLevelState(state, event)).toBe(next);
  });
});
