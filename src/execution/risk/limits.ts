/**
 * Risk limits as numbers ready for the hot path, one word an instrument. `compileRisk` is called once at start; nothing here changes afterwards.
 *
 * Value of an order is counted in *units*: ticks x lots for spot, linear and quanto contracts, lots alone for inverse ones (a contract is worth a fixed amount
 * of quote there). A limit in quote is divided by one unit's worth, exactly, and rounded to the strict side. Products beyond 2^53 lose the last digits: at such
 * sizes the limit itself has no such digits.
 */
import { parseDecimal } from '../../core/numbers/decimal.js';
import { UsageError } from '../../core/numbers/errors.js';
import { nearestWord } from '../../core/numbers/nearest.js';
import type { Instrument } from '../../core/orders/instrument.js';
import { venueIndexOf, type RunTables } from '../../core/orders/tables.js';
import type { InstrumentRisk, RiskConfig } from './schema.js';

export interface RiskLimits {
  /** Per instrument. */
  readonly minLots: Float64Array;
  readonly maxLots: Float64Array;
  readonly minUnits: Float64Array;
  readonly maxUnits: Float64Array;
  readonly maxPositionLots: Float64Array;
  readonly maxPositionUnits: Float64Array;
  readonly maxOpenOrders: Int32Array;
  readonly collar: Float64Array;
  readonly far: Float64Array;
  readonly bookMaxAgeUs: Float64Array;
  /** 1 where value is counted in lots alone. */
  readonly isInverse: Uint8Array;
  readonly isSpot: Uint8Array;
  readonly venue: Int32Array;
  /** Index of the exposure group (base asset), -1 without a limit. */
  readonly exposureOf: Int32Array;
  /** Base units of one lot; for inverse contracts quote units, to be divided by the price. */
  readonly lotWorth: Float64Array;
  /** Quote (settle) units of one tick of one lot; for inverse contracts the price of one tick. */
  readonly tickWorth: Float64Array;
  /** Indexes in the run's asset table, -1 when absent. */
  readonly baseAsset: Int32Array;
  readonly quoteAsset: Int32Array;
  readonly settleAsset: Int32Array;
  /** Per exposure group. */
  readonly maxExposure: Float64Array;
  readonly exposureMembers: readonly Int32Array[];
  /** Whole engine. */
  readonly maxOpenOrdersVenue: number;
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  readonly cancelToFill: number;
  readonly cancelGrace: number;
  /** TRADING_*. */
  readonly state: number;
}

export const TRADING_ACTIVE = 0;
export const TRADING_REDUCING = 1;
export const TRADING_HALTED = 2;
const STATES = { active: TRADING_ACTIVE, reducing: TRADING_REDUCING, halted: TRADING_HALTED } as const;

