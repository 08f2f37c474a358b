/** What a grid can be told, as plain data, and the same as typed settings. Read once at start. */
import { UsageError } from '../../core/numbers/errors.js';
import { parseDecimal } from '../../core/numbers/decimal.js';
import type { ParamSpec, Params } from '../../core/ports/strategy.js';

export const GRID_PARAMS: readonly ParamSpec[] = [
  { key: 'lower', unit: 'quote', type: 'decimal', optional: true, min: '0', reason: 'Lowest price of the range; with upper and grids.' },
  { key: 'upper', unit: 'quote', type: 'decimal', optional: true, min: '0', reason: 'Highest price of the range.' },
  { key: 'grids', unit: '', type: 'integer', optional: true, min: 1, max: 2000, reason: 'Intervals between lower and upper.' },
  {
    key: 'step',
    unit: 'quote or %',
    type: 'text',
    default: 'auto',
    reason:
      'Without a range: distance of neighbouring levels, 25 (quote) or 0.3% of the price; auto is one and a half times the round-trip cost.',
  },
  {
    key: 'count',
    unit: '',
    type: 'integer',
    default: 10,
    min: 0,
    max: 1000,
    reason: 'Without a range: levels on each side of the anchor.',
  },
  { key: 'buyLevels', unit: '', type: 'integer', optional: true, min: 0, max: 1000, reason: 'Levels below the anchor, when not count.' },
  { key: 'sellLevels', unit: '', type: 'integer', optional: true, min: 0, max: 1000, reason: 'Levels above the anchor, when not count.' },
  { key: 'investment', unit: 'quote', type: 'decimal', optional: true, min: '0', reason: 'Value of all levels together; this or size.' },
  { key: 'leverage', unit: '', type: 'decimal', default: '1', min: '0.01', max: '100', reason: 'Multiplies investment on contracts.' },
  {
    key: 'size',
    unit: 'base or contracts',
    type: 'decimal',
    optional: true,
    min: '0',
    reason: 'Quantity of one level, in the unit of the venue.',
  },
  {
    key: 'profile',
    unit: '',
    type: 'choice',
    default: 'flat',
    choices: ['flat', 'mountain', 'valley'],
    reason: 'How quantity is spread over the levels: even, most in the middle, most at the ends.',
  },
  {
    key: 'spacing',
    unit: '',
    type: 'choice',
    default: 'arithmetic',
    choices: ['arithmetic', 'geometric'],
    reason: 'Equal differences or equal ratios between neighbouring prices.',
  },
  {
    key: 'direction',
    unit: '',
    type: 'choice',
    default: 'neutral',
    choices: ['neutral', 'long', 'short'],
    reason: 'Neutral buys below and sells above the anchor; long only opens by buying, short only by selling (contracts).',
  },
  {
    key: 'anchor',
    unit: '',
    type: 'choice',
    default: 'mid',
    choices: ['mid', 'microprice', 'ema', 'price'],
    reason: 'The price the ladder is built around, taken once; kept over restarts.',
  },
  { key: 'anchorPrice', unit: 'quote', type: 'decimal', optional: true, min: '0', reason: 'The anchor, when anchor is price.' },
  {
    key: 'emaSeconds',
    unit: 's',
    type: 'integer',
    default: 30,
    min: 1,
    max: 86_400,
    reason: 'Time constant of the ema anchor; it is taken after that time.',
  },
  { key: 'profit', unit: 'quote or %', type: 'text', optional: true, reason: 'Distance of the counter order; absent: the next level.' },
  {
    key: 'minProfit',
    unit: 'ratio',
    type: 'decimal',
    default: '0',
    min: '0',
    max: '1',
    reason: 'Least profit of a round trip after fees, as a share of the price.',
  },
  {
    key: 'activePerSide',
    unit: '',
    type: 'integer',
    default: 20,
    min: 1,
    max: 500,
    reason: 'Only the nearest levels of a side rest at the venue.',
  },
  { key: 'postOnly', unit: '', type: 'boolean', default: true, reason: 'Never take: fees are the maker fees.' },
  {
    key: 'reprice',
    unit: '',
    type: 'choice',
    default: 'improve',
    choices: ['improve', 'wait'],
    reason:
      'A post-only price that would take: improve rests at the best price that does not, wait rests nothing until the market comes back.',
  },
  {
    key: 'trigger',
    unit: 'quote',
    type: 'decimal',
    optional: true,
    min: '0',
    reason: 'The grid starts when the middle of the market reaches this price, from whichever side it comes; absent: at once.',
  },
  {
    key: 'takeProfit',
    unit: 'quote',
    type: 'decimal',
    optional: true,
    min: '0',
    reason: 'The grid ends when the middle of the market reaches this price: its orders are cancelled, then onExit.',
  },
  { key: 'stopLoss', unit: 'quote', type: 'decimal', optional: true, min: '0', reason: 'The same on the losing side.' },
  {
    key: 'onExit',
    unit: '',
    type: 'choice',
    default: 'flatten',
    choices: ['flatten', 'keep'],
    reason: 'After takeProfit or stopLoss: close what the grid holds, or keep it.',
  },
  {
    key: 'rangeExit',
    unit: '',
    type: 'choice',
    default: 'keep',
    choices: ['keep', 'stop', 'flatten'],
    reason: 'A market that stays outside of the range: wait for it, end the grid and keep what it holds, or end it and close that.',
  },
  { key: 'rangeExitSeconds', unit: 's', type: 'integer', default: 60, min: 0, max: 86_400, reason: 'How long it must stay outside.' },
  {
    key: 'exitSlippage',
    unit: 'ratio',
    type: 'decimal',
    default: '0.002',
    min: '0',
    max: '0.1',
    reason: 'Closing orders take up to this share of the price behind the touch.',
  },
  {
    key: 'trailing',
    unit: '',
    type: 'choice',
    default: 'none',
    choices: ['none', 'up', 'down', 'both'],
    reason: 'When the market leaves the range by a step, the farthest empty level moves to the end it left by.',
  },
  { key: 'trailUpTo', unit: 'quote', type: 'decimal', optional: true, min: '0', reason: 'The range does not move above this price.' },
  { key: 'trailDownTo', unit: 'quote', type: 'decimal', optional: true, min: '0', reason: 'The range does not move below this price.' },
  {
    key: 'infinity',
    unit: '',
    type: 'boolean',
    default: false,
    reason: 'No upper end: equal ratios, equal value a level, and the range follows the market up without limit (trailing up).',
  },
  {
    key: 'compound',
    unit: '',
    type: 'boolean',
    default: false,
    reason: 'The profit of a round trip makes its level larger, in whole lots.',
  },
  {
    key: 'generation',
    unit: '',
    type: 'integer',
    default: 1,
    min: 1,
    max: 1_000_000,
    reason: 'A grid that ended stays ended over restarts; a higher number starts it anew.',
  },
  {
    key: 'onStop',
    unit: '',
    type: 'choice',
    default: 'keep',
    choices: ['keep', 'cancel', 'flatten'],
    reason:
      'At a clean stop of the engine: orders stay for the next start; are cancelled and placed again then; or are cancelled and what is held is closed at the market, and the next start begins with a new ladder.',
  },
];

