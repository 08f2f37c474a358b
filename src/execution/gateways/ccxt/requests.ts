/**
 * Creates, amends and cancels on their way out and their answers on the way back. Requests that are ready together and fit into one call go as one; each item has
 * an answer of its own, found by its client order id. What the rate budget does not take now waits here for a moment; a create or amend that waited too long is
 * refused unsent, because by then the executor asks for it. Gateway's lane.
 */
import { RecordKind } from '../../../core/memory/record.js';
import { messageOf } from '../../../core/numbers/errors.js';
import { Reason } from '../../../core/orders/reasons.js';
import type { Budget, CallTag } from './budget.js';
import type { Answers, Dialect, ItemAnswer, OrderItem, OrderVerb } from './dialect.js';
import type { Exchange } from './exchange.js';
import type { GatewayRequest, KnownOrder, KnownOrders } from './known-orders.js';
import type { Teller } from './teller.js';
import type { Verdict } from './verdict.js';

const VERB: Readonly<Record<number, OrderVerb>> = {
  [RecordKind.CREATE]: 'create',
  [RecordKind.AMEND]: 'amend',
  [RecordKind.CANCEL]: 'cancel',
};
const KIND: Readonly<Record<OrderVerb, CallTag['kind']>> = { create: 'new', amend: 'change', cancel: 'cancel' };
const REFUSAL: Readonly<Record<OrderVerb, number>> = {
  create: RecordKind.REJECT,
  amend: RecordKind.AMEND_REJECT,
  cancel: RecordKind.CANCEL_REJECT,
};

interface Waiting {
  readonly item: OrderItem;
  readonly request: GatewayRequest;
}

/** Items that go in one call. */
interface Group {
  readonly verb: OrderVerb;
  readonly key: string;
  readonly most: number;
  readonly items: Waiting[];
  /** The venue refused it for its time already. */
  wasLate: boolean;
}

export interface RequestsDeps {
  readonly dialect: Dialect;
  readonly exchange: Exchange;
  readonly known: KnownOrders;
  readonly teller: Teller;
  readonly budget: Budget;
  /** A create or amend older than this is not sent any more. */
  readonly staleAfterUs: number;
  /** Why new orders and amends are not sent now; Reason.NONE when they are. */
  readonly refusal: (kind: number) => number;
  readonly maySend: () => boolean;
  /** Runs a call to its end; rejects never. */
  readonly fly: (call: () => Promise<void>) => void;
  /** The order's whole story is asked for, and told. */
  readonly ask: (order: KnownOrder, request: GatewayRequest) => Promise<void>;
  readonly isStreamUp: () => boolean;
  /** Asks the venue for its time; rejects never. */
  readonly setClock: () => Promise<void>;
  /** Taken by REST before the private stream told of it. */
  readonly onTaken: (clientId: string) => void;
  /** For a person. */
  readonly note: (text: string) => void;
}

export class Requests {
  readonly #deps: RequestsDeps;
  #groups: Group[] = [];

  constructor(deps: RequestsDeps) {
    this.#deps = deps;
  }

  /** Items that have not left. */
  get waitingCount(): number {
    return this.#groups.reduce((sum, group) => sum + group.items.length, 0);
  }

