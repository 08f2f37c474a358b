/**
 * A simulated account's view of one venue: takes requests as they arrive, keeps the orders, lets the matchers fill them, and tells the outcomes.
 * Called by the paper gateway, on its thread; knows nothing of rings, journals or latency.
 *
 * Answers to a create come in a venue's order: the acknowledgement, then the fills of what it took, then its end when nothing of it may rest.
 */
import { FLAG_MAKER, FLAG_POST_ONLY, FLAG_REDUCE_ONLY, RecordKind, SIDE_BUY, TIF_FOK, TIF_GTC } from '../../core/memory/record.js';
import { assert, RESULT_OK, RESULT_TORN } from '../../core/numbers/errors.js';
import { Reason } from '../../core/orders/reasons.js';
import { MICRO_PER_TICK } from '../../core/ledger/marks.js';
import type { PaperAccount } from './account.js';
import type { FundingPayment } from './funding.js';
import type { MarketView } from './market-view.js';
import { Matcher } from './matcher.js';
import type { FillModel } from './options.js';
import { floatOf } from './terms.js';
import { PaperOrder, type PaperFill, type PaperRequest } from './order.js';

/** What the venue says; `order` is null when it knows none by that id. */
export interface PaperOutcome {
  readonly kind: number;
  readonly reason: number;
  readonly request: PaperRequest | null;
  readonly order: PaperOrder | null;
  /** As of this outcome; the order itself moves on. */
  readonly priceTicks: number;
  readonly qtyLots: number;
  readonly cumLots: number;
  readonly fill: PaperFill | null;
  readonly funding: FundingPayment | null;
  /** Part of an answer about the whole account. */
  readonly reading: PaperReading | null;
  readonly tsUs: number;
}

/** A wallet in units as floats, or a contract position in signed lots. */
export type PaperReading =
  { readonly asset: string; readonly total: number; readonly free: number } | { readonly instrument: number; readonly lots: number };

export interface PaperVenueDeps {
  readonly account: PaperAccount;
  readonly view: MarketView;
  readonly model: FillModel;
  readonly emit: (outcome: PaperOutcome) => void;
  /** Told of each fill's signed lots. */
  readonly onPosition: (instrument: number, strategy: number, signedLots: number) => void;
  /** A trade id that no other fill of this venue has, in this run or an earlier one. */
  readonly nextTradeId: () => number;
  readonly wallUs: (nowUs: number) => number;
}

/** Ended orders kept to answer questions about them; the oldest go first. */
const MOST_ENDED = 10_000;

export class PaperVenue {
  readonly #deps: PaperVenueDeps;
  readonly #account: PaperAccount;
  readonly #matchers = new Map<number, Matcher>();
  readonly #orders = new Map<number, PaperOrder>();
  readonly #ended: number[] = [];
  #nowUs = 0;
  fills = 0;

  constructor(deps: PaperVenueDeps) {
    this.#deps = deps;
    this.#account = deps.account;
  }

  /** A request arrives. Returns RESULT_TORN when the book could not be read whole just now: nothing happened, call again. */
  apply(request: PaperRequest, nowUs: number): number {
    this.#nowUs = nowUs;
    switch (request.kind) {
      case RecordKind.CREATE:
        return this.#create(request);
      case RecordKind.AMEND:
        return this.#amend(request);
      case RecordKind.CANCEL:
        this.#cancel(request);
        return RESULT_OK;
      case RecordKind.QUERY:
        this.#query(request);
        return RESULT_OK;
      case RecordKind.LIST:
        for (const order of this.openOrders()) this.#answer(RecordKind.LISTED, Reason.NONE, request, order);
        this.#answer(RecordKind.LIST_END, Reason.NONE, request, null);
        return RESULT_OK;
      case RecordKind.FILLS:
        this.#tellFills(request);
        return RESULT_OK;
      case RecordKind.POSITIONS:
        this.#tellPositions(request);
        return RESULT_OK;
      default:
        throw new Error(`assertion failed: a request must be about an order or the account, was kind ${request.kind}`);
    }
  }

