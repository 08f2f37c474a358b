/** Requests read from, and outcomes written to, the 128-byte records of the rings (core/memory/record.ts). Called by the paper gateway. */
import {
  RECORD_BYTES,
  REC_CAUSE_US,
  REC_CLIENT_SEQ,
  REC_CUM,
  REC_DECIDED_US,
  REC_FEE,
  REC_FEE_ASSET,
  REC_FILL_PRICE,
  REC_FILL_QTY,
  REC_FLAGS,
  REC_GATEWAY,
  REC_GROUP,
  REC_GROUP_LEGS,
  REC_INSTRUMENT,
  REC_KIND,
  REC_LEVEL,
  REC_ORDER_ID,
  REC_PNL_KIND,
  REC_PRICE,
  REC_QTY,
  REC_REASON,
  REC_SIDE,
  REC_STRATEGY,
  REC_TIF,
  REC_TRADE_ID,
  REC_TS_US,
  RecordKind,
} from '../../core/memory/record.js';
import type { SharedViews } from '../../core/memory/shared-memory.js';
import type { PaperRequest } from './order.js';
import { outcomeFlags, type PaperOutcome } from './venue.js';

export function readRequest(views: SharedViews, offset: number): PaperRequest {
  const { u8, u16, u32, f64 } = views;
  const half = offset >> 1;
  const words = offset >> 3;
  return {
    kind: u8[offset + REC_KIND] ?? 0,
    orderId: f64[words + (REC_ORDER_ID >> 3)] ?? 0,
    strategy: u16[half + (REC_STRATEGY >> 1)] ?? 0,
    instrument: u32[(offset + REC_INSTRUMENT) >> 2] ?? 0,
    level: u32[(offset + REC_LEVEL) >> 2] ?? 0,
    side: u8[offset + REC_SIDE] ?? 0,
    flags: u8[offset + REC_FLAGS] ?? 0,
    timeInForce: u8[offset + REC_TIF] ?? 0,
    priceTicks: f64[words + (REC_PRICE >> 3)] ?? 0,
    qtyLots: f64[words + (REC_QTY >> 3)] ?? 0,
    pnlKind: u8[offset + REC_PNL_KIND] ?? 0,
    group: u16[half + (REC_GROUP >> 1)] ?? 0,
    groupLegs: u8[offset + REC_GROUP_LEGS] ?? 0,
    clientSeq: u16[half + (REC_CLIENT_SEQ >> 1)] ?? 0,
    causeUs: f64[words + (REC_CAUSE_US >> 3)] ?? 0,
    decidedUs: f64[words + (REC_DECIDED_US >> 3)] ?? 0,
    tsUs: f64[words + (REC_TS_US >> 3)] ?? 0,
  };
}

/** @param feeAsset index of the fill's fee asset, of the funding's asset or of the wallet's, in the run's table */
export function writeOutcome(views: SharedViews, offset: number, outcome: PaperOutcome, gateway: number, feeAsset: number): void {
  const { u8, u16, u32, f64 } = views;
  const half = offset >> 1;
  const words = offset >> 3;
  const about = outcome.order ?? outcome.request;
  u8.fill(0, offset, offset + RECORD_BYTES);
  u8[offset + REC_KIND] = outcome.kind;
  u16[half + (REC_REASON >> 1)] = outcome.reason;
  u8[offset + REC_GATEWAY] = gateway;
  f64[words + (REC_TS_US >> 3)] = outcome.tsUs;
  f64[words + (REC_PRICE >> 3)] = outcome.priceTicks;
  f64[words + (REC_QTY >> 3)] = outcome.qtyLots;
  f64[words + (REC_CUM >> 3)] = outcome.cumLots;
  if (outcome.request !== null) f64[words + (REC_DECIDED_US >> 3)] = outcome.request.decidedUs;
  if (about !== null) {
    u8[offset + REC_SIDE] = about.side;
    u8[offset + REC_FLAGS] = outcomeFlags(outcome);
    u8[offset + REC_TIF] = about.timeInForce;
    u16[half + (REC_STRATEGY >> 1)] = about.strategy;
    u32[(offset + REC_INSTRUMENT) >> 2] = about.instrument;
    u32[(offset + REC_LEVEL) >> 2] = about.level;
    f64[words + (REC_ORDER_ID >> 3)] = about.orderId;
    u16[half + (REC_GROUP >> 1)] = about.group;
    u8[offset + REC_GROUP_LEGS] = about.groupLegs;
    u8[offset + REC_PNL_KIND] = about.pnlKind;
    u16[half + (REC_CLIENT_SEQ >> 1)] = about.clientSeq;
    f64[words + (REC_CAUSE_US >> 3)] = about.causeUs;
  }
  const { fill, funding, reading } = outcome;
  if (reading !== null && 'lots' in reading) {
    u32[(offset + REC_INSTRUMENT) >> 2] = reading.instrument;
    f64[words + (REC_QTY >> 3)] = reading.lots;
  } else if (reading !== null) {
    u16[half + (REC_FEE_ASSET >> 1)] = feeAsset;
    f64[words + (REC_QTY >> 3)] = reading.total;
    f64[words + (REC_CUM >> 3)] = reading.free;
  }
  if (funding !== null) {
    u16[half + (REC_STRATEGY >> 1)] = funding.strategy;
    u32[(offset + REC_INSTRUMENT) >> 2] = funding.instrument;
    f64[words + (REC_FEE >> 3)] = funding.amount;
    u16[half + (REC_FEE_ASSET >> 1)] = feeAsset;
    f64[words + (REC_TRADE_ID >> 3)] = funding.id;
  }
  if (fill === null) return;
  f64[words + (REC_FILL_PRICE >> 3)] = fill.ticks;
  f64[words + (REC_FILL_QTY >> 3)] = fill.lots;
  f64[words + (REC_FEE >> 3)] = fill.fee;
  u16[half + (REC_FEE_ASSET >> 1)] = feeAsset;
  f64[words + (REC_TRADE_ID >> 3)] = fill.tradeId;
}

/** A wallet as the venue tells it: asset, total and free units as floats. */
export function writeBalance(
  views: SharedViews,
  offset: number,
  balance: { readonly asset: number; readonly total: number; readonly free: number; readonly gateway: number; readonly tsUs: number },
): void {
  const words = offset >> 3;
  views.u8.fill(0, offset, offset + RECORD_BYTES);
  views.u8[offset + REC_KIND] = RecordKind.BALANCE;
  views.u8[offset + REC_GATEWAY] = balance.gateway;
  views.u16[(offset + REC_FEE_ASSET) >> 1] = balance.asset;
  views.f64[words + (REC_QTY >> 3)] = balance.total;
  views.f64[words + (REC_CUM >> 3)] = balance.free;
  views.f64[words + (REC_TS_US >> 3)] = balance.tsUs;
}
