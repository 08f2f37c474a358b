/**
 * How a grid ends by itself: a take-profit or stop-loss price, or a market that stays outside of the range. Its orders are cancelled first; then, when it is to be
 * flat, what it holds is closed by orders that take and never rest. Driven by GridStrategy on the hot lane. The phase is in the journal: a grid that ended stays
 * ended over restarts.
 *
 *   RUNNING -> LEAVING -> STOPPED (position kept)      LEAVING -> CLOSED (nothing held but dust)
 */
import { RESULT_OK } from '../../core/numbers/errors.js';
import { toTicksDown, toTicksUp } from '../../core/numbers/decimal.js';
import { FLAG_HEDGE, FLAG_REDUCE_ONLY, RecordKind, SIDE_BUY, SIDE_SELL, TIF_IOC } from '../../core/memory/record.js';
import type { Instrument } from '../../core/orders/instrument.js';
import { Reason } from '../../core/orders/reasons.js';
import type { BookView, OrderEvent, StrategyContext } from '../../core/ports/strategy.js';
import { orderDraft } from '../drafts.js';
import { leastLots } from './ladder.js';
import type { GridSettings } from './params.js';

/** Codes are journaled: never reuse one. */
export const ExitPhase = { RUNNING: 0, LEAVING: 1, STOPPED: 2, CLOSED: 3 } as const;

/** Wishes to cancel are repeated this often, closing orders pause this long at first and at most. */
const CANCEL_EVERY_US = 1_000_000;
const PAUSE_FIRST_US = 200_000;
const PAUSE_MOST_US = 10_000_000;

export class GridExit {
  phase: number = ExitPhase.RUNNING;
  /** Reason.* of the exit, NONE while there is none. */
  reason: number = Reason.NONE;
  readonly #settings: GridSettings;
  readonly #instrument: Instrument;
  readonly #takeProfit: number;
  readonly #stopLoss: number;
  #outsideUs = Number.NaN;
  #isFlattening = false;
  #isBusy = false;
  #cancelUs = 0;
  #notBeforeUs = 0;
  #attempts = 0;
  readonly #draft = orderDraft(TIF_IOC);

  constructor(settings: GridSettings, instrument: Instrument) {
    this.#settings = settings;
    this.#instrument = instrument;
    this.#takeProfit = settings.takeProfit === null ? Number.NaN : toTicksUp(settings.takeProfit, instrument.tickSize);
    this.#stopLoss = settings.stopLoss === null ? Number.NaN : toTicksDown(settings.stopLoss, instrument.tickSize);
  }

  /** A closing order may rest at the venue. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  get isOver(): boolean {
    return this.phase === ExitPhase.STOPPED || this.phase === ExitPhase.CLOSED;
  }

  /** As the journal says. @param isBusy a closing order of the run before may still live */
  recover(phase: number, reason: number, isBusy: boolean): void {
    this.phase = phase;
    this.reason = reason;
    this.#isFlattening = this.#flattens(reason);
    this.#isBusy = isBusy;
  }

  /**
   * Whether the market says that it is over. A price is reached from the anchor's side of it.
   * @param low lowest and @param high highest price of the ladder, ticks
   */
  watch(mid: number, anchorTicks: number, low: number, high: number, nowUs: number): boolean {
    if (this.phase !== ExitPhase.RUNNING) return false;
    if (isReached(this.#takeProfit, anchorTicks, mid)) return this.leave(Reason.TAKE_PROFIT);
    if (isReached(this.#stopLoss, anchorTicks, mid)) return this.leave(Reason.STOP_LOSS);
    if (this.#settings.rangeExit === 'keep') return false;
    if (mid >= low && mid <= high) {
      this.#outsideUs = Number.NaN;
      return false;
    }
    if (Number.isNaN(this.#outsideUs)) this.#outsideUs = nowUs;
    return nowUs - this.#outsideUs >= this.#settings.rangeExitSeconds * 1e6 ? this.leave(Reason.OUT_OF_RANGE) : false;
  }

  leave(reason: number): boolean {
    this.phase = ExitPhase.LEAVING;
    this.reason = reason;
    this.#isFlattening = this.#flattens(reason);
    return true;
  }

  /**
   * While LEAVING, on every turn that may do something. @param hasLive orders of the ladder may still rest @param level of the closing order
   * @returns true when the phase changed
   */
  step(ctx: StrategyContext, book: BookView, hasLive: boolean, level: number): boolean {
    if (this.phase !== ExitPhase.LEAVING) return false;
    if (hasLive) {
      if (ctx.nowUs >= this.#cancelUs && ctx.intents.cancelAll() === RESULT_OK) this.#cancelUs = ctx.nowUs + CANCEL_EVERY_US;
      return false;
    }
    if (!this.#isFlattening) return this.#finish(ExitPhase.STOPPED);
    if (this.#isBusy || !book.isLive || ctx.nowUs < this.#notBeforeUs) return false;
    const position = ctx.positionLots(0);
    const isSelling = position > 0;
    const touch = isSelling ? book.bidTicks : book.askTicks;
    if (!(touch > 0)) return false;
    const slack = Math.max(1, Math.round(touch * this.#settings.exitSlippage));
    const priceTicks = Math.max(1, isSelling ? touch - slack : touch + slack);
    const lots = this.#closable(ctx, Math.abs(position), isSelling);
    if (lots < leastLots(this.#instrument, priceTicks)) return this.#finish(ExitPhase.CLOSED);
    const draft = this.#draft;
    draft.level = level;
    draft.side = isSelling ? SIDE_SELL : SIDE_BUY;
    draft.priceTicks = priceTicks;
    draft.qtyLots = lots;
    draft.flags = this.#instrument.kind === 'spot' ? FLAG_HEDGE : FLAG_REDUCE_ONLY | FLAG_HEDGE;
    if (ctx.intents.place(draft) === RESULT_OK) this.#isBusy = true;
    return false;
  }

  /** What became of a closing order. */
  onEvent(event: OrderEvent, nowUs: number): void {
    switch (event.kind) {
      case RecordKind.FILL:
        this.#attempts = 0;
        if (event.cumLots >= event.qtyLots) this.#isBusy = false;
        return;
      case RecordKind.CANCELLED:
      case RecordKind.EXPIRED:
      case RecordKind.REJECT:
      case RecordKind.DENIED:
      case RecordKind.NOT_FOUND:
        this.#isBusy = false;
        this.#notBeforeUs = nowUs + Math.min(PAUSE_MOST_US, PAUSE_FIRST_US * 2 ** this.#attempts);
        if (this.#attempts < 20) this.#attempts++;
        return;
      default:
    }
  }

  #flattens(reason: number): boolean {
    if (reason === Reason.RUN_ENDED) return true;
    if (reason === Reason.OUT_OF_RANGE) return this.#settings.rangeExit === 'flatten';
    return this.#settings.onExit === 'flatten';
  }

  /** On spot a fee taken from what was bought leaves less than the position. */
  #closable(ctx: StrategyContext, lots: number, isSelling: boolean): number {
    if (this.#instrument.kind !== 'spot' || !isSelling) return lots;
    const free = ctx.freeBalance(0, this.#instrument.base);
    return Number.isFinite(free) ? Math.min(lots, Math.floor(free / Number(this.#instrument.lotSize) + 1e-9)) : lots;
  }

  #finish(phase: number): boolean {
    this.phase = phase;
    return true;
  }
}

function isReached(priceTicks: number, anchorTicks: number, mid: number): boolean {
  if (Number.isNaN(priceTicks)) return false;
  return priceTicks >= anchorTicks ? mid >= priceTicks : mid <= priceTicks;
}
