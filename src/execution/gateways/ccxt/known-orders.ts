/**
 * Our orders as one gateway knows them: what a record must repeat of an order, its terms as last told, and what is under way. Built from requests, and for
 * orders of an earlier run from their client order id, which names strategy and level. Ended orders are kept for late news, a bounded number of them.
 */
import { PNL_ARB, PNL_GRID, PNL_OTHER, SIDE_BUY, SIDE_SELL } from '../../../core/memory/record.js';
import { clientOrderIdOf, orderIdOf, partsOfOrderId } from '../../../core/numbers/ids.js';
import type { RunTables } from '../../../core/orders/tables.js';
import type { PaperRequest } from '../../paper/order.js';

/** A request as it stands in the ring. */
export interface GatewayRequest extends PaperRequest {
  /** Wall time that it speaks of: where a list of fills begins. */
  readonly tsUs: number;
}

/** Ended orders remembered: late fills and repeats come within minutes. */
const ENDED_MOST = 8_192;
const PNL_OF: Readonly<Record<string, number>> = { grid: PNL_GRID, arb: PNL_ARB, other: PNL_OTHER };

export class KnownOrder {
  readonly orderId: number;
  readonly clientId: string;
  readonly strategy: number;
  readonly instrument: number;
  readonly level: number;
  readonly side: number;
  readonly flags: number;
  readonly timeInForce: number;
  readonly pnlKind: number;
  readonly group: number;
  readonly groupLegs: number;
  readonly clientSeq: number;
  readonly causeUs: number;
  /** When its create was decided; 0 when an earlier run did. */
  readonly createdUs: number;
  priceTicks: number;
  qtyLots: number;
  /** Filled by the venue's word, and by the trades that were told. */
  cumLots = 0;
  toldLots = 0;
  venueOrderId = '';
  /** When the venue last spoke of price and quantity. */
  termsUs = 0;
  isAcked = false;
  isEnded = false;
  isCreating = false;
  isCancelling = false;

  constructor(request: GatewayRequest, clientId: string) {
    this.orderId = request.orderId;
    this.clientId = clientId;
    this.strategy = request.strategy;
    this.instrument = request.instrument;
    this.level = request.level;
    this.side = request.side;
    this.flags = request.flags;
    this.timeInForce = request.timeInForce;
    this.pnlKind = request.pnlKind;
    this.group = request.group;
    this.groupLegs = request.groupLegs;
    this.clientSeq = request.clientSeq;
    this.causeUs = request.causeUs;
    this.createdUs = request.decidedUs;
    this.priceTicks = request.priceTicks;
    this.qtyLots = request.qtyLots;
  }
}

export class KnownOrders {
  readonly #tables: RunTables;
  readonly #byId = new Map<number, KnownOrder>();
  readonly #byVenueId = new Map<string, KnownOrder>();
  readonly #ended: KnownOrder[] = [];
  #openCount = 0;

  constructor(tables: RunTables) {
    this.#tables = tables;
  }

  /** Acknowledged and not ended. */
  get openCount(): number {
    return this.#openCount;
  }

  get(orderId: number): KnownOrder | null {
    return this.#byId.get(orderId) ?? null;
  }

  byVenueId(symbol: string, venueOrderId: string): KnownOrder | null {
    return this.#byVenueId.get(`${symbol} ${venueOrderId}`) ?? null;
  }

  /** The order that a request speaks of, remembered from now on. */
  ofRequest(request: GatewayRequest): KnownOrder {
    return this.#byId.get(request.orderId) ?? this.#add(new KnownOrder(request, clientOrderIdOf(request.orderId, this.#tables.tag)));
  }

  /** The order behind a client id, built from the id when no request named it; null when it is not ours. */
  ofClientId(clientId: string, instrument: number, side: 'buy' | 'sell'): KnownOrder | null {
    const orderId = orderIdOf(clientId, this.#tables.tag);
    if (orderId === null || instrument < 0) return null;
    const known = this.#byId.get(orderId);
    if (known !== undefined) return known;
    const { strategy, level } = partsOfOrderId(orderId);
    const pnlKind = PNL_OF[this.#tables.strategies[strategy]?.pnlKind ?? 'other'] ?? PNL_OTHER;
    const nothing = { kind: 0, flags: 0, timeInForce: 0, group: 0, groupLegs: 0, clientSeq: 0, causeUs: 0, decidedUs: 0, tsUs: 0 };
    const sideCode = side === 'buy' ? SIDE_BUY : SIDE_SELL;
    const request = { ...nothing, orderId, strategy, instrument, level, side: sideCode, priceTicks: 0, qtyLots: 0, pnlKind };
    return this.#add(new KnownOrder(request, clientId));
  }

  learnVenueId(order: KnownOrder, symbol: string, venueOrderId: string): void {
    if (venueOrderId === '' || order.venueOrderId === venueOrderId) return;
    order.venueOrderId = venueOrderId;
    this.#byVenueId.set(`${symbol} ${venueOrderId}`, order);
  }

  markAcked(order: KnownOrder): void {
    if (order.isAcked) return;
    order.isAcked = true;
    if (!order.isEnded) this.#openCount++;
  }

  markEnded(order: KnownOrder): void {
    if (order.isEnded) return;
    order.isEnded = true;
    if (order.isAcked) this.#openCount--;
    this.#ended.push(order);
    if (this.#ended.length <= ENDED_MOST) return;
    for (const old of this.#ended.splice(0, ENDED_MOST >> 1)) this.#forget(old);
  }

  #add(order: KnownOrder): KnownOrder {
    this.#byId.set(order.orderId, order);
    return order;
  }

  #forget(order: KnownOrder): void {
    this.#byId.delete(order.orderId);
    const symbol = this.#tables.instruments[order.instrument]?.symbol ?? '';
    this.#byVenueId.delete(`${symbol} ${order.venueOrderId}`);
  }
}
