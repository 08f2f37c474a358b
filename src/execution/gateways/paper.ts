/**
 * The paper gateway: a venue's arm of the executor whose venue is a fill model over the live (or recorded, or simulated) books. One per venue, stepped by the
 * service lane. Requests wait for their journal entry, travel for the order latency, meet the model, and their answers travel back in order.
 *
 *   requests ring -> journal cursor reached? -> halt word -> in flight (order latency) -> PaperVenue -> answers (answer latency) -> outcomes ring
 *
 * A full outcomes ring stops the intake of requests and of market data; nothing is dropped. Nothing is kept on disk: at a restart the account is the fold of the
 * journal's fills and acknowledged orders rest again, so a fill that had not reached the journal never happened.
 */
import { CounterBlock, COUNTER_BLOCK_BYTES, GATEWAY_COUNTERS, type GatewayCounter } from '../../core/memory/counters.js';
import { Histogram } from '../../core/memory/histogram.js';
import {
  CONTROL_HALT,
  CURSOR_BYTES,
  CURSOR_DURABLE,
  CURSOR_WRITTEN,
  HALT_ALL,
  HALT_NONE,
  histogramBase,
  type MemoryPlan,
} from '../../core/memory/layout.js';
import { FLAG_MAKER, REC_JOURNAL_SEQ, REC_KIND, REC_PRODUCER, RECORD_BYTES, RecordKind, SIDE_BUY } from '../../core/memory/record.js';
import type { SharedViews } from '../../core/memory/shared-memory.js';
import { SpscRing } from '../../core/memory/spsc-ring.js';
import { assert, RESULT_TORN } from '../../core/numbers/errors.js';
import { MAX_RUNS } from '../../core/numbers/ids.js';
import { isTerminal, OrderState } from '../../core/orders/order-state.js';
import { Reason } from '../../core/orders/reasons.js';
import type { RecoveredFill, RecoveredOrderState, RecoveredState } from '../../core/orders/recovered.js';
import type { RunTables } from '../../core/orders/tables.js';
import type { Random } from '../../core/ports/clock.js';
import type { Role } from '../../core/ports/role.js';
import { PaperAccount } from '../paper/account.js';
import { Funding } from '../paper/funding.js';
import { Latency } from '../paper/latency.js';
import type { PaperOptions } from '../paper/options.js';
import type { PaperFill, PaperRequest } from '../paper/order.js';
import { readRequest, writeBalance, writeOutcome } from '../paper/outcome-record.js';
import { SharedMarket } from '../paper/shared-market.js';
import { PaperVenue, type PaperOutcome } from '../paper/venue.js';
import { Travel } from '../paper/travel.js';

/** A funding payment of an earlier run, as the journal tells it. */
export interface RecoveredFunding {
  readonly instrument: number;
  readonly asset: number;
  readonly amount: number;
}

export type Durability = 'none' | 'interval' | 'each';

export interface PaperGatewayDeps {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly tables: RunTables;
  /** Index of the venue in the run's table: also this gateway's index. */
  readonly venueIndex: number;
  /** The lane that steps this gateway: its histograms are written here. */
  readonly lane: number;
  readonly durability: Durability;
  readonly options: PaperOptions;
  readonly random: Random;
  readonly recovered: Omit<RecoveredState, 'fundings'> & { readonly fundings?: readonly RecoveredFunding[] };
  /** Reads the monotonic clock, for latency stamps. */
  readonly nowUs: () => number;
  readonly wallUs: (nowUs: number) => number;
  /** Wakes the executor's lane after outcomes were published. */
  readonly wakeExecutor: () => void;
}

/** Trade ids: the run in the high bits, a count below, so that no restart repeats one. */
const TRADE_ID_SPAN = 2 ** 41;

export class PaperGateway implements Role {
  readonly name: string;
  readonly account: PaperAccount;
  readonly #deps: PaperGatewayDeps;
  readonly #requests: SpscRing;
  readonly #outcomes: SpscRing;
  readonly #counters: CounterBlock<GatewayCounter>;
  readonly #orderToBytes: Histogram;
  readonly #market: SharedMarket;
  readonly #venue: PaperVenue;
  readonly #funding: Funding;
  readonly #inFlight: Travel<PaperRequest>;
  readonly #answers: Travel<PaperOutcome>;
  readonly #balances: string[];
  #tradeCount = 0;
  #isStopping = false;
  /** The last delivery found the outcomes ring full. */
  #isBlocked = false;
  #tapeLost = 0;
  #nowUs = 0;

