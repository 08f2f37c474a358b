/**
 * `triangle`: three spot markets of one venue that lead from an asset back to itself. When the turn pays after fees, all three steps are taken at once from stock;
 * what a step that failed leaves over of the two other assets is closed against home. Called by StrategyRunner on the hot lane. What decides is triangle/cycle.
 *
 *   IDLE -> STEPS -> CLOSING -> COOLING -> IDLE        CLOSING as long as more is left over than the venue takes
 */
import { assert, RESULT_OK } from '../core/numbers/errors.js';
import { FLAG_HEDGE, SIDE_BUY, SIDE_SELL, TIF_IOC } from '../core/memory/record.js';
import { isTerminal } from '../core/orders/order-state.js';
import { Reason } from '../core/orders/reasons.js';
import type {
  OrderEvent,
  ParamSpec,
  RecoveredStrategy,
  Strategy,
  StrategyContext,
  StrategyDefinition,
  StrategySetup,
} from '../core/ports/strategy.js';
import { levelRecord, orderDraft } from './drafts.js';
import { limitBehind, widened, WIDEST } from './arb/edge.js';
import { Leg, LegState } from './arb/leg.js';
import { namesByCode } from './level-names.js';
import { planTurn, rateOf, triangleOf, TurnPlan, type Edge, type Step, type Tops, type Triangle } from './triangle/cycle.js';
import { countUnseen } from './unseen.js';

const State = { IDLE: 0, STEPS: 1, CLOSING: 2, COOLING: 3 } as const;

/** Levels: the steps by market, then the closing orders of the two other assets. */
const CLOSINGS = 3;
const LEVELS = 5;
/** Quantities of the other assets are journaled as whole parts of this. */
const AMOUNT_SCALE = 1e9;
const CLOSE_PAUSE_US = 200_000;
const CLOSE_PAUSE_MOST_US = 5_000_000;

export const TRIANGLE_PARAMS: readonly ParamSpec[] = [
  {
    key: 'home',
    unit: '',
    type: 'text',
    optional: true,
    reason: 'The asset that a turn starts and ends with; absent: the one most markets are quoted in.',
  },
  {
    key: 'minEdge',
    unit: 'ratio',
    type: 'decimal',
    default: '0.0003',
    min: '-0.1',
    max: '1',
    reason: 'Least profit of a turn after all fees.',
  },
  { key: 'maxNotional', unit: 'home asset', type: 'decimal', default: '500', min: '0', reason: 'Largest turn.' },
  { key: 'bookMaxAgeMs', unit: 'ms', type: 'integer', default: 1000, min: 1, max: 600_000, reason: 'All three books must be younger.' },
  {
    key: 'legTimeoutMs',
    unit: 'ms',
    type: 'integer',
    default: 1500,
    min: 10,
    max: 600_000,
    reason: 'A step without a final answer after this is cancelled.',
  },
  {
    key: 'closeSlippage',
    unit: 'ratio',
    type: 'decimal',
    default: '0.002',
    min: '0',
    max: '0.5',
    reason: 'Closing orders take up to this far behind the touch.',
  },
  { key: 'cooldownMs', unit: 'ms', type: 'integer', default: 250, min: 0, max: 600_000, reason: 'Pause after each turn.' },
];

