/**
 * `arb`: takes both sides of a crossing between two instruments of one base asset, and of a basis between spot and contract. Called by StrategyRunner on the
 * hot lane. How a pair goes from state to state stands here; in arb/ stand the ways to begin a deal (taker, maker), what they share (desk), and what decides:
 * edge (how much, pure), leg (one order), pair (what is going on between two instruments).
 *
 * A deal is taken only if both legs would be accepted: lots, value, balance, position, book age are checked before the first is sent, and the executor checks
 * the group again. Legs are immediate-or-cancel. What one leg fills beyond the other is closed at once where it costs least: on either instrument.
 * Every crossing is counted as taken, or once per episode and reason as refused.
 */
import { UsageError } from '../core/numbers/errors.js';
import { FLAG_HEDGE, SIDE_BUY, SIDE_SELL } from '../core/memory/record.js';
import type {
  OrderEvent,
  Params,
  ParamsEffect,
  Strategy,
  StrategyContext,
  StrategyDefinition,
  StrategySetup,
} from '../core/ports/strategy.js';
import { PairCloser } from './arb/closer.js';
import { ArbDesk } from './arb/desk.js';
import { limitBehind, widened } from './arb/edge.js';
import { ARB_STATE_NAMES, LegState } from './arb/leg.js';
import { PairMaker } from './arb/maker.js';
import { PairState, type Pair } from './arb/pair.js';
import type { PairTable } from './arb/pair-table.js';
import { ARB_PARAMS, arbSettings } from './arb/params.js';
import { PairTaker } from './arb/taker.js';

/** Pauses between attempts to close what is naked. */
const HEDGE_PAUSE_US = 100_000;
const HEDGE_PAUSE_MOST_US = 5_000_000;

/** Parameters that decide which pairs there are, which of their legs rests, and how large the walked books are. */
const RESHAPING = ['mode', 'equalQuotes', 'maker', 'depth'] as const;

function effectOf(before: Params, after: Params): ParamsEffect {
  return RESHAPING.some((key) => before[key] !== after[key]) ? 'restart' : 'live';
}

export class ArbStrategy implements Strategy {
  readonly #name: string;
  readonly #desk: ArbDesk;
  readonly #pairs: PairTable;
  readonly #taker: PairTaker;
  readonly #maker: PairMaker;
  readonly #closer: PairCloser;
  /** Orders rest instead of crossings being taken: other parameters never change it. */
  readonly #isQuoting: boolean;
  /** The run ends, and nothing is to be held then. */
  #isFlattening = false;

  constructor(setup: StrategySetup) {
    this.#name = setup.name;
    this.#desk = new ArbDesk(setup, arbSettings(setup.name, setup.params));
    this.#pairs = this.#desk.pairs;
    this.#isQuoting = this.#desk.settings.maker !== 'none';
    this.#taker = new PairTaker(this.#desk);
    this.#maker = new PairMaker(this.#desk);
    this.#closer = new PairCloser(this.#desk);
    if (setup.recovered === null) return;
    this.#pairs.recover(setup.recovered);
    this.#desk.records.oweAll();
    setup.note(`${setup.name}: resumed, ${setup.recovered.orders.length} orders of the last run looked at`);
  }

  /** Read-only, for tests. */
  get pairs(): readonly Pair[] {
    return this.#pairs.usable;
  }

