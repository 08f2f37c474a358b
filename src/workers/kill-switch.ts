/**
 * The kill switch. Main thread; pressed over the page's API. What was changed is in
 * the journal (a HALT record of the main thread's own ring) before it is answered, and the trading state holds over a restart: whoever stopped trading starts it again.
 */
import type { Doorbell } from '../core/memory/doorbell.js';
import { CONTROL_CANCEL_ALL, CONTROL_HALT, CONTROL_TRADING_STATE, HALT_ALL, HALT_NEW_ORDERS, HALT_NONE } from '../core/memory/layout.js';
import type { MemoryPlan } from '../core/memory/layout.js';
import { REC_KIND, REC_PRODUCER, REC_REASON, REC_STATE, REC_TS_US, RECORD_BYTES, RecordKind } from '../core/memory/record.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import { SpscRing } from '../core/memory/spsc-ring.js';
import { EngineError } from '../core/numbers/errors.js';
import { Reason } from '../core/orders/reasons.js';
import { TRADING_LEVELS } from '../monitoring/admin.js';
import type { HaltAnswer, HaltOrder, TradingLevel } from '../monitoring/payload-admin.js';
import { PRODUCER_MAIN } from './lanes.js';

export interface KillSwitchParts {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly hotBell: Doorbell;
  readonly wallUs: () => number;
  readonly ordersOpen: () => number;
  /** Kept in run.json, so that a restart finds it. */
  readonly keep: (level: TradingLevel) => void;
  readonly notice: (text: string) => void;
  /** Wakes the writer. */
  readonly wake: () => void;
}

export class KillSwitch {
  readonly #parts: KillSwitchParts;
  readonly #journal: SpscRing;
  /** The last press of this run. */
  #pressed: TradingLevel | undefined;

  constructor(parts: KillSwitchParts) {
    this.#parts = parts;
    const { views, plan } = parts;
    this.#journal = new SpscRing(views, plan.journals + plan.journalStride * PRODUCER_MAIN, RECORD_BYTES, plan.counts.journalRecords);
  }

  /** First the words that stop orders, then everything else. */
  press({ level, cancel }: HaltOrder): HaltAnswer {
    const { views, plan, hotBell, keep, notice } = this.#parts;
    this.#pressed = level;
    const word = (offset: number): number => (plan.control + offset) >> 2;
    const halt = Atomics.load(views.i32, word(CONTROL_HALT));
    if (level !== 'halted' && halt === HALT_ALL)
      throw new EngineError('ENGINE_FAILED', 'retry', {
        halt: 'nothing goes out: a lane is started again, or the engine is ending; the log says why',
      });
    Atomics.store(views.i32, word(CONTROL_TRADING_STATE), TRADING_LEVELS.indexOf(level));
    // The gateways look at the halt word last before each send: what waits in their rings is stopped too.
    if (halt !== HALT_ALL) Atomics.store(views.i32, word(CONTROL_HALT), level === 'halted' ? HALT_NEW_ORDERS : HALT_NONE);
    const ordersOpen = this.#parts.ordersOpen();
    if (cancel) Atomics.add(views.i32, word(CONTROL_CANCEL_ALL), 1);
    hotBell.ring();
    this.#record(level);
    keep(level);
    notice(`trading is ${level} by request${cancel ? `; ${ordersOpen} open orders are asked back` : ''}`);
    return { level, cancel, ordersOpen };
  }

  /**
   * Once the hot lane stands, the first or another in its place, and before it trades: as the last run was left, or as it was pressed meanwhile; the executor has put the file's state there.
   * @param left by the last run
   */
  restore(left: TradingLevel | undefined): void {
    const { views, plan, notice } = this.#parts;
    const level = this.#pressed ?? left ?? 'active';
    const kept = TRADING_LEVELS.indexOf(level);
    const word = (plan.control + CONTROL_TRADING_STATE) >> 2;
    if (kept <= Atomics.load(views.i32, word)) return;
    Atomics.store(views.i32, word, kept);
    if (level === 'halted') Atomics.compareExchange(views.i32, (plan.control + CONTROL_HALT) >> 2, HALT_NONE, HALT_NEW_ORDERS);
    if (this.#pressed === undefined)
      notice(`trading is ${level}, as the last run was left: lift it on the page, or with 'thor halt --level active'`);
  }

  #record(level: TradingLevel): void {
    const { views, wallUs, notice, wake } = this.#parts;
    const at = this.#journal.reserve();
    if (at < 0) return notice('the journal has no room: the change of the trading state is in the log only');
    const { u8, u16, f64 } = views;
    f64.fill(0, at >> 3, (at + RECORD_BYTES) >> 3);
    u8[at + REC_KIND] = RecordKind.HALT;
    u8[at + REC_STATE] = TRADING_LEVELS.indexOf(level);
    u16[(at + REC_REASON) >> 1] = Reason.BY_REQUEST;
    u16[(at + REC_PRODUCER) >> 1] = PRODUCER_MAIN;
    f64[(at + REC_TS_US) >> 3] = wallUs();
    this.#journal.commit();
    wake();
  }
}
