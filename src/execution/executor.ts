/**
 * The executor: the one owner of the truth about orders, positions and risk. A role of the hot lane. A turn: the venues' answers first (truth before wishes),
 * then time-outs, then requests that waited for budget, then the strategies' wishes, each ring in its turn and bounded.
 *
 *   intents[k] -> risk -> id reserved -> plan -> journal -> requests[g]          outcomes[g] -> journal, slot, positions -> events[k]
 *
 * Room in every ring is checked before anything changes; without room a wish stays in its ring. No promise, no allocation a record.
 */
import { CONTROL_CANCEL_ALL, CONTROL_EXECUTOR_STOP, CONTROL_RUN, histogramBase, RUN_STOPPING } from '../core/memory/layout.js';
import { Histogram } from '../core/memory/histogram.js';
import { RecordKind, RECORD_BYTES } from '../core/memory/record.js';
import { SpscRing } from '../core/memory/spsc-ring.js';
import { assert } from '../core/numbers/errors.js';
import { OrderState } from '../core/orders/order-state.js';
import { Reason } from '../core/orders/reasons.js';
import type { RecoveredState } from '../core/orders/recovered.js';
import type { Role } from '../core/ports/role.js';
import { Desk, type DeskDeps } from './desk.js';
import { Doubts, type AnswerTimes } from './doubts.js';
import { Endings } from './endings.js';
import { Fills } from './fills.js';
import { Groups } from './groups.js';
import { LossGuard } from './loss-guard.js';
import { IN_QUERY } from './orders.js';
import { adoptRecovered, fillsUpTo } from './adopt.js';
import { Outcomes } from './outcomes.js';
import { Readings } from './readings.js';
import { Reconciler } from './reconcile.js';
import { Wishes } from './wishes.js';

/** Time-outs are looked at this often: far below the shortest of them. */
const SWEEP_EVERY_US = 10_000;
/** Turns without anything under way before a stop counts as drained: strategies of the same lane had theirs. */
const QUIET_TURNS = 3;
/** Turns for which requests wait for wishes that are still in their rings: enough to empty a full ring. */
const POSTPONED_MOST = 16;
/** A fill whose message was lost is found at the latest by the next list of fills. */
const RECONCILE_EVERY_US = 60_000_000;
/** How long a stop waits for its last questions. */
const SETTLE_WITHIN_US = 3_000_000;

export const DEFAULT_TIMES: AnswerTimes = { answerTimeoutUs: 3_000_000, askMostUs: 30_000_000, notFoundGraceUs: 2_000_000 };

export interface ExecutorDeps extends DeskDeps {
  readonly recovered: RecoveredState;
  readonly times?: AnswerTimes;
  /** Gateways (by index) that answer LIST, FILLS and POSITIONS: reconciled with at start, after a loss, and every `reconcileEveryUs` (Infinity: never again). */
  readonly lists?: readonly boolean[];
  readonly reconcileEveryUs?: number;
  /** A stop compares with each venue once more, for so long at most; 0: it does not. */
  readonly settleWithinUs?: number;
  /** Something a person should know of: a confirmed difference between the venue's account and ours. Rare. */
  readonly onNotice?: (text: string) => void;
  /** Called at most once a turn, after requests or journal entries became visible: wakes gateways and writer. */
  readonly wakeService: () => void;
}

/** What is under way, for summaries. */
export interface ExecutorCounts {
  readonly open: number;
  readonly waiting: number;
  readonly unanswered: number;
  readonly unknown: number;
}

export class Executor implements Role {
  readonly name = 'executor';
  readonly #deps: ExecutorDeps;
  readonly #desk: Desk;
  readonly #outcomes: Outcomes;
  readonly #doubts: Doubts;
  readonly #groups: Groups;
  readonly #wishes: Wishes;
  readonly #reconciler: Reconciler;
  readonly #lossGuard: LossGuard;
  readonly #intentRings: readonly SpscRing[];
  readonly #outcomeRings: readonly SpscRing[];
  readonly #runWord: number;
  readonly #stopWord: number;
  readonly #cancelAllWord: number;
  #cancelAllSeen: number;
  #sweptUs = -Infinity;
  #nextStrategy = 0;
  #quietTurns = 0;
  #postponed = 0;
  /** The ring whose wishes are being taken. */
  #draining: SpscRing | null = null;
  #isStopping = false;
  #isDone = false;
  /** Until then a stop waits for questions too. */
  #settleUntilUs = 0;