  /** When the first waiting group may leave or is too old, Infinity when none waits. */
  nextDueUs(nowUs: number): number {
    let due = Infinity;
    for (const group of this.#groups) due = Math.min(due, nowUs + this.#deps.budget.waitUs(this.#tagOf(group), nowUs));
    return due;
  }

  add(request: GatewayRequest): void {
    const { known, teller, dialect } = this.#deps;
    const verb = VERB[request.kind];
    if (verb === undefined) return;
    const order = known.ofRequest(request);
    const refusal = this.#deps.refusal(request.kind);
    if (refusal !== Reason.NONE) return this.#refuse(verb, order, request, refusal);
    if (verb === 'amend' && !dialect.canAmend) return this.#refuse(verb, order, request, Reason.BAD_ORDER);
    const terms = teller.termsOf(order);
    const { instrument } = terms;
    const item: OrderItem = {
      order,
      instrument,
      price: verb === 'cancel' ? '' : terms.price(request.priceTicks),
      qty: verb === 'cancel' ? '' : terms.qty(request.qtyLots),
      decidedUs: request.decidedUs,
    };
    if (verb === 'create') order.isCreating = true;
    if (verb === 'cancel') order.isCancelling = true;
    const key = `${verb} ${dialect.groupOf(instrument)} ${dialect.batchKey(verb, instrument)}`;
    const last = this.#groups.at(-1);
    if (last !== undefined && last.key === key && last.items.length < last.most) last.items.push({ item, request });
    else this.#groups.push({ verb, key, most: dialect.batchOf(verb, instrument), items: [{ item, request }], wasLate: false });
  }

  /** Sends what may leave: cancels before all else. Returns the calls made. */
  flush(nowUs: number): number {
    if (this.#groups.length === 0) return 0;
    let calls = 0;
    const left: Group[] = [];
    const isBlocked = new Set<string>();
    for (const group of [...this.#groups.filter(isCancel), ...this.#groups.filter((one) => !isCancel(one))]) {
      const tag = this.#tagOf(group);
      const lane = `${tag.kind} ${tag.group}`;
      this.#dropStale(group, nowUs);
      if (group.items.length === 0) continue;
      // What came first goes first, within its kind.
      if (isBlocked.has(lane) || !this.#deps.maySend() || this.#deps.budget.waitUs(tag, nowUs) > 0) {
        isBlocked.add(lane);
        left.push(group);
        continue;
      }
      this.#deps.fly(() => this.#send(group));
      calls++;
    }
    this.#groups = left;
    return calls;
  }

  #dropStale(group: Group, nowUs: number): void {
    if (group.verb === 'cancel') return;
    const { staleAfterUs } = this.#deps;
    for (let place = group.items.length - 1; place >= 0; place--) {
      const waiting = group.items[place];
      if (waiting === undefined) continue;
      const { item, request } = waiting;
      const refusal = this.#deps.refusal(request.kind);
      const isStale = request.decidedUs > 0 && nowUs - request.decidedUs > staleAfterUs;
      if (refusal === Reason.NONE && !isStale) continue;
      group.items.splice(place, 1);
      this.#refuse(group.verb, item.order, request, refusal === Reason.NONE ? Reason.RATE_LIMITED : refusal);
    }
  }

  #tagOf(group: Group): CallTag {
    const instrument = group.items[0]?.item.instrument;
    const { dialect } = this.#deps;
    return {
      kind: KIND[group.verb],
      items: group.items.length,
      weight: dialect.weightOf(group.verb, group.items.length),
      group: instrument === undefined ? '' : dialect.groupOf(instrument),
    };
  }

  async #send(group: Group): Promise<void> {
    const { dialect, exchange } = this.#deps;
    let answers: Answers = new Map();
    let failure: { readonly verdict: Verdict } | null = null;
    try {
      answers = await dialect.send(
        group.verb,
        exchange,
        group.items.map(({ item }) => item),
      );
    } catch (error) {
      failure = exchange.asVenueError(error);
      if (failure.verdict.isClock && !group.wasLate) return this.#again(group);
      if (isNoteworthy(failure.verdict)) this.#deps.note(`${group.verb} of ${group.items.length}: ${exchange.redact(messageOf(error))}`);
    }
    const questions: Promise<void>[] = [];
    for (const { item, request } of group.items) {
      const answer = answers.get(item.order.clientId);
      let question: Promise<void> | void = undefined;
      if (answer !== undefined) question = this.#settle(group.verb, item.order, request, answer);
      else if (failure !== null) question = this.#refused(group.verb, item.order, request, failure.verdict);
      else this.#unknown(item.order, request, Reason.TIMEOUT);
      if (question instanceof Promise) questions.push(question);
    }
    await Promise.all(questions);
  }

