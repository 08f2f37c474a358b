/**
 * Runs the hot lane's own code on scratch memory before the first live tick, so that the first real decision is made by compiled code and not by the interpreter.
 * First a drill takes every way through runner, risk and executor some thousand times, which is what V8 wants until it compiles all of them; then the run's built-in
 * strategies, which place an order now and then only, trade on a made-up market that walks up and down. Rehearsals go on with the drill.
 * Called once by the host of the hot lane. A strategy from a file may keep state of its own between instances: a built-in grid trades in its place.
 */
import { messageOf } from '../core/numbers/errors.js';
import grid from '../strategies/grid.js';
import { isPath } from '../strategies/load.js';
import { checkParams } from '../strategies/params.js';
import type { RunnerStrategy } from '../strategies/runner.js';
import type { LaneData } from './lane-data.js';
import { MadeUpLane } from './made-up-lane.js';

const WALK_TURNS = 1_000;
/** Wall milliseconds after which each of the two ends all the same: a start must not wait for speed. */
const WALK_LIMIT_MS = 1_000;
const DRILL_LIMIT_MS = 500;
const DRILL_STEPS = 4_000;
/** The grid that trades in the place of a strategy from a file. */
const STAND_IN = { step: '0.2%', count: 8, investment: '20000' };

export interface WarmUp {
  /** What was done, or why not, in words. */
  readonly said: string;
  /**
   * A small piece of the drill, to be done again while nothing happens; nothing in a replay at its own pace, which waits for no tick. Never throws: one that fails
   * is the last.
   */
  readonly rehearse: () => void;
}

/** Never throws: a cold start is slower, not wrong. @param nowMs the wall's clock, which bounds it */
export function warmUp(
  data: LaneData,
  strategies: readonly RunnerStrategy[],
  note: (text: string) => void,
  nowMs: () => number = () => performance.now(),
): WarmUp {
  const startedMs = nowMs();
  try {
    const drill = MadeUpLane.drill(data);
    while (drill.turns < DRILL_STEPS && nowMs() - startedMs < DRILL_LIMIT_MS) drill.step();
    const tradable = strategies.map((one) => (isFile(data, one.index) ? standIn(one.index) : one));
    const walk = MadeUpLane.walk(withoutFiles(data), tradable);
    const walkedMs = nowMs();
    while (walk.turns < WALK_TURNS && nowMs() - walkedMs < WALK_LIMIT_MS) walk.turn();
    const tookMs = nowMs() - startedMs;
    const said = `warmed up by a drill of ${drill.orders()} orders and ${walk.turns} turns of a made-up market with ${walk.orders()} orders in ${tookMs.toFixed(0)} ms`;
    return { said, rehearse: data.isStepped ? () => undefined : guarded(() => drill.step(), note) };
  } catch (error) {
    return { said: `not warmed up: ${messageOf(error)}`, rehearse: () => undefined };
  }
}

/** A rehearsal that fails ends itself, not the lane. */
function guarded(rehearse: () => void, note: (text: string) => void): () => void {
  let isOver = false;
  return () => {
    if (isOver) return;
    try {
      rehearse();
    } catch (error) {
      isOver = true;
      note(`no longer kept warm: ${messageOf(error)}`);
    }
  };
}

const isFile = (data: LaneData, index: number): boolean => isPath(data.entries[index]?.source ?? '');

function standIn(index: number): RunnerStrategy {
  return { index, definition: grid, params: checkParams('grid', grid, STAND_IN) };
}

/** The same run with grids where it has strategies from files. */
function withoutFiles(data: LaneData): LaneData {
  const strategies = data.tables.strategies.map((one) =>
    isFile(data, one.index) ? { ...one, kind: grid.kind, pnlKind: grid.pnlKind, instruments: one.instruments.slice(0, 1) } : one,
  );
  return { ...data, tables: { ...data.tables, strategies } };
}
