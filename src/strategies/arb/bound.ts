/** How much a deal may be, by everything that limits it: the tightest of value, naked value, position and funds. Asked by taker and maker on the hot lane. */
import { Reason } from '../../core/orders/reasons.js';
import type { StrategyContext } from '../../core/ports/strategy.js';
import type { ArbDesk } from './desk.js';
import { baseOfLot } from './edge.js';
import type { Leg } from './leg.js';

export class DealBound {
  /** The largest base quantity allowed, and the reason that belongs to the tightest bound. */
  base = 0;
  reason: number = Reason.NONE;
  readonly #desk: ArbDesk;

  constructor(desk: ArbDesk) {
    this.#desk = desk;
  }

  /** Of a deal now. @param ask what the bought side asks and @param bid what the sold side bids, in quote units */
  find(ctx: StrategyContext, buyLeg: Leg, sellLeg: Leg, ask: number, bid: number): void {
    const { instruments, terms, settings } = this.#desk;
    const { maxNotional, maxPosition, nakedCap, legTimeoutUs, slippage } = settings;
    const buy = terms[buyLeg.slot]!;
    const sell = terms[sellLeg.slot]!;
    this.base = maxNotional / ask;
    this.reason = Reason.SIZE_BELOW_MINIMUM;
    // If one leg fills and the other hangs until its timeout, naked value times seconds stays within the cap.
    this.#tighten(nakedCap / (legTimeoutUs / 1e6) / ask, Reason.NAKED_CAP);
    this.#tighten(maxPosition / ask - ctx.positionLots(buyLeg.slot) * baseOfLot(buy, ask), Reason.POSITION_CAP);
    this.#tighten(maxPosition / bid + ctx.positionLots(sellLeg.slot) * baseOfLot(sell, bid), Reason.POSITION_CAP);
    if (buy.isSpot) {
      const free = ctx.freeBalance(buyLeg.slot, instruments[buyLeg.slot]!.quote);
      this.#tighten(free / (ask * (1 + buy.fee + slippage)), Reason.NO_BALANCE);
    }
    if (sell.isSpot) this.#tighten(ctx.freeBalance(sellLeg.slot, instruments[sellLeg.slot]!.base), Reason.NO_BALANCE);
  }

  #tighten(base: number, reason: number): void {
    if (base >= this.base) return;
    this.base = Math.max(0, base);
    this.reason = reason;
  }
}
