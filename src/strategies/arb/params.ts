/** What an arbitrage can be told, as plain data, and the same as typed settings. Read once at start. */
import { UsageError } from '../../core/numbers/errors.js';
import type { ParamSpec, Params } from '../../core/ports/strategy.js';

export const ARB_PARAMS: readonly ParamSpec[] = [
  {
    key: 'mode',
    unit: '',
    type: 'choice',
    default: 'auto',
    choices: ['auto', 'cross', 'basis', 'perp'],
    reason:
      'cross: the same kind on two venues, taken whenever it pays. basis: spot against contract, held until the basis reverts. perp: the same between two contracts, with their funding. auto: each pair by its kinds (cross or basis).',
  },
  {
    key: 'minEdge',
    unit: 'ratio',
    type: 'decimal',
    default: '0.0002',
    min: '-0.1',
    max: '1',
    reason: 'Least profit of a deal after all fees, as a share of its value; for basis the fees of the exit are counted too.',
  },
  {
    key: 'exitEdge',
    unit: 'ratio',
    type: 'decimal',
    default: '0.0001',
    min: '-0.1',
    max: '1',
    reason: 'Basis: the position is closed when entry and exit together leave this much after fees.',
  },
  {
    key: 'reduceEdge',
    unit: 'ratio',
    type: 'decimal',
    optional: true,
    min: '-0.1',
    max: '1',
    reason: 'Cross: least profit of a deal that brings the positions of both venues back towards zero; absent: minEdge.',
  },
  {
    key: 'fundingPeriods',
    unit: 'intervals',
    type: 'decimal',
    default: '1',
    min: '0',
    max: '1000',
    reason: 'Basis and perp: funding of this many intervals, at the rates of now, is part of the edge of an entry. 0 leaves it out.',
  },
  {
    key: 'latencyCost',
    unit: 'ratio',
    type: 'decimal',
    default: '0',
    min: '0',
    max: '0.1',
    reason: 'Assumed loss from prices that move while the legs are under way, as a share of the value; counted in every edge.',
  },
  {
    key: 'transferCost',
    unit: 'ratio',
    type: 'decimal',
    default: '0',
    min: '0',
    max: '0.1',
    reason:
      'Assumed cost of moving assets back between the venues later; counted for deals that make a position larger, not for those that reduce it.',
  },
  {
    key: 'maker',
    unit: '',
    type: 'choice',
    default: 'none',
    choices: ['none', 'first', 'second'],
    reason:
      'none: both legs take. first or second: an order rests on that instrument of each pair (in the order of the list), and the other side is taken when it fills.',
  },
  {
    key: 'quoteDistance',
    unit: 'ratio',
    type: 'decimal',
    default: '0.0005',
    min: '0',
    max: '0.1',
    reason: 'maker: an order that would rest farther from the best price than this does not rest.',
  },
  {
    key: 'requoteRatio',
    unit: 'ratio',
    type: 'decimal',
    default: '0.00005',
    min: '0',
    max: '0.1',
    reason: 'maker: the resting order moves when its price is off by more than this; one that no longer pays goes at once.',
  },
  {
    key: 'requoteMs',
    unit: 'ms',
    type: 'integer',
    default: 250,
    min: 1,
    max: 600_000,
    reason: 'maker: shortest life of a resting order that still pays.',
  },
  { key: 'maxNotional', unit: 'quote', type: 'decimal', default: '1000', min: '0', reason: 'Largest value of one deal.' },
  {
    key: 'maxPosition',
    unit: 'quote',
    type: 'decimal',
    default: '5000',
    min: '0',
    reason: 'Largest value held long or short on one instrument.',
  },
  { key: 'bookMaxAgeMs', unit: 'ms', type: 'integer', default: 2000, min: 1, max: 600_000, reason: 'Both books must be younger.' },
  {
    key: 'legTimeoutMs',
    unit: 'ms',
    type: 'integer',
    default: 1500,
    min: 10,
    max: 600_000,
    reason: 'A leg without a final answer after this time is cancelled, and what is naked is closed.',
  },
  {
    key: 'slippage',
    unit: 'ratio',
    type: 'decimal',
    default: '0.0002',
    min: '0',
    max: '0.1',
    reason: 'Price limits of the legs stand this much behind the worst level they mean to take.',
  },
  {
    key: 'hedgeSlippage',
    unit: 'ratio',
    type: 'decimal',
    default: '0.002',
    min: '0',
    max: '0.5',
    reason: 'The same for closing what is naked; grows with each attempt, up to four times this.',
  },
  {
    key: 'nakedCap',
    unit: 'quote x s',
    type: 'decimal',
    default: '3000',
    min: '0',
    reason: 'Largest naked value times seconds: bounds a deal to what one leg timeout may cost, and stops new deals when passed.',
  },
  {
    key: 'cooldownMs',
    unit: 'ms',
    type: 'integer',
    default: 250,
    min: 0,
    max: 600_000,
    reason: 'Pause of a pair after each deal; both books must have changed since.',
  },
  {
    key: 'onStop',
    unit: '',
    type: 'choice',
    default: 'keep',
    choices: ['keep', 'flatten'],
    reason:
      'At a clean stop of the engine: positions stay for the next start, or are closed at the market. A deal that is under way is brought to its end in both cases.',
  },
  { key: 'depth', unit: 'levels', type: 'integer', default: 20, min: 1, max: 200, reason: 'Levels of each book that are walked.' },
  {
    key: 'equalQuotes',
    unit: '',
    type: 'text',
    default: 'USDT,USD,USDC',
    reason: 'Quote assets taken as worth the same; their drift is a risk of the position.',
  },
];

