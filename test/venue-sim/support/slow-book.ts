/** A matching engine written for being read: one array of orders, sorted anew for every question. The judge of the real one. */
import type { NewOrder } from '../../../src/venue-sim/engine/matching-engine.js';
import type { Side } from '../../../src/venue-sim/engine/book-side.js';

interface SlowOrder {
  readonly id: number;
  readonly side: Side;
  readonly ticks: number;
  lots: number;
}

export interface SlowTrade {
  readonly ticks: number;
  readonly lots: number;
  readonly makerOrderId: number;
  readonly takerOrderId: number;
}

export class SlowBook {
  orders: SlowOrder[] = [];
  readonly trades: SlowTrade[] = [];
  #nextId = 1;

  submit(order: NewOrder): { filledLots: number; restingLots: number; orderId: number } {
    const orderId = this.#nextId++;
    const refused = { filledLots: 0, restingLots: 0, orderId };
    const makers = this.orders
      .filter((maker) => maker.side !== order.side)
      .filter((maker) => order.ticks === null || (order.side === 'buy' ? maker.ticks <= order.ticks : maker.ticks >= order.ticks))
      .sort((a, b) => (order.side === 'buy' ? a.ticks - b.ticks : b.ticks - a.ticks) || a.id - b.id);
    if (order.postOnly === true && makers.length > 0) return refused;
    const available = makers.reduce((sum, maker) => sum + maker.lots, 0);
    if (order.timeInForce === 'fok' && available < order.lots) return refused;
    let left = order.lots;
    for (const maker of makers) {
      if (left === 0) break;
      const lots = Math.min(left, maker.lots);
      maker.lots -= lots;
      left -= lots;
      this.trades.push({ ticks: maker.ticks, lots, makerOrderId: maker.id, takerOrderId: orderId });
    }
    this.orders = this.orders.filter((maker) => maker.lots > 0);
    const rests = left > 0 && order.ticks !== null && order.timeInForce === 'gtc';
    if (rests) this.orders.push({ id: orderId, side: order.side, ticks: order.ticks ?? 0, lots: left });
    return { filledLots: order.lots - left, restingLots: rests ? left : 0, orderId };
  }

  cancel(orderId: number): number {
    const lots = this.orders.find((order) => order.id === orderId)?.lots ?? 0;
    this.orders = this.orders.filter((order) => order.id !== orderId);
    return lots;
  }

  reduce(orderId: number, lots: number): boolean {
    const order = this.orders.find((candidate) => candidate.id === orderId);
    if (order === undefined || lots <= 0 || lots >= order.lots) return false;
    order.lots = lots;
    return true;
  }

  /** Best first. */
  depth(side: Side): [ticks: number, lots: number][] {
    const levels = new Map<number, number>();
    for (const order of this.orders) if (order.side === side) levels.set(order.ticks, (levels.get(order.ticks) ?? 0) + order.lots);
    return [...levels].sort((a, b) => (side === 'buy' ? b[0] - a[0] : a[0] - b[0]));
  }

  lotsAhead(orderId: number): number {
    const order = this.orders.find((candidate) => candidate.id === orderId);
    if (order === undefined) return -1;
    return this.orders
      .filter((other) => other.side === order.side && other.ticks === order.ticks && other.id < orderId)
      .reduce((sum, other) => sum + other.lots, 0);
  }
}