  constructor(deps: PaperGatewayDeps) {
    const { views, plan, tables, venueIndex, options } = deps;
    const venue = tables.venues[venueIndex];
    assert(venue !== undefined, `venue index must be in the run's table, was ${venueIndex}`);
    this.#deps = deps;
    this.name = `paper:${venue}`;
    this.#requests = new SpscRing(views, plan.requests + plan.ringStride * venueIndex, RECORD_BYTES, plan.counts.ringRecords);
    this.#outcomes = new SpscRing(views, plan.outcomes + plan.ringStride * venueIndex, RECORD_BYTES, plan.counts.ringRecords);
    this.#counters = new CounterBlock(views, plan.gatewayCounters + COUNTER_BLOCK_BYTES * venueIndex, GATEWAY_COUNTERS);
    this.#orderToBytes = new Histogram(views, histogramBase(plan, deps.lane, 'orderToBytes'));
    this.account = new PaperAccount(tables, venue, options);
    this.#market = new SharedMarket(views, plan, tables, venue);
    this.#inFlight = new Travel(new Latency(options.orderLatencyMs, options.latencySpread, deps.random));
    this.#answers = new Travel(new Latency(options.answerLatencyMs, options.latencySpread, deps.random));
    const terms = tables.instruments.filter((one) => one.venue === venue).map((one) => this.account.terms(one.index));
    this.#funding = new Funding(views, plan, terms);
    this.#venue = new PaperVenue({
      account: this.account,
      view: this.#market,
      model: options.model,
      emit: (outcome) => this.#answers.send(outcome, this.#nowUs),
      onPosition: (instrument, strategy, signedLots) => this.#funding.noteFill(instrument, strategy, signedLots),
      nextTradeId: () => (tables.run % MAX_RUNS) * TRADE_ID_SPAN + ++this.#tradeCount,
      wallUs: deps.wallUs,
    });
    this.#recover(deps.recovered);
    this.#balances = this.account.assets();
    for (const asset of this.#balances) assert(tables.assets.includes(asset), `the run's assets must hold ${asset} of ${venue}`);
    this.#counters.set('up', 1);
  }

  step(nowUs: number, maxRecords: number): number {
    this.#nowUs = nowUs;
    let work = this.#deliver(nowUs, maxRecords);
    if (this.#isBlocked) {
      this.#counters.add('outcomesFull');
      return work;
    }
    work += this.#takeRequests(nowUs, maxRecords);
    work += this.#market.drainChanges();
    work += this.#arrive(nowUs, maxRecords);
    this.#market.forEachDirty((instrument) => this.#seeMarket(instrument, nowUs));
    this.#noteLoss();
    if (!this.#isStopping) this.#payFunding(nowUs);
    // With no latency configured, answers of this turn go out in it.
    return work + this.#deliver(nowUs, maxRecords);
  }

  /** When the gateway next has something to do of itself, Infinity when only rings or the market can tell. A lane may sleep until then. */
  nextDueUs(): number {
    return Math.min(this.#inFlight.nextDueUs(), this.#answers.nextDueUs());
  }

  /** From now on nothing fills; what is under way is answered without further delay. */
  beginStop(): void {
    this.#isStopping = true;
  }

  get isUp(): boolean {
    return true;
  }

  /** True when no request and no answer is under way, and the executor has taken all answers: it must still be turning while a gateway drains. */
  isDrained(): boolean {
    return this.#requests.waiting() === 0 && this.#inFlight.count === 0 && this.#answers.count === 0 && this.#outcomes.waiting() === 0;
  }

  /** Live orders as the venue holds them. */
  openOrderCount(): number {
    return this.#venue.openOrders().length;
  }

  #takeRequests(nowUs: number, maxRecords: number): number {
    let taken = 0;
    while (taken < maxRecords) {
      const offset = this.#requests.front();
      if (offset < 0) break;
      if (!this.#isJournaled(offset)) {
        this.#counters.add('waitedForJournal');
        break;
      }
      const request = readRequest(this.#deps.views, offset);
      this.#counters.add('requests');
      // Read last before the send: what the halt word forbids never leaves.
      const halt = Atomics.load(this.#deps.views.i32, (this.#deps.plan.control + CONTROL_HALT) >> 2);
      if (isForbidden(halt, request.kind)) {
        // Questions about everything are asked again by themselves.
        if (request.orderId !== 0) this.#answers.send(haltedAnswer(request, this.#deps.wallUs(nowUs)), nowUs);
      } else {
        this.#inFlight.send(request, nowUs);
        if (request.decidedUs > 0) this.#orderToBytes.record(this.#deps.nowUs() - request.decidedUs);
      }
      this.#requests.release();
      taken++;
    }
    return taken;
  }

  /** A request may leave once the writer's cursor for its producer has reached its journal entry; counts wrap at 2^32. */
  #isJournaled(offset: number): boolean {
    const { durability, views, plan } = this.#deps;
    if (durability === 'none') return true;
    const producer = views.u16[(offset + REC_PRODUCER) >> 1] ?? 0;
    const wanted = views.f64[(offset + REC_JOURNAL_SEQ) >> 3] ?? 0;
    const word = plan.cursors + CURSOR_BYTES * producer + (durability === 'each' ? CURSOR_DURABLE : CURSOR_WRITTEN);
    return ((Atomics.load(views.i32, word >> 2) - wanted) | 0) >= 0;
  }

  /** Requests that have reached the venue, each after the trades received before it. */
  #arrive(nowUs: number, maxRecords: number): number {
    let arrived = 0;
    while (arrived < maxRecords) {
      const request = this.#inFlight.peek(this.#isStopping ? Infinity : nowUs);
      if (request === null) break;
      const dueUs = Math.min(nowUs, this.#inFlight.nextDueUs());
      if (!this.#isStopping) this.#drainTrades(request.instrument, dueUs, nowUs);
      if (this.#venue.apply(request, dueUs) === RESULT_TORN) break;
      this.#inFlight.drop();
      arrived++;
    }
    return arrived;
  }

  /** A changed instrument: its trades, then its book. False asks to be called again. */
  #seeMarket(instrument: number, nowUs: number): boolean {
    this.#drainTrades(instrument, Infinity, nowUs);
    if (this.#isStopping || !this.#venue.hasResting(instrument)) return true;
    return this.#venue.onBook(instrument, nowUs) !== RESULT_TORN;
  }

  #drainTrades(instrument: number, untilUs: number, nowUs: number): void {
    const counts = !this.#isStopping && this.#market.isLive(instrument);
    this.#market.drainTrades(instrument, untilUs, (ticks, lots, takerSide, recvUs) => {
      if (counts) this.#venue.onTrade(instrument, ticks, lots, takerSide, recvUs, nowUs);
    });
  }

  #deliver(nowUs: number, maxRecords: number): number {
    const { views, venueIndex, tables } = this.#deps;
    let delivered = 0;
    this.#isBlocked = false;
    while (this.#balances.length > 0) {
      const offset = this.#outcomes.reserve();
      const asset = this.#balances[0];
      this.#isBlocked = offset < 0;
      if (offset < 0 || asset === undefined) return delivered;
      const total = this.account.walletFloat(asset);
      const free = total - this.#venue.lockedFloat(asset);
      writeBalance(views, offset, {
        asset: tables.assets.indexOf(asset),
        total,
        free,
        gateway: venueIndex,
        tsUs: this.#deps.wallUs(nowUs),
      });
      this.#outcomes.commit();
      this.#balances.shift();
      delivered++;
    }
    while (delivered < maxRecords) {
      const outcome = this.#answers.peek(this.#isStopping ? Infinity : nowUs);
      if (outcome === null) break;
      const offset = this.#outcomes.reserve();
      this.#isBlocked = offset < 0;
      if (offset < 0) break;
      const wallet = outcome.reading !== null && 'asset' in outcome.reading ? outcome.reading.asset : undefined;
      const asset = outcome.fill?.feeAsset ?? outcome.funding?.asset ?? wallet;
      const feeAsset = asset === undefined ? 0 : tables.assets.indexOf(asset);
      writeOutcome(views, offset, outcome, venueIndex, feeAsset);
      if (views.u8[offset + REC_KIND] === RecordKind.FILL) this.#counters.add('fills');
      this.#outcomes.commit();
      this.#answers.drop();
      delivered++;
    }
    if (delivered > 0) {
      this.#counters.add('outcomes', delivered);
      this.#deps.wakeExecutor();
    }
    return delivered;
  }

  #payFunding(nowUs: number): void {
    const lastMicro = (instrument: number): bigint | null => this.account.lastMicro(instrument);
    this.#funding.step(this.#deps.wallUs(nowUs), lastMicro, (payment) => this.#venue.payFunding(payment, nowUs));
  }

  #noteLoss(): void {
    const lost = this.#market.tapeLost;
    if (lost === this.#tapeLost) return;
    this.#counters.add('tapeLost', lost - this.#tapeLost);
    this.#tapeLost = lost;
  }

  #recover(state: PaperGatewayDeps['recovered']): void {
    const byOrder = new Map<number, PaperFill[]>();
    for (const fill of state.fills) {
      if (!this.account.has(fill.instrument)) continue;
      const paper = paperFillOf(fill, this.#deps.tables);
      this.account.apply({ instrument: fill.instrument, side: fill.side, ...paper });
      this.#funding.noteFill(fill.instrument, fill.strategy, fill.side === SIDE_BUY ? fill.fillLots : -fill.fillLots);
      const fills = byOrder.get(fill.orderId);
      if (fills === undefined) byOrder.set(fill.orderId, [paper]);
      else fills.push(paper);
    }
    for (const { instrument, asset, amount } of state.fundings ?? []) {
      if (this.account.has(instrument)) this.account.apply({ asset: this.#deps.tables.assets[asset] ?? '', amount });
    }
    for (const order of state.orders) {
      if (!this.account.has(order.instrument) || !wasAcknowledged(order)) continue;
      this.#venue.adopt(requestOf(order), order.cumLots, byOrder.get(order.orderId) ?? []);
    }
  }
}

/** Kinds that the halt level keeps back. */
function isForbidden(halt: number, kind: number): boolean {
  if (halt === HALT_NONE) return false;
  return halt >= HALT_ALL || kind === RecordKind.CREATE || kind === RecordKind.AMEND;
}

/** The gateway's own answer to a request that it did not send. */
function haltedAnswer(request: PaperRequest, tsUs: number): PaperOutcome {
  const kind =
    request.kind === RecordKind.CREATE
      ? RecordKind.REJECT
      : request.kind === RecordKind.AMEND
        ? RecordKind.AMEND_REJECT
        : request.kind === RecordKind.CANCEL
          ? RecordKind.CANCEL_REJECT
          : RecordKind.UNKNOWN;
  const { priceTicks, qtyLots } = request;
  return {
    kind,
    reason: Reason.HALTED,
    request,
    order: null,
    priceTicks,
    qtyLots,
    cumLots: 0,
    fill: null,
    funding: null,
    reading: null,
    tsUs,
  };
}

/** An order whose acknowledgement (or a fill of it) is in the journal exists at the venue; one that was never answered does not. */
function wasAcknowledged(order: RecoveredOrderState): boolean {
  if (isTerminal(order.state) || order.cumLots >= order.qtyLots) return false;
  return (order.state !== OrderState.PENDING && order.state !== OrderState.UNKNOWN) || order.cumLots > 0;
}

function requestOf(order: RecoveredOrderState): PaperRequest {
  const { orderId, strategy, instrument, level, side, flags, timeInForce, priceTicks, qtyLots, pnlKind, group } = order;
  return {
    kind: RecordKind.CREATE,
    orderId,
    strategy,
    instrument,
    level,
    side,
    flags,
    timeInForce,
    priceTicks,
    qtyLots,
    pnlKind,
    group,
    groupLegs: 0,
    clientSeq: 0,
    causeUs: 0,
    decidedUs: 0,
    tsUs: 0,
  };
}

function paperFillOf(fill: RecoveredFill, tables: RunTables): PaperFill {
  return {
    ticks: fill.fillTicks,
    lots: fill.fillLots,
    isMaker: (fill.flags & FLAG_MAKER) !== 0,
    fee: fill.fee,
    feeAsset: tables.assets[fill.feeAsset] ?? '',
    tradeId: fill.tradeId,
    tsUs: fill.tsUs,
  };
}
