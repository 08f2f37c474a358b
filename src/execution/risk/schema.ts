/**
 * The risk block of the configuration: every key with unit, default, range and reason, and the parser of what the file says. Called once at start by the host.
 * Amounts are decimal text; `limits.ts` makes integers of them.
 */
import { parseDecimal } from '../../core/numbers/decimal.js';
import { UsageError } from '../../core/numbers/errors.js';
import { nearestWord } from '../../core/numbers/nearest.js';

export interface RiskKey {
  readonly key: string;
  readonly unit: string;
  readonly type: 'decimal' | 'integer' | 'choice' | 'time';
  readonly default: string | number;
  readonly min: string | number;
  readonly max: string | number;
  readonly choices?: readonly string[];
  readonly reason: string;
  /** May stand under `instruments: { VENUE:SYMBOL: { ... } }` too. */
  readonly perInstrument: boolean;
}

const MOST = '1000000000000';

export const RISK_KEYS: readonly RiskKey[] = [
  {
    key: 'maxNotional',
    unit: 'quote',
    type: 'decimal',
    default: '100000',
    min: '0',
    max: MOST,
    perInstrument: true,
    reason: 'largest value of one order: a slipped digit stops here (settle units for quanto contracts)',
  },
  {
    key: 'maxQty',
    unit: 'base or contracts',
    type: 'decimal',
    default: MOST,
    min: '0',
    max: MOST,
    perInstrument: true,
    reason: 'largest quantity of one order; the instrument has its own maximum too',
  },
  {
    key: 'maxPositionNotional',
    unit: 'quote',
    type: 'decimal',
    default: '1000000',
    min: '0',
    max: MOST,
    perInstrument: true,
    reason: 'largest position of an instrument if every open order on one side fills',
  },
  {
    key: 'maxPosition',
    unit: 'base or contracts',
    type: 'decimal',
    default: MOST,
    min: '0',
    max: MOST,
    perInstrument: true,
    reason: 'the same in quantity',
  },
  {
    key: 'maxOpenOrders',
    unit: 'orders',
    type: 'integer',
    default: 200,
    min: 1,
    max: 100_000,
    perInstrument: true,
    reason: 'open orders of one instrument; never above what the venue takes',
  },
  {
    key: 'maxOpenOrdersVenue',
    unit: 'orders',
    type: 'integer',
    default: 1000,
    min: 1,
    max: 100_000,
    perInstrument: false,
    reason: 'open orders of one venue',
  },
  {
    key: 'collarRatio',
    unit: 'ratio',
    type: 'decimal',
    default: '0.05',
    min: '0.0001',
    max: '10',
    perInstrument: true,
    reason: 'how far through the middle (and the mark) an order may be priced towards the market',
  },
  {
    key: 'farRatio',
    unit: 'ratio',
    type: 'decimal',
    default: '0.5',
    min: '0.0001',
    max: '1',
    perInstrument: true,
    reason: 'how far away from the middle an order may rest',
  },
  {
    key: 'bookMaxAgeMs',
    unit: 'ms',
    type: 'integer',
    default: 10_000,
    min: 1,
    max: 3_600_000,
    perInstrument: true,
    reason: 'a book older than this prices nothing; the feed marks its own staleness earlier',
  },
  {
    key: 'messagesPerSecond',
    unit: '1/s',
    type: 'integer',
    default: 100,
    min: 1,
    max: 100_000,
    perInstrument: false,
    reason: 'new orders and amends of one strategy, sustained: stops a runaway loop',
  },
  {
    key: 'messageBurst',
    unit: 'messages',
    type: 'integer',
    default: 500,
    min: 1,
    max: 1_000_000,
    perInstrument: false,
    reason: 'new orders and amends of one strategy at once: a whole ladder starts in one go',
  },
  {
    key: 'cancelToFill',
    unit: 'ratio',
    type: 'integer',
    default: 200,
    min: 1,
    max: 1_000_000,
    perInstrument: false,
    reason: 'cancels and amends of a strategy for each of its fills, halved every ten minutes; venues fine worse ratios',
  },
  {
    key: 'cancelGrace',
    unit: 'messages',
    type: 'integer',
    default: 2000,
    min: 0,
    max: 1_000_000,
    perInstrument: false,
    reason: 'cancels and amends that are free of that ratio: a quiet market has no fills',
  },
  {
    key: 'maxLeverage',
    unit: 'ratio',
    type: 'decimal',
    default: '100',
    min: '0.01',
    max: '1000',
    perInstrument: true,
    reason:
      "contracts of one wallet, open orders included, over the wallet and its unrealised profit; also the most that the venue's own setting may be",
  },
  {
    key: 'selfTrade',
    unit: '',
    type: 'choice',
    default: 'block',
    min: '',
    max: '',
    choices: ['block', 'cancel'],
    perInstrument: false,
    reason:
      'a new order that would meet one of ours is refused either way; cancel: what it would meet is cancelled, and it may be asked for again once that is confirmed',
  },
  {
    key: 'drawdownFrom',
    unit: 'UTC time',
    type: 'time',
    default: '1970-01-01T00:00:00Z',
    min: '',
    max: '',
    perInstrument: false,
    reason: 'drawdown counts from the best result after this moment: after one was reached, the time of the decision to trade on',
  },
  {
    key: 'state',
    unit: '',
    type: 'choice',
    default: 'active',
    min: '',
    max: '',
    choices: ['active', 'reducing', 'halted'],
    perInstrument: false,
    reason: 'reducing: only orders that make a position smaller; halted: none',
  },
];

