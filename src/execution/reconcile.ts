/**
 * Settles our picture of a venue's open orders with the venue's own: at start, after its stream was lost, and from time to time. Called by the executor on the
 * hot lane. One request lists all open orders; what is missing in the list, or filled further than we know, is asked for by its id: a list alone ends nothing.
 * Orders of ours that no journal knows are adopted where their level is free, else cancelled; orders of others are counted and left alone.
 *
 *   IDLE -> WANTED -> LISTING -> IDLE        no answer: WANTED again, later each time
 */
import { RecordKind, REC_CUM, REC_GATEWAY, REC_INSTRUMENT, REC_ORDER_ID, REC_PRICE, REC_QTY, REC_SIDE } from '../core/memory/record.js';
import { FLAG_ADOPTED } from '../core/memory/record.js';
import { partsOfOrderId } from '../core/numbers/ids.js';
import { isTerminal, OrderState } from '../core/orders/order-state.js';
import { Reason } from '../core/orders/reasons.js';
import type { Desk } from './desk.js';
import { IN_CANCEL, IS_ACKED, IS_KNOWN, WANT_CANCEL } from './orders.js';
import type { AnswerTimes, Outcomes } from './outcomes.js';
import { Draft } from './risk/draft.js';

const IDLE = 0;
const WANTED = 1;
const LISTING = 2;

export class Reconciler {
  readonly #desk: Desk;
  readonly #outcomes: Outcomes;
  readonly #times: AnswerTimes;
  readonly #everyUs: number;
  readonly #draft = new Draft();
  /** By gateway. */
  readonly #lists: Uint8Array;
  readonly #state: Uint8Array;
  readonly #dueUs: Float64Array;
  readonly #sentUs: Float64Array;
  readonly #tries: Uint8Array;
  readonly #isDown: Uint8Array;
  /** By slot: the list in which it was last seen. */
  readonly #seenIn: Int32Array;
  readonly #list: Int32Array;
  /** Open orders of others, by gateway, in the last list. */
  readonly foreign: Int32Array;

  /** @param lists gateways that can list @param everyUs pause between two lists of one gateway, Infinity for none */
  constructor(desk: Desk, outcomes: Outcomes, times: AnswerTimes, lists: readonly boolean[], everyUs: number) {
    const gateways = desk.tables.venues.length;
    this.#desk = desk;
    this.#outcomes = outcomes;
    this.#times = times;
    this.#everyUs = everyUs;
    this.#lists = Uint8Array.from({ length: gateways }, (_, gateway) => (lists[gateway] === true ? 1 : 0));
    this.#state = new Uint8Array(gateways);
    this.#dueUs = new Float64Array(gateways).fill(Infinity);
    this.#sentUs = new Float64Array(gateways);
    this.#tries = new Uint8Array(gateways);
    this.#isDown = new Uint8Array(gateways);
    this.#seenIn = new Int32Array(desk.orders.capacity);
    this.#list = new Int32Array(gateways);
    this.foreign = new Int32Array(gateways);
    for (let gateway = 0; gateway < gateways; gateway++) this.#want(gateway);
  }

