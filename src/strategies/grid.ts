/**
 * `grid`: a resting ladder around an anchor. A fill places the counter order, a profit distance away, for exactly what filled; when that fills, the level
 * starts again. Called by StrategyRunner on the hot lane. The parts that decide are pure and stand in grid/: ladder, cost, level-state, levels, anchor.
 *
 * Inventory on spot: sells need base the account already has; a level without it waits and says so. The counter order is for what filled, so a venue that
 * takes its fee from the asset received lives off the account's stock of that asset by the fee.
 */
import { assert, RESULT_OK } from '../core/numbers/errors.js';
import { formatTicks } from '../core/numbers/decimal.js';
import { FLAG_POST_ONLY, SIDE_BUY, TIF_GTC } from '../core/memory/record.js';
import { isTerminal } from '../core/orders/order-state.js';
import { Reason, reasonName } from '../core/orders/reasons.js';
import type { Instrument } from '../core/orders/instrument.js';
import type {
  BookView,
  LevelRecord,
  OrderDraft,
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
import { anchorOfSettings, leastLots, lotValue, makeLadder, type Ladder } from './grid/ladder.js';
import { isLiveLevel, LEVEL_STATE_NAMES, LevelState } from './grid/level-state.js';
import { GridLevels } from './grid/levels.js';
import { effectOf, exitWord, ladderHash, type OldLadder, recoverOld } from './grid/memory.js';
import { GRID_PARAMS, gridSettings, type GridSettings } from './grid/params.js';
import { GridTrail } from './grid/trail.js';

/** A resting order is amended (price or quantity) at most this often: each amend costs rate budget and the place in the queue. */
const ADJUST_EVERY_US = 1_000_000;
/** How long a level without balance waits before it looks again. */
const NO_BALANCE_US = 5_000_000;

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
  readonly #draft: OrderDraft = {
    level: 0,
    slot: 0,
    side: 0,
    priceTicks: 0,
    qtyLots: 0,
    flags: 0,
    timeInForce: TIF_GTC,
    group: 0,
    groupLegs: 0,
  };
  readonly #record: LevelRecord = {
    level: 0,
    state: 0,
    side: 0,
    slot: 0,
    priceTicks: 0,
    qtyLots: 0,
    cumLots: 0,
    auxTicks: 0,
    auxLots: 0,
    orderId: 0,
    reason: 0,
  };
  #ladder: Ladder | null = null;
  #levels: GridLevels | null = null;
  #exit: GridExit;
  #trail: GridTrail | null = null;
  #compound: Compound | null = null;
  /** Places of a side, nearest to the market first. */
  #buys = new Int32Array(0);
  #sells = new Int32Array(0);
  #adjustedUs = new Float64Array(0);
  #isMetaDirty = true;
  #needsPass = false;
  /** A pass is due when the middle moved this far from where the last one was. */
  #passStepTicks = 1;
  #passMid = Number.NaN;
  /** The range that the lines cover. */
  #lowTicks = 0;
  #highTicks = 0;
  /** Events of orders before this id belong to a ladder of which nothing is known. */
  #oldestId = 0;
  #cancelOld = false;
  /** What the ladder in use was made from. */
  #hash = 0;
  /** Other parameters wait until nothing of the ladder in use rests any more. */
  #renewal: Renewal | null = null;
  #cancelUs = 0;
  /** The ladder before this one: its orders are heard of, its inventory is the account's. */
  #past: GridLevels | null = null;
  /** Level records above the ladder's own up to this one are a larger ladder's: to be emptied. */
  #eraseTo = -1;
  /** Side of the trigger on which the market was first seen; 0 once it was reached. */
  #triggerSide = Number.NaN;
  /** Spot funds promised in the running pass, which the account does not show yet. */
  #spentQuote = 0;
  #spentBase = 0;

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
    if (this.#ladder === null || ladderHash(params, this.#instrument) === this.#hash) {
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
    if (this.#levels === null && !this.#takeAnchor(ctx, book)) return;
    const mid = (book.bidTicks + book.askTicks) / 2;
    this.#watchExit(ctx, mid);
    if (this.#needsPass || !(Math.abs(mid - this.#passMid) < this.#passStepTicks)) this.#pass(ctx);
  }

  onOrder(ctx: StrategyContext, event: OrderEvent): void {
    const levels = this.#levels;
    if (event.level === this.#closingLevel) this.#exit.onEvent(event, ctx.nowUs);
    if (levels === null || (event.orderId !== 0 && event.orderId < this.#oldestId)) return;
    this.#needsPass = true;
    const filled = levels.onEvent(event, ctx.nowUs);
    if (event.level < 0 || event.level >= levels.places) return;
    if (filled > 0) this.#compound?.onFill(levels, event.level, filled);
    this.#publishPlace(ctx, event.level);
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
      this.#isMetaDirty = true;
      this.#renewal = null;
    }
    if (exit.step(ctx, ctx.book(0), this.#levels?.hasLive() === true, this.#closingLevel)) this.#isMetaDirty = true;
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
    this.#past = levels;
    this.#eraseTo = Math.max(this.#eraseTo, levels.places);
    this.#levels = null;
    this.#ladder = null;
    this.#triggerSide = 0; // it runs already
    this.#passMid = Number.NaN;
    this.#exit.recover(ExitPhase.RUNNING, Reason.NONE, false);
    this.#tune(settings, params);
    this.#takeAnchor(ctx, ctx.book(0));
  }

  #takeAnchor(ctx: StrategyContext, book: BookView): boolean {
    if (!this.#isTriggered((book.bidTicks + book.askTicks) / 2)) return false;
    const given = anchorOfSettings(this.#settings, this.#instrument);
    const seen = this.#anchor.see(book, ctx.nowUs);
    const anchorTicks = given > 0 ? given : seen;
    if (!(anchorTicks > 0) || ctx.isStopping) return false;
    const ladder = makeLadder(this.#setup.name, this.#settings, this.#instrument, anchorTicks);
    this.#use(ladder, 0, ladderHash(this.#params, this.#instrument));
    this.#publish(ctx);
    this.#pass(ctx);
    return true;
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
    if (this.#past !== null) levels.follow(this.#past);
    this.#hash = hash;
    this.#ladder = ladder;
    this.#levels = levels;
    this.#trail = new GridTrail(this.#settings, this.#instrument, ladder, stepWord);
    this.#compound = this.#settings.isCompounding ? new Compound(this.#settings, this.#instrument, ladder) : null;
    this.#adjustedUs = new Float64Array(levels.places);
    this.#order(ladder, levels);
    this.#isMetaDirty = true;
    this.#needsPass = true;
  }

  /** The places of each side, nearest to the market first; again whenever a line moved. */
  #order(ladder: Ladder, levels: GridLevels): void {
    const places = Array.from({ length: levels.places }, (_, place) => place);
    const priceOf = (place: number): number => levels.priceTicks[place] ?? 0;
    this.#buys = Int32Array.from(places.filter((place) => levels.side[place] === SIDE_BUY).sort((a, b) => priceOf(b) - priceOf(a)));
    this.#sells = Int32Array.from(places.filter((place) => levels.side[place] !== SIDE_BUY).sort((a, b) => priceOf(a) - priceOf(b)));
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
    this.#isMetaDirty = true;
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
    this.#spentQuote = 0;
    this.#spentBase = 0;
    if (this.#renewal !== null) return this.#renew(ctx, this.#renewal);
    if (this.#exit.phase !== ExitPhase.RUNNING) {
      if (this.#exit.step(ctx, book, this.#levels.hasLive(), this.#closingLevel)) this.#isMetaDirty = true;
      return;
    }
    if (this.#trail?.step(ctx, this.#levels, this.#passMid) === true) this.#order(this.#ladder!, this.#levels);
    this.#walk(ctx, book, this.#buys);
    this.#walk(ctx, book, this.#sells);
  }

  #walk(ctx: StrategyContext, book: BookView, places: Int32Array): void {
    const levels = this.#levels!;
    const active = this.#settings.activePerSide;
    // A little slack, so that an order at the edge is not cancelled and placed again with every small move.
    const kept = active + Math.max(1, active >> 2);
    const leaving = this.#trail?.leaving ?? -1;
    let rank = 0;
    for (let i = 0; i < places.length; i++) {
      const place = places[i]!;
      const state = levels.state[place]!;
      if (place >> 1 === leaving) continue;
      const wanted = levels.wantedLots(place);
      if (isLiveLevel(state)) {
        rank++;
        if (state === LevelState.OPEN) this.#adjust(ctx, book, place, rank <= kept);
        continue;
      }
      if (wanted === 0 || state === LevelState.PARKED) continue;
      rank++;
      if (rank <= active && levels.canPlace(place, ctx.nowUs)) this.#place(ctx, book, place, wanted);
    }
  }

  /** After an event of one line: its counter order does not wait for the next pass. */
  #settle(ctx: StrategyContext, line: number): void {
    if (ctx.isStopping || this.#renewal !== null || this.#exit.phase !== ExitPhase.RUNNING) return;
    const book = ctx.book(0);
    if (!book.isLive || !(book.bidTicks > 0 && book.askTicks > book.bidTicks)) return;
    this.#spentQuote = 0;
    this.#spentBase = 0;
    this.#settlePlace(ctx, book, line * 2 + 1);
    this.#settlePlace(ctx, book, line * 2);
  }

  #settlePlace(ctx: StrategyContext, book: BookView, place: number): void {
    const levels = this.#levels!;
    // Only what just became owed: a level that lies beyond the active ones is the pass's business.
    if (levels.state[place] !== LevelState.IDLE || levels.heldLots(place >> 1) === 0) return;
    const wanted = levels.wantedLots(place);
    if (wanted > 0) this.#place(ctx, book, place, wanted);
  }

  #place(ctx: StrategyContext, book: BookView, place: number, wanted: number): void {
    const levels = this.#levels!;
    const home = levels.priceTicks[place]!;
    const isBuy = levels.side[place] === SIDE_BUY;
    const priceTicks = this.#restingPrice(book, isBuy, home);
    if (priceTicks !== home) {
      if (!this.#settings.isImproving && (place & 1) === 0) return;
      if (wanted < leastLots(this.#instrument, priceTicks)) {
        levels.hold(place, Reason.SIZE_BELOW_MINIMUM, ctx.nowUs + NO_BALANCE_US);
        return;
      }
    }
    if (!this.#canPay(ctx, isBuy, priceTicks, wanted)) {
      levels.hold(place, Reason.NO_BALANCE, ctx.nowUs + NO_BALANCE_US);
      ctx.refuse(Reason.NO_BALANCE);
      return;
    }
    if (!ctx.intents.hasRoom(1) || (levels.isDirty[place] !== 0 && !this.#publishPlace(ctx, place))) return;
    levels.startPlace(place, priceTicks, wanted, ctx.nowUs);
    // The level's record goes first: a restart then knows that fills of any later order are news.
    if (!this.#publishPlace(ctx, place)) {
      levels.undoPlace(place);
      return;
    }
    const draft = this.#draft;
    draft.level = place;
    draft.side = levels.side[place]!;
    draft.priceTicks = priceTicks;
    draft.qtyLots = wanted;
    draft.flags = this.#settings.isPostOnly ? FLAG_POST_ONLY : 0;
    if (ctx.intents.place(draft) !== RESULT_OK) levels.undoPlace(place);
    this.#adjustedUs[place] = ctx.nowUs;
  }

  #adjust(ctx: StrategyContext, book: BookView, place: number, isKept: boolean): void {
    const levels = this.#levels!;
    const nowUs = ctx.nowUs;
    if (nowUs < levels.notBeforeUs[place]!) return;
    const line = place >> 1;
    const held = Math.max(0, levels.heldLots(line));
    const owed = (place & 1) === 1 ? held : Math.max(0, levels.lineLots(line) - held);
    const resting = levels.restingLots(place);
    const least = levels.minLots[place]!;
    // Up to the least quantity an order may rest although less is owed: it was rounded up to free a line of dust.
    const isTooMuch = resting > owed && resting > least;
    if (!isKept || (isTooMuch && owed < least)) {
      if (ctx.intents.cancel(place) === RESULT_OK) levels.sentCancel(place);
      return;
    }
    const isDue = nowUs - this.#adjustedUs[place]! >= ADJUST_EVERY_US;
    if (!isTooMuch && !isDue) return;
    const isBuy = levels.side[place] === SIDE_BUY;
    const priceTicks = this.#restingPrice(book, isBuy, levels.priceTicks[place]!);
    const orderTicks = levels.orderTicks[place]!;
    // Only back towards the level's own price: an order that rests at a better price than the market now asks for is left alone.
    const isBack = isBuy ? priceTicks > orderTicks : priceTicks < orderTicks;
    if (!isTooMuch && !isBack && !(owed > resting)) return;
    const qtyLots = levels.cumLots[place]! + (isTooMuch || owed > resting ? owed : resting);
    if (ctx.intents.amend(place, isBack ? priceTicks : orderTicks, qtyLots) !== RESULT_OK) return;
    levels.sentAmend(place);
    this.#adjustedUs[place] = nowUs;
  }

  /** The level's price, or the best price that does not take. */
  #restingPrice(book: BookView, isBuy: boolean, homeTicks: number): number {
    if (!this.#settings.isPostOnly) return homeTicks;
    return isBuy ? Math.min(homeTicks, book.askTicks - 1) : Math.max(homeTicks, book.bidTicks + 1);
  }

  #canPay(ctx: StrategyContext, isBuy: boolean, priceTicks: number, lots: number): boolean {
    const instrument = this.#instrument;
    if (instrument.kind !== 'spot') return true;
    if (isBuy) {
      const cost = lotValue(instrument, priceTicks) * lots;
      if (ctx.freeBalance(0, instrument.quote) - this.#spentQuote < cost) return false;
      this.#spentQuote += cost;
      return true;
    }
    const base = lots * Number(instrument.lotSize);
    if (ctx.freeBalance(0, instrument.base) - this.#spentBase < base) return false;
    this.#spentBase += base;
    return true;
  }

  #publish(ctx: StrategyContext): void {
    const levels = this.#levels;
    const ladder = this.#ladder;
    if (levels === null || ladder === null) return;
    if (this.#isMetaDirty) {
      const record = this.#record;
      record.level = levels.places;
      record.state = LevelState.META;
      record.side = 0;
      record.slot = 0;
      record.priceTicks = ladder.anchorTicks;
      record.qtyLots = this.#trail?.stepWord ?? 0;
      record.cumLots = exitWord(this.#exit.phase, this.#exit.reason);
      record.orderId = 0;
      record.auxTicks = ladder.count;
      record.auxLots = this.#hash;
      record.reason = this.#exit.reason;
      if (ctx.publishLevel(record) !== RESULT_OK) return;
      this.#isMetaDirty = false;
    }
    for (let place = 0; place < levels.places; place++) if (levels.isDirty[place] !== 0 && !this.#publishPlace(ctx, place)) return;
    for (; this.#eraseTo > levels.places; this.#eraseTo--) if (!this.#publishEmpty(ctx, this.#eraseTo)) return;
  }

  /** The record of a place that the ladder does not have any more: settled, and without a price. */
  #publishEmpty(ctx: StrategyContext, level: number): boolean {
    const past = this.#past !== null && level < this.#past.places ? this.#past : null;
    const record = this.#record;
    record.level = level;
    record.state = LevelState.IDLE;
    record.side = 0;
    record.slot = 0;
    record.priceTicks = 0;
    record.qtyLots = 0;
    record.cumLots = past?.heardLots(level) ?? 0;
    record.orderId = past?.heardId(level) ?? 0;
    record.auxTicks = 0;
    record.auxLots = 0;
    record.reason = Reason.NONE;
    return ctx.publishLevel(record) === RESULT_OK;
  }

  #publishPlace(ctx: StrategyContext, place: number): boolean {
    const levels = this.#levels!;
    const record = this.#record;
    const line = place >> 1;
    record.level = place;
    record.state = levels.state[place]!;
    record.side = levels.side[place]!;
    record.slot = 0;
    record.priceTicks = levels.priceTicks[place]!;
    record.qtyLots = (place & 1) === 0 ? levels.lineLots(line) : levels.heldLots(line);
    record.cumLots = levels.heardLots(place);
    record.orderId = levels.heardId(place);
    record.auxTicks = levels.priceTicks[place ^ 1]!;
    record.auxLots = levels.totalLots[place]!;
    record.reason = levels.reason[place]!;
    if (ctx.publishLevel(record) !== RESULT_OK) return false;
    levels.isDirty[place] = 0;
    return true;
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
  effectOf: (before, after, instruments) => effectOf(before, after, instruments),
};

export default grid;
