/**
 * `grid`: a resting ladder around an anchor. A fill places the counter order, a profit distance away, for exactly what filled; when that fills, the level
 * starts again. Called by StrategyRunner on the hot lane. What a grid's life consists of stands here: anchor, ladder, change of parameters, exit, stop. The
 * parts stand in grid/: those that decide are pure (ladder, cost, level-state, levels, anchor); orders places what they decided, records says it to the journal.
 *
 * Inventory on spot: sells need base the account already has; a level without it waits and says so. The counter order is for what filled, so a venue that
 * takes its fee from the asset received lives off the account's stock of that asset by the fee.
 */
import { assert, RESULT_OK } from '../core/numbers/errors.js';
import { formatTicks } from '../core/numbers/decimal.js';
import { isTerminal } from '../core/orders/order-state.js';
import { Reason, reasonName } from '../core/orders/reasons.js';
import type { Instrument } from '../core/orders/instrument.js';
import type {
  BookView,
  OrderEvent,
  Params,
  RecoveredStrategy,
  Strategy,
  StrategyContext,
  StrategyDefinition,
  StrategySetup,
} from '../core/ports/strategy.js';
import { Anchor } from './grid/anchor.js';
import { Compound } from './grid/compound.js';
import { checkGrid } from './grid/check.js';
import { ExitPhase, GridExit } from './grid/exit.js';
import { anchorOfSettings, leastLots, makeLadder, type Ladder } from './grid/ladder.js';
import { LEVEL_STATE_NAMES } from './grid/level-state.js';
import { GridLevels } from './grid/levels.js';
import { effectOf, ladderHash, type OldLadder, recoverOld } from './grid/memory.js';
import { GridOrders } from './grid/orders.js';
import { GRID_PARAMS, gridSettings, type GridSettings } from './grid/params.js';
import { GridRecords } from './grid/records.js';
import { GridTrail } from './grid/trail.js';

/** How often orders of a ladder that was given up are asked back. */
const CANCEL_EVERY_US = 1_000_000;

interface Renewal {
  readonly settings: GridSettings;
  readonly params: Params;
}

export class GridStrategy implements Strategy {
  readonly #setup: StrategySetup;
  readonly #instrument: Instrument;
  #params: Params;
  #settings: GridSettings;
  #anchor: Anchor;
  readonly #records = new GridRecords();
  #ladder: Ladder | null = null;
  #levels: GridLevels | null = null;
  #orders: GridOrders | null = null;
  #exit: GridExit;
  #trail: GridTrail | null = null;
  #compound: Compound | null = null;
  #needsPass = false;
  /** What the ladder wants was brought to the market once. */
  #isPlaced = false;
  /** A pass is due when the middle moved this far from where the last one was. */
  #passStepTicks = 1;
  #passMid = Number.NaN;
  /** The range that the lines cover. */
  #lowTicks = 0;
  #highTicks = 0;
  /** Events of orders before this id belong to a ladder of which nothing is known. */
  #oldestId = 0;
  #cancelOld = false;
  /** Other parameters wait until nothing of the ladder in use rests any more. */
  #renewal: Renewal | null = null;
  #cancelUs = 0;
  /** Side of the trigger on which the market was first seen; 0 once it was reached. */
  #triggerSide = Number.NaN;

