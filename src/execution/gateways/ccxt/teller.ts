/**
 * Turns what a venue says of our orders, by REST or by the private stream, into outcomes for the executor, and keeps `KnownOrders` up to date. Both ways say the
 * same things in any order: what was told is not told again, and terms never go back to older ones. Gateway's lane.
 */
import { FLAG_POST_ONLY, RecordKind, TIF_GTC } from '../../../core/memory/record.js';
import { tradeIdOf } from '../../../core/numbers/ids.js';
import { Reason } from '../../../core/orders/reasons.js';
import type { RunTables } from '../../../core/orders/tables.js';
import type { GatewayRequest, KnownOrder } from './known-orders.js';
import type { Outbox, Outcome } from './outbox.js';
import type { TradeRow, VenueStatus } from './rows.js';
import { centsOf, Terms } from './terms.js';

/** Trades remembered as told: the overlap of lists, stream and questions is minutes. */
const TOLD_MOST = 65_536;
/** Not an answer to any request: smaller than every time of a decision, and not 0, which says "may be one". */
export const UNASKED = Number.MIN_VALUE;

/** A trade as both ways tell it. */
export type ToldTrade = Pick<TradeRow, 'tradeId' | 'price' | 'qty' | 'fee' | 'feeAsset' | 'isMaker' | 'tsUs'>;

export interface TellerDeps {
  readonly tables: RunTables;
  readonly outbox: Outbox;
  /** Our market time, for facts that the venue did not date. */
  readonly wallUs: () => number;
  readonly onFill: () => void;
  /** The venue counts more as filled than its trades have told so far. */
  readonly onOwedFills: (order: KnownOrder) => void;
  readonly notice: (text: string) => void;
}

export class Teller {
  readonly #deps: TellerDeps;
  readonly #terms: readonly Terms[];
  #told = new Set<string>();
  #toldBefore = new Set<string>();

  constructor(deps: TellerDeps) {
    this.#deps = deps;
    this.#terms = deps.tables.instruments.map((instrument) => new Terms(instrument));
  }

  termsOf(order: KnownOrder): Terms {
    return this.terms(order.instrument);
  }

  terms(instrument: number): Terms {
    const terms = this.#terms[instrument];
    if (terms === undefined) throw new Error(`no instrument ${instrument} in the run's table`);
    return terms;
  }

