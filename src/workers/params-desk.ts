/**
 * Parameters of running strategies: what runs, what the file says, what was changed and can be taken back. Main thread; asked by the page's API. A change is checked as
 * at a start (schema, the strategy's own refusal, the grid's numbers), journaled, and then handed to the hot lane, which takes it between two turns.
 */
import { EngineError, UsageError } from '../core/numbers/errors.js';
import { didYouMean } from '../core/numbers/nearest.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { RunTables } from '../core/orders/tables.js';
import type { Params, ParamsEffect, ParamValue, StrategyDefinition } from '../core/ports/strategy.js';
import type { ParamsAnswer, ParamsChange, ParamsPayload, PreviewPayload } from '../monitoring/payload-admin.js';
import { CHANGES_KEPT, type KeptParams } from '../storage/kept-params.js';
import { loadStrategy } from '../strategies/load.js';
import { checkParams } from '../strategies/params.js';
import { previewEntry } from './grid-preview.js';
import type { StrategyPlan } from './run-config.js';

type Values = Readonly<Record<string, ParamValue>>;

export interface ParamsDeskParts {
  readonly tables: RunTables;
  readonly entries: readonly StrategyPlan[];
  readonly directory: string;
  readonly levelCapacity: number;
  /** Middle of the market in ticks, NaN while there is none. */
  readonly midTicks: (instrument: Instrument) => number;
  /** Price that a running ladder stands around, in ticks; NaN without a ladder. */
  readonly anchorTicks: (strategy: string, instrument: Instrument) => number;
  /** What a strategy holds and has in the market, in words. */
  readonly holdings: (strategy: string) => { readonly ordersOpen: number; readonly positions: readonly string[] };
  readonly wallUs: () => number;
  /** On its way to the journal when it returns. */
  readonly journal: (change: KeptParams) => void;
  /** The strategies run. */
  readonly isTrading: () => boolean;
  /** To the strategy's lane; the text of a refusal, or null once it has them. */
  readonly hand: (strategy: number, params: Params) => Promise<string | null>;
  readonly notice: (text: string) => void;
}

interface Held {
  readonly entry: StrategyPlan;
  readonly index: number;
  readonly definition: StrategyDefinition;
  readonly instruments: readonly Instrument[];
  readonly isLive: boolean;
  params: Params;
  changes: readonly ParamsChange[];
}

interface Checked {
  readonly held: Held;
  readonly after: Params;
  readonly effect: ParamsEffect;
}

export class ParamsDesk {
  readonly #parts: ParamsDeskParts;
  readonly #held = new Map<string, Held>();
  #isBusy = false;

  constructor(parts: ParamsDeskParts) {
    this.#parts = parts;
  }

  /** Loads what the strategies declare; before anything is asked. */
  async open(): Promise<void> {
    const { entries, directory, tables } = this.#parts;
    for (const [index, entry] of entries.entries()) {
      const definition = await loadStrategy(entry.source, directory);
      const instruments = entry.instruments.flatMap((id) => tables.instruments.find((instrument) => instrument.id === id) ?? []);
      const held = { entry, index, definition, instruments, isLive: false, params: entry.params, changes: entry.changes ?? [] };
      this.#held.set(entry.name, { ...held, isLive: this.#probe(held, entry.params).onParams !== undefined });
    }
  }

  /** The run's strategies with the parameters that they have now: for a lane that is started again. */
  entries(): StrategyPlan[] {
    return this.#parts.entries.map((entry) => ({ ...entry, params: this.#held.get(entry.name)?.params ?? entry.params }));
  }

