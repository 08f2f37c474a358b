/**
 * Settles our picture of a venue with the venue's own: at start, whenever its stream is back, and from time to time. Called by the executor on the hot lane.
 * Three questions, one after the other, each about everything:
 *
 *   IDLE -> FILLS -> LIST -> POSITIONS -> IDLE        no answer: the same question again, later each time; GATEWAY_UP: from the first one
 *
 * FILLS since the time up to which the venue's list was complete the last time (less an overlap) finds what no stream told. LIST shows what is open: what is missing
 * in it, or filled further than we know, is asked for by its id, for a list alone ends nothing; orders of ours that no journal knows are adopted where their level is
 * free, else cancelled; orders of others are counted and left alone. POSITIONS is compared (`readings.ts`). New orders wait until fills and list are settled.
 */
import {
  FLAG_ADOPTED,
  RecordKind,
  REC_CUM,
  REC_DECIDED_US,
  REC_GATEWAY,
  REC_INSTRUMENT,
  REC_ORDER_ID,
  REC_PRICE,
  REC_QTY,
  REC_SIDE,
} from '../core/memory/record.js';
import { MAX_RUNS, partsOfOrderId } from '../core/numbers/ids.js';
import { isTerminal, OrderState } from '../core/orders/order-state.js';
import { Reason } from '../core/orders/reasons.js';
import type { Desk } from './desk.js';
import type { Doubts } from './doubts.js';
import type { Fills } from './fills.js';
import { IN_CANCEL, IS_ACKED, IS_KNOWN, WANT_CANCEL } from './orders.js';
import type { Readings } from './readings.js';
import { Draft } from './risk/draft.js';

const IDLE = 0;
const FILLS = 1;
const LIST = 2;
const POSITIONS = 3;
const KINDS = [0, RecordKind.FILLS, RecordKind.LIST, RecordKind.POSITIONS];
const MOST_TRIES = 30;
/** Lists of fills overlap by this: a venue's list may lag behind its matching, and its clock is not ours. Repeats cost nothing. */
const FILLS_OVERLAP_US = 60_000_000;
/** Between two last rounds with a venue that no stream speaks for. */
const DEAF_AGAIN_US = 500_000;

export interface ReconcilerOptions {
  /** Gateways (by index) that answer questions about everything. */
  readonly lists: readonly boolean[];
  /** Pause between two rounds of one gateway, Infinity for none. */
  readonly everyUs: number;
  /** By gateway: wall time up to which the journal has all fills; 0 when it does not tell. */
  readonly fillsUpToUs: readonly number[];
  readonly wallUs: (nowUs: number) => number;
}

export class Reconciler {
  readonly #desk: Desk;
  readonly #doubts: Doubts;
  readonly #fills: Fills;
  readonly #readings: Readings;
  readonly #options: ReconcilerOptions;
  readonly #draft = new Draft();
  /** By gateway. */
  readonly #phase: Uint8Array;
  readonly #isAsked: Uint8Array;
  readonly #askedUs: Float64Array;
  readonly #dueUs: Float64Array;
  readonly #sentUs: Float64Array;
  readonly #tries: Uint8Array;
  readonly #isDown: Uint8Array;
  readonly #fillsUpToUs: Float64Array;
  /** By slot: the list in which it was last seen. */
  readonly #seenIn: Int32Array;
  readonly #list: Int32Array;
  readonly #foreign: Int32Array;
  #isFinishing = false;

  constructor(desk: Desk, doubts: Doubts, fills: Fills, readings: Readings, options: ReconcilerOptions) {
    const gateways = desk.tables.venues.length;
    this.#desk = desk;
    this.#doubts = doubts;
    this.#fills = fills;
    this.#readings = readings;
    this.#options = options;
    this.#phase = new Uint8Array(gateways);
    this.#isAsked = new Uint8Array(gateways);
    this.#askedUs = new Float64Array(gateways);
    this.#dueUs = new Float64Array(gateways).fill(Infinity);
    this.#sentUs = new Float64Array(gateways);
    this.#tries = new Uint8Array(gateways);
    this.#isDown = new Uint8Array(gateways);
    this.#fillsUpToUs = Float64Array.from({ length: gateways }, (_, gateway) => options.fillsUpToUs[gateway] ?? 0);
    this.#seenIn = new Int32Array(desk.orders.capacity);
    this.#list = new Int32Array(gateways);
    this.#foreign = new Int32Array(gateways);
    for (let gateway = 0; gateway < gateways; gateway++) this.#begin(gateway);
  }

