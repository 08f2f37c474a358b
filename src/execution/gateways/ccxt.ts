/**
 * A venue's arm of the executor for real orders, and for simulated venues over loopback: the same class, another address. One per venue, stepped by an event-loop
 * lane; ccxt builds and signs the requests, everything that decides is here and in `ccxt/`.
 *
 *   requests ring -> journal cursor reached? -> Requests (batches, budget) -> Exchange (halt word, then bytes) -> Teller -> Outbox -> outcomes ring
 *                                            -> Questions (query, list, fills, positions) ---------------------^
 *   private stream -> StreamNews -------------------------------------------------------------------------------^
 *
 * A full outcomes ring stops the intake of requests; nothing is dropped. Answers come in promises on this lane: what they bring is delivered at once.
 */
import { CounterBlock, COUNTER_BLOCK_BYTES, GATEWAY_COUNTERS, type GatewayCounter } from '../../core/memory/counters.js';
import { Histogram } from '../../core/memory/histogram.js';
import { budgetBase, CONTROL_HALT, HALT_ALL, HALT_NONE, histogramBase } from '../../core/memory/layout.js';
import { RECORD_BYTES, RecordKind } from '../../core/memory/record.js';
import { SpscRing } from '../../core/memory/spsc-ring.js';
import { assert, EngineError, messageOf } from '../../core/numbers/errors.js';
import { Reason } from '../../core/orders/reasons.js';
import type { HttpAnswer } from '../../core/ports/http.js';
import type {
  PrivateBalanceEvent,
  PrivateFillEvent,
  PrivateFundingEvent,
  PrivateOrderEvent,
  PrivatePositionEvent,
  PrivateSink,
} from '../../core/ports/private-events.js';
import type { Role } from '../../core/ports/role.js';
import { Budget, type CallTag } from './ccxt/budget.js';
import { DeadMan } from './ccxt/dead-man.js';
import type { Dialect } from './ccxt/dialect.js';
import { dialectOf } from './ccxt/dialects/registry.js';
import { exchangeIdOf, loadExchangeClass, type ExchangeClass } from './ccxt/exchange-class.js';
import { Exchange, type Flight } from './ccxt/exchange.js';
import type { CcxtGatewayDeps } from './ccxt/gateway-deps.js';
import { KnownOrders } from './ccxt/known-orders.js';
import { Link } from './ccxt/link.js';
import { OUTBOX_MOST, Outbox } from './ccxt/outbox.js';
import { OwedFills } from './ccxt/owed-fills.js';
import { Questions } from './ccxt/questions.js';
import { RequestRing } from './ccxt/request-ring.js';
import { Requests } from './ccxt/requests.js';
import { StreamNews } from './ccxt/stream.js';
import { Teller } from './ccxt/teller.js';
import { VenueClock } from './ccxt/venue-clock.js';
import type { Verdict } from './ccxt/verdict.js';
import { WaitingQuestions, type WaitingQuestion } from './ccxt/waiting-questions.js';

export { DEFAULT_CCXT_OPTIONS, type CcxtGatewayDeps, type CcxtOptions } from './ccxt/gateway-deps.js';
export { prepareCcxt, type MarketsHandOver, type PrepareOptions } from './ccxt/prepare.js';

/** A create or amend that has not left by then never does: the executor's patience ends a second later. */
const STALE_AFTER_US = 2_000_000;
/** Requests under way at once: the HTTP client keeps as many connections. */
const CALLS_MOST = 32;
const WAITING_MOST = 256;
const PUBLISH_EVERY_US = 5_000;
const QUESTION: CallTag = { kind: 'read', items: 0, weight: 5, group: '' };

/** Loads the venue's class, on the thread that will step the gateway. */
export async function openCcxtGateway(deps: CcxtGatewayDeps): Promise<CcxtGateway> {
  return new CcxtGateway(deps, await loadExchangeClass(exchangeIdOf(deps.tables.venues[deps.venueIndex] ?? '')));
}