  /** Refused for the time in its signature, so it was not taken: signed anew it may be sent again, once. It is still dropped when that takes too long. */
  async #again(group: Group): Promise<void> {
    await this.#deps.setClock();
    group.wasLate = true;
    this.#groups.unshift(group);
  }

  #settle(verb: OrderVerb, order: KnownOrder, request: GatewayRequest, answer: ItemAnswer): Promise<void> | void {
    if (answer.kind === 'refused') return this.#refused(verb, order, request, answer.verdict);
    if (verb === 'create') return this.#created(order, request, answer);
    if (verb === 'amend') return this.#amended(order, request, answer);
    return this.#cancelled(order, request, answer);
  }

  #created(order: KnownOrder, request: GatewayRequest, answer: Exclude<ItemAnswer, { kind: 'refused' }>): void {
    const { known, teller } = this.#deps;
    const { symbol } = teller.termsOf(order).instrument;
    order.isCreating = false;
    const [row, tsUs] = answer.kind === 'row' ? [answer.row, answer.row.tsUs] : [null, answer.tsUs];
    known.learnVenueId(order, symbol, answer.kind === 'row' ? answer.row.venueOrderId : answer.venueOrderId);
    if (row?.status === 'rejected') {
      known.markEnded(order);
      this.#refuse('create', order, request, Reason.VENUE_REJECTED);
      return;
    }
    if (row !== null) teller.learn(order, row);
    if (!order.isAcked) {
      known.markAcked(order);
      // Its end may have come first: nothing is said to live after that.
      if (!order.isEnded) {
        teller.ack(order, request.decidedUs, tsUs);
        this.#deps.onTaken(order.clientId);
      }
    }
    if (row === null) return;
    for (const fill of row.fills) teller.fill(order, fill);
    if (row.status === 'open') return;
    const wasEnded = order.isEnded;
    known.markEnded(order);
    if (!wasEnded) teller.ended(order, row.status, row.reason, request.decidedUs, row.tsUs);
  }

  #amended(order: KnownOrder, request: GatewayRequest, answer: Exclude<ItemAnswer, { kind: 'refused' }>): void {
    const { known, teller } = this.#deps;
    if (answer.kind === 'row') {
      teller.learn(order, answer.row);
      if (answer.row.status === 'cancelled' || answer.row.status === 'expired') {
        // An amend to no more than what had filled ends the order.
        const wasEnded = order.isEnded;
        known.markEnded(order);
        if (!wasEnded) teller.ended(order, answer.row.status, answer.row.reason, request.decidedUs, answer.row.tsUs);
        return;
      }
      teller.amended(order, request.decidedUs, answer.row.tsUs);
      return;
    }
    this.#tellAmendAsAsked(order, request, answer.tsUs);
  }

  #tellAmendAsAsked(order: KnownOrder, request: GatewayRequest, tsUs: number): void {
    const { teller } = this.#deps;
    const terms = teller.termsOf(order);
    teller.learn(order, { price: terms.price(request.priceTicks), qty: terms.qty(request.qtyLots), cum: '', tsUs });
    teller.amended(order, request.decidedUs, tsUs);
  }

  #cancelled(order: KnownOrder, request: GatewayRequest, answer: Exclude<ItemAnswer, { kind: 'refused' }>): Promise<void> | void {
    const { known, teller, ask } = this.#deps;
    if (answer.kind === 'taken') {
      // What it ends with is told by the stream; without one, the venue is asked.
      return this.#deps.isStreamUp() ? undefined : this.#asked(ask(order, request), order, request);
    }
    const { row } = answer;
    teller.learn(order, row);
    if (row.status === 'open' || row.status === 'filled') {
      this.#refuse('cancel', order, request, Reason.UNKNOWN_ORDER);
      return undefined;
    }
    if (order.isEnded) return undefined;
    known.markEnded(order);
    teller.ended(order, row.status, row.reason, request.decidedUs, row.tsUs);
    return undefined;
  }

  /** @param verdict of the venue, or of what happened to the call */
  #refused(verb: OrderVerb, order: KnownOrder, request: GatewayRequest, verdict: Verdict): Promise<void> | void {
    const { teller, ask } = this.#deps;
    switch (verdict.kind) {
      case 'unknown':
        return this.#unknown(order, request, verdict.reason);
      case 'duplicate':
        // It exists: a create of ours arrived before. What it is now is the venue's word.
        if (verb === 'create') return this.#asked(ask(order, request), order, request);
        return this.#unknown(order, request, Reason.DUPLICATE_ID);
      case 'unchanged':
        if (verb === 'amend') return this.#tellAmendAsAsked(order, request, 0);
        return this.#unknown(order, request, Reason.NONE);
      case 'not-found':
        return this.#refuse(verb, order, request, Reason.UNKNOWN_ORDER);
      default:
        // A cancel that only time or clock kept back must come again: the executor asks, and cancels what still lives.
        if (verb === 'cancel' && (verdict.isLimit || verdict.isClock || verdict.isOutage || verdict.reason === Reason.RATE_LIMITED)) {
          order.isCancelling = false;
          teller.answer(RecordKind.UNKNOWN, verdict.reason, order, request);
          return undefined;
        }
        return this.#refuse(verb, order, request, verdict.reason);
    }
  }

  /** A question in place of an answer; when it is not answered either, the outcome is unknown. */
  async #asked(question: Promise<void>, order: KnownOrder, request: GatewayRequest): Promise<void> {
    try {
      await question;
    } catch (error) {
      this.#unknown(order, request, this.#deps.exchange.asVenueError(error).verdict.reason);
    }
  }

  #unknown(order: KnownOrder, request: GatewayRequest, reason: number): void {
    this.#deps.teller.answer(RecordKind.UNKNOWN, reason === Reason.NONE ? Reason.TIMEOUT : reason, order, request);
  }

  #refuse(verb: OrderVerb, order: KnownOrder, request: GatewayRequest, reason: number): void {
    const { known, teller } = this.#deps;
    if (verb === 'create') {
      order.isCreating = false;
      known.markEnded(order);
    }
    if (verb === 'cancel') order.isCancelling = false;
    teller.answer(REFUSAL[verb], reason, order, request);
  }
}

function isCancel(group: Group): boolean {
  return group.verb === 'cancel';
}

/** What the outcome's own reason does not say well enough for a person. */
function isNoteworthy({ kind, reason }: Verdict): boolean {
  return kind === 'unknown' || reason === Reason.VENUE_REJECTED || reason === Reason.BAD_ORDER || reason === Reason.RATE_LIMITED;
}