  constructor(setup: StrategySetup) {
    const instrument = setup.instruments[0];
    assert(instrument !== undefined, 'a grid has one instrument');
    this.#setup = setup;
    this.#instrument = instrument;
    this.#params = setup.params;
    this.#settings = gridSettings(setup.name, setup.params);
    this.#anchor = new Anchor(this.#settings);
    this.#exit = new GridExit(this.#settings, instrument);
    checkGrid(setup.name, this.#settings, instrument, setup.levelCapacity);
    this.#recover();
  }

  /** Parameters that change no level work at once; others give the ladder up once its orders are back, and make a new one. */
  onParams(ctx: StrategyContext, params: Params): void {
    const { name, levelCapacity } = this.#setup;
    const settings = gridSettings(name, params);
    checkGrid(name, settings, this.#instrument, levelCapacity);
    if (this.#ladder === null || ladderHash(params, this.#instrument) === this.#records.hash) {
      this.#renewal = null;
      this.#tune(settings, params);
    } else this.#renewal = { settings, params };
    this.#pass(ctx);
  }

  /** Read-only views for previews and tests. */
  get ladder(): Ladder | null {
    return this.#ladder;
  }
  get levels(): GridLevels | null {
    return this.#levels;
  }

  onStart(ctx: StrategyContext): void {
    if (this.#cancelOld) ctx.intents.cancelAll();
    this.#publish(ctx);
    this.#pass(ctx);
  }

  onTop(ctx: StrategyContext): void {
    const book = ctx.book(0);
    if (!book.isLive) return;
    if (this.#levels === null) return this.#takeAnchor(ctx, book);
    const mid = (book.bidTicks + book.askTicks) / 2;
    this.#watchExit(ctx, mid);
    if (this.#isPlaced && (this.#needsPass || !(Math.abs(mid - this.#passMid) < this.#passStepTicks))) this.#pass(ctx);
  }

  onOrder(ctx: StrategyContext, event: OrderEvent): void {
    const levels = this.#levels;
    if (event.level === this.#closingLevel) this.#exit.onEvent(event, ctx.nowUs);
    if (levels === null || (event.orderId !== 0 && event.orderId < this.#oldestId)) return;
    this.#needsPass = true;
    const filled = levels.onEvent(event, ctx.nowUs);
    if (event.level < 0 || event.level >= levels.places) return;
    if (filled > 0) this.#compound?.onFill(levels, event.level, filled);
    this.#records.publishPlace(ctx, levels, event.level);
    this.#settle(ctx, event.level >> 1);
  }

  onTimer(ctx: StrategyContext): void {
    const levels = this.#levels;
    if (levels === null) {
      const book = ctx.book(0);
      if (book.isLive) this.#takeAnchor(ctx, book);
      return;
    }
    levels.wake(ctx.nowUs);
    // A market that stands still outside of the range sends no books.
    if (!Number.isNaN(this.#passMid)) this.#watchExit(ctx, this.#passMid);
    this.#pass(ctx);
    this.#publish(ctx);
  }

  /** `onStop: flatten`: its orders are cancelled, then what it holds is closed. A grid that ended before, and kept what it held, keeps it. */
  onClosing(ctx: StrategyContext): boolean {
    if (!this.#settings.isFlatAtStop) return false;
    const exit = this.#exit;
    if (exit.phase === ExitPhase.RUNNING) {
      exit.leave(Reason.RUN_ENDED);
      this.#records.oweLadder();
      this.#renewal = null;
    }
    if (exit.step(ctx, ctx.book(0), this.#levels?.hasLive() === true, this.#closingLevel)) this.#records.oweLadder();
    this.#publish(ctx);
    return !exit.isOver;
  }

  onStop(ctx: StrategyContext): void {
    // Orders stay where they are, unless told otherwise; the journal knows the levels, the next start goes on from them.
    if (this.#settings.isCancellingOnStop) ctx.intents.cancelAll();
    this.#publish(ctx);
  }

  #recover(): void {
    const { recovered, name } = this.#setup;
    if (recovered === null) return;
    const old = recoverOld(name, this.#settings, this.#instrument, recovered, this.#params);
    if (old === null) {
      // Orders without a ladder: its record was lost. They are given up, and so is what is still heard of them.
      for (const order of recovered.orders) this.#oldestId = Math.max(this.#oldestId, order.orderId + 1);
      this.#cancelOld = this.#oldestId > 0;
      return;
    }
    this.#use(old.ladder, old.stepWord, old.hash);
    this.#levels?.recover(recovered);
    const isClosing = recovered.orders.some((order) => order.level === this.#closingLevel && !isTerminal(order.state));
    this.#exit.recover(old.exitPhase, old.exitReason, isClosing);
    if (old.exitReason === Reason.RUN_ENDED) {
      this.#renewal = { settings: this.#settings, params: this.#params };
      const left = formatTicks(recovered.netLots[0] ?? 0, this.#instrument.lotSize);
      this.#setup.note(
        `${name}: was closed when the last run ended and starts with a new ladder; what could not be closed then is kept: ${left}`,
      );
      return;
    }
    if (old.hash !== ladderHash(this.#params, this.#instrument)) {
      this.#renewal = { settings: this.#settings, params: this.#params };
      this.#tellChanged(old, recovered);
      return;
    }
    if (this.#exit.isOver) {
      this.#setup.note(`${name}: ended in an earlier run (${reasonName(this.#exit.reason)}); a higher generation starts it anew`);
      return;
    }
    const { count, anchorTicks } = old.ladder;
    const live = recovered.orders.filter((order) => order.level < count * 2).length;
    this.#setup.note(
      `${name}: resumed ${count} levels around ${formatTicks(anchorTicks, this.#instrument.tickSize)}, ${live} orders adopted`,
    );
  }

  #tellChanged({ ladder }: OldLadder, { orders, netLots }: RecoveredStrategy): void {
    const { name } = this.#setup;
    const live = orders.filter((order) => !isTerminal(order.state)).length;
    const held = formatTicks(netLots[0] ?? 0, this.#instrument.lotSize);
    this.#setup.note(
      `${name}: parameters changed since the last run: ${live} orders of the old ladder of ${ladder.count} levels are cancelled, then the new one is placed; ` +
        `its position of ${held} stays as it is`,
    );
  }

  #tune(settings: GridSettings, params: Params): void {
    this.#params = params;
    this.#settings = settings;
    this.#anchor = new Anchor(settings);
    const { phase, reason, isBusy } = this.#exit;
    this.#exit = new GridExit(settings, this.#instrument);
    this.#exit.recover(phase, reason, isBusy);
    if (this.#ladder === null) return;
    this.#orders?.use(settings);
    this.#trail = new GridTrail(settings, this.#instrument, this.#ladder, this.#trail?.stepWord ?? 0);
    if (!settings.isCompounding) this.#compound = null;
    else this.#compound ??= new Compound(settings, this.#instrument, this.#ladder);
  }

  /** Asks the orders of the ladder in use back; when none rests any more, it is gone, and the next look at the market makes the new one. */
  #renew(ctx: StrategyContext, { settings, params }: Renewal): void {
    const levels = this.#levels;
    if (levels === null) return;
    if (levels.hasLive() || this.#exit.isBusy) {
      if (ctx.nowUs >= this.#cancelUs && ctx.intents.cancelAll() === RESULT_OK) this.#cancelUs = ctx.nowUs + CANCEL_EVERY_US;
      return;
    }
    this.#renewal = null;
    this.#records.leave(levels);
    this.#levels = null;
    this.#ladder = null;
    this.#orders = null;
    this.#triggerSide = 0; // it runs already
    this.#passMid = Number.NaN;
    this.#exit.recover(ExitPhase.RUNNING, Reason.NONE, false);
    this.#tune(settings, params);
    this.#takeAnchor(ctx, ctx.book(0));
  }

  /** A ladder takes milliseconds to make. The timer places it, as the market stands then: it answers no tick. */
  #takeAnchor(ctx: StrategyContext, book: BookView): void {
    if (!this.#isTriggered((book.bidTicks + book.askTicks) / 2)) return;
    const given = anchorOfSettings(this.#settings, this.#instrument);
    const seen = this.#anchor.see(book, ctx.nowUs);
    const anchorTicks = given > 0 ? given : seen;
    if (!(anchorTicks > 0) || ctx.isStopping) return;
    const ladder = makeLadder(this.#setup.name, this.#settings, this.#instrument, anchorTicks);
    this.#use(ladder, 0, ladderHash(this.#params, this.#instrument));
    this.#publish(ctx);
  }

  /** True from the first time that the middle stood on the other side of the trigger than at first, or on it. */
  #isTriggered(mid: number): boolean {
    if (this.#settings.trigger === null) return true;
    if (!(mid > 0)) return false;
    const away = mid - Number(this.#settings.trigger) / Number(this.#instrument.tickSize);
    if (Number.isNaN(this.#triggerSide)) this.#triggerSide = Math.sign(away);
    if (Math.sign(away) !== this.#triggerSide) this.#triggerSide = 0;
    return this.#triggerSide === 0;
  }

  #use(ladder: Ladder, stepWord: number, hash: number): void {
    const levels = new GridLevels(ladder, (priceTicks) => leastLots(this.#instrument, priceTicks));
    this.#ladder = ladder;
    this.#levels = levels;
    this.#records.use(ladder, levels, hash);
    this.#orders = new GridOrders(this.#settings, this.#instrument, levels, this.#records);
    this.#trail = new GridTrail(this.#settings, this.#instrument, ladder, stepWord);
    this.#compound = this.#settings.isCompounding ? new Compound(this.#settings, this.#instrument, ladder) : null;
    this.#measure(ladder);
    this.#isPlaced = false;
  }

  /** Range and least step of the lines; again whenever a line moved. */
  #measure(ladder: Ladder): void {
    let least = Infinity;
    this.#lowTicks = Infinity;
    this.#highTicks = 0;
    for (let i = 0; i < ladder.count; i++) {
      least = Math.min(least, ladder.sellTicks[i]! - ladder.buyTicks[i]!);
      this.#lowTicks = Math.min(this.#lowTicks, ladder.buyTicks[i]!);
      this.#highTicks = Math.max(this.#highTicks, ladder.sellTicks[i]!);
    }
    this.#passStepTicks = Math.max(1, least / 4);
  }

  /** Level of the orders that close what an ending grid holds: behind the places and the ladder's own record. */
  get #closingLevel(): number {
    return this.#levels === null ? this.#setup.levelCapacity - 1 : this.#levels.places + 1;
  }

  #watchExit(ctx: StrategyContext, mid: number): void {
    const ladder = this.#ladder;
    if (ladder === null || ctx.isStopping || this.#renewal !== null || this.#exit.phase !== ExitPhase.RUNNING) return;
    if (!this.#exit.watch(mid, ladder.anchorTicks, this.#lowTicks, this.#highTicks, ctx.nowUs)) return;
    this.#records.oweLadder();
    this.#publish(ctx);
    this.#pass(ctx);
  }

  /** Brings what rests in line with what is wanted, nearest levels first. */
  #pass(ctx: StrategyContext): void {
    if (this.#levels === null || ctx.isStopping) return;
    const book = ctx.book(0);
    if (!book.isLive || !(book.bidTicks > 0 && book.askTicks > book.bidTicks)) return;
    this.#passMid = (book.bidTicks + book.askTicks) / 2;
    this.#needsPass = false;
    this.#isPlaced = true;
    if (this.#renewal !== null) return this.#renew(ctx, this.#renewal);
    if (this.#exit.phase !== ExitPhase.RUNNING) {
      if (this.#exit.step(ctx, book, this.#levels.hasLive(), this.#closingLevel)) this.#records.oweLadder();
      return;
    }
    if (this.#trail?.step(ctx, this.#levels, this.#passMid) === true) {
      this.#orders?.sort();
      this.#measure(this.#ladder!);
    }
    this.#orders?.pass(ctx, book, this.#trail?.leaving ?? -1);
  }

  /** After an event of one line: its counter order does not wait for the next pass. */
  #settle(ctx: StrategyContext, line: number): void {
    if (ctx.isStopping || this.#renewal !== null || this.#exit.phase !== ExitPhase.RUNNING) return;
    const book = ctx.book(0);
    if (!book.isLive || !(book.bidTicks > 0 && book.askTicks > book.bidTicks)) return;
    this.#orders?.settle(ctx, book, line);
  }

  #publish(ctx: StrategyContext): void {
    this.#records.publish(ctx, this.#trail?.stepWord ?? 0, this.#exit);
  }
}

const grid: StrategyDefinition = {
  kind: 'grid',
  pnlKind: 'grid',
  description: 'A ladder of resting orders around an anchor; every fill places its counter order a profit distance away.',
  params: GRID_PARAMS,
  instruments: { min: 1, max: 1 },
  levelStates: LEVEL_STATE_NAMES,
  create: (setup) => new GridStrategy(setup),
  checkTogether: (name, params) => void gridSettings(name, params),
  effectOf: (before, after, instruments) => effectOf(before, after, instruments),
};

export default grid;