  /** Lists that are due go out; a list without an answer is asked for again. */
  sweep(): void {
    const { nowUs } = this.#desk;
    for (let gateway = 0; gateway < this.#state.length; gateway++) {
      const state = this.#state[gateway]!;
      if (state === LISTING) {
        const patienceUs = Math.min(this.#times.askMostUs, this.#times.answerTimeoutUs * 2 ** Math.min(this.#tries[gateway]!, 16));
        if (nowUs - this.#sentUs[gateway]! < patienceUs) continue;
        if (this.#tries[gateway]! < 30) this.#tries[gateway] = this.#tries[gateway]! + 1;
        this.#state[gateway] = WANTED;
      } else if (state === IDLE && nowUs >= this.#dueUs[gateway]!) {
        this.#state[gateway] = WANTED;
      }
      if (this.#state[gateway] === WANTED && this.#isDown[gateway] === 0 && this.#desk.sendList(gateway)) {
        this.#state[gateway] = LISTING;
        this.#sentUs[gateway] = nowUs;
        this.#list[gateway] = this.#list[gateway]! + 1;
        this.foreign[gateway] = 0;
      }
    }
  }

  /** Takes an outcome that is about a gateway rather than an order. False: it is not such a one. Room for two entries and events was asked for. */
  apply(at: number, kind: number, tsUs: number): boolean {
    const gateway = this.#desk.views.u8[at + REC_GATEWAY]!;
    if (gateway >= this.#state.length) return false;
    switch (kind) {
      case RecordKind.LISTED:
        if (this.#state[gateway] === LISTING) this.#onListed(gateway, at, tsUs);
        return true;
      case RecordKind.LIST_END:
        if (this.#state[gateway] === LISTING) this.#onEnd(gateway);
        return true;
      case RecordKind.GATEWAY_DOWN:
        this.#isDown[gateway] = 1;
        this.#desk.hold(gateway, Reason.GATEWAY_DOWN);
        return true;
      case RecordKind.GATEWAY_UP:
        this.#isDown[gateway] = 0;
        this.#desk.hold(gateway, Reason.NONE);
        this.#want(gateway);
        return true;
      default:
        return false;
    }
  }

  /** No new orders there until the list is settled; wishes wait. */
  #want(gateway: number): void {
    if (this.#lists[gateway] === 0) return;
    this.#state[gateway] = WANTED;
    this.#tries[gateway] = 0;
    this.#desk.hold(gateway, Reason.LEG_PENDING);
  }

  #onListed(gateway: number, at: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders, views } = desk;
    const orderId = views.f64[(at + REC_ORDER_ID) >> 3]!;
    if (orderId === 0) {
      this.foreign[gateway] = this.foreign[gateway]! + 1;
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
        orders.state(slot) === OrderState.REJECTED && desk.waitingKind(slot) === 0 && (orders.inflight[slot]! & IN_CANCEL) === 0;
      if (isGhost) desk.plan(slot, RecordKind.CANCEL);
      return;
    }
    const cum = views.f64[(at + REC_CUM) >> 3]!;
    if (cum > orders.venueCum[slot]!) orders.venueCum[slot] = cum;
    const isChanged = views.f64[(at + REC_PRICE) >> 3] !== desk.priceOf(slot) || views.f64[(at + REC_QTY) >> 3] !== desk.qtyOf(slot);
    if (orders.inflight[slot] === 0 && (isChanged || cum > desk.cumOf(slot))) this.#outcomes.askSoon(slot);
  }

  /** Ours by its id, unknown to journal and table. */
  #onOrphan(at: number, orderId: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders, tables, views } = desk;
    const { strategy, level } = partsOfOrderId(orderId);
    const instrument = views.u32[(at + REC_INSTRUMENT) >> 2]!;
    const entry = tables.strategies[strategy];
    if (entry === undefined || instrument >= tables.instruments.length || !orders.hasFree(1)) return;
    const isWelcome = entry.instruments.includes(instrument) && level < desk.levelCapacity && orders.at(strategy, level) < 0;
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
    this.#seenIn[slot] = this.#list[desk.gatewayOf(slot)]!;
    desk.trail.write(RecordKind.CREATE, slot, Reason.NONE, tsUs);
    desk.trail.write(RecordKind.ACK, slot, Reason.NONE, tsUs);
    if (isWelcome) desk.trail.tell(RecordKind.ACK, slot, Reason.NONE, tsUs);
    else desk.plan(slot, RecordKind.CANCEL);
    if (orders.venueCum[slot] > 0) this.#outcomes.askSoon(slot);
  }

  #onEnd(gateway: number): void {
    const desk = this.#desk;
    const { orders } = desk;
    for (let place = orders.liveCount - 1; place >= 0; place--) {
      const slot = orders.liveAt(place);
      if (desk.gatewayOf(slot) !== gateway || this.#seenIn[slot] === this.#list[gateway]) continue;
      const isOlder = orders.createdUs[slot]! < this.#sentUs[gateway]! && orders.state(slot) !== OrderState.NONE;
      if (isOlder && orders.inflight[slot] === 0) this.#outcomes.askSoon(slot);
    }
    this.#state[gateway] = IDLE;
    this.#tries[gateway] = 0;
    this.#dueUs[gateway] = desk.nowUs + this.#everyUs;
    if (this.#isDown[gateway] === 0) desk.hold(gateway, Reason.NONE);
  }
}
