/**
 * Takes what the private stream tells and makes outcomes of it. It may come before the answer to the request, after it, twice, or in the wrong order; trades
 * come once (the teller sees to it). Called by the private feed on the gateway's lane.
 */
import { RecordKind } from '../../../core/memory/record.js';
import { positionBase, POSITION_NET_LOTS, type MemoryPlan } from '../../../core/memory/layout.js';
import type { SharedViews } from '../../../core/memory/shared-memory.js';
import { tradeIdOf } from '../../../core/numbers/ids.js';
import type { RunTables } from '../../../core/orders/tables.js';
import type {
  PrivateBalanceEvent,
  PrivateFillEvent,
  PrivateFundingEvent,
  PrivateOrderEvent,
  PrivatePositionEvent,
} from '../../../core/ports/private-events.js';
import type { KnownOrder, KnownOrders } from './known-orders.js';
import type { VenueStatus } from './rows.js';
import { UNASKED, type Teller } from './teller.js';
import { centsOf } from './terms.js';

export interface StreamDeps {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly tables: RunTables;
  readonly known: KnownOrders;
  readonly teller: Teller;
  /** The venue judges orders after it took them: a rejection on the stream is the only one. */
  readonly isAsynchronous: boolean;
  /** Trade ids of payments that an earlier run counted. */
  readonly paidFundings: ReadonlySet<number>;
  readonly notice: (text: string) => void;
}

export class StreamNews {
  readonly #deps: StreamDeps;
  /** Free units by asset as last told, for messages that tell the total only. */
  readonly #wallets = new Map<string, { readonly total: number; readonly free: number }>();

  constructor(deps: StreamDeps) {
    this.#deps = deps;
  }

  order(event: PrivateOrderEvent): void {
    const { known, teller, tables } = this.#deps;
    const order = known.ofClientId(event.clientId, event.instrument, event.side);
    if (order === null) return;
    const instrument = tables.instruments[event.instrument];
    if (instrument !== undefined) known.learnVenueId(order, instrument.symbol, event.venueOrderId);
    if (event.status === 'rejected') return this.#rejected(order, event);
    const hadTerms = order.qtyLots > 0;
    const isNew = teller.learn(order, event) && hadTerms;
    if (order.isEnded) return;
    const isLiving = event.status === 'new' || event.status === 'partially-filled';
    if (!order.isAcked) {
      known.markAcked(order);
      order.isCreating = false;
      // It answers the create, and nothing younger.
      teller.ack(order, order.createdUs > 0 ? order.createdUs : UNASKED, event.tsUs);
    } else if (isNew && isLiving) {
      teller.amended(order, UNASKED, event.tsUs);
    }
    if (isLiving) return;
    known.markEnded(order);
    teller.ended(order, statusOf(event), event.reason, UNASKED, event.tsUs);
  }

  fill(event: PrivateFillEvent): void {
    const { known, teller, tables } = this.#deps;
    const order = known.ofClientId(event.clientId, event.instrument, event.side);
    if (order === null) return;
    const instrument = tables.instruments[event.instrument];
    if (instrument !== undefined) known.learnVenueId(order, instrument.symbol, event.venueOrderId);
    teller.fill(order, event);
  }

  balance(event: PrivateBalanceEvent): void {
    const feeAsset = this.#deps.tables.assets.indexOf(event.asset);
    if (feeAsset < 0) return;
    const total = Number(event.total);
    const before = this.#wallets.get(event.asset);
    // What our orders hold did not change by this message: the free part moves with the whole.
    const free = event.free === null ? (before === undefined ? total : before.free + total - before.total) : Number(event.free);
    this.#wallets.set(event.asset, { total, free });
    this.#deps.teller.push({ kind: RecordKind.BALANCE, order: null, feeAsset, qtyLots: total, cumLots: free, tsUs: event.tsUs });
  }

  position(event: PrivatePositionEvent): void {
    if (event.instrument < 0) return;
    const { teller } = this.#deps;
    const terms = teller.terms(event.instrument);
    const [qtyLots, fillTicks] = [terms.lots(event.qty), terms.ticks(event.entryPrice)];
    teller.push({ kind: RecordKind.POSITION, order: null, instrument: event.instrument, qtyLots, fillTicks, tsUs: event.tsUs });
  }

  /** A payment on the account's position, told to each strategy by its share of it; the shares add up to the payment. */
  funding(event: PrivateFundingEvent): void {
    const { teller, tables, paidFundings, notice } = this.#deps;
    const feeAsset = tables.assets.indexOf(event.asset);
    if (event.instrument < 0 || feeAsset < 0) return;
    if (!teller.isNews(`funding ${event.instrument} ${event.id}`)) return;
    // The ledger knows shares by strategy; positions may differ since, but a payment that was shared out once is not shared out again.
    if (tables.strategies.some(({ index }) => paidFundings.has(shareIdOf(event.id, index)))) return;
    const amount = centsOf(event.amount);
    const shares = this.#shares(event.instrument, amount);
    if (shares.length === 0 && amount !== 0) notice(`a funding payment of ${event.amount} ${event.asset} on a position of no strategy`);
    for (const { strategy, part } of shares) {
      const tradeId = shareIdOf(event.id, strategy);
      teller.push({
        kind: RecordKind.FUNDING,
        order: null,
        instrument: event.instrument,
        strategy,
        fee: part,
        feeAsset,
        tradeId,
        tsUs: event.tsUs,
      });
    }
  }

  /**
   * A synchronous venue's rejection is the answer to the request, which comes by itself; without one under way, and at an asynchronous venue, this is the word.
   * There the request was answered with "taken" or will be: the order ends as cancelled, so that this answer finds an order that lived.
   */
  #rejected(order: KnownOrder, event: PrivateOrderEvent): void {
    const { known, teller, isAsynchronous } = this.#deps;
    if (order.isEnded || (!isAsynchronous && order.isCreating)) return;
    known.markEnded(order);
    order.isCreating = false;
    teller.ended(order, 'rejected', event.reason, UNASKED, event.tsUs);
  }

  #shares(instrument: number, amount: number): { readonly strategy: number; readonly part: number }[] {
    const { views, plan, tables } = this.#deps;
    const owners = tables.strategies.filter(({ instruments }) => instruments.includes(instrument));
    const held = owners.map(({ index }) => views.f64[(positionBase(plan, index + 1, instrument) + POSITION_NET_LOTS) >> 3] ?? 0);
    const net = held.reduce((sum, lots) => sum + lots, 0);
    if (owners.length === 0) return [];
    const last = owners.length - 1;
    let left = amount;
    return owners
      .map(({ index }, place) => {
        const part = place === last ? left : net === 0 ? 0 : Math.round((amount * (held[place] ?? 0)) / net);
        left -= part;
        return { strategy: index, part };
      })
      .filter(({ part }) => part !== 0);
  }
}

function shareIdOf(paymentId: string, strategy: number): number {
  return tradeIdOf(`${paymentId}/${strategy}`);
}

function statusOf({ status }: PrivateOrderEvent): VenueStatus {
  return status === 'new' || status === 'partially-filled' ? 'open' : status;
}
