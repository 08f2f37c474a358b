/** Words of an order that all three Binance venues share. Called by their answers and events. */
import type { Order } from '../../exchange/contract.js';

const STATES: Readonly<Record<Order['state'], string>> = {
  new: 'NEW',
  'part-filled': 'PARTIALLY_FILLED',
  filled: 'FILLED',
  cancelled: 'CANCELED',
  rejected: 'REJECTED',
  expired: 'EXPIRED',
};

export function stateWord(order: Order): string {
  return order.state === 'expired' && order.endReason === 'self-trade' ? 'EXPIRED_IN_MATCH' : STATES[order.state];
}

export function typeWord(order: Order): string {
  return order.extra['type'] ?? (order.kind === 'market' ? 'MARKET' : 'LIMIT');
}

export function sideWord(order: { readonly side: Order['side'] }): 'BUY' | 'SELL' {
  return order.side === 'buy' ? 'BUY' : 'SELL';
}

export function timeInForceWord(order: Order): string {
  return order.extra['tif'] ?? order.timeInForce.toUpperCase();
}

export function selfTradeWord(order: Order): string {
  return order.extra['stp'] ?? 'NONE';
}

export function isOpen(order: Order): boolean {
  return order.state === 'new' || order.state === 'part-filled';
}