export function compileRisk(config: RiskConfig, tables: RunTables): RiskLimits {
  const { instruments, assets } = tables;
  const ids = instruments.map((instrument) => instrument.id);
  for (const id of Object.keys(config.instruments)) {
    if (ids.includes(id)) continue;
    const nearest = nearestWord(id, ids);
    throw new UsageError(`risk.instruments.${id}: this run does not trade it${nearest === null ? '' : `, did you mean '${nearest}'?`}`);
  }
  const groups = Object.keys(config.exposure);
  const n = instruments.length;
  const limits = {
    minLots: new Float64Array(n),
    maxLots: new Float64Array(n),
    minUnits: new Float64Array(n),
    maxUnits: new Float64Array(n),
    maxPositionLots: new Float64Array(n),
    maxPositionUnits: new Float64Array(n),
    maxOpenOrders: new Int32Array(n),
    collar: new Float64Array(n),
    far: new Float64Array(n),
    bookMaxAgeUs: new Float64Array(n),
    isInverse: new Uint8Array(n),
    isSpot: new Uint8Array(n),
    venue: new Int32Array(n),
    exposureOf: new Int32Array(n),
    lotWorth: new Float64Array(n),
    tickWorth: new Float64Array(n),
    baseAsset: new Int32Array(n),
    quoteAsset: new Int32Array(n),
    settleAsset: new Int32Array(n),
  };
  for (const [i, instrument] of instruments.entries()) {
    const own: InstrumentRisk = { ...config, ...config.instruments[instrument.id] };
    const unit = unitOf(instrument);
    const isInverse = instrument.kind === 'inverse';
    limits.minLots[i] = Math.max(1, up(instrument.minQty, [instrument.lotSize]));
    limits.maxLots[i] = Math.min(down(own.maxQty, [instrument.lotSize]), down(instrument.maxQty, [instrument.lotSize]));
    limits.minUnits[i] = up(instrument.minNotional, unit);
    limits.maxUnits[i] = down(own.maxNotional, unit);
    limits.maxPositionLots[i] = down(own.maxPosition, [instrument.lotSize]);
    limits.maxPositionUnits[i] = down(own.maxPositionNotional, unit);
    limits.maxOpenOrders[i] = instrument.maxOpenOrders > 0 ? Math.min(own.maxOpenOrders, instrument.maxOpenOrders) : own.maxOpenOrders;
    limits.collar[i] = Number(own.collarRatio);
    limits.far[i] = Number(own.farRatio);
    limits.bookMaxAgeUs[i] = own.bookMaxAgeMs * 1000;
    limits.isInverse[i] = isInverse ? 1 : 0;
    limits.isSpot[i] = instrument.kind === 'spot' ? 1 : 0;
    limits.venue[i] = venueIndexOf(tables, instrument);
    limits.exposureOf[i] = groups.indexOf(instrument.base);
    // A quanto contract moves with its base but is settled elsewhere: its multiplier says nothing of base units, so a contract counts as one.
    limits.lotWorth[i] = Number(instrument.lotSize) * (instrument.kind === 'quanto' ? 1 : Number(instrument.multiplier));
    limits.tickWorth[i] = isInverse
      ? Number(instrument.tickSize)
      : Number(instrument.tickSize) * Number(instrument.lotSize) * Number(instrument.multiplier);
    limits.baseAsset[i] = assets.indexOf(instrument.base);
    limits.quoteAsset[i] = assets.indexOf(instrument.quote);
    limits.settleAsset[i] = assets.indexOf(instrument.settle);
  }
  return {
    ...limits,
    maxExposure: Float64Array.from(groups, (asset) => Number(config.exposure[asset])),
    exposureMembers: groups.map((asset) =>
      Int32Array.from(instruments.filter((instrument) => instrument.base === asset).map((instrument) => instrument.index)),
    ),
    maxOpenOrdersVenue: config.maxOpenOrdersVenue,
    messagesPerSecond: config.messagesPerSecond,
    messageBurst: config.messageBurst,
    cancelToFill: config.cancelToFill,
    cancelGrace: config.cancelGrace,
    state: STATES[config.state],
  };
}

/** Value of an order in units. */
export function unitsOfOrder(limits: RiskLimits, instrument: number, priceTicks: number, lots: number): number {
  return limits.isInverse[instrument] === 1 ? lots : lots * priceTicks;
}

function unitOf(instrument: Instrument): string[] {
  const lot = [instrument.lotSize, instrument.multiplier];
  return instrument.kind === 'inverse' ? lot : [...lot, instrument.tickSize];
}

/** Whole times that the product of `steps` goes into `text`, rounded down or up; at most 2^53. */
function down(text: string, steps: readonly string[]): number {
  const { numerator, denominator } = fraction(text, steps);
  return bounded(numerator / denominator);
}

function up(text: string, steps: readonly string[]): number {
  const { numerator, denominator } = fraction(text, steps);
  return bounded((numerator + denominator - 1n) / denominator);
}

function fraction(text: string, steps: readonly string[]): { numerator: bigint; denominator: bigint } {
  let { mantissa: numerator, scale } = parseDecimal(text);
  let denominator = 10n ** BigInt(scale);
  for (const step of steps) {
    const one = parseDecimal(step);
    denominator *= one.mantissa;
    numerator *= 10n ** BigInt(one.scale);
  }
  return { numerator, denominator };
}

function bounded(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}