  onStart(ctx: StrategyContext): void {
    this.#desk.records.publishOwed(ctx);
    for (const pair of this.#pairs.usable) this.#progress(ctx, pair);
  }

  onTop(ctx: StrategyContext, slot: number): void {
    const pairs = this.#pairs.ofSlot(slot);
    if (this.#isQuoting) {
      for (let i = 0; i < pairs.length; i++) this.#maker.quote(ctx, pairs[i]!);
      return;
    }
    for (let i = 0; i < pairs.length; i++) {
      this.#taker.consider(ctx, pairs[i]!, 1);
      this.#taker.consider(ctx, pairs[i]!, -1);
    }
  }

  /** What decides the pairs stays; what decides whether, where and how much a pair trades is taken from here on. */
  onParams(ctx: StrategyContext, params: Params): void {
    if (effectOf(ctx.params, params) !== 'live') throw new UsageError(`${this.#name}: ${RESHAPING.join(', ')} are taken at a restart only`);
    this.#desk.use(arbSettings(this.#name, params));
  }

  /** Deals under way are brought to their end; `onStop: flatten` closes what is held as well. */
  onClosing(ctx: StrategyContext): boolean {
    this.#isFlattening = this.#desk.settings.isFlatAtStop;
    let isOpen = false;
    for (const pair of this.#pairs.usable) {
      this.#maker.withdraw(ctx, pair);
      if (this.#isFlattening) {
        if (this.#closer.step(ctx, pair, this.#desk.settings.hedgeSlippage)) isOpen = true;
        continue;
      }
      this.#progress(ctx, pair);
      if (pair.isAnyOut || pair.isBusy || this.#desk.hedges.isDue(ctx, pair)) isOpen = true;
    }
    return isOpen;
  }

  onStop(ctx: StrategyContext): void {
    // A quote that filled with nobody there to take the other side would be a position.
    for (const pair of this.#pairs.usable) this.#maker.withdraw(ctx, pair);
  }

  onOrder(ctx: StrategyContext, event: OrderEvent): void {
    const pair = this.#pairs.ofLevel(event.level);
    if (pair === null || event.level === pair.recordLevel) return;
    const leg = pair.legOf(event.level);
    const lots = leg.onEvent(event);
    pair.fill(leg, lots, event.fillTicks > 0 ? event.fillTicks : leg.priceTicks);
    this.#desk.records.publishLeg(ctx, leg);
    this.#progress(ctx, pair);
  }

  onTimer(ctx: StrategyContext): void {
    this.#desk.hedges.count(ctx, this.#pairs.usable);
    const pairs = this.#pairs.usable;
    for (let i = 0; i < pairs.length; i++) {
      const pair = pairs[i]!;
      this.#watchOverdue(ctx, pair);
      this.#progress(ctx, pair);
    }
    this.#desk.records.publishOwed(ctx);
  }

  /** What the pair's state asks for now. */
  #progress(ctx: StrategyContext, pair: Pair): void {
    if (this.#isFlattening) return;
    switch (pair.state) {
      case PairState.LEGS:
        if (!pair.legs[0].isOut && !pair.legs[1].isOut) this.#settle(ctx, pair);
        break;
      case PairState.HEDGING:
        if (!pair.hedges[0].isOut && !pair.hedges[1].isOut) this.#settle(ctx, pair);
        break;
      case PairState.NAKED:
        this.#settle(ctx, pair);
        break;
      case PairState.QUOTING:
        this.#progressQuote(ctx, pair);
        break;
      case PairState.COOLING:
        if (this.#desk.hedges.isDue(ctx, pair)) this.#settle(ctx, pair);
        else this.#desk.isRested(ctx, pair);
        break;
      default:
        if (this.#desk.hedges.isDue(ctx, pair)) this.#settle(ctx, pair);
        break;
    }
  }

  #progressQuote(ctx: StrategyContext, pair: Pair): void {
    const leg = pair.legs[this.#maker.side];
    if (this.#desk.hedges.isDue(ctx, pair)) {
      // What still rests would fill into a market that has just moved.
      this.#desk.withdraw(ctx, leg);
      ctx.taken(ctx.intents.nextGroup());
      this.#settle(ctx, pair);
    } else if (!leg.isOut) {
      if (leg.cumLots > 0) this.#settle(ctx, pair);
      else this.#pairs.go(pair, PairState.IDLE);
    }
  }

  /** Close what is naked, or end the deal. */
  #settle(ctx: StrategyContext, pair: Pair): void {
    if (this.#desk.hedges.isDue(ctx, pair)) {
      this.#pairs.go(pair, PairState.NAKED);
      this.#hedge(ctx, pair);
      return;
    }
    pair.endDeal();
    pair.endedUs = ctx.nowUs;
    pair.hedgeAttempts = 0;
    this.#pairs.go(pair, PairState.COOLING);
    this.#desk.records.publishPair(ctx, pair);
  }

  #hedge(ctx: StrategyContext, pair: Pair): void {
    // While stopping, after the part that closes, nothing goes out; the next start finds what is naked and closes it.
    if ((ctx.isStopping && !ctx.isClosing) || ctx.nowUs < pair.hedgeNotBeforeUs || !ctx.intents.hasRoom(1)) return;
    const isSell = pair.nakedBase > 0;
    const side = this.#desk.hedges.cheaperSide(ctx, pair, isSell);
    if (side < 0) return; // no live book that takes it: tried again with every timer turn
    const leg = pair.hedges[side as 0 | 1];
    const book = ctx.book(leg.slot);
    const slippage = widened(this.#desk.settings.hedgeSlippage, pair.hedgeAttempts);
    const lots = this.#desk.hedges.lots(ctx, pair, side as 0 | 1);
    leg.start(isSell ? SIDE_SELL : SIDE_BUY, limitBehind(isSell ? book.bidTicks : book.askTicks, !isSell, slippage), lots, ctx.nowUs);
    if (!this.#desk.records.publishLeg(ctx, leg)) {
      leg.undo();
      return;
    }
    pair.hedgeNotBeforeUs = ctx.nowUs + Math.min(HEDGE_PAUSE_MOST_US, HEDGE_PAUSE_US * 2 ** Math.min(pair.hedgeAttempts, 20));
    pair.hedgeAttempts++;
    this.#desk.place(ctx, leg, FLAG_HEDGE, 0);
    this.#pairs.go(pair, PairState.HEDGING);
  }

  /** A leg that has no final answer in time is cancelled; a second timeout later the pair goes on without its answer. Late fills are still counted. */
  #watchOverdue(ctx: StrategyContext, pair: Pair): void {
    const { legTimeoutUs } = this.#desk.settings;
    for (let n = 0; n < 4; n++) {
      const leg = pair.placeAt(n);
      if (pair.state === PairState.QUOTING && leg.state === LegState.SENT) continue;
      if (!leg.isOut || ctx.nowUs - leg.sentUs <= legTimeoutUs) continue;
      const isCancelDue = leg.state === LegState.SENT && ctx.nowUs - leg.cancelledUs > legTimeoutUs;
      if (isCancelDue) this.#desk.withdraw(ctx, leg);
      const isGivenUp = ctx.nowUs - leg.sentUs > 2 * legTimeoutUs;
      if (isGivenUp && n < 2 && pair.state === PairState.LEGS && this.#desk.hedges.isDue(ctx, pair)) this.#pairs.go(pair, PairState.NAKED);
    }
  }
}

const arb: StrategyDefinition = {
  kind: 'arb',
  pnlKind: 'arb',
  description: 'Takes crossings between two instruments of one base asset, and the basis between spot and contract.',
  params: ARB_PARAMS,
  instruments: { min: 2, max: 12 },
  levelStates: ARB_STATE_NAMES,
  create: (setup) => new ArbStrategy(setup),
  checkTogether: (name, params) => void arbSettings(name, params),
  effectOf,
};

export default arb;