export type TradingState = 'active' | 'reducing' | 'halted';

export interface InstrumentRisk {
  readonly maxNotional: string;
  readonly maxQty: string;
  readonly maxPositionNotional: string;
  readonly maxPosition: string;
  readonly maxOpenOrders: number;
  readonly maxLeverage: string;
  readonly collarRatio: string;
  readonly farRatio: string;
  readonly bookMaxAgeMs: number;
}

export interface RiskConfig extends InstrumentRisk {
  readonly maxOpenOrdersVenue: number;
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  readonly cancelToFill: number;
  readonly cancelGrace: number;
  readonly state: TradingState;
  readonly selfTrade: 'block' | 'cancel';
  readonly drawdownFrom: string;
  /** Instrument id to what differs from the above. */
  readonly instruments: Readonly<Record<string, Partial<InstrumentRisk>>>;
  /** Asset to its largest exposure over all venues, in units of the asset, positions and open orders of one direction together. Absent: no limit. */
  readonly exposure: Readonly<Record<string, string>>;
  /** Settle asset to what may be lost of it in one UTC day, realised and unrealised, fees and funding included: then only what makes positions smaller goes. */
  readonly dailyLoss: Readonly<Record<string, string>>;
  /** Settle asset to what may be lost of it since the best result so far. */
  readonly drawdown: Readonly<Record<string, string>>;
}

/** Blocks by asset: what their values say. */
const ASSET_BLOCKS = { exposure: '0', dailyLoss: '0.00000001', drawdown: '0.00000001' } as const;
type AssetBlock = keyof typeof ASSET_BLOCKS;

export const DEFAULT_RISK: RiskConfig = {
  ...(Object.fromEntries(RISK_KEYS.map((spec) => [spec.key, spec.default])) as unknown as RiskConfig),
  instruments: {},
  exposure: {},
  dailyLoss: {},
  drawdown: {},
};

const BLOCKS = ['instruments', ...Object.keys(ASSET_BLOCKS)];

/** Reads the risk block; throws UsageError with path, value, expectation and the nearest key. */
export function parseRisk(input: unknown): RiskConfig {
  const given = objectAt('risk', input ?? {});
  const known = [...RISK_KEYS.map((spec) => spec.key), ...BLOCKS];
  const flat: Record<string, string | number> = {};
  for (const [key, value] of Object.entries(given)) {
    if (BLOCKS.includes(key)) continue;
    flat[key] = valueAt(`risk.${key}`, key, value, known, false);
  }
  const instruments: Record<string, Partial<InstrumentRisk>> = {};
  for (const [id, block] of Object.entries(objectAt('risk.instruments', given['instruments'] ?? {}))) {
    const path = `risk.instruments.${id}`;
    const keys = RISK_KEYS.filter((spec) => spec.perInstrument).map((spec) => spec.key);
    instruments[id] = Object.fromEntries(
      Object.entries(objectAt(path, block)).map(([key, value]) => [key, valueAt(`${path}.${key}`, key, value, keys, true)]),
    );
  }
  return {
    ...DEFAULT_RISK,
    ...flat,
    instruments,
    exposure: assetsAt(given, 'exposure'),
    dailyLoss: assetsAt(given, 'dailyLoss'),
    drawdown: assetsAt(given, 'drawdown'),
  };
}