/** A distance between prices: a share of the price, or quote units. */
export interface Distance {
  readonly ratio: number;
  readonly quote: string;
  readonly isRatio: boolean;
}

export interface GridSettings {
  readonly lower: string | null;
  readonly upper: string | null;
  readonly grids: number;
  /** Null: derived from the fees. */
  readonly step: Distance | null;
  readonly buyLevels: number;
  readonly sellLevels: number;
  readonly investment: string | null;
  readonly leverage: number;
  readonly size: string | null;
  readonly profile: 'flat' | 'mountain' | 'valley';
  readonly isGeometric: boolean;
  readonly direction: 'neutral' | 'long' | 'short';
  readonly anchor: 'mid' | 'microprice' | 'ema' | 'price';
  readonly anchorPrice: string | null;
  readonly emaSeconds: number;
  readonly profit: Distance | null;
  readonly minProfit: string;
  readonly activePerSide: number;
  readonly isPostOnly: boolean;
  readonly isImproving: boolean;
  readonly trigger: string | null;
  readonly takeProfit: string | null;
  readonly stopLoss: string | null;
  readonly onExit: 'flatten' | 'keep';
  readonly rangeExit: 'keep' | 'stop' | 'flatten';
  readonly rangeExitSeconds: number;
  readonly exitSlippage: number;
  readonly trailsUp: boolean;
  readonly trailsDown: boolean;
  readonly trailUpTo: string | null;
  readonly trailDownTo: string | null;
  readonly isInfinite: boolean;
  readonly isCompounding: boolean;
  readonly isCancellingOnStop: boolean;
  readonly isFlatAtStop: boolean;
}