  /** An order of an earlier run rests again, at the end of its queue. One that may not rest ended before: its end was not journaled, and is told again. */
  adopt(request: PaperRequest, cumLots: number, fills: readonly PaperFill[]): void {
    const order = new PaperOrder(request, cumLots, 0);
    order.fills.push(...fills);
    this.#orders.set(order.orderId, order);
    if (order.timeInForce === TIF_GTC) this.#matcher(order.instrument).rest(order, false);
    else this.#end(order, RecordKind.EXPIRED, Reason.TIME_IN_FORCE);
  }

  onTrade(instrument: number, ticks: number, lots: number, takerSide: number, recvUs: number, nowUs: number): void {
    this.#nowUs = nowUs;
    this.#matchers.get(instrument)?.onTrade(ticks, lots, takerSide, recvUs);
  }

  /** RESULT_TORN: call again. */
  onBook(instrument: number, nowUs: number): number {
    this.#nowUs = nowUs;
    return this.#matchers.get(instrument)?.onBook(nowUs) ?? RESULT_OK;
  }

  /** A funding payment reaches the account and is told. */
  payFunding(funding: FundingPayment, nowUs: number): void {
    this.#nowUs = nowUs;
    this.#account.apply({ asset: funding.asset, amount: funding.amount });
    const tsUs = this.#deps.wallUs(nowUs);
    const nothing = { reason: Reason.NONE, request: null, order: null, priceTicks: 0, qtyLots: 0, cumLots: 0, fill: null, reading: null };
    this.#deps.emit({ kind: RecordKind.FUNDING, ...nothing, funding, tsUs });
  }

