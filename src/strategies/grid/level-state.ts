/**
 * What one order place of a grid line can be, and what every event makes of it. A line has two places (its home order and its counter order), each the
 * home of at most one live order. Pure data: called by GridLevels, on the hot lane. The table is exhaustive: a state or an event that is added without
 * its row or column does not compile, so that a cancelled buy can never place a sell by falling through.
 */
import { namesByCode } from '../level-names.js';

/** Codes are journaled in level records: never reuse one. */
export const LevelState = {
  /** No order: nothing is owed, or the market is not there yet. */
  IDLE: 0,
  /** Handed to the executor, no answer yet. */
  PLACING: 1,
  /** Rests at the venue. */
  OPEN: 2,
  AMENDING: 3,
  CANCELLING: 4,
  /** The outcome is being asked for. It counts as live: nothing is placed beside it. */
  UNKNOWN: 5,
  /** Refused or cancelled by the venue: placed again after a growing pause. */
  BACKOFF: 6,
  /** Refused for a reason that time alone rarely cures: tried again seldom, or not in this run. */
  PARKED: 7,
  /** Not an order place: the record that remembers the anchor and what the ladder was made from. */
  META: 15,
} as const;

export const LEVEL_STATE_NAMES = namesByCode(LevelState);

export const LevelEvent = {
  SENT_PLACE: 0,
  SENT_AMEND: 1,
  SENT_CANCEL: 2,
  ACK: 3,
  /** Filled in part. */
  PART: 4,
  /** Filled whole. */
  FILLED: 5,
  /** The order ended without being filled whole. */
  ENDED: 6,
  /** It was never placed; may be tried again soon. */
  REFUSED: 7,
  /** It was never placed, and would be refused again. */
  REFUSED_FOR_GOOD: 8,
  AMENDED: 9,
  /** The amend or cancel did not happen; the order stands. */
  STANDS: 10,
  /** No answer: the executor asks. */
  LOST: 11,
  /** The pause is over. */
  DUE: 12,
} as const;

type StateName = Exclude<keyof typeof LevelState, 'META'>;
type EventName = keyof typeof LevelEvent;

/** The event says nothing new in this state (late or repeated): quantities still count, the state stays. */
const SAME = -1;
const S = LevelState;

const TABLE: Readonly<Record<StateName, Readonly<Record<EventName, number>>>> = {
  // An ACK or a fill without an order of ours in mind is an order that outlived our picture of it: it is taken in, never doubled.
  IDLE: {
    SENT_PLACE: S.PLACING,
    SENT_AMEND: SAME,
    SENT_CANCEL: SAME,
    ACK: S.OPEN,
    PART: S.OPEN,
    FILLED: SAME,
    ENDED: SAME,
    REFUSED: S.BACKOFF,
    REFUSED_FOR_GOOD: S.PARKED,
    AMENDED: S.OPEN,
    STANDS: SAME,
    LOST: S.UNKNOWN,
    DUE: SAME,
  },
  PLACING: {
    SENT_PLACE: SAME,
    SENT_AMEND: SAME,
    SENT_CANCEL: S.CANCELLING,
    ACK: S.OPEN,
    PART: S.OPEN,
    FILLED: S.IDLE,
    ENDED: S.BACKOFF,
    REFUSED: S.BACKOFF,
    REFUSED_FOR_GOOD: S.PARKED,
    AMENDED: S.OPEN,
    STANDS: SAME,
    LOST: S.UNKNOWN,
    DUE: SAME,
  },
  OPEN: {
    SENT_PLACE: SAME,
    SENT_AMEND: S.AMENDING,
    SENT_CANCEL: S.CANCELLING,
    ACK: SAME,
    PART: SAME,
    FILLED: S.IDLE,
    ENDED: S.BACKOFF,
    REFUSED: S.BACKOFF,
    REFUSED_FOR_GOOD: S.PARKED,
    AMENDED: SAME,
    STANDS: SAME,
    LOST: S.UNKNOWN,
    DUE: SAME,
  },
  AMENDING: {
    SENT_PLACE: SAME,
    SENT_AMEND: SAME,
    SENT_CANCEL: S.CANCELLING,
    ACK: SAME,
    PART: SAME,
    FILLED: S.IDLE,
    ENDED: S.BACKOFF,
    // An amend by cancel and create whose second half was refused: there is no order any more.
    REFUSED: S.BACKOFF,
    REFUSED_FOR_GOOD: S.PARKED,
    AMENDED: S.OPEN,
    STANDS: S.OPEN,
    LOST: S.UNKNOWN,
    DUE: SAME,
  },
  CANCELLING: {
    SENT_PLACE: SAME,
    SENT_AMEND: SAME,
    SENT_CANCEL: SAME,
    ACK: SAME,
    PART: SAME,
    FILLED: S.IDLE,
    ENDED: S.IDLE,
    REFUSED: S.BACKOFF,
    REFUSED_FOR_GOOD: S.PARKED,
    AMENDED: SAME,
    STANDS: S.OPEN,
    LOST: S.UNKNOWN,
    DUE: SAME,
  },
  UNKNOWN: {
    SENT_PLACE: SAME,
    SENT_AMEND: SAME,
    SENT_CANCEL: S.CANCELLING,
    ACK: S.OPEN,
    PART: S.OPEN,
    FILLED: S.IDLE,
    ENDED: S.BACKOFF,
    REFUSED: S.BACKOFF,
    REFUSED_FOR_GOOD: S.PARKED,
    AMENDED: S.OPEN,
    STANDS: S.OPEN,
    LOST: SAME,
    DUE: SAME,
  },
  BACKOFF: {
    SENT_PLACE: S.PLACING,
    SENT_AMEND: SAME,
    SENT_CANCEL: SAME,
    ACK: S.OPEN,
    PART: S.OPEN,
    FILLED: SAME,
    ENDED: SAME,
    REFUSED: SAME,
    REFUSED_FOR_GOOD: S.PARKED,
    AMENDED: S.OPEN,
    STANDS: SAME,
    LOST: S.UNKNOWN,
    DUE: S.IDLE,
  },
  PARKED: {
    SENT_PLACE: S.PLACING,
    SENT_AMEND: SAME,
    SENT_CANCEL: SAME,
    ACK: S.OPEN,
    PART: S.OPEN,
    FILLED: SAME,
    ENDED: SAME,
    REFUSED: SAME,
    REFUSED_FOR_GOOD: SAME,
    AMENDED: S.OPEN,
    STANDS: SAME,
    LOST: S.UNKNOWN,
    DUE: S.IDLE,
  },
};

const EVENT_COUNT = Object.keys(LevelEvent).length;
const FLAT = new Int8Array(8 * EVENT_COUNT);
for (const [name, row] of Object.entries(TABLE)) {
  for (const [event, next] of Object.entries(row)) FLAT[S[name as StateName] * EVENT_COUNT + LevelEvent[event as EventName]] = next;
}

/** The state after `event`. */
export function nextLevelState(state: number, event: number): number {
  const next = FLAT[state * EVENT_COUNT + event]!;
  return next === SAME ? state : next;
}

/** An order may rest at the venue: nothing may be placed beside it. */
export function isLiveLevel(state: number): boolean {
  return state >= LevelState.PLACING && state <= LevelState.UNKNOWN;
}
