/**
 * Translates the indexes and units of an old run's records to those of a new one, by name: a strategy, an instrument and an asset keep their past when the tables
 * are in another order. Names that the new tables lack get indexes behind them, so that their past can be folded too and told apart.
 */
import { formatDecimal, parseDecimal } from '../core/numbers/decimal.js';
import { RecordKind } from '../core/memory/record.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { RunTables } from '../core/orders/tables.js';
import type { JournalRecord } from '../core/orders/journal-record.js';

/** new = old x num / den; null when they are the same. */
export type Ratio = { readonly num: bigint; readonly den: bigint } | null;

/** Names in the order of their indexes. */
export interface NamedTables {
  readonly strategies: readonly { readonly name: string }[];
  readonly instruments: readonly Instrument[];
  readonly assets: readonly string[];
}

interface InstrumentMap {
  readonly index: number;
  readonly ticks: Ratio;
  readonly lots: Ratio;
}

export class RunMap {
  readonly strategies: string[];
  readonly instruments: Instrument[];
  readonly assets: string[];
  readonly #tables: RunTables | null;
  readonly #onRegrid: (instrument: number, ticks: Ratio, lots: Ratio) => void;
  #strategyOf: readonly number[] = [];
  #instrumentOf: readonly InstrumentMap[] = [];
  #assetOf: readonly number[] = [];

  /**
   * @param tables the run to come; null: no run's terms but those of all runs together, in steps so fine that nothing is lost
   * @param onRegrid without tables: the steps of an instrument became finer by these ratios
   */
  constructor(tables: RunTables | null, onRegrid: (instrument: number, ticks: Ratio, lots: Ratio) => void = () => undefined) {
    this.#tables = tables;
    this.#onRegrid = onRegrid;
    this.strategies = (tables?.strategies ?? []).map(({ name }) => name);
    this.instruments = [...(tables?.instruments ?? [])];
    this.assets = [...(tables?.assets ?? [])];
  }

  /** From here on records are those of a run with these tables. */
  enter(old: NamedTables): void {
    this.#strategyOf = old.strategies.map(({ name }) => indexIn(this.strategies, name));
    this.#assetOf = old.assets.map((name) => indexIn(this.assets, name));
    this.#instrumentOf = old.instruments.map((instrument) => {
      let index = this.instruments.findIndex(({ id }) => id === instrument.id);
      if (index < 0) index = this.instruments.push({ ...instrument, index: this.instruments.length }) - 1;
      else if (this.#tables === null) this.#widen(index, instrument);
      const target = this.instruments[index] ?? instrument;
      return { index, ticks: ratio(instrument.tickSize, target.tickSize), lots: ratio(instrument.lotSize, target.lotSize) };
    });
  }

  #widen(index: number, instrument: Instrument): void {
    const before = this.instruments[index] ?? instrument;
    const tickSize = commonStep(before.tickSize, instrument.tickSize);
    const lotSize = commonStep(before.lotSize, instrument.lotSize);
    this.instruments[index] = { ...instrument, index, tickSize, lotSize };
    const [ticks, lots] = [ratio(before.tickSize, tickSize), ratio(before.lotSize, lotSize)];
    if (ticks !== null || lots !== null) this.#onRegrid(index, ticks, lots);
  }

  /** Whether the new run has these. */
  isKnown(strategy: number, instrument: number): boolean {
    return this.#tables !== null && strategy < this.#tables.strategies.length && instrument < this.#tables.instruments.length;
  }

  /** Rewrites the record for the new run. False when it names something that its own tables do not have, or when a number is no whole number of the new steps. */
  translate(record: JournalRecord): boolean {
    const instrument = this.#instrumentOf[record.instrument];
    const strategy = this.#strategyOf[record.strategy];
    if (instrument === undefined || strategy === undefined) return false;
    if (record.kind === RecordKind.FILL || record.kind === RecordKind.FUNDING) {
      const asset = this.#assetOf[record.feeAsset];
      if (asset === undefined) return false;
      record.feeAsset = asset;
    }
    record.instrument = instrument.index;
    record.strategy = strategy;
    if (instrument.ticks === null && instrument.lots === null) return true;
    record.priceTicks = scaled(record.priceTicks, instrument.ticks);
    record.fillTicks = scaled(record.fillTicks, instrument.ticks);
    record.qtyLots = scaled(record.qtyLots, instrument.lots);
    record.cumLots = scaled(record.cumLots, instrument.lots);
    record.fillLots = scaled(record.fillLots, instrument.lots);
    return !Number.isNaN(record.priceTicks + record.qtyLots + record.cumLots + record.fillTicks + record.fillLots);
  }
}

function indexIn(names: string[], name: string): number {
  const index = names.indexOf(name);
  return index < 0 ? names.push(name) - 1 : index;
}

export function ratio(from: string, to: string): Ratio {
  const a = parseDecimal(from);
  const b = parseDecimal(to);
  const num = a.mantissa * 10n ** BigInt(b.scale);
  const den = b.mantissa * 10n ** BigInt(a.scale);
  return num === den ? null : { num, den };
}

/** NaN when the result is not whole. */
export function scaled(value: number, by: Ratio): number {
  if (by === null) return value;
  if (!Number.isSafeInteger(value)) return NaN;
  const product = BigInt(value) * by.num;
  return product % by.den === 0n ? Number(product / by.den) : NaN;
}

/** The largest step of which both are whole multiples. */
export function commonStep(one: string, two: string): string {
  const [a, b] = [parseDecimal(one), parseDecimal(two)];
  const scale = Math.max(a.scale, b.scale);
  let [x, y] = [a.mantissa * 10n ** BigInt(scale - a.scale), b.mantissa * 10n ** BigInt(scale - b.scale)];
  while (y !== 0n) [x, y] = [y, x % y];
  return formatDecimal(x, scale);
}