  hasResting(instrument: number): boolean {
    return (this.#matchers.get(instrument)?.restingCount ?? 0) > 0;
  }

  order(orderId: number): PaperOrder | null {
    return this.#orders.get(orderId) ?? null;
  }

  /** Units of an asset that open spot orders hold. */
  lockedFloat(asset: string): number {
    return floatOf(this.#locked(asset, null));
  }

  openOrders(): PaperOrder[] {
    return [...this.#orders.values()].filter((order) => order.isLive);
  }

  #create(request: PaperRequest): number {
    const refusal = this.#refusalOf(request);
    if (refusal !== Reason.NONE) {
      this.#answer(RecordKind.REJECT, refusal, request, null);
      return RESULT_OK;
    }
    const loaded = this.#deps.view.load(request.instrument);
    if (loaded === RESULT_TORN) return loaded;
    const isSeen = loaded === RESULT_OK;
    const matcher = this.#matcher(request.instrument);
    const takes = isSeen && matcher.wouldTake(request.side, request.priceTicks);
    if (takes && (request.flags & FLAG_POST_ONLY) !== 0) {
      this.#answer(RecordKind.REJECT, Reason.POST_ONLY_WOULD_TAKE, request, null);
      return RESULT_OK;
    }
    const order = new PaperOrder(request, 0, this.#nowUs);
    this.#orders.set(order.orderId, order);
    this.#answer(RecordKind.ACK, Reason.NONE, request, order);
    const isWhole =
      order.timeInForce !== TIF_FOK || (isSeen && matcher.takeable(order.side, order.priceTicks, order.qtyLots) === order.qtyLots);
    if (takes && isWhole) matcher.take(order);
    if (!order.isLive) return RESULT_OK;
    if (order.timeInForce === TIF_GTC) {
      order.isUntried = !isSeen;
      matcher.rest(order, isSeen);
    } else {
      this.#end(order, RecordKind.EXPIRED, order.cumLots > 0 ? Reason.TIME_IN_FORCE : Reason.NO_LIQUIDITY);
    }
    return RESULT_OK;
  }

  /** A smaller quantity at the same price keeps its place; anything else goes to the end of the queue. */
  #amend(request: PaperRequest): number {
    const order = this.#orders.get(request.orderId);
    if (order === undefined || !order.isLive) {
      this.#answer(RecordKind.AMEND_REJECT, Reason.UNKNOWN_ORDER, request, order ?? null);
      return RESULT_OK;
    }
    const refusal = this.#amendRefusalOf(order, request);
    if (refusal !== Reason.NONE) {
      this.#answer(RecordKind.AMEND_REJECT, refusal, request, order);
      return RESULT_OK;
    }
    if (request.priceTicks === order.priceTicks && request.qtyLots <= order.qtyLots) {
      order.qtyLots = request.qtyLots;
      this.#answer(RecordKind.AMENDED, Reason.NONE, request, order);
      return RESULT_OK;
    }
    const loaded = this.#deps.view.load(order.instrument);
    if (loaded === RESULT_TORN) return loaded;
    const isSeen = loaded === RESULT_OK;
    const matcher = this.#matcher(order.instrument);
    const takes = isSeen && matcher.wouldTake(order.side, request.priceTicks);
    if (takes && (order.flags & FLAG_POST_ONLY) !== 0) {
      this.#answer(RecordKind.AMEND_REJECT, Reason.POST_ONLY_WOULD_TAKE, request, order);
      return RESULT_OK;
    }
    matcher.remove(order);
    order.priceTicks = request.priceTicks;
    order.qtyLots = request.qtyLots;
    order.activeUs = this.#nowUs;
    this.#answer(RecordKind.AMENDED, Reason.NONE, request, order);
    if (takes) matcher.take(order);
    if (!order.isLive) return RESULT_OK;
    order.isUntried = !isSeen;
    matcher.rest(order, isSeen);
    return RESULT_OK;
  }

  #cancel(request: PaperRequest): void {
    const order = this.#orders.get(request.orderId);
    if (order === undefined || !order.isLive) this.#answer(RecordKind.CANCEL_REJECT, Reason.UNKNOWN_ORDER, request, order ?? null);
    else this.#end(order, RecordKind.CANCELLED, Reason.BY_REQUEST);
  }

  /** The order's whole story again: its acknowledgement, each fill with its own trade id, its end. */
  #query(request: PaperRequest): void {
    const order = this.#orders.get(request.orderId);
    if (order === undefined) {
      this.#answer(RecordKind.NOT_FOUND, Reason.UNKNOWN_ORDER, request, null);
      return;
    }
    this.#emit(RecordKind.ACK, Reason.NONE, request, order, order.cumLots, null);
    const told = order.fills.reduce((sum, fill) => sum + fill.lots, 0);
    let cumLots = order.cumLots - told;
    for (const fill of order.fills) {
      cumLots += fill.lots;
      this.#emit(RecordKind.FILL, Reason.NONE, null, order, cumLots, fill);
    }
    if (!order.isLive && order.endKind !== RecordKind.FILL) this.#emit(order.endKind, order.endReason, null, order, order.cumLots, null);
  }

