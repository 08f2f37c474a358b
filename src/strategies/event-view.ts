/** What a strategy is told of its orders and of trades: one object of each kind, filled again for every event. Read by StrategyRunner on the hot lane. */
import { TAPE_PRICE, TAPE_QTY, TAPE_RECV_US, TAPE_SIDE } from '../core/memory/layout.js';
import {
  REC_CUM,
  REC_FILL_PRICE,
  REC_FILL_QTY,
  REC_FLAGS,
  REC_GROUP,
  REC_KIND,
  REC_LEVEL,
  REC_ORDER_ID,
  REC_PRICE,
  REC_QTY,
  REC_REASON,
  REC_SIDE,
  REC_TS_US,
} from '../core/memory/record.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { OrderEvent, TradeView } from '../core/ports/strategy.js';

export class EventView implements OrderEvent {
  kind = 0;
  level = 0;
  slot = 0;
  side = 0;
  orderId = 0;
  reason = 0;
  priceTicks = 0;
  qtyLots = 0;
  cumLots = 0;
  fillTicks = 0;
  fillLots = 0;
  flags = 0;
  group = 0;
  tsUs = 0;

  /** @param at byte of the record @param slot of its instrument among the strategy's */
  read({ u8, u16, u32, f64 }: SharedViews, at: number, slot: number): void {
    this.kind = u8[at + REC_KIND]!;
    this.level = u32[(at + REC_LEVEL) >> 2]!;
    this.slot = slot;
    this.side = u8[at + REC_SIDE]!;
    this.orderId = f64[(at + REC_ORDER_ID) >> 3]!;
    this.reason = u16[(at + REC_REASON) >> 1]!;
    this.priceTicks = f64[(at + REC_PRICE) >> 3]!;
    this.qtyLots = f64[(at + REC_QTY) >> 3]!;
    this.cumLots = f64[(at + REC_CUM) >> 3]!;
    this.fillTicks = f64[(at + REC_FILL_PRICE) >> 3]!;
    this.fillLots = f64[(at + REC_FILL_QTY) >> 3]!;
    this.flags = u8[at + REC_FLAGS]!;
    this.group = u16[(at + REC_GROUP) >> 1]!;
    this.tsUs = f64[(at + REC_TS_US) >> 3]!;
  }
}

export class TapeView implements TradeView {
  priceTicks = 0;
  qtyLots = 0;
  side = 0;
  recvUs = 0;

  read({ u8, f64 }: SharedViews, at: number): void {
    this.priceTicks = f64[(at + TAPE_PRICE) >> 3]!;
    this.qtyLots = f64[(at + TAPE_QTY) >> 3]!;
    this.side = u8[at + TAPE_SIDE]!;
    this.recvUs = f64[(at + TAPE_RECV_US) >> 3]!;
  }
}
