/**
 * What is not known is asked for: requests without an answer, answers that make no sense, fills that the venue counts and we have not seen. Nothing is ever sent a
 * second time on a doubt; questions come later and later. Called by the executor's parts on the hot lane.
 */
import { RecordKind, REC_DECIDED_US } from '../core/memory/record.js';
import { isTerminal, OrderState } from '../core/orders/order-state.js';
import type { Desk } from './desk.js';
import { IN_QUERY } from './orders.js';

export interface AnswerTimes {
  /** A request without an answer for this long has an unknown outcome. */
  readonly answerTimeoutUs: number;
  /** Longest pause between two questions about one order. */
  readonly askMostUs: number;
  /** A create younger than this may still be on its way when the venue does not know it yet. */
  readonly notFoundGraceUs: number;
}

/** Doublings of the patience. */
const MOST_TRIES = 30;

export class Doubts {
  readonly times: AnswerTimes;
  readonly #desk: Desk;
  #isHurried = false;

  constructor(desk: Desk, times: AnswerTimes) {
    this.#desk = desk;
    this.times = times;
  }

  /** An answer did not come, or makes no sense: the outcome is unknown and asked for. Room was asked for. */
  lost(slot: number, reason: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders, trail } = desk;
    const state = orders.state(slot);
    if (isTerminal(state)) {
      desk.setInflight(slot, 0);
      return;
    }
    if (state !== OrderState.UNKNOWN) {
      desk.move(slot, OrderState.UNKNOWN);
      trail.counters[orders.strategyOf(slot)]!.add('unknown');
      trail.write(RecordKind.UNKNOWN, slot, reason, tsUs);
      trail.tell(RecordKind.UNKNOWN, slot, reason, tsUs);
    }
    this.ask(slot);
  }

  /** A question was not answered: it is asked again, later each time. */
  unanswered(slot: number): void {
    const { orders } = this.#desk;
    this.#desk.setInflight(slot, orders.inflight[slot]! & ~IN_QUERY);
    if (!isTerminal(orders.state(slot))) this.ask(slot);
  }

  /** The answer does not fit what we know: counted, and the venue is asked. */
  doubt(slot: number): void {
    this.late(slot);
    this.ask(slot);
  }

  ask(slot: number): void {
    const { orders } = this.#desk;
    if ((orders.inflight[slot]! & IN_QUERY) !== 0) return;
    this.#tried(slot);
    this.#desk.requests.plan(slot, RecordKind.QUERY);
  }

  /** From now on what is in doubt is asked at once: the run ends. */
  hurry(): void {
    const { orders, nowUs } = this.#desk;
    this.#isHurried = true;
    for (let place = orders.liveCount - 1; place >= 0; place--) {
      const slot = orders.liveAt(place);
      if (orders.askUs[slot]! < Infinity) orders.askUs[slot] = nowUs;
    }
  }

  /** The venue seems to know more than we do: it is asked, unless the news comes by itself within one answer's time. */
  askLater(slot: number): void {
    const { orders, nowUs } = this.#desk;
    const at = this.#isHurried ? nowUs : nowUs + this.patienceUs(slot);
    this.#tried(slot);
    if (at < orders.askUs[slot]!) orders.askUs[slot] = at;
  }

  /** A question about some order is due and has not left. */
  isAsking(): boolean {
    const { orders, nowUs } = this.#desk;
    for (let place = orders.liveCount - 1; place >= 0; place--) if (orders.askUs[orders.liveAt(place)]! <= nowUs) return true;
    return false;
  }

  /** How long an answer may take: longer with every question about the same order. */
  patienceUs(slot: number): number {
    return this.patienceAfter(this.#desk.orders.tries[slot]!);
  }

  patienceAfter(tries: number): number {
    const { answerTimeoutUs, askMostUs } = this.times;
    return Math.min(askMostUs, answerTimeoutUs * 2 ** Math.min(tries, 16));
  }

  /** The record answers the order's last question: an older message of the same kind that comes late does not. 0 as its REC_DECIDED_US means that none is known. */
  isAnswer(slot: number, at: number): boolean {
    const { orders, views } = this.#desk;
    const decidedUs = views.f64[(at + REC_DECIDED_US) >> 3]!;
    return (orders.inflight[slot]! & IN_QUERY) !== 0 && (decidedUs === 0 || decidedUs >= orders.askedUs[slot]!);
  }

  late(slot: number): void {
    this.#desk.trail.counters[this.#desk.orders.strategyOf(slot)]!.add('late');
  }

  duplicate(slot: number): void {
    this.#desk.trail.counters[this.#desk.orders.strategyOf(slot)]!.add('duplicates');
  }

  #tried(slot: number): void {
    const { orders } = this.#desk;
    if (orders.tries[slot]! < MOST_TRIES) orders.tries[slot] = orders.tries[slot]! + 1;
  }
}