  /** Fills of this run since then: what an earlier run's journal does not have never happened here. */
  #tellFills(request: PaperRequest): void {
    for (const order of this.#orders.values()) {
      for (const fill of order.fills)
        if (fill.tsUs >= request.tsUs) this.#emit(RecordKind.FILL, Reason.NONE, request, order, order.cumLots, fill);
    }
    this.#answer(RecordKind.FILLS_END, Reason.NONE, request, null);
  }

  #tellPositions(request: PaperRequest): void {
    const account = this.#account;
    for (const asset of account.assets()) {
      const total = account.walletFloat(asset);
      this.#tellReading(RecordKind.BALANCE, request, { asset, total, free: total - this.lockedFloat(asset) });
    }
    for (const instrument of account.contracts())
      this.#tellReading(RecordKind.POSITION, request, { instrument, lots: account.positionLots(instrument) });
    this.#answer(RecordKind.POSITIONS_END, Reason.NONE, request, null);
  }

  #tellReading(kind: number, request: PaperRequest, reading: PaperReading): void {
    const nothing = { reason: Reason.NONE, order: null, priceTicks: 0, qtyLots: 0, cumLots: 0, fill: null, funding: null };
    this.#deps.emit({ kind, ...nothing, request, reading, tsUs: this.#deps.wallUs(this.#nowUs) });
  }

  #onFill(order: PaperOrder, ticks: number, lots: number, isMaker: boolean): number {
    const room = this.#reducible(order);
    const accepted = Math.min(lots, room);
    assert(accepted >= 0 && accepted <= order.openLots, `a fill must be 0 to ${order.openLots} lots, was ${accepted}`);
    if (accepted > 0) this.#fill(order, ticks, accepted, isMaker);
    if (order.isLive && order.openLots > 0 && accepted === room) this.#end(order, RecordKind.CANCELLED, Reason.REDUCE_ONLY);
    return accepted;
  }

  #fill(order: PaperOrder, ticks: number, lots: number, isMaker: boolean): void {
    const terms = this.#account.terms(order.instrument);
    const feeAsset = terms.feeAsset(order.side);
    const fee = terms.fee(order.side, isMaker, lots, BigInt(ticks) * MICRO_PER_TICK);
    const fill: PaperFill = {
      ticks,
      lots,
      isMaker,
      fee,
      feeAsset,
      tradeId: this.#deps.nextTradeId(),
      tsUs: this.#deps.wallUs(this.#nowUs),
    };
    this.#account.apply({ instrument: order.instrument, side: order.side, ticks, lots, fee, feeAsset });
    this.#deps.onPosition(order.instrument, order.strategy, order.side === SIDE_BUY ? lots : -lots);
    order.cumLots += lots;
    order.fills.push(fill);
    this.fills++;
    this.#emit(RecordKind.FILL, Reason.NONE, null, order, order.cumLots, fill);
    if (order.openLots === 0) this.#retire(order, RecordKind.FILL, Reason.NONE);
  }

  /** Lots that the order may still fill: all of them, or what is left of the position it reduces. */
  #reducible(order: PaperOrder): number {
    if ((order.flags & FLAG_REDUCE_ONLY) === 0) return Number.MAX_SAFE_INTEGER;
    return this.#reducibleLots(order.instrument, order.side);
  }

  #reducibleLots(instrument: number, side: number): number {
    if (this.#account.terms(instrument).isSpot) return Number.MAX_SAFE_INTEGER;
    const held = this.#account.positionLots(instrument);
    return Math.max(0, side === SIDE_BUY ? -held : held);
  }

  /** What the venue's filters say of a new order. */
  #refusalOf(request: PaperRequest): number {
    if (!this.#account.has(request.instrument)) return Reason.BAD_ORDER;
    if (this.#orders.has(request.orderId)) return Reason.DUPLICATE_ID;
    const size = this.#sizeRefusal(request.instrument, request.priceTicks, request.qtyLots);
    if (size !== Reason.NONE) return size;
    const { maxOpenOrders } = this.#account.terms(request.instrument).instrument;
    if (request.timeInForce === TIF_GTC && this.#matcher(request.instrument).restingCount >= maxOpenOrders) return Reason.OPEN_ORDERS_LIMIT;
    if ((request.flags & FLAG_REDUCE_ONLY) !== 0 && this.#reducibleLots(request.instrument, request.side) === 0) return Reason.REDUCE_ONLY;
    return this.#isFunded(request.instrument, request.side, request.priceTicks, request.qtyLots, null)
      ? Reason.NONE
      : Reason.INSUFFICIENT_BALANCE;
  }

  #amendRefusalOf(order: PaperOrder, request: PaperRequest): number {
    if (request.qtyLots <= order.cumLots) return Reason.BAD_ORDER;
    const size = this.#sizeRefusal(order.instrument, request.priceTicks, request.qtyLots);
    if (size !== Reason.NONE) return size;
    const open = request.qtyLots - order.cumLots;
    return this.#isFunded(order.instrument, order.side, request.priceTicks, open, order) ? Reason.NONE : Reason.INSUFFICIENT_BALANCE;
  }

  #sizeRefusal(instrument: number, ticks: number, lots: number): number {
    if (!(Number.isSafeInteger(ticks) && ticks > 0 && Number.isSafeInteger(lots) && lots > 0)) return Reason.BAD_ORDER;
    const terms = this.#account.terms(instrument);
    if (lots < terms.minLots) return Reason.SIZE_TOO_SMALL;
    if (lots > terms.maxLots) return Reason.SIZE_TOO_LARGE;
    return terms.notional(BigInt(lots), BigInt(ticks) * MICRO_PER_TICK) < terms.minNotional ? Reason.NOTIONAL_TOO_SMALL : Reason.NONE;
  }

  /** Spot only: the asset given must be there, beside what other open orders hold. */
  #isFunded(instrument: number, side: number, ticks: number, lots: number, except: PaperOrder | null): boolean {
    const terms = this.#account.terms(instrument);
    if (!terms.isSpot) return true;
    const asset = side === SIDE_BUY ? terms.instrument.quote : terms.instrument.base;
    return this.#given(instrument, side, ticks, lots) + this.#locked(asset, except) <= this.#account.wallet(asset);
  }

  #given(instrument: number, side: number, ticks: number, lots: number): bigint {
    const terms = this.#account.terms(instrument);
    return side === SIDE_BUY ? terms.value(BigInt(lots), BigInt(ticks) * MICRO_PER_TICK) : terms.base(BigInt(lots));
  }

  /** Amount of an asset that resting spot orders hold. */
  #locked(asset: string, except: PaperOrder | null): bigint {
    let sum = 0n;
    for (const [instrument, matcher] of this.#matchers) {
      const terms = this.#account.terms(instrument);
      if (!terms.isSpot) continue;
      for (const side of [0, 1]) {
        if ((side === SIDE_BUY ? terms.instrument.quote : terms.instrument.base) !== asset) continue;
        for (const order of matcher.resting(side)) {
          if (order !== except) sum += this.#given(instrument, side, order.priceTicks, order.openLots);
        }
      }
    }
    return sum;
  }

  #end(order: PaperOrder, kind: number, reason: number): void {
    this.#retire(order, kind, reason);
    this.#emit(kind, reason, null, order, order.cumLots, null);
  }

  #retire(order: PaperOrder, kind: number, reason: number): void {
    order.endKind = kind;
    order.endReason = reason;
    this.#matcher(order.instrument).remove(order);
    this.#ended.push(order.orderId);
    if (this.#ended.length > MOST_ENDED) for (const old of this.#ended.splice(0, MOST_ENDED >> 1)) this.#orders.delete(old);
  }

  #matcher(instrument: number): Matcher {
    const found = this.#matchers.get(instrument);
    if (found !== undefined) return found;
    const made = new Matcher(instrument, this.#deps.view, this.#deps.model, {
      onFill: (order, ticks, lots, isMaker) => this.#onFill(order, ticks, lots, isMaker),
      onWouldTake: (order) => this.#end(order, RecordKind.CANCELLED, Reason.POST_ONLY_WOULD_TAKE),
    });
    this.#matchers.set(instrument, made);
    return made;
  }

  #answer(kind: number, reason: number, request: PaperRequest, order: PaperOrder | null): void {
    this.#emit(kind, reason, request, order, order?.cumLots ?? 0, null);
  }

  #emit(
    kind: number,
    reason: number,
    request: PaperRequest | null,
    order: PaperOrder | null,
    cumLots: number,
    fill: PaperFill | null,
  ): void {
    this.#deps.emit({
      kind,
      reason,
      request,
      order,
      priceTicks: order?.priceTicks ?? request?.priceTicks ?? 0,
      qtyLots: order?.qtyLots ?? request?.qtyLots ?? 0,
      cumLots,
      fill,
      funding: null,
      reading: null,
      tsUs: fill?.tsUs ?? this.#deps.wallUs(this.#nowUs),
    });
  }
}

/** Flags of a record that tells of this outcome. */
export function outcomeFlags(outcome: PaperOutcome): number {
  const flags = outcome.order?.flags ?? outcome.request?.flags ?? 0;
  return outcome.fill?.isMaker === true ? flags | FLAG_MAKER : flags & ~FLAG_MAKER;
}
