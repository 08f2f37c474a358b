/** The risk block of the configuration: its parser and its JSON Schema. Called once at start by the host. Amounts are decimal text; `limits.ts` makes integers of them. */
import { parseDecimal } from '../../core/numbers/decimal.js';
import { UsageError } from '../../core/numbers/errors.js';
import { nearestWord } from '../../core/numbers/nearest.js';
import { MOST, RISK_BLOCKS, RISK_KEYS, type RiskBlock, type RiskKey } from './keys.js';

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

export const DEFAULT_RISK: RiskConfig = {
  ...(Object.fromEntries(RISK_KEYS.map((spec) => [spec.key, spec.default])) as unknown as RiskConfig),
  instruments: {},
  exposure: {},
  dailyLoss: {},
  drawdown: {},
};

const BLOCKS = ['instruments', ...RISK_BLOCKS.map(({ key }) => key)];

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
    ...Object.fromEntries(RISK_BLOCKS.map((block) => [block.key, assetsAt(given, block)])),
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
      ...Object.fromEntries(RISK_BLOCKS.map(({ key, reason }) => [key, byAsset(reason)])),
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

function assetsAt(given: Record<string, unknown>, { key, min }: RiskBlock): Record<string, string> {
  const path = `risk.${key}`;
  const entries = Object.entries(objectAt(path, given[key] ?? {}));
  return Object.fromEntries(entries.map(([asset, value]) => [asset, decimalAt(`${path}.${asset}`, value, min, MOST)]));
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
  if (spec.type === 'time') return timeAt(path, value, Date.parse(String(spec.max)));
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

function timeAt(path: string, value: unknown, most: number): string {
  // YAML makes a date of what looks like one.
  const text = value instanceof Date ? value.toISOString() : value;
  if (typeof text === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/.test(text)) {
    const at = Date.parse(text);
    if (at >= 0 && at <= most) return text;
  }
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
