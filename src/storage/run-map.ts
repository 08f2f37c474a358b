/**
 * Translates the indexes and units of an old run's records to those of a new one, by name: a strategy, an instrument and an asset keep their past when the tables
 * are in another order. Names that the new tables lack get indexes behind them, so that their past can be folded too and told apart.
 */
import { parseDecimal } from '../core/numbers/decimal.js';
import { RecordKind } from '../core/memory/record.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { RunTables } from '../core/orders/tables.js';
import type { JournalRecord } from '../core/orders/journal-record.js';

/** new = old x num / den; null when they are the same. */
export type Ratio = { readonly num: bigint; readonly den: bigint } | null;

interface InstrumentMap {
  readonly index: number;
  readonly ticks: Ratio;
  readonly lots: Ratio;
}

export class RunMap {
  readonly strategies: string[];
  readonly instruments: Instrument[];
  readonly assets: string[];
  readonly #tables: RunTables;
  #strategyOf: readonly number[] = [];
  #instrumentOf: readonly InstrumentMap[] = [];
  #assetOf: readonly number[] = [];

  constructor(tables: RunTables) {
    this.#tables = tables;
    this.strategies = tables.strategies.map(({ name }) => name);
    this.instruments = [...tables.instruments];
    this.assets = [...tables.assets];
  }

  /** From here on records are those of a run with these tables. */
  enter(old: RunTables): void {
    this.#strategyOf = old.strategies.map(({ name }) => indexIn(this.strategies, name));
    this.#assetOf = old.assets.map((name) => indexIn(this.assets, name));
    this.#instrumentOf = old.instruments.map((instrument) => {
      let index = this.instruments.findIndex(({ id }) => id === instrument.id);
      if (index < 0) index = this.instruments.push(instrument) - 1;
      const target = this.instruments[index] ?? instrument;
      return { index, ticks: ratio(instrument.tickSize, target.tickSize), lots: ratio(instrument.lotSize, target.lotSize) };
    });
  }

  /** Whether the new run has these. */
  isKnown(strategy: number, instrument: number): boolean {
    return strategy < this.#tables.strategies.length && instrument < this.#tables.instruments.length;
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
