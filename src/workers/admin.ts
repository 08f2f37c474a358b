/**
 * What a person may ask of a running engine and change in it: the page's admin port, made of the kill switch and the parameters. Made by the engine, asked by page
 * and command line through the service's port. Main thread.
 */
import { randomBytes } from 'node:crypto';
import type { Doorbell } from '../core/memory/doorbell.js';
import { CONTROL_RUN, RUN_TRADING } from '../core/memory/layout.js';
import type { Params } from '../core/ports/strategy.js';
import type { AdminPort } from '../monitoring/admin.js';
import type { HaltAnswer, HaltOrder, ParamsAnswer, ParamsPayload, PreviewPayload } from '../monitoring/payload-admin.js';
import type { EngineView } from '../monitoring/state.js';
import { ColdKind } from '../storage/segment.js';
import type { Writer } from '../storage/writer.js';
import { KillSwitch } from './kill-switch.js';
import { marketOf } from './market-of.js';
import { ParamsDesk } from './params-desk.js';
import type { Prepared } from './prepare.js';
import type { StrategyPlan } from './run-config.js';

export interface AdminParts {
  readonly prepared: Prepared;
  /** What monitoring sees. */
  readonly view: EngineView;
  readonly writer: Writer;
  readonly hotBell: Doorbell;
  readonly wallUs: () => number;
  /** New parameters to a strategy's lane; the text of a refusal, or null once it has them. */
  readonly hand: (strategy: number, params: Params) => Promise<string | null>;
  readonly notice: (text: string) => void;
  /** Wakes the writer. */
  readonly wake: () => void;
}

export class Admin implements AdminPort {
  /** Nobody guesses it; new with every run. */
  readonly token = randomBytes(24).toString('base64url');
  readonly #killSwitch: KillSwitch;
  readonly #desk: ParamsDesk;
  readonly #parts: AdminParts;

  constructor(parts: AdminParts) {
    this.#parts = parts;
    const { prepared, view, writer, hotBell, wallUs, hand, notice, wake } = parts;
    const { views, plan, tables, run, dataDir } = prepared;
    this.#killSwitch = new KillSwitch({
      views,
      plan,
      hotBell,
      wallUs,
      ordersOpen: () => view.journal.orderCounts().open,
      keep: (trading) => dataDir.update({ trading }),
      notice,
      wake,
    });
    this.#desk = new ParamsDesk({
      tables,
      entries: run.entries,
      directory: run.directory,
      levelCapacity: plan.counts.levelsPerStrategy,
      ...marketOf(view),
      wallUs,
      isTrading: () => Atomics.load(views.i32, (plan.control + CONTROL_RUN) >> 2) === RUN_TRADING,
      journal: (change) => {
        writer.appendCold(ColdKind.PARAMETERS, change);
        wake();
      },
      hand,
      notice,
    });
  }

  /** Before anything is asked. */
  open(): Promise<void> {
    return this.#desk.open();
  }

  /** The trading state as it was: of the last run, unless a person pressed since. */
  restoreTrading(): void {
    this.#killSwitch.restore(this.#parts.prepared.dataDir.previous?.trading);
  }

  /** The run's strategies with the parameters that they have now. */
  entries(): readonly StrategyPlan[] {
    return this.#desk.entries();
  }

  halt(order: HaltOrder): HaltAnswer {
    return this.#killSwitch.press(order);
  }

  preview(strategy: string, changes: Readonly<Record<string, unknown>> | null): PreviewPayload {
    return this.#desk.preview(strategy, changes);
  }

  params(): ParamsPayload[] {
    return this.#desk.rows();
  }

  setParams(strategy: string, changes: Readonly<Record<string, unknown>>): Promise<ParamsAnswer> {
    return this.#desk.set(strategy, changes);
  }

  rollback(strategy: string): Promise<ParamsAnswer> {
    return this.#desk.rollback(strategy);
  }
}