export class CcxtGateway implements Role, PrivateSink {
  readonly name: string;
  readonly #deps: CcxtGatewayDeps;
  readonly #ring: RequestRing;
  readonly #outbox: Outbox;
  readonly #counters: CounterBlock<GatewayCounter>;
  readonly #orderToBytes: Histogram;
  readonly #exchange: Exchange;
  readonly #dialect: Dialect;
  readonly #clock: VenueClock;
  readonly #known: KnownOrders;
  readonly #teller: Teller;
  readonly #budget: Budget;
  readonly #link: Link;
  readonly #requests: Requests;
  readonly #questions: Questions;
  readonly #news: StreamNews;
  readonly #deadMan: DeadMan | null;
  readonly #owed = new OwedFills();
  readonly #waitingQuestions = new WaitingQuestions();
  #calls = 0;
  #isStopping = false;
  /** News were lost because the outbox was full: the stream counts as down until there is room again. */
  #hasLostNews = false;
  #hasToldAccount = false;
  #publishDueUs = 0;
  #crash: unknown = null;

  constructor(deps: CcxtGatewayDeps, exchangeClass: ExchangeClass) {
    const { views, plan, tables, venueIndex, options, handOver } = deps;
    const venue = tables.venues[venueIndex];
    assert(venue !== undefined, `venue index must be in the run's table, was ${venueIndex}`);
    assert(handOver.venue === venue, `the hand-over must be of ${venue}, was of ${handOver.venue}`);
    this.#deps = deps;
    this.name = `ccxt:${venue}`;
    this.#ring = new RequestRing(views, plan, venueIndex, deps.durability);
    const outcomes = new SpscRing(views, plan.outcomes + plan.ringStride * venueIndex, RECORD_BYTES, plan.counts.ringRecords);
    this.#outbox = new Outbox(views, outcomes, venueIndex);
    this.#counters = new CounterBlock(views, plan.gatewayCounters + COUNTER_BLOCK_BYTES * venueIndex, GATEWAY_COUNTERS);
    this.#orderToBytes = new Histogram(views, histogramBase(plan, deps.lane, 'orderToBytes'));
    const wallUs = (): number => deps.wallUs(deps.nowUs());
    this.#exchange = new Exchange({
      venue,
      exchangeClass,
      credentials: deps.credentials,
      address: deps.address,
      http: deps.http,
      timeoutMs: options.requestTimeoutMs,
      wallUs,
      hooks: {
        permit: (tag) => this.#permit(tag),
        onSent: (flight) => this.#onSent(flight),
        onAnswer: (flight, answer) => this.#onAnswer(flight, answer),
        onFailure: (flight, verdict) => this.#onFailure(flight, verdict),
      },
    });
    this.#exchange.skewMs = handOver.skewMs;
    if (handOver.markets !== null) this.#exchange.instance.setMarkets(handOver.markets);
    this.#dialect = dialectOf(venue, handOver.symbols, this.#exchange.instance.has);
    this.#clock = new VenueClock(this.#exchange, this.#dialect, deps.nowUs, wallUs);
    this.#known = new KnownOrders(tables);
    const notice = (text: string): void => deps.notice(`${venue}: ${this.#exchange.redact(text)}`);
    this.#teller = new Teller({
      tables,
      outbox: this.#outbox,
      wallUs,
      onFill: () => this.#counters.add('fills'),
      onOwedFills: (order) => this.#owed.note(order, deps.nowUs()),
      notice,
    });
    const instruments = tables.instruments.filter((one) => one.venue === venue);
    const groups = [...new Set(instruments.map((instrument) => this.#dialect.groupOf(instrument)))];
    this.#budget = new Budget(venue, groups, deps.wallUs);
    this.#link = new Link(options.hasPrivateStream, (isUp, reason) => this.#onLink(isUp, reason));
    this.#questions = new Questions({
      tables,
      venue,
      dialect: this.#dialect,
      exchange: this.#exchange,
      known: this.#known,
      teller: this.#teller,
      wallUs,
    });
    this.#requests = new Requests({
      dialect: this.#dialect,
      exchange: this.#exchange,
      known: this.#known,
      teller: this.#teller,
      budget: this.#budget,
      staleAfterUs: STALE_AFTER_US,
      refusal: (kind) => this.#refusal(kind),
      maySend: () => this.#calls < CALLS_MOST,
      fly: (call) => this.#fly(call),
      ask: (order, request) => this.#questions.order(order, request),
      isStreamUp: () => options.hasPrivateStream && this.#link.isStreamUp,
      setClock: () => this.#clock.set(),
      onTaken: deps.onTaken ?? (() => undefined),
      note: notice,
    });
    const { isAsynchronous } = this.#dialect;
    this.#news = new StreamNews({
      views,
      plan,
      tables,
      known: this.#known,
      teller: this.#teller,
      isAsynchronous,
      paidFundings: new Set(deps.paidFundings),
      notice,
    });
    const arm = this.#dialect.armDeadMan?.bind(this.#dialect);
    this.#deadMan =
      options.deadManMs === null || arm === undefined
        ? null
        : new DeadMan({
            timeoutMs: options.deadManMs,
            isAlive: deps.isExecutorAlive,
            arm: (timeoutMs) => arm(this.#exchange, instruments, timeoutMs),
          });
    if (options.deadManMs !== null && arm === undefined) notice('has no dead-man switch: only this engine can cancel its orders');
    if (options.hasPrivateStream) this.#tellLink(RecordKind.GATEWAY_DOWN, Reason.GATEWAY_DOWN);
    else this.#onLink(true, '');
  }

  step(nowUs: number, maxRecords: number): number {
    if (this.#crash !== null) throw this.#crash;
    this.#listenAgain();
    let work = this.#deliver();
    if (this.#outbox.count > 0) {
      this.#counters.add('outcomesFull');
      return work;
    }
    work += this.#takeRequests(nowUs, maxRecords);
    work += this.#flush(nowUs);
    this.#tend(nowUs);
    if (work > 0 || nowUs >= this.#publishDueUs) this.#publish(nowUs);
    return work + this.#deliver();
  }

  /** When the gateway next has something to do of itself, Infinity when only rings, stream or answers can tell. A lane may sleep until then. */
  nextDueUs(): number {
    const nowUs = this.#deps.nowUs();
    const question = Math.max(this.#waitingQuestions.dueUs, nowUs + this.#budget.waitUs(QUESTION, nowUs));
    const own = Math.min(this.#link.probeDueUs, this.#deadMan?.dueUs ?? Infinity, this.#clock.dueUs, this.#owed.dueUs);
    return Math.min(this.#requests.nextDueUs(nowUs), question, own);
  }

  /** From now on no order is created or amended; what is under way is answered. The dead-man switch is taken off. */
  beginStop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const disarm = this.#deadMan?.disarm() ?? null;
    if (disarm !== null) this.#fly(disarm);
  }

  /** True when no request and no answer is under way, and the executor has taken all outcomes. */
  isDrained(): boolean {
    const isIdle = this.#calls === 0 && this.#requests.waitingCount === 0 && this.#waitingQuestions.count === 0;
    return isIdle && this.#ring.isEmpty && this.#outbox.isTaken;
  }

  get isUp(): boolean {
    return this.#link.isUp;
  }

  /** Venue's clock minus ours, milliseconds, as last measured. */
  get clockOffsetMs(): number {
    return this.#exchange.skewMs;
  }

  /** Our orders that live at the venue, as far as this run heard of them. */
  openOrderCount(): number {
    return this.#known.openCount;
  }

  // --- the private stream

  onPrivateUp(_nowUs: number): void {
    if (!this.#hasLostNews) this.#link.streamUp();
    this.#progress();
  }

  onPrivateDown(_nowUs: number, reason: string): void {
    this.#hasLostNews = false;
    this.#link.streamDown(reason);
    this.#progress();
  }

  onPrivateOrder(event: PrivateOrderEvent): void {
    this.#hear(() => this.#news.order(event));
  }

  onPrivateFill(event: PrivateFillEvent): void {
    this.#hear(() => this.#news.fill(event));
  }

  onPrivateBalance(event: PrivateBalanceEvent): void {
    this.#hear(() => this.#news.balance(event));
  }

  onPrivatePosition(event: PrivatePositionEvent): void {
    this.#hear(() => this.#news.position(event));
  }

  onPrivateFunding(event: PrivateFundingEvent): void {
    this.#hear(() => this.#news.funding(event));
  }

  /** News that find no room, or make no sense, are news lost: what they said is found by a reconciliation. */
  #hear(tell: () => void): void {
    if (this.#hasLostNews) return;
    let lost = this.#outbox.isFull ? 'more news than the executor takes' : '';
    if (lost === '') {
      try {
        tell();
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        lost = messageOf(error);
        this.#note(`private message not understood: ${lost}`);
      }
    }
    if (lost !== '') {
      this.#hasLostNews = true;
      this.#link.streamDown(lost);
    }
    this.#progress();
  }

  #listenAgain(): void {
    if (!this.#hasLostNews || this.#outbox.count > OUTBOX_MOST / 2) return;
    this.#hasLostNews = false;
    this.#link.streamUp();
  }

  // --- requests

  #takeRequests(nowUs: number, maxRecords: number): number {
    let taken = 0;
    while (taken < maxRecords && this.#requests.waitingCount < WAITING_MOST) {
      const request = this.#ring.take();
      if (request === null) {
        if (this.#ring.isWaiting) this.#counters.add('waitedForJournal');
        break;
      }
      this.#counters.add('requests');
      taken++;
      if (request.kind === RecordKind.CREATE || request.kind === RecordKind.AMEND || request.kind === RecordKind.CANCEL)
        this.#requests.add(request);
      else this.#waitingQuestions.add(request, nowUs);
    }
    return taken;
  }

  #flush(nowUs: number): number {
    const mayAsk = (): boolean => this.#calls < CALLS_MOST && this.#budget.waitUs(QUESTION, nowUs) === 0;
    const asked = this.#waitingQuestions.flush(nowUs, mayAsk, (question) => this.#fly(() => this.#answer(question)));
    return asked + this.#requests.flush(nowUs);
  }

  /** A question that failed for a reason that passes is asked again, sooner than the executor would. */
  async #answer(question: WaitingQuestion): Promise<void> {
    try {
      await this.#questions.answer(question.request);
    } catch (error) {
      const { verdict } = this.#exchange.asVenueError(error);
      const mayPass = verdict.kind === 'unknown' || verdict.isLimit || verdict.isClock;
      if (mayPass && !isOurs(error)) this.#waitingQuestions.again(question, this.#deps.nowUs());
      throw error;
    }
  }

  #refusal(kind: number): number {
    if (kind === RecordKind.CANCEL) return this.#halt() >= HALT_ALL ? Reason.HALTED : Reason.NONE;
    if (this.#halt() !== HALT_NONE || this.#isStopping) return Reason.HALTED;
    return this.#link.isUp ? Reason.NONE : Reason.GATEWAY_DOWN;
  }

  #halt(): number {
    return Atomics.load(this.#deps.views.i32, (this.#deps.plan.control + CONTROL_HALT) >> 2);
  }

  // --- what happens around a request

  /** Read last before the send: what the halt word forbids never leaves. */
  #permit(tag: CallTag): number {
    const halt = this.#halt();
    if (halt === HALT_NONE) return Reason.NONE;
    return halt >= HALT_ALL || tag.kind === 'new' || tag.kind === 'change' ? Reason.HALTED : Reason.NONE;
  }

  #onSent(flight: Flight): void {
    const nowUs = this.#deps.nowUs();
    this.#budget.debit(flight.tag, nowUs);
    this.#counters.add('calls');
    if (flight.decidedUs > 0) this.#orderToBytes.record(nowUs - flight.decidedUs);
  }

  #onAnswer(flight: Flight, answer: HttpAnswer): void {
    this.#budget.correct(flight.tag, answer.status, answer.headers, this.#deps.nowUs());
    if (answer.status < 500) this.#link.answered();
  }

  #onFailure(flight: Flight, verdict: Verdict): void {
    const nowUs = this.#deps.nowUs();
    if (flight.refusal !== Reason.NONE) return;
    this.#counters.add('errors');
    if (verdict.isLimit) {
      this.#counters.add('rateLimited');
      this.#budget.pause(flight.headers, flight.text, nowUs);
    }
    if (verdict.isClock) this.#clock.refused();
    if (verdict.kind === 'unknown') this.#counters.add('unanswered');
    if (verdict.isOutage) this.#link.outage(nowUs, flight.status === 0 ? 'no answer' : `HTTP ${flight.status}`);
  }

  /** Runs a call on this lane; when it ends, what it brought is delivered and what waited may leave. */
  #fly(call: () => Promise<void>): void {
    this.#calls++;
    this.#counters.set('inFlight', this.#calls);
    const land = (): void => {
      this.#calls--;
      this.#counters.set('inFlight', this.#calls);
      this.#progress();
    };
    call().then(land, (error: unknown) => {
      // The venue's failures are counted where they happen; anything else is ours, and the role stops.
      const failure = this.#exchange.asVenueError(error);
      if (isOurs(error)) this.#crash = error;
      else this.#note(failure.message);
      land();
    });
  }

  #progress(): void {
    const nowUs = this.#deps.nowUs();
    this.#deliver();
    if (this.#outbox.count === 0) this.#flush(nowUs);
    this.#publish(nowUs);
    this.#deliver();
  }

  /** Probes, clock, dead-man switch. */
  #tend(nowUs: number): void {
    if (nowUs >= this.#link.probeDueUs) {
      this.#link.probing(nowUs);
      this.#fly(async () => void (await this.#dialect.serverTimeMs(this.#exchange)));
    }
    if (nowUs >= this.#clock.dueUs) this.#fly(() => this.#clock.set());
    if (nowUs >= this.#owed.dueUs && this.#calls < CALLS_MOST && this.#budget.waitUs(QUESTION, nowUs) === 0) {
      const order = this.#owed.next(nowUs);
      if (order !== null) this.#fly(() => this.#questions.owedFills(order));
    }
    const renewal = this.#deadMan?.due(nowUs) ?? null;
    if (renewal !== null) this.#fly(renewal);
  }

  #publish(nowUs: number): void {
    const { views, plan, venueIndex } = this.#deps;
    this.#publishDueUs = nowUs + PUBLISH_EVERY_US;
    this.#budget.publish(views, budgetBase(plan, venueIndex), nowUs, this.#requests.waitingCount, this.#ring.released());
  }

  #onLink(isUp: boolean, reason: string): void {
    this.#tellLink(isUp ? RecordKind.GATEWAY_UP : RecordKind.GATEWAY_DOWN, isUp ? Reason.NONE : Reason.GATEWAY_DOWN);
    if (!isUp && reason !== '') this.#note(`down: ${reason}`);
    if (!isUp || this.#hasToldAccount) return;
    this.#hasToldAccount = true;
    this.#fly(() => this.#questions.wallets());
  }

  #tellLink(kind: number, reason: number): void {
    this.#counters.set('up', kind === RecordKind.GATEWAY_UP ? 1 : 0);
    this.#outbox.push({ kind, reason, order: null, tsUs: this.#deps.wallUs(this.#deps.nowUs()) });
  }

  #deliver(): number {
    const delivered = this.#outbox.deliver();
    if (delivered > 0) {
      this.#counters.add('outcomes', delivered);
      this.#deps.wakeExecutor();
    }
    return delivered;
  }

  #note(text: string): void {
    this.#deps.notice(`${this.name}: ${this.#exchange.redact(text)}`);
  }
}

/** A mistake of this program rather than a failure of the world. */
function isOurs(error: unknown): boolean {
  return (
    error instanceof TypeError || error instanceof RangeError || (error instanceof Error && error.message.startsWith('assertion failed'))
  );
}