/** The risk block as JSON Schema, for editors. */
export function riskJsonSchema(): unknown {
  const keys = (isInner: boolean): Record<string, unknown> =>
    Object.fromEntries(RISK_KEYS.filter((spec) => spec.perInstrument || !isInner).map((spec) => [spec.key, jsonOf(spec)]));
  return {
    type: 'object',
    description: 'limits, enforced before any send',
    properties: {
      ...keys(false),
      instruments: {
        type: 'object',
        description: 'VENUE:SYMBOL to what differs there',
        additionalProperties: { type: 'object', properties: keys(true), additionalProperties: false },
      },
      exposure: byAsset('coin to its largest exposure over all venues, positions and open orders of one direction together'),
      dailyLoss: byAsset(
        'settle asset to what may be lost of it in one UTC day, realised and unrealised; then only what makes positions smaller goes',
      ),
      drawdown: byAsset('settle asset to what may be lost of it since the best result so far'),
    },
    additionalProperties: false,
  };
}

function byAsset(description: string): unknown {
  return { type: 'object', additionalProperties: { type: 'string' }, description };
}

function jsonOf({ type, unit, reason, min, max, choices, ...spec }: RiskKey): unknown {
  const facts = [unit, type === 'decimal' ? `${min} to ${max}` : ''].filter((text) => text !== '').join(', ');
  const description = facts === '' ? reason : `${reason} [${facts}]`;
  if (type === 'integer') return { type, minimum: min, maximum: max, default: spec.default, description };
  if (type === 'choice') return { type: 'string', enum: choices, default: spec.default, description };
  return { type: 'string', ...(type === 'time' ? { format: 'date-time' } : {}), default: spec.default, description };
}

function assetsAt(given: Record<string, unknown>, block: AssetBlock): Record<string, string> {
  const entries = Object.entries(objectAt(`risk.${block}`, given[block] ?? {}));
  return Object.fromEntries(
    entries.map(([asset, value]) => [asset, decimalAt(`risk.${block}.${asset}`, value, ASSET_BLOCKS[block], MOST)]),
  );
}

function objectAt(path: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${path}: expected a block of keys, was ${show(value)}`);
  return value as Record<string, unknown>;
}

function valueAt(path: string, key: string, value: unknown, known: readonly string[], perInstrument: boolean): string | number {
  const spec = RISK_KEYS.find((one) => one.key === key && (one.perInstrument || !perInstrument));
  if (spec === undefined) {
    const nearest = nearestWord(key, known);
    throw new UsageError(`${path}: unknown key${nearest === null ? '' : `, did you mean '${nearest}'?`}`);
  }
  if (spec.type === 'decimal') return decimalAt(path, value, String(spec.min), String(spec.max));
  if (spec.type === 'choice') {
    if (typeof value === 'string' && spec.choices?.includes(value) === true) return value;
    throw new UsageError(`${path}: expected one of ${spec.choices?.join(', ')}, was ${show(value)}`);
  }
  if (spec.type === 'time') return timeAt(path, value);
  const [min, max] = [Number(spec.min), Number(spec.max)];
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new UsageError(`${path}: expected a whole number from ${min} to ${max}, was ${show(value)}`);
}

function decimalAt(path: string, value: unknown, min: string, max: string): string {
  const expectation = `expected a decimal as text from ${min} to ${max}`;
  if (typeof value !== 'string' || !/^\d+(\.\d+)?$/.test(value)) throw new UsageError(`${path}: ${expectation}, was ${show(value)}`);
  if (compare(value, min) < 0 || compare(value, max) > 0) throw new UsageError(`${path}: ${expectation}, was ${value}`);
  return value;
}

function timeAt(path: string, value: unknown): string {
  // YAML makes a date of what looks like one.
  const text = value instanceof Date ? value.toISOString() : value;
  if (typeof text === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new UsageError(`${path}: expected a time in UTC like '2026-11-23T14:00:00Z', was ${show(value)}`);
}

function compare(a: string, b: string): number {
  const [left, right] = [parseDecimal(a), parseDecimal(b)];
  const scale = Math.max(left.scale, right.scale);
  const difference = left.mantissa * 10n ** BigInt(scale - left.scale) - right.mantissa * 10n ** BigInt(scale - right.scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}