  /**
   * The last round of a run: what no stream told is known before the stop. A venue whose stream is down (right after a start, all are) may answer all the same: it is
   * asked too, and again until the end.
   */
  finish(): void {
    this.#isFinishing = true;
    this.#doubts.hurry();
    for (let gateway = 0; gateway < this.#phase.length; gateway++) this.#begin(gateway);
  }

  /** No round is under way. */
  isSettled(): boolean {
    for (let gateway = 0; gateway < this.#phase.length; gateway++)
      if (this.#options.lists[gateway] === true && this.#phase[gateway] !== IDLE) return false;
    return true;
  }

  /** Questions that are due go out; one without an answer is asked again. */
  sweep(): void {
    const { nowUs } = this.#desk;
    for (let gateway = 0; gateway < this.#phase.length; gateway++) {
      if (this.#phase[gateway] === IDLE) {
        if (nowUs < this.#dueUs[gateway]!) continue;
        this.#enter(gateway, FILLS);
      }
      if (this.#isAsked[gateway] === 1) {
        if (nowUs - this.#sentUs[gateway]! < this.#doubts.patienceAfter(this.#tries[gateway]!)) continue;
        if (this.#tries[gateway]! < MOST_TRIES) this.#tries[gateway] = this.#tries[gateway]! + 1;
        this.#isAsked[gateway] = 0;
      }
      if (this.#mayAsk(gateway)) this.#ask(gateway);
    }
  }

  /** Takes an outcome that is about a gateway rather than an order. False: it is not such a one. Room for four entries and two events was asked for. */
  apply(at: number, kind: number, tsUs: number): boolean {
    if (kind < RecordKind.BALANCE) return false;
    const gateway = this.#desk.views.u8[at + REC_GATEWAY]!;
    if (gateway >= this.#phase.length) return kind !== RecordKind.BALANCE;
    switch (kind) {
      case RecordKind.BALANCE:
        return this.#isAnswer(gateway, POSITIONS, at, true) && this.#readings.onBalance(gateway, at, tsUs);
      case RecordKind.LISTED:
        if (this.#isAnswer(gateway, LIST, at, false)) this.#onListed(gateway, at, tsUs);
        return true;
      case RecordKind.LIST_END:
        if (this.#isAnswer(gateway, LIST, at, false)) this.#onListEnd(gateway);
        return true;
      case RecordKind.FILLS_END:
        if (this.#isAnswer(gateway, FILLS, at, false)) this.#onFillsEnd(gateway, tsUs);
        return true;
      case RecordKind.POSITION:
        if (this.#isAnswer(gateway, POSITIONS, at, true)) this.#readings.onPosition(gateway, at);
        return true;
      case RecordKind.POSITIONS_END:
        if (this.#isAnswer(gateway, POSITIONS, at, false)) this.#onPositionsEnd(gateway, tsUs);
        return true;
      case RecordKind.GATEWAY_DOWN:
        this.#isDown[gateway] = 1;
        this.#desk.requests.hold(gateway, Reason.GATEWAY_DOWN);
        return true;
      case RecordKind.GATEWAY_UP:
        this.#isDown[gateway] = 0;
        this.#desk.requests.hold(gateway, Reason.NONE);
        this.#begin(gateway);
        return true;
      default:
        return false;
    }
  }

  /** The whole round. No new orders there until fills and list are settled; wishes wait. */
  #begin(gateway: number): void {
    if (this.#options.lists[gateway] !== true) return;
    this.#enter(gateway, FILLS);
    this.#desk.requests.hold(gateway, this.#isDown[gateway] === 1 ? Reason.GATEWAY_DOWN : Reason.LEG_PENDING);
  }

  #mayAsk(gateway: number): boolean {
    return this.#isFinishing || this.#isDown[gateway] === 0;
  }

  #enter(gateway: number, phase: number): void {
    this.#phase[gateway] = phase;
    this.#isAsked[gateway] = 0;
    this.#tries[gateway] = 0;
  }

  #ask(gateway: number): void {
    const { requests, reconciled, nowUs } = this.#desk;
    const phase = this.#phase[gateway]!;
    const askedUs = requests.askAll(gateway, KINDS[phase]!, phase === FILLS ? this.#fillsSinceUs(gateway) : this.#options.wallUs(nowUs));
    if (askedUs === 0) return;
    this.#isAsked[gateway] = 1;
    this.#askedUs[gateway] = askedUs;
    this.#sentUs[gateway] = nowUs;
    if (phase === FILLS) {
      this.#fills.askedUs[gateway] = askedUs;
      reconciled[gateway]!.add('fillQuestions');
    } else if (phase === LIST) {
      this.#list[gateway] = this.#list[gateway]! + 1;
      this.#foreign[gateway] = 0;
      reconciled[gateway]!.add('lists');
    } else {
      this.#readings.begin(gateway);
      reconciled[gateway]!.add('positionQuestions');
    }
  }

  /** A first start has no past here: it asks from its own start on. */
  #fillsSinceUs(gateway: number): number {
    if (this.#fillsUpToUs[gateway] === 0) this.#fillsUpToUs[gateway] = this.#options.wallUs(this.#desk.nowUs);
    return this.#fillsUpToUs[gateway]! - FILLS_OVERLAP_US;
  }

  /** It answers the question that is open. Answers without a REC_DECIDED_US are taken for such, unless `isStrict`: streams tell balances and positions too. */
  #isAnswer(gateway: number, phase: number, at: number, isStrict: boolean): boolean {
    if (this.#phase[gateway] !== phase || this.#isAsked[gateway] !== 1) return false;
    const decidedUs = this.#desk.views.f64[(at + REC_DECIDED_US) >> 3]!;
    return decidedUs === this.#askedUs[gateway] || (decidedUs === 0 && !isStrict);
  }

  /** How far the list is complete goes to the journal: a restart asks from there, whatever was lost in between. */
  #onFillsEnd(gateway: number, tsUs: number): void {
    const desk = this.#desk;
    if (tsUs > this.#fillsUpToUs[gateway]!) this.#fillsUpToUs[gateway] = tsUs;
    desk.trail.writeAbout(RecordKind.FILLS_END, gateway, desk.firstInstrument(gateway), this.#fillsUpToUs[gateway]!);
    this.#enter(gateway, LIST);
    if (this.#mayAsk(gateway)) this.#ask(gateway);
  }

  #onListed(gateway: number, at: number, tsUs: number): void {
    const { orders, requests, views } = this.#desk;
    const orderId = views.f64[(at + REC_ORDER_ID) >> 3]!;
    if (orderId === 0) {
      this.#foreign[gateway] = this.#foreign[gateway]! + 1;
      return;
    }
    const slot = orders.find(orderId);
    if (slot < 0) {
      this.#onOrphan(at, orderId, tsUs);
      return;
    }
    this.#seenIn[slot] = this.#list[gateway]!;
    if (isTerminal(orders.state(slot))) {
      // Given up as never arrived, yet there it stands. Any other end was the venue's own word and merely crossed the list.
      const isGhost =
        orders.state(slot) === OrderState.REJECTED && requests.waitingKind(slot) === 0 && (orders.inflight[slot]! & IN_CANCEL) === 0;
      if (isGhost) {
        requests.plan(slot, RecordKind.CANCEL);
        this.#desk.repair(slot, Reason.ORPHAN_CANCELLED, tsUs);
      }
      return;
    }
    const cum = views.f64[(at + REC_CUM) >> 3]!;
    if (cum > orders.venueCum[slot]!) orders.venueCum[slot] = cum;
    const isChanged = views.f64[(at + REC_PRICE) >> 3] !== orders.priceOf(slot) || views.f64[(at + REC_QTY) >> 3] !== orders.qtyOf(slot);
    // An amend may have been answered since the list was made.
    const isNews = isChanged && tsUs >= orders.termsUs[slot]!;
    if (orders.inflight[slot] === 0 && (isNews || cum > orders.cumOf(slot))) this.#doubts.askLater(slot);
  }

  /** Ours by its id, unknown to journal and table. One of this very run was known and is over: if it stands there all the same, nobody waits for it. */
  #onOrphan(at: number, orderId: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders, tables, views } = desk;
    const { run, strategy, level } = partsOfOrderId(orderId);
    const instrument = views.u32[(at + REC_INSTRUMENT) >> 2]!;
    const entry = tables.strategies[strategy];
    if (entry === undefined || instrument >= tables.instruments.length || !orders.hasFree(1)) return;
    const isFree = entry.instruments.includes(instrument) && level < desk.levelCapacity && orders.at(strategy, level) < 0;
    const isWelcome = isFree && run !== tables.run % MAX_RUNS;
    const draft = this.#draft;
    draft.read(views, at, strategy);
    draft.instrument = instrument;
    draft.side = views.u8[at + REC_SIDE]!;
    draft.level = isWelcome ? level : desk.levelCapacity;
    draft.flags |= FLAG_ADOPTED;
    draft.pnlKind = desk.pnlKindOf(strategy);
    draft.causeUs = 0;
    const slot = desk.adopt(draft, orderId, OrderState.OPEN, 0);
    orders.venueCum[slot] = views.f64[(at + REC_CUM) >> 3]!;
    orders.wants[slot] = IS_KNOWN | IS_ACKED | (isWelcome ? 0 : WANT_CANCEL);
    this.#seenIn[slot] = this.#list[orders.gatewayOf(slot)]!;
    desk.trail.write(RecordKind.CREATE, slot, Reason.NONE, tsUs);
    desk.trail.write(RecordKind.ACK, slot, Reason.NONE, tsUs);
    desk.repair(slot, isWelcome ? Reason.ORPHAN_ADOPTED : Reason.ORPHAN_CANCELLED, tsUs);
    if (isWelcome) desk.trail.tell(RecordKind.ACK, slot, Reason.NONE, tsUs);
    else desk.requests.plan(slot, RecordKind.CANCEL);
    if (orders.venueCum[slot] > 0) this.#doubts.askLater(slot);
  }

  #onListEnd(gateway: number): void {
    const desk = this.#desk;
    const { orders } = desk;
    for (let place = orders.liveCount - 1; place >= 0; place--) {
      const slot = orders.liveAt(place);
      if (orders.gatewayOf(slot) !== gateway || this.#seenIn[slot] === this.#list[gateway]) continue;
      // A create may have overtaken the list, or the other way round: a younger one is looked for in the next.
      const isOlder =
        orders.createdUs[slot]! < this.#sentUs[gateway]! - this.#doubts.times.notFoundGraceUs && orders.state(slot) !== OrderState.NONE;
      if (isOlder && orders.inflight[slot] === 0) this.#doubts.askLater(slot);
    }
    desk.reconciled[gateway]!.set('foreign', this.#foreign[gateway]!);
    this.#enter(gateway, POSITIONS);
    if (this.#isDown[gateway] === 0) desk.requests.hold(gateway, Reason.NONE);
    if (this.#mayAsk(gateway)) this.#ask(gateway);
  }

  /** What differs is looked at a second time soon, the list of fills first: most likely one of them was never told. */
  #onPositionsEnd(gateway: number, tsUs: number): void {
    const { nowUs } = this.#desk;
    this.#readings.end(gateway, tsUs);
    this.#enter(gateway, IDLE);
    const isDeaf = this.#isFinishing && this.#isDown[gateway] === 1;
    const soonUs = isDeaf ? DEAF_AGAIN_US : this.#doubts.times.answerTimeoutUs;
    const isSoon = isDeaf || this.#readings.isSuspicious(gateway);
    this.#dueUs[gateway] = nowUs + (isSoon ? Math.min(soonUs, this.#options.everyUs) : this.#options.everyUs);
  }
}