export class TriangleStrategy implements Strategy {
  readonly #triangle: Triangle;
  readonly #minEdge: number;
  readonly #maxHome: number;
  readonly #maxAgeUs: number;
  readonly #timeoutUs: number;
  readonly #slippage: number;
  readonly #cooldownUs: number;
  /** By level. `totalLots` and `totalBase` of a leg: signed lots of the market's base, and the other way's amount in its quote. */
  readonly #legs: readonly Leg[];
  readonly #edges: readonly Edge[];
  readonly #tops: Tops = {
    bidTicks: new Float64Array(3),
    bidLots: new Float64Array(3),
    askTicks: new Float64Array(3),
    askLots: new Float64Array(3),
  };
  readonly #free = new Float64Array(3);
  readonly #plan = new TurnPlan();
  readonly #draft = orderDraft(TIF_IOC);
  readonly #record = levelRecord();
  readonly #owed = new Uint8Array(LEVELS);
  #state: number = State.IDLE;
  #endedUs = -Infinity;
  #closeNotBeforeUs = 0;
  #closeAttempts = 0;
  #refusedBits = 0;

  constructor(setup: StrategySetup) {
    const { params, name, instruments } = setup;
    this.#triangle = triangleOf(name, instruments, params['home'] === undefined ? null : String(params['home']));
    this.#minEdge = Number(params['minEdge']);
    this.#maxHome = Number(params['maxNotional']);
    this.#maxAgeUs = Number(params['bookMaxAgeMs']) * 1000;
    this.#timeoutUs = Number(params['legTimeoutMs']) * 1000;
    this.#slippage = Number(params['closeSlippage']);
    this.#cooldownUs = Number(params['cooldownMs']) * 1000;
    const bySlot = this.#triangle.turns[0].map((step) => step.edge).toSorted((a, b) => a.slot - b.slot);
    this.#edges = [...bySlot, ...this.#triangle.exits];
    this.#legs = this.#edges.map((edge, level) => new Leg(level, edge.slot));
    if (setup.recovered !== null) this.#recover(setup.recovered);
  }

  /** What is left over of each of the two other assets, for tests. */
  get leftovers(): readonly [number, number] {
    return [this.#leftOf(this.#triangle.others[0]), this.#leftOf(this.#triangle.others[1])];
  }

  onTop(ctx: StrategyContext): void {
    if (!this.#look(ctx)) return;
    let isAny = false;
    for (let i = 0; i < 2; i++) if (this.#consider(ctx, this.#triangle.turns[i as 0 | 1])) isAny = true;
    if (!isAny) this.#refusedBits = 0; // the episode is over
  }

  onOrder(ctx: StrategyContext, event: OrderEvent): void {
    const leg = this.#legs[event.level];
    if (leg === undefined) return;
    this.#count(leg, leg.onEvent(event), event.fillTicks > 0 ? event.fillTicks : leg.priceTicks);
    this.#publish(ctx, leg);
    this.#progress(ctx);
  }

  onTimer(ctx: StrategyContext): void {
    for (const leg of this.#legs) {
      const isOverdue =
        leg.state === LegState.SENT && ctx.nowUs - leg.sentUs > this.#timeoutUs && ctx.nowUs - leg.cancelledUs > this.#timeoutUs;
      if (!isOverdue || ctx.intents.cancel(leg.level) !== RESULT_OK) continue;
      leg.state = LegState.CANCELLING;
      leg.cancelledUs = ctx.nowUs;
    }
    this.#progress(ctx);
    for (const leg of this.#legs) if (this.#owed[leg.level] !== 0) this.#publish(ctx, leg);
  }

  /** What a turn left over is closed before the run ends. */
  onClosing(ctx: StrategyContext): boolean {
    this.#progress(ctx);
    return this.#legs.some((leg) => leg.isOut) || this.#closes(ctx) !== null;
  }

  /** Reads the three best prices. False while one of them is not to be trusted. */
  #look(ctx: StrategyContext): boolean {
    const { bidTicks, bidLots, askTicks, askLots } = this.#tops;
    for (let slot = 0; slot < 3; slot++) {
      const book = ctx.book(slot);
      if (!book.isFresh(ctx.nowUs, this.#maxAgeUs)) return false;
      bidTicks[slot] = book.bidTicks;
      bidLots[slot] = book.bidLots;
      askTicks[slot] = book.askTicks;
      askLots[slot] = book.askLots;
    }
    return true;
  }

  /** True when the turn earns something after fees, taken or not. */
  #consider(ctx: StrategyContext, turn: readonly Step[]): boolean {
    const rate = rateOf(turn, this.#tops);
    if (rate <= 1) return false;
    if (ctx.isStopping) return true;
    const reason = rate - 1 < this.#minEdge ? Reason.EDGE_TOO_SMALL : this.#whyNot(ctx);
    if (reason === Reason.NONE) this.#attempt(ctx, turn);
    else this.#refuse(ctx, reason);
    return true;
  }

  #whyNot(ctx: StrategyContext): number {
    if (this.#state === State.COOLING && ctx.nowUs - this.#endedUs < this.#cooldownUs) return Reason.COOLING_DOWN;
    if (this.#state === State.COOLING) this.#state = State.IDLE;
    return this.#state === State.IDLE ? Reason.NONE : Reason.LEG_PENDING;
  }

  #attempt(ctx: StrategyContext, turn: readonly Step[]): void {
    for (let i = 0; i < 3; i++) this.#free[i] = ctx.freeBalance(turn[i]!.edge.slot, turn[i]!.from);
    if (!planTurn(turn, this.#tops, this.#maxHome, this.#free, this.#plan)) {
      const isShort = this.#free.some((amount) => amount <= 0);
      this.#refuse(ctx, isShort ? Reason.NO_BALANCE : Reason.SIZE_BELOW_MINIMUM);
      return;
    }
    // Whole lots lose a little of what the rate promised.
    if (this.#plan.edge < this.#minEdge) this.#refuse(ctx, Reason.EDGE_TOO_SMALL);
    else this.#take(ctx, turn);
  }

  #take(ctx: StrategyContext, turn: readonly Step[]): void {
    if (!ctx.intents.hasRoom(3)) return;
    const { lots, ticks } = this.#plan;
    for (let i = 0; i < 3; i++) {
      const leg = this.#legs[turn[i]!.edge.slot]!;
      leg.start(turn[i]!.side, ticks[i]!, lots[i]!, ctx.nowUs);
    }
    // The records go first: a restart then knows that any fill of these orders is news.
    if (!turn.every((step) => this.#publish(ctx, this.#legs[step.edge.slot]!))) {
      for (const step of turn) this.#legs[step.edge.slot]!.undo();
      return;
    }
    const group = ctx.intents.nextGroup();
    this.#state = State.STEPS;
    for (let i = 0; i < 3; i++) this.#place(ctx, this.#legs[turn[i]!.edge.slot]!, 0, group);
    ctx.taken(group);
  }

  #place(ctx: StrategyContext, leg: Leg, flags: number, group: number): void {
    const draft = this.#draft;
    draft.level = leg.level;
    draft.slot = leg.slot;
    draft.side = leg.side;
    draft.priceTicks = leg.priceTicks;
    draft.qtyLots = leg.qtyLots;
    draft.flags = flags;
    draft.group = group;
    draft.groupLegs = group === 0 ? 0 : 3;
    assert(ctx.intents.place(draft) === RESULT_OK, `room for step ${leg.level} was checked`);
  }

  /** All steps ended: close what is left over, or rest. */
  #progress(ctx: StrategyContext): void {
    if (this.#legs.some((leg) => leg.isOut)) return;
    const isActive = this.#state === State.STEPS || this.#state === State.CLOSING;
    const closes = this.#closes(ctx);
    if (closes === null && isActive) {
      this.#state = State.COOLING;
      this.#endedUs = ctx.nowUs;
      this.#closeAttempts = 0;
    } else if (closes !== null && (!ctx.isStopping || ctx.isClosing)) {
      this.#state = State.CLOSING;
      this.#close(ctx, closes);
    }
  }

  /** The closing leg of the first asset of which the venue would take what is left over; null when of none. */
  #closes(ctx: StrategyContext): Leg | null {
    for (let i = 0; i < 2; i++) {
      const left = this.#leftOf(this.#triangle.others[i as 0 | 1]);
      const leg = this.#legs[CLOSINGS + i]!;
      if (this.#closingLots(ctx, i as 0 | 1, left) > 0) return leg;
    }
    return null;
  }

  /** Lots of the exit market that close `left` units of an asset; 0 when the venue does not take so little. */
  #closingLots(ctx: StrategyContext, other: 0 | 1, left: number): number {
    const edge = this.#triangle.exits[other];
    const isBase = edge.base === this.#triangle.others[other];
    const book = ctx.book(edge.slot);
    const isSell = isBase === left > 0;
    const ticks = isSell ? book.bidTicks : book.askTicks;
    const price = (ticks > 0 ? ticks : this.#legs[CLOSINGS + other]!.priceTicks) * edge.tick;
    if (!(price > 0)) return 0;
    const lots = Math.floor(Math.abs(isBase ? left : left / price) / edge.lot + 1e-6);
    // A venue counts a sale at its limit.
    const worst = isSell ? price * (1 - widened(this.#slippage, WIDEST)) : price;
    return lots >= edge.minLots && lots * edge.lot * worst >= edge.minNotional ? lots : 0;
  }

  #close(ctx: StrategyContext, leg: Leg): void {
    if (ctx.nowUs < this.#closeNotBeforeUs || !ctx.intents.hasRoom(1)) return;
    const other = (leg.level - CLOSINGS) as 0 | 1;
    const edge = this.#triangle.exits[other];
    const left = this.#leftOf(this.#triangle.others[other]);
    const book = ctx.book(edge.slot);
    const isSell = (edge.base === this.#triangle.others[other]) === left > 0;
    const touch = isSell ? book.bidTicks : book.askTicks;
    if (!book.isLive || !(touch > 0)) return;
    const slippage = widened(this.#slippage, this.#closeAttempts);
    leg.start(isSell ? SIDE_SELL : SIDE_BUY, limitBehind(touch, !isSell, slippage), this.#closingLots(ctx, other, left), ctx.nowUs);
    if (!this.#publish(ctx, leg)) {
      leg.undo();
      return;
    }
    this.#closeNotBeforeUs = ctx.nowUs + Math.min(CLOSE_PAUSE_MOST_US, CLOSE_PAUSE_US * 2 ** Math.min(this.#closeAttempts, 20));
    this.#closeAttempts++;
    this.#place(ctx, leg, FLAG_HEDGE, 0);
  }

  /** What all fills together brought of an asset, after fees. */
  #leftOf(asset: string): number {
    let left = 0;
    for (const leg of this.#legs) {
      const edge = this.#edges[leg.level]!;
      if (edge.base === asset) left += leg.totalLots;
      else if (edge.quote === asset) left += leg.totalBase;
    }
    return Math.abs(left) < 1e-12 ? 0 : left;
  }

  /** Amounts, fees taken off what was received. */
  #count(leg: Leg, lots: number, ticks: number): void {
    if (!(lots > 0)) return;
    const edge = this.#edges[leg.level]!;
    const base = lots * edge.lot;
    const quote = base * ticks * edge.tick;
    const isBuy = leg.side === SIDE_BUY;
    leg.totalLots += isBuy ? base * (1 - edge.fee) : -base;
    leg.totalBase += isBuy ? -quote : quote * (1 - edge.fee);
  }

  #publish(ctx: StrategyContext, leg: Leg): boolean {
    const record = this.#record;
    record.level = leg.level;
    record.state = leg.state;
    record.side = leg.side;
    record.slot = leg.slot;
    record.priceTicks = leg.priceTicks;
    record.qtyLots = leg.qtyLots;
    record.cumLots = leg.heardLots;
    record.auxTicks = Math.round(leg.totalLots * AMOUNT_SCALE);
    record.auxLots = Math.round(leg.totalBase * AMOUNT_SCALE);
    record.orderId = leg.heardId;
    const isWritten = ctx.publishLevel(record) === RESULT_OK;
    this.#owed[leg.level] = isWritten ? 0 : 1;
    return isWritten;
  }

  #recover(recovered: RecoveredStrategy): void {
    for (const level of recovered.levels) {
      const leg = this.#legs[level.level];
      if (leg === undefined) continue;
      leg.totalLots = level.auxTicks / AMOUNT_SCALE;
      leg.totalBase = level.auxLots / AMOUNT_SCALE;
      leg.remember(level.orderId ?? 0, level.cumLots);
    }
    countUnseen(recovered, (order, lots) => {
      const leg = this.#legs[order.level];
      if (leg === undefined) return;
      leg.recover(order.orderId, order.side, order.priceTicks, order.qtyLots, order.cumLots, !isTerminal(order.state));
      this.#count(leg, lots, order.priceTicks);
    });
    this.#owed.fill(1);
    this.#state = State.CLOSING;
  }

  /** Once an episode and reason: a turn that pays for a minute is one opportunity. It is over when another turn is taken. */
  #refuse(ctx: StrategyContext, reason: number): void {
    const bit = 1 << (reason - Reason.EDGE_TOO_SMALL);
    if ((this.#refusedBits & bit) !== 0) return;
    this.#refusedBits |= bit;
    ctx.refuse(reason);
  }
}

const triangle: StrategyDefinition = {
  kind: 'triangle',
  pnlKind: 'arb',
  description: 'Takes a turn through three spot markets of one venue when it pays after fees.',
  params: TRIANGLE_PARAMS,
  instruments: { min: 3, max: 3 },
  levelStates: namesByCode(LegState),
  create: (setup) => new TriangleStrategy(setup),
};

export default triangle;