export interface ArbSettings {
  readonly mode: 'auto' | 'cross' | 'basis' | 'perp';
  readonly maker: 'none' | 'first' | 'second';
  readonly quoteDistance: number;
  readonly requoteRatio: number;
  readonly requoteUs: number;
  readonly minEdge: number;
  readonly reduceEdge: number;
  readonly fundingPeriods: number;
  readonly latencyCost: number;
  readonly transferCost: number;
  readonly exitEdge: number;
  readonly maxNotional: number;
  readonly maxPosition: number;
  readonly bookMaxAgeUs: number;
  readonly legTimeoutUs: number;
  readonly slippage: number;
  readonly hedgeSlippage: number;
  readonly nakedCap: number;
  readonly cooldownUs: number;
  readonly depth: number;
  readonly isFlatAtStop: boolean;
  readonly equalQuotes: ReadonlySet<string>;
}

export function arbSettings(name: string, params: Params): ArbSettings {
  const settings: ArbSettings = {
    mode: params['mode'] as ArbSettings['mode'],
    maker: (params['maker'] ?? 'none') as ArbSettings['maker'],
    quoteDistance: Number(params['quoteDistance']),
    requoteRatio: Number(params['requoteRatio']),
    requoteUs: Number(params['requoteMs']) * 1000,
    minEdge: Number(params['minEdge']),
    reduceEdge: Number(params['reduceEdge'] ?? params['minEdge']),
    fundingPeriods: Number(params['fundingPeriods'] ?? 0),
    latencyCost: Number(params['latencyCost'] ?? 0),
    transferCost: Number(params['transferCost'] ?? 0),
    exitEdge: Number(params['exitEdge']),
    maxNotional: Number(params['maxNotional']),
    maxPosition: Number(params['maxPosition']),
    bookMaxAgeUs: Number(params['bookMaxAgeMs']) * 1000,
    legTimeoutUs: Number(params['legTimeoutMs']) * 1000,
    slippage: Number(params['slippage']),
    hedgeSlippage: Number(params['hedgeSlippage']),
    nakedCap: Number(params['nakedCap']),
    cooldownUs: Number(params['cooldownMs']) * 1000,
    depth: Number(params['depth']),
    isFlatAtStop: params['onStop'] === 'flatten',
    equalQuotes: new Set(
      String(params['equalQuotes'])
        .split(',')
        .map((asset) => asset.trim()),
    ),
  };
  if (!(settings.maxNotional > 0 && settings.maxPosition > 0 && settings.nakedCap > 0)) {
    throw new UsageError(
      `${name}: maxNotional, maxPosition and nakedCap must be above 0, were ${settings.maxNotional}, ${settings.maxPosition}, ${settings.nakedCap}`,
    );
  }
  return settings;
}
