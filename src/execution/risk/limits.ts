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
import { coinOf, type Instrument } from '../../core/orders/instrument.js';
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
  readonly maxLeverage: Float64Array;
  /** Index of the margin account (venue and settle asset), -1 for spot. */
  readonly marginAccount: Int32Array;
  /** Index in `losses` of what the instrument is settled in, -1 without a limit. */
  readonly lossOf: Int32Array;
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
  /** Per asset of the run: as `lossOf`. */
  readonly lossOfAsset: Int32Array;
  readonly losses: readonly AssetLosses[];
  /** Wall time from which a drawdown counts. */
  readonly drawdownFromUs: number;
  /** True: resting orders that a new one would meet are cancelled; false: the new one is refused and they stand. */
  readonly cancelsForNew: boolean;
  /** Whole engine. */
  readonly maxOpenOrdersVenue: number;
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  readonly cancelToFill: number;
  readonly cancelGrace: number;
  /** TRADING_*. */
  readonly state: number;
}

/** Limits of what may be lost of one asset, in units; Infinity where there is none. */
export interface AssetLosses {
  /** Everybody's name of the asset, and its first index in the run's table. */
  readonly coin: string;
  readonly asset: number;
  readonly dailyLoss: number;
  readonly drawdown: number;
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
  const exposure = byCoin('exposure', config.exposure);
  const groups = [...exposure.keys()];
  const losses = compileLosses(config, tables);
  const lossOf = (asset: string): number => losses.findIndex(({ coin }) => coin === coinOf(asset));
  const accounts: string[] = [];
  const n = instruments.length;
  const limits = {
    minLots: new Float64Array(n),
    maxLots: new Float64Array(n),
    minUnits: new Float64Array(n),
    maxUnits: new Float64Array(n),
    maxPositionLots: new Float64Array(n),
    maxPositionUnits: new Float64Array(n),
    maxOpenOrders: new Int32Array(n),
    maxLeverage: new Float64Array(n),
    marginAccount: new Int32Array(n).fill(-1),
    lossOf: new Int32Array(n),
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
    limits.maxLeverage[i] = Number(own.maxLeverage);
    if (instrument.kind !== 'spot') limits.marginAccount[i] = indexIn(accounts, `${instrument.venue} ${instrument.settle}`);
    limits.lossOf[i] = lossOf(instrument.settle);
    limits.collar[i] = Number(own.collarRatio);
    limits.far[i] = Number(own.farRatio);
    limits.bookMaxAgeUs[i] = own.bookMaxAgeMs * 1000;
    limits.isInverse[i] = isInverse ? 1 : 0;
    limits.isSpot[i] = instrument.kind === 'spot' ? 1 : 0;
    limits.venue[i] = venueIndexOf(tables, instrument);
    limits.exposureOf[i] = groups.indexOf(coinOf(instrument.base));
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
    maxExposure: Float64Array.from(exposure.values(), Number),
    exposureMembers: groups.map((coin) =>
      Int32Array.from(instruments.filter((instrument) => coinOf(instrument.base) === coin).map((instrument) => instrument.index)),
    ),
    lossOfAsset: Int32Array.from(assets, lossOf),
    losses,
    drawdownFromUs: Date.parse(config.drawdownFrom) * 1000,
    cancelsForNew: config.selfTrade === 'cancel',
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

/** What a position of these lots is worth in the settle asset at a price; its profit is the difference of two (of inverse contracts: the negative one). */
export function settleOf(limits: RiskLimits, instrument: number, ticks: number): number {
  const { isInverse, lotWorth, tickWorth } = limits;
  return isInverse[instrument] === 1 ? lotWorth[instrument]! / (ticks * tickWorth[instrument]!) : ticks * tickWorth[instrument]!;
}

/** Each coin has one limit, by whatever name. */
function byCoin(block: string, given: Readonly<Record<string, string>>): Map<string, string> {
  const limits = new Map<string, string>();
  for (const [asset, value] of Object.entries(given)) {
    const coin = coinOf(asset);
    if (limits.has(coin)) throw new UsageError(`risk.${block}.${asset}: ${coin} has a limit already, by its other name`);
    limits.set(coin, value);
  }
  return limits;
}

/** A limit that guards nothing is a mistake: what it names must be what something in this run is settled in. */
function compileLosses(config: RiskConfig, tables: RunTables): AssetLosses[] {
  const settled = [...new Set(tables.instruments.map((instrument) => instrument.settle))];
  const daily = byCoin('dailyLoss', config.dailyLoss);
  const drawdown = byCoin('drawdown', config.drawdown);
  for (const [block, limits] of Object.entries({ dailyLoss: daily, drawdown })) {
    for (const coin of limits.keys()) {
      if (settled.some((asset) => coinOf(asset) === coin)) continue;
      const nearest = nearestWord(coin, settled);
      throw new UsageError(
        `risk.${block}.${coin}: nothing in this run is settled in it${nearest === null ? '' : `, did you mean '${nearest}'?`}`,
      );
    }
  }
  return [...new Set([...daily.keys(), ...drawdown.keys()])].map((coin) => ({
    coin,
    asset: Math.max(
      0,
      tables.assets.findIndex((asset) => coinOf(asset) === coin),
    ),
    dailyLoss: Number(daily.get(coin) ?? Infinity),
    drawdown: Number(drawdown.get(coin) ?? Infinity),
  }));
}

function indexIn(words: string[], word: string): number {
  const index = words.indexOf(word);
  return index < 0 ? words.push(word) - 1 : index;
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
