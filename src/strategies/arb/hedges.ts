/** What one leg filled beyond the other: how much of it a venue would take, where closing costs least, and how much of it there was for how long. Hot lane. */
import type { Instrument } from '../../core/orders/instrument.js';
import type { StrategyContext } from '../../core/ports/strategy.js';
import { baseOfLot, takes, widened, WIDEST } from './edge.js';
import type { Pair } from './pair.js';
import type { ArbSettings } from './params.js';

/** After this long without anything naked, the naked account starts again at zero. */
const NAKED_REST_US = 30_000_000;

export class Hedges {
  #settings: ArbSettings;
  readonly #instruments: readonly Instrument[];
  /** Naked value times seconds spent, and when something was last naked. */
  #nakedSpent = 0;
  #nakedUs = -Infinity;
  #timerUs = Number.NaN;

  constructor(settings: ArbSettings, instruments: readonly Instrument[]) {
    this.#settings = settings;
    this.#instruments = instruments;
  }

  /** Other limits from here on; the naked account goes on. */
  use(settings: ArbSettings): void {
    this.#settings = settings;
  }

  /** More was naked for longer than is allowed: no new deals. */
  get isSpent(): boolean {
    return this.#nakedSpent > this.#settings.nakedCap;
  }

  /** Enough is naked for at least one of the venues to take it. Less is kept and joins the next deal. */
  isDue(ctx: StrategyContext, pair: Pair): boolean {
    if (pair.nakedBase === 0) return false;
    return this.lots(ctx, pair, 0) > 0 || this.lots(ctx, pair, 1) > 0;
  }

  /** Lots that would close the naked quantity on one of the two instruments; 0 when the venue does not take so little, or the price is not known yet. */
  lots(ctx: StrategyContext, pair: Pair, side: 0 | 1): number {
    const terms = pair.terms[side];
    const book = ctx.book(pair.hedges[side].slot);
    const isSell = pair.nakedBase > 0;
    const ticks = isSell ? book.bidTicks : book.askTicks;
    const price = ticks > 0 ? ticks * terms.tick : pair.hedges[side].priceTicks * terms.tick;
    if (!(price > 0)) return 0;
    const lots = Math.floor(Math.abs(pair.nakedBase) / pair.unitOf(side, !isSell, price) + 1e-6);
    // A venue counts a sale at its limit.
    return takes(terms, lots, isSell ? price * (1 - widened(this.#settings.hedgeSlippage, WIDEST)) : price) ? lots : 0;
  }

  /** Where closing costs least: completing the missing leg or undoing the filled one, whichever price after fees is better. -1: nowhere now. */
  cheaperSide(ctx: StrategyContext, pair: Pair, isSell: boolean): number {
    let best = -1;
    let bestPrice = -Infinity;
    for (let side = 0; side < 2; side++) {
      const leg = pair.hedges[side as 0 | 1];
      const terms = pair.terms[side as 0 | 1];
      const book = ctx.book(leg.slot);
      const lots = book.isLive && !leg.isOut ? this.lots(ctx, pair, side as 0 | 1) : 0;
      const price = (isSell ? book.bidTicks : book.askTicks) * terms.tick;
      if (lots === 0 || !(price > 0)) continue;
      const instrument = this.#instruments[leg.slot]!;
      const base = lots * baseOfLot(terms, price);
      const hasFunds =
        !terms.isSpot ||
        (isSell ? ctx.freeBalance(leg.slot, instrument.base) >= base : ctx.freeBalance(leg.slot, instrument.quote) >= base * price);
      // Without funds by our picture of them it is the last choice, not none: the venue knows better.
      const worth = (isSell ? price * (1 - terms.fee) : -price * (1 + terms.fee)) - (hasFunds ? 0 : price);
      if (worth <= bestPrice) continue;
      best = side;
      bestPrice = worth;
    }
    return best;
  }

  /** With every timer turn. */
  count(ctx: StrategyContext, pairs: readonly Pair[]): void {
    const seconds = Number.isNaN(this.#timerUs) ? 0 : (ctx.nowUs - this.#timerUs) / 1e6;
    this.#timerUs = ctx.nowUs;
    let value = 0;
    for (let i = 0; i < pairs.length; i++) {
      const pair = pairs[i]!;
      if (pair.nakedBase === 0 || !this.isDue(ctx, pair)) continue;
      const book = ctx.book(pair.first);
      const price = (book.bidTicks > 0 ? book.bidTicks : book.askTicks) * pair.terms[0].tick;
      if (price > 0) value += Math.abs(pair.nakedBase) * price;
    }
    if (value > 0) {
      this.#nakedSpent += value * seconds;
      this.#nakedUs = ctx.nowUs;
    } else if (ctx.nowUs - this.#nakedUs > NAKED_REST_US) {
      this.#nakedSpent = 0;
    }
  }
}