  /** The gateway's own word about a request: refused, unknown, not found. */
  answer(kind: number, reason: number, order: KnownOrder, request: GatewayRequest): void {
    const { priceTicks, qtyLots, decidedUs } = request;
    this.push({ kind, reason, order, priceTicks, qtyLots, cumLots: order.cumLots, decidedUs, tsUs: this.#deps.wallUs() });
  }

  ack(order: KnownOrder, decidedUs: number, tsUs: number): void {
    this.push({ kind: RecordKind.ACK, order, ...standOf(order), decidedUs, tsUs: this.#dated(tsUs) });
  }

  amended(order: KnownOrder, decidedUs: number, tsUs: number): void {
    this.push({ kind: RecordKind.AMENDED, order, ...standOf(order), decidedUs, tsUs: this.#dated(tsUs) });
  }

  /** Takes the venue's price, quantity and filled quantity, unless it spoke of them later already. True when price or quantity are others than before. */
  learn(order: KnownOrder, said: { readonly price: string; readonly qty: string; readonly cum: string; readonly tsUs: number }): boolean {
    const terms = this.termsOf(order);
    const cumLots = terms.lots(said.cum);
    if (cumLots > order.cumLots) order.cumLots = cumLots;
    if (order.cumLots > order.toldLots) this.#deps.onOwedFills(order);
    const ticks = terms.ticks(said.price);
    const lots = terms.lots(said.qty);
    if (!(ticks > 0 && lots > 0) || (said.tsUs > 0 && said.tsUs < order.termsUs)) return false;
    if (said.tsUs > 0) order.termsUs = said.tsUs;
    const isNew = ticks !== order.priceTicks || lots !== order.qtyLots;
    order.priceTicks = ticks;
    order.qtyLots = lots;
    return isNew;
  }

  /** How an order ended by the venue's word; nothing for a filled one, its fills say so. */
  ended(order: KnownOrder, status: VenueStatus, reasonText: string, decidedUs: number, tsUs: number): void {
    if (status === 'open' || status === 'filled') return;
    const { kind, reason } = endOf(order, status, reasonText);
    this.push({ kind, reason, order, ...standOf(order), decidedUs, tsUs: this.#dated(tsUs) });
  }

  /** One own trade, told once. @param decidedUs of the question that found it */
  fill(order: KnownOrder, trade: ToldTrade, decidedUs = UNASKED): void {
    const key = `${order.orderId} ${trade.tradeId}`;
    if (this.#told.has(key) || this.#toldBefore.has(key)) return;
    this.#remember(key);
    const terms = this.termsOf(order);
    const fillLots = terms.lots(trade.qty);
    order.toldLots += fillLots;
    if (order.toldLots > order.cumLots) order.cumLots = order.toldLots;
    const money = this.#money(trade.feeAsset, trade.fee);
    this.push({
      kind: RecordKind.FILL,
      order,
      ...standOf(order),
      fillTicks: terms.ticks(trade.price),
      fillLots,
      ...money,
      tradeId: tradeIdOf(trade.tradeId),
      isMaker: trade.isMaker,
      decidedUs,
      tsUs: this.#dated(trade.tsUs),
    });
    this.#deps.onFill();
  }

  /** A payment told once. @returns false when it was told before */
  isNews(key: string): boolean {
    if (this.#told.has(key) || this.#toldBefore.has(key)) return false;
    this.#remember(key);
    return true;
  }

  push(outcome: Outcome): void {
    this.#deps.outbox.push(outcome);
  }

  #money(asset: string, amount: string): { readonly fee: number; readonly feeAsset: number } {
    const feeAsset = this.#deps.tables.assets.indexOf(asset);
    const fee = centsOf(amount);
    if (feeAsset >= 0) return { fee, feeAsset };
    if (fee !== 0) this.#deps.notice(`a fee of ${amount} ${asset} is in no asset of this run: it is not counted`);
    return { fee: 0, feeAsset: 0 };
  }

  #dated(tsUs: number): number {
    return tsUs > 0 ? tsUs : this.#deps.wallUs();
  }

  #remember(key: string): void {
    this.#told.add(key);
    if (this.#told.size < TOLD_MOST) return;
    this.#toldBefore = this.#told;
    this.#told = new Set();
  }
}

function standOf({ priceTicks, qtyLots, cumLots }: KnownOrder): { priceTicks: number; qtyLots: number; cumLots: number } {
  return { priceTicks, qtyLots, cumLots };
}

/** Why an order is over: our cancel, its own time in force, or the venue. */
function endOf(order: KnownOrder, status: VenueStatus, text: string): { readonly kind: number; readonly reason: number } {
  const said = reasonOfText(text);
  if (said !== Reason.NONE) return { kind: RecordKind.CANCELLED, reason: said };
  if (status === 'rejected') return { kind: RecordKind.CANCELLED, reason: Reason.VENUE_REJECTED };
  if (order.isCancelling && status === 'cancelled') return { kind: RecordKind.CANCELLED, reason: Reason.BY_REQUEST };
  if ((order.flags & FLAG_POST_ONLY) !== 0 && status === 'expired' && order.cumLots === 0)
    return { kind: RecordKind.CANCELLED, reason: Reason.POST_ONLY_WOULD_TAKE };
  if (order.timeInForce !== TIF_GTC || status === 'expired')
    return { kind: RecordKind.EXPIRED, reason: order.cumLots > 0 ? Reason.TIME_IN_FORCE : Reason.NO_LIQUIDITY };
  return { kind: RecordKind.CANCELLED, reason: Reason.VENUE_CANCELLED };
}

function reasonOfText(text: string): number {
  if (/post.?only|ParticipateDoNotInitiate|immediately match|would.{0,8}take|executed as maker/i.test(text))
    return Reason.POST_ONLY_WOULD_TAKE;
  if (/insufficient|no.?enough|not.?enough/i.test(text)) return Reason.INSUFFICIENT_BALANCE;
  if (/reduce.?only/i.test(text)) return Reason.REDUCE_ONLY;
  if (/self.?(trade|match)|smp/i.test(text)) return Reason.SELF_TRADE;
  return Reason.NONE;
}