  rows(): ParamsPayload[] {
    return [...this.#held.values()].map(({ entry, definition, params, isLive, changes }) => ({
      strategy: entry.name,
      kind: entry.kind,
      specs: definition.params,
      values: valuesOf(params),
      file: valuesOf(entry.file ?? entry.params),
      from: isSame(params, entry.file ?? entry.params) ? 'file' : 'change',
      isLive,
      changes,
    }));
  }

  /** Throws UsageError with the numbers when it cannot work. */
  preview(name: string, changes: Readonly<Record<string, unknown>> | null): PreviewPayload {
    const { held, after, effect } = this.#check(name, changes ?? {});
    const { entry, instruments, params } = held;
    const [instrument] = instruments;
    const isChange = !isSame(params, after);
    const grid = entry.kind === 'grid' && instrument !== undefined ? this.#grid(held, after, effect, instrument) : null;
    return {
      strategy: name,
      kind: entry.kind,
      values: valuesOf(after),
      isChange,
      effect: isChange ? effect : 'live',
      said: isChange ? this.#said(held, effect) : 'This is what runs.',
      grid,
    };
  }

  async set(name: string, changes: Readonly<Record<string, unknown>>): Promise<ParamsAnswer> {
    const checked = this.#check(name, changes);
    const { held, after } = checked;
    if (isSame(held.params, after)) throw new UsageError(`${name}: nothing would change`);
    this.#tryGrid(checked);
    const change: ParamsChange = { tsUs: this.#parts.wallUs(), before: valuesOf(held.params), after: valuesOf(after) };
    return this.#carryOut(checked, [...held.changes, change].slice(-CHANGES_KEPT), 'changed');
  }

  /** Takes the newest change back. */
  async rollback(name: string): Promise<ParamsAnswer> {
    const held = this.#find(name);
    const last = held.changes.at(-1);
    if (last === undefined) throw new UsageError(`${name}: there is no change to take back`);
    const after = checkParams(name, held.definition, last.before);
    return this.#carryOut({ held, after, effect: this.#effect(held, after) }, held.changes.slice(0, -1), 'rolled back');
  }

  async #carryOut({ held, after, effect }: Checked, changes: readonly ParamsChange[], verb: string): Promise<ParamsAnswer> {
    const { entry, index, params: before } = held;
    if (effect === 'restart' || !held.isLive)
      throw new UsageError(`${entry.name}: ${entry.kind} takes this change at a restart only: write it into the configuration`);
    if (!this.#parts.isTrading()) throw new EngineError('NOT_TRADING', 'retry', { strategy: entry.name });
    if (this.#isBusy) throw new EngineError('CHANGE_UNDER_WAY', 'retry', { strategy: entry.name });
    this.#isBusy = true;
    const { hand, journal, notice, wallUs } = this.#parts;
    const kept = (params: Params, list: readonly ParamsChange[], undone: boolean): KeptParams => ({
      strategy: entry.name,
      kind: entry.kind,
      setUs: wallUs(),
      values: valuesOf(params),
      before: valuesOf(undone ? after : before),
      file: valuesOf(entry.file ?? entry.params),
      changes: list,
    });
    try {
      const text = `${entry.name}: ${verb}: ${differenceText(before, after)}. ${this.#said(held, effect)}`;
      // Before the lane hears of it: after a crash in between the next start runs with what was journaled.
      journal(kept(after, changes, false));
      const refusal = await hand(index, after);
      if (refusal !== null) {
        journal(kept(before, held.changes, true));
        throw new UsageError(refusal);
      }
      held.params = after;
      held.changes = changes;
      notice(text);
      return { strategy: entry.name, effect, text, values: valuesOf(after) };
    } finally {
      this.#isBusy = false;
    }
  }

  #check(name: string, changes: Readonly<Record<string, unknown>>): Checked {
    const held = this.#find(name);
    const { definition, params } = held;
    const after = checkParams(name, definition, { ...valuesOf(params), ...changes });
    this.#probe(held, after);
    return { held, after, effect: this.#effect(held, after) };
  }

  /** What a ladder cannot do at the market's price it is refused for now, not when it is placed. */
  #tryGrid({ held, after, effect }: Checked): void {
    const [instrument] = held.instruments;
    if (held.entry.kind === 'grid' && instrument !== undefined) this.#grid(held, after, effect, instrument);
  }

  #find(name: string): Held {
    const held = this.#held.get(name);
    if (held !== undefined) return held;
    const names = [...this.#held.keys()];
    throw new UsageError(`'${name.slice(0, 64)}' is no strategy of this run (${names.join(', ')})${didYouMean(name, names)}`);
  }

  /** A strategy that is made and thrown away: it refuses what it cannot work with. */
  #probe({ entry, index, definition, instruments }: Pick<Held, 'entry' | 'index' | 'definition' | 'instruments'>, params: Params) {
    const { levelCapacity } = this.#parts;
    return definition.create({ name: entry.name, index, instruments, params, levelCapacity, recovered: null, note: () => undefined });
  }

  #effect({ definition, params, instruments, isLive }: Held, after: Params): ParamsEffect {
    return definition.effectOf?.(params, after, instruments) ?? (isLive ? 'live' : 'restart');
  }

  /** Levels that stay are shown where they are; others around the market, as a start would place them. */
  #grid({ entry }: Held, after: Params, effect: ParamsEffect, instrument: Instrument) {
    const { midTicks, anchorTicks } = this.#parts;
    const anchor = anchorTicks(entry.name, instrument);
    const mid = midTicks(instrument);
    // A book that is being built anew has no middle for a moment: the running ladder's is near enough to look at.
    return previewEntry(entry.name, after, instrument, { midTicks: anchor > 0 && (effect === 'live' || !(mid > 0)) ? anchor : mid });
  }

  #said({ entry }: Held, effect: ParamsEffect): string {
    if (effect === 'live') return 'No level changes: the orders stay where they are.';
    if (effect === 'restart') return 'This takes a restart with the new configuration.';
    const { ordersOpen, positions } = this.#parts.holdings(entry.name);
    const held =
      positions.length === 0
        ? 'It holds nothing'
        : `What it holds (${positions.join(', ')}) stays and is accounted; the new levels do not sell it`;
    return `${ordersOpen} open orders are cancelled, then the new levels are placed around the market. ${held}.`;
  }
}

function valuesOf(params: Params): Values {
  return Object.fromEntries(Object.entries(params).filter((pair): pair is [string, ParamValue] => pair[1] !== undefined));
}

export function isSame(a: Params, b: Params): boolean {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => a[key] === b[key]);
}

/** `step 0.4 -> 0.5, size 1 -> none`. */
export function differenceText(before: Params, after: Params): string {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => before[key] !== after[key]);
  return keys.map((key) => `${key} ${String(before[key] ?? 'none')} -> ${String(after[key] ?? 'none')}`).join(', ');
}
