/** A ladder as the journal remembers it: the same levels after a restart, not new ones around a new price. Called once, at start. */
import type { Instrument } from '../../core/orders/instrument.js';
import { SIDE_BUY } from '../../core/memory/record.js';
import type { Params, ParamsEffect, ParamValue, RecoveredLevel, RecoveredStrategy } from '../../core/ports/strategy.js';
import { makeLadder, type Ladder } from './ladder.js';
import { LevelState } from './level-state.js';
import type { GridSettings } from './params.js';

/** What the ladder was made from, as one 32-bit number (FNV-1a): a change of any of it makes a new ladder. */
export function ladderHash(params: Params, instrument: Instrument): number {
  const keys = Object.keys(params)
    .filter((key) => params[key] !== undefined && !WITHOUT_EFFECT.has(key) && LATER.get(key) !== params[key])
    .sort();
  const text = JSON.stringify([keys.map((key) => [key, String(params[key])]), instrument.id, instrument.tickSize, instrument.lotSize]);
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Parameters that change which orders rest, not what the levels are. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'activePerSide',
  'reprice',
  'emaSeconds',
  'minProfit',
  'trigger',
  'takeProfit',
  'stopLoss',
  'onExit',
  'rangeExit',
  'rangeExitSeconds',
  'exitSlippage',
  'trailing',
  'trailUpTo',
  'trailDownTo',
  'compound',
  'onStop',
]);

/** Parameters that came after the first version, with their defaults: a ladder made before they existed is the same ladder. */
const LATER: ReadonlyMap<string, ParamValue> = new Map<string, ParamValue>([
  ['infinity', false],
  ['generation', 1],
]);

/** A ladder as the journal has it, and what its own record says beside its lines. */
export interface OldLadder {
  readonly ladder: Ladder;
  /** What it was made from: not of the parameters given when they changed since. */
  readonly hash: number;
  readonly stepWord: number;
  readonly exitPhase: number;
  readonly exitReason: number;
}

/** Of a running grid: the same ladder, or another. */
export function effectOf(before: Params, after: Params, instruments: readonly Instrument[]): ParamsEffect {
  const instrument = instruments[0];
  if (instrument === undefined) return 'restart';
  return ladderHash(before, instrument) === ladderHash(after, instrument) ? 'live' : 'rebuilt';
}

export function exitWord(phase: number, reason: number): number {
  return reason * EXIT_PHASES + phase;
}

const EXIT_PHASES = 8;

/** The ladder of the journal, also one that was made from other parameters; null when there was none. */
export function recoverOld(
  name: string,
  settings: GridSettings,
  instrument: Instrument,
  recovered: RecoveredStrategy,
  params: Params,
): OldLadder | null {
  const hash = ladderHash(params, instrument);
  // A crash while a ladder gave way to a smaller one leaves both records: the one that fits is the newer one.
  const metas = recovered.levels.filter((level) => level.state === LevelState.META);
  const meta = metas.find((level) => level.auxLots === hash) ?? metas[0];
  if (meta === undefined) return null;
  // One word holds both: the phase, and why.
  const said = {
    hash: meta.auxLots,
    stepWord: meta.qtyLots,
    exitPhase: meta.cumLots % EXIT_PHASES,
    exitReason: Math.floor(meta.cumLots / EXIT_PHASES),
  };
  const count = meta.auxTicks;
  const byLevel = new Map<number, RecoveredLevel>(recovered.levels.map((level) => [level.level, level]));
  const buyTicks = new Float64Array(count);
  const sellTicks = new Float64Array(count);
  const homeSide = new Uint8Array(count);
  const qtyLots = new Float64Array(count);
  for (let line = 0; line < count; line++) {
    const home = byLevel.get(line * 2);
    // A crash while the ladder was first written: nothing was placed on what is missing. It is made again from the same numbers, or, to be given up, stays empty.
    if (home === undefined) {
      if (meta.auxLots === hash) return { ...said, ladder: makeLadder(name, settings, instrument, meta.priceTicks) };
      buyTicks[line] = meta.priceTicks;
      sellTicks[line] = meta.priceTicks + 1;
      continue;
    }
    const isBuy = home.side === SIDE_BUY;
    homeSide[line] = home.side;
    buyTicks[line] = isBuy ? home.priceTicks : home.auxTicks;
    sellTicks[line] = isBuy ? home.auxTicks : home.priceTicks;
    qtyLots[line] = home.qtyLots;
  }
  return { ...said, ladder: { count, anchorTicks: meta.priceTicks, buyTicks, sellTicks, homeSide, qtyLots } };
}