export function gridSettings(name: string, params: Params): GridSettings {
  const lower = textOf(params, 'lower');
  const upper = textOf(params, 'upper');
  const grids = numberOf(params, 'grids');
  const given = [lower !== null, upper !== null, grids !== null].filter(Boolean).length;
  if (given !== 0 && given !== 3) throw new UsageError(`${name}: lower, upper and grids belong together; ${given} of them given`);
  const investment = textOf(params, 'investment');
  const size = textOf(params, 'size');
  if ((investment === null) === (size === null)) {
    throw new UsageError(
      `${name}: give either investment (quote, all levels together) or size (one level), ${size === null ? 'not none' : 'not both'}`,
    );
  }
  const anchor = params['anchor'] as GridSettings['anchor'];
  const anchorPrice = textOf(params, 'anchorPrice');
  if (anchor === 'price' && anchorPrice === null) throw new UsageError(`${name}: anchor price needs anchorPrice`);
  const stepText = textOf(params, 'step') ?? 'auto';
  const profitText = textOf(params, 'profit');
  const count = numberOf(params, 'count') ?? 0;
  const isInfinite = params['infinity'] === true;
  const trailing = params['trailing'] ?? 'none';
  if (isInfinite && params['direction'] === 'short')
    throw new UsageError(`${name}: infinity follows the market up; direction short does not`);
  return {
    lower,
    upper,
    grids: grids ?? 0,
    step: stepText === 'auto' ? null : distanceOf(name, 'step', stepText),
    buyLevels: numberOf(params, 'buyLevels') ?? count,
    sellLevels: numberOf(params, 'sellLevels') ?? count,
    investment,
    leverage: Number(params['leverage']),
    size,
    profile: params['profile'] as GridSettings['profile'],
    isGeometric: params['spacing'] === 'geometric' || isInfinite,
    direction: params['direction'] as GridSettings['direction'],
    anchor,
    anchorPrice,
    emaSeconds: numberOf(params, 'emaSeconds') ?? 30,
    profit: profitText === null ? null : distanceOf(name, 'profit', profitText),
    minProfit: textOf(params, 'minProfit') ?? '0',
    activePerSide: numberOf(params, 'activePerSide') ?? 20,
    isPostOnly: params['postOnly'] === true,
    isImproving: params['reprice'] === 'improve',
    trigger: textOf(params, 'trigger'),
    takeProfit: textOf(params, 'takeProfit'),
    stopLoss: textOf(params, 'stopLoss'),
    onExit: params['onExit'] === 'keep' ? 'keep' : 'flatten',
    rangeExit: params['rangeExit'] as GridSettings['rangeExit'],
    rangeExitSeconds: numberOf(params, 'rangeExitSeconds') ?? 60,
    exitSlippage: Number(params['exitSlippage'] ?? 0),
    trailsUp: isInfinite || trailing === 'up' || trailing === 'both',
    trailsDown: trailing === 'down' || trailing === 'both',
    trailUpTo: textOf(params, 'trailUpTo'),
    trailDownTo: textOf(params, 'trailDownTo'),
    isInfinite,
    isCompounding: params['compound'] === true,
    isCancellingOnStop: params['onStop'] !== 'keep',
    isFlatAtStop: params['onStop'] === 'flatten',
  };
}

/** `0.3%` or `25`. */
function distanceOf(name: string, key: string, text: string): Distance {
  const trimmed = text.trim();
  const isRatio = trimmed.endsWith('%');
  const digits = isRatio ? trimmed.slice(0, -1).trim() : trimmed;
  if (!/^\d+(\.\d+)?$/.test(digits) || parseDecimal(digits).mantissa <= 0n) {
    throw new UsageError(`${name}: ${key} must be a positive distance like 25 or 0.3%, was '${text}'`);
  }
  return isRatio ? { isRatio, ratio: Number(digits) / 100, quote: '0' } : { isRatio, ratio: 0, quote: digits };
}

function textOf(params: Params, key: string): string | null {
  const value = params[key];
  return value === undefined || value === '' ? null : String(value);
}

function numberOf(params: Params, key: string): number | null {
  const value = params[key];
  return typeof value === 'number' ? value : null;
}