  constructor(deps: ExecutorDeps) {
    const { views, plan, tables } = deps;
    assert(
      tables.venues.length === plan.counts.gateways,
      `one gateway a venue: ${tables.venues.length} venues, ${plan.counts.gateways} gateways`,
    );
    assert(
      tables.strategies.length === plan.counts.strategies,
      `one ring a strategy: ${tables.strategies.length} strategies, ${plan.counts.strategies} rings`,
    );
    this.#deps = deps;
    this.#desk = new Desk(deps);
    this.#doubts = new Doubts(this.#desk, deps.times ?? DEFAULT_TIMES);
    const endings = new Endings(this.#desk, this.#doubts);
    const fills = new Fills(this.#desk, this.#doubts, endings);
    this.#groups = new Groups(this.#desk, (draft) => this.#wishes.clearWay(draft));
    this.#wishes = new Wishes(this.#desk, this.#groups, deps.wallUs, (slot) => this.#release(slot));
    adoptRecovered(this.#desk, deps.recovered, deps.nowUs());
    this.#lossGuard = new LossGuard({
      ...deps,
      desk: this.#desk,
      cancel: (slot) => this.#wishes.cancel(slot),
      onNotice: deps.onNotice ?? (() => undefined),
    });
    const readings = new Readings(this.#desk, deps.onNotice ?? (() => undefined));
    this.#reconciler = new Reconciler(this.#desk, this.#doubts, fills, readings, {
      lists: deps.lists ?? [],
      everyUs: deps.reconcileEveryUs ?? RECONCILE_EVERY_US,
      fillsUpToUs: fillsUpTo(tables, deps.recovered),
      wallUs: deps.wallUs,
    });
    this.#outcomes = new Outcomes({
      desk: this.#desk,
      doubts: this.#doubts,
      endings,
      fills,
      reconciler: this.#reconciler,
      orderToAck: new Histogram(views, histogramBase(plan, deps.lane, 'orderToAck')),
      wallUs: deps.wallUs,
    });
    const ring = (region: number, index: number): SpscRing =>
      new SpscRing(views, region + plan.ringStride * index, RECORD_BYTES, plan.counts.ringRecords);
    this.#intentRings = tables.strategies.map((_, strategy) => ring(plan.intents, strategy));
    this.#outcomeRings = tables.venues.map((_, gateway) => ring(plan.outcomes, gateway));
    this.#runWord = (plan.control + CONTROL_RUN) >> 2;
    this.#stopWord = (plan.control + CONTROL_EXECUTOR_STOP) >> 2;
    this.#cancelAllWord = (plan.control + CONTROL_CANCEL_ALL) >> 2;
    this.#cancelAllSeen = Atomics.load(views.i32, this.#cancelAllWord);
  }

  step(nowUs: number, maxRecords: number): number {
    const desk = this.#desk;
    const { i32 } = this.#deps.views;
    desk.nowUs = nowUs;
    desk.trail.nowUs = nowUs;
    const written = desk.trail.written;
    let work = 0;
    for (let gateway = 0; gateway < this.#outcomeRings.length; gateway++) work += this.#drainOutcomes(gateway, maxRecords);
    if (i32[this.#runWord] === RUN_STOPPING && !this.#isStopping) this.#beginStop(nowUs);
    const cancelAll = Atomics.load(i32, this.#cancelAllWord);
    if (cancelAll !== this.#cancelAllSeen) {
      this.#cancelAllSeen = cancelAll;
      this.cancelEverything();
    }
    if (nowUs - this.#sweptUs >= SWEEP_EVERY_US) {
      this.#sweptUs = nowUs;
      this.#sweep();
      this.#reconciler.sweep();
      desk.risk.revalue(nowUs);
      this.#lossGuard.sweep(nowUs);
    }
    const strategies = this.#intentRings.length;
    for (let n = 0; n < strategies; n++) work += this.#drainIntents((this.#nextStrategy + n) % strategies, maxRecords);
    this.#nextStrategy = strategies === 0 ? 0 : (this.#nextStrategy + 1) % strategies;
    work += this.#releaseAll();
    if (this.#isStopping) this.#watchStop();
    if (desk.requests.hasSent || desk.trail.written !== written) {
      desk.requests.hasSent = false;
      this.#deps.wakeService();
    }
    return work;
  }

  /** No new orders from now on; cancels pass. The run word says the same to everyone. */
  beginStop(): void {
    Atomics.store(this.#deps.views.i32, this.#runWord, RUN_STOPPING);
    if (!this.#isStopping) this.#beginStop(this.#deps.nowUs());
  }

  /** The books are settled with each venue's a last time. */
  #beginStop(nowUs: number): void {
    this.#isStopping = true;
    const settleWithinUs = this.#deps.settleWithinUs ?? SETTLE_WITHIN_US;
    this.#settleUntilUs = nowUs + settleWithinUs;
    if (settleWithinUs > 0) this.#reconciler.finish();
  }

  /**
   * Nothing waits in a ring or a plan, and every request was answered. A stop waits for questions about what stands as far as we know too, but not for long: the
   * next start adopts the order and asks again.
   */
  isDrained(): boolean {
    if (this.#groups.waiting > 0 || this.#owesAnswer()) return false;
    if (this.#isSettling() && !(this.#reconciler.isSettled() && this.#desk.inflightCount === 0 && !this.#doubts.isAsking())) return false;
    for (const plan of this.#desk.requests.plans) if (plan.count > 0) return false;
    for (const ring of this.#intentRings) if (ring.waiting() > 0) return false;
    for (const ring of this.#outcomeRings) if (ring.waiting() > 0) return false;
    return true;
  }

  #isSettling(): boolean {
    return this.#isStopping && this.#desk.nowUs < this.#settleUntilUs;
  }

  #owesAnswer(): boolean {
    const { orders, inflightCount } = this.#desk;
    if (inflightCount === 0) return false;
    for (let place = orders.liveCount - 1; place >= 0; place--) {
      const slot = orders.liveAt(place);
      if ((orders.inflight[slot]! & ~IN_QUERY) !== 0 || orders.state(slot) === OrderState.UNKNOWN) return true;
    }
    return false;
  }

  /** Cancels every live order of ours: with a halt word of HALT_NEW_ORDERS, the kill switch. Orders that still wait here never leave. */
  cancelEverything(): void {
    const { orders } = this.#desk;
    for (let place = orders.liveCount - 1; place >= 0; place--) this.#wishes.cancel(orders.liveAt(place));
  }

  /** Orders that are alive at a venue as far as we know, adopted and unknown ones included. */
  openOrders(): number {
    const { orders } = this.#desk;
    let open = 0;
    for (let place = 0; place < orders.liveCount; place++) if (orders.state(orders.liveAt(place)) !== OrderState.NONE) open++;
    return open;
  }

  counts(): ExecutorCounts {
    const { orders, requests, inflightCount } = this.#desk;
    let unknown = 0;
    for (let place = 0; place < orders.liveCount; place++) if (orders.state(orders.liveAt(place)) === OrderState.UNKNOWN) unknown++;
    return {
      open: this.openOrders(),
      waiting: requests.plans.reduce((sum, plan) => sum + plan.count, 0),
      unanswered: inflightCount,
      unknown,
    };
  }

  #drainOutcomes(gateway: number, maxRecords: number): number {
    const ring = this.#outcomeRings[gateway]!;
    let done = 0;
    for (; done < maxRecords; done++) {
      const at = ring.front();
      if (at < 0 || !this.#outcomes.apply(at)) break;
      ring.release();
    }
    return done;
  }

  #drainIntents(strategy: number, maxRecords: number): number {
    const ring = this.#intentRings[strategy]!;
    this.#draining = ring;
    if (!this.#groups.settle(strategy)) return 0;
    let done = 0;
    for (; done < maxRecords; done++) {
      const at = ring.front();
      if (at < 0 || !this.#wishes.take(strategy, at)) break;
      ring.release();
      if (!this.#groups.settle(strategy)) break;
    }
    return done;
  }

  /**
   * Out with it at once where the budget is ample. Where it is short, what else this turn brings is seen first: it may supersede the wish, or matter more. What has to
   * wait for the venue's budget says nothing of our own latency: its cause is forgotten.
   */
  #release(slot: number): void {
    const { orders, requests } = this.#desk;
    const gateway = orders.gatewayOf(slot);
    if (!requests.isShort(gateway, this.#draining?.waiting() ?? 0)) requests.release(gateway);
    if (requests.waitingKind(slot) !== 0) orders.causeUs[slot] = 0;
  }

  /** At the end of a turn. Where budget is short and wishes still stand in their rings, a few turns more are waited for them: fractions of a millisecond. */
  #releaseAll(): number {
    const { requests } = this.#desk;
    if (!requests.isAnyWaiting) return 0;
    let wishes = 0;
    if (this.#postponed < POSTPONED_MOST) for (const ring of this.#intentRings) wishes += ring.waiting();
    let work = 0;
    let isPostponing = false;
    for (let gateway = 0; gateway < requests.plans.length; gateway++) {
      if (requests.plans[gateway]!.count === 0) continue;
      if (wishes > 0 && requests.isShort(gateway, 0)) isPostponing = true;
      else work += requests.release(gateway);
    }
    this.#postponed = isPostponing ? this.#postponed + 1 : 0;
    return work;
  }

  /** Requests without an answer become unknown and are asked for; questions that are due are asked. */
  #sweep(): void {
    const desk = this.#desk;
    const { orders, nowUs } = desk;
    for (let place = orders.liveCount - 1; place >= 0; place--) {
      const slot = orders.liveAt(place);
      const inflight = orders.inflight[slot]!;
      if (inflight !== 0 && nowUs - orders.sentUs[slot]! >= this.#doubts.patienceUs(slot)) {
        if (!desk.trail.hasRoom(1) || !desk.trail.canTell(desk.orders.strategyOf(slot), 1)) continue;
        if ((inflight & IN_QUERY) !== 0) this.#doubts.unanswered(slot);
        else if (orders.state(slot) !== OrderState.UNKNOWN) this.#doubts.lost(slot, Reason.TIMEOUT, this.#deps.wallUs(nowUs));
      }
      if (orders.askUs[slot]! <= nowUs && (orders.inflight[slot]! & IN_QUERY) === 0) {
        orders.askUs[slot] = Infinity;
        desk.requests.plan(slot, RecordKind.QUERY);
      }
    }
  }

  /** Orders, amends and questions about orders that stand never leave when the stop comes first: waiting for budget would hold it up. */
  #dropWaiting(): void {
    const desk = this.#desk;
    if (!desk.requests.plans.some((plan) => plan.count > 0)) return;
    for (let place = desk.orders.liveCount - 1; place >= 0; place--) {
      const slot = desk.orders.liveAt(place);
      if (desk.requests.waitingKind(slot) === 0 || !desk.trail.canTell(desk.orders.strategyOf(slot), 1)) continue;
      if (desk.orders.state(slot) === OrderState.NONE) desk.dropUnsent(slot, RecordKind.DENIED, Reason.HALTED);
      else if (desk.requests.waitingKind(slot) === RecordKind.QUERY) {
        if (desk.orders.state(slot) !== OrderState.UNKNOWN && !this.#isSettling()) desk.requests.unplan(slot);
      } else if (desk.requests.waitingKind(slot) === RecordKind.AMEND) {
        desk.requests.unplan(slot);
        desk.refuseAmend(slot, Reason.HALTED);
      }
    }
  }

  #watchStop(): void {
    if (this.#isDone) return;
    this.#dropWaiting();
    this.#quietTurns = this.isDrained() ? this.#quietTurns + 1 : 0;
    this.#isDone = this.#quietTurns >= QUIET_TURNS;
    Atomics.store(this.#deps.views.i32, this.#stopWord, this.#isDone ? 2 : 1);
  }
}
