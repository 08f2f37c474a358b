/** A record of the journal as an object with names: off the hot path, for folds, stores and exports. */
import {
  REC_CUM,
  REC_FEE,
  REC_FEE_ASSET,
  REC_FILL_PRICE,
  REC_FILL_QTY,
  REC_FLAGS,
  REC_GROUP,
  REC_INSTRUMENT,
  REC_KIND,
  REC_LEVEL,
  REC_ORDER_ID,
  REC_PNL_KIND,
  REC_PRICE,
  REC_QTY,
  REC_REASON,
  REC_SIDE,
  REC_STATE,
  REC_STRATEGY,
  REC_TIF,
  REC_TRADE_ID,
  REC_TS_US,
} from '../memory/record.js';
import type { RecoveredFill } from './recovered.js';

export interface JournalRecord {
  kind: number;
  side: number;
  flags: number;
  timeInForce: number;
  strategy: number;
  reason: number;
  instrument: number;
  level: number;
  orderId: number;
  priceTicks: number;
  qtyLots: number;
  cumLots: number;
  /** Of a fill; a level's free words. */
  fillTicks: number;
  fillLots: number;
  fee: number;
  feeAsset: number;
  group: number;
  state: number;
  pnlKind: number;
  tradeId: number;
  tsUs: number;
}

/** @param at byte offset of the record, a multiple of 8; both views share one buffer. */
export function readRecord(u8: Uint8Array, f64: Float64Array, at: number): JournalRecord {
  const u16 = (offset: number): number => u8[at + offset]! | (u8[at + offset + 1]! << 8);
  const u32 = (offset: number): number => (u16(offset) | (u16(offset + 2) << 16)) >>> 0;
  const double = (offset: number): number => f64[(at + offset) >> 3]!;
  return {
    kind: u8[at + REC_KIND]!,
    side: u8[at + REC_SIDE]!,
    flags: u8[at + REC_FLAGS]!,
    timeInForce: u8[at + REC_TIF]!,
    strategy: u16(REC_STRATEGY),
    reason: u16(REC_REASON),
    instrument: u32(REC_INSTRUMENT),
    level: u32(REC_LEVEL),
    orderId: double(REC_ORDER_ID),
    priceTicks: double(REC_PRICE),
    qtyLots: double(REC_QTY),
    cumLots: double(REC_CUM),
    fillTicks: double(REC_FILL_PRICE),
    fillLots: double(REC_FILL_QTY),
    fee: double(REC_FEE),
    feeAsset: u16(REC_FEE_ASSET),
    group: u16(REC_GROUP),
    state: u8[at + REC_STATE]!,
    pnlKind: u8[at + REC_PNL_KIND]!,
    tradeId: double(REC_TRADE_ID),
    tsUs: double(REC_TS_US),
  };
}

/** The fill that a FILL record tells of, as ledgers take it. */
export function fillOf(record: JournalRecord): RecoveredFill {
  return {
    orderId: record.orderId,
    strategy: record.strategy,
    instrument: record.instrument,
    level: record.level,
    side: record.side,
    flags: record.flags,
    pnlKind: record.pnlKind,
    fillTicks: record.fillTicks,
    fillLots: record.fillLots,
    fee: record.fee,
    feeAsset: record.feeAsset,
    tradeId: record.tradeId,
    tsUs: record.tsUs,
  };
}
