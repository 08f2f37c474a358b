/**
 * One record layout for every ring and slot that speaks of orders: intents, requests, outcomes, order events, journal entries, order slots.
 * One layout means that a journal entry is a copy, and that a reader of one ring can read them all; the price is 128 bytes where 64 would carry some kinds.
 *
 *   byte  0  kind          u8    RecordKind
 *         1  side          u8    SIDE_BUY, SIDE_SELL
 *         2  flags         u8    FLAG_*
 *         3  timeInForce   u8    TIF_*
 *         4  strategy      u16   index in the run's strategy table
 *         6  reason        u16   Reason (core/orders/reasons.ts)
 *         8  instrument    u32   index in the run's instrument table
 *        12  level         u32   the strategy's own name for the order: one live order per (strategy, level)
 *        16  orderId       f64   our internal id (core/numbers/ids.ts)
 *        24  priceTicks    f64
 *        32  qtyLots       f64   whole quantity of the order
 *        40  cumLots       f64   filled so far
 *        48  fillTicks     f64   this fill's price
 *        56  fillLots      f64   this fill's quantity
 *        64  fee           f64   this fill's fee in 1e-8 of the fee asset; negative is a rebate
 *        72  feeAsset      u16   index in the run's asset table
 *        74  group         u16   legs of one decision share it; 0 = alone
 *        76  groupLegs     u8    how many legs the group has
 *        77  state         u8    OrderState (slots), level state (level records)
 *        78  pnlKind       u8    PNL_*
 *        79  gateway       u8    index of the venue's gateway
 *        80  tradeId       f64   the venue's trade id (or a 53-bit hash of its text): with (venue, account) the key of a fill
 *        88  causeUs       f64   monotonic receive time of the frame that caused the decision, 0 when none did
 *        96  decidedUs     f64   monotonic time when the record before it in the chain was made
 *       104  tsUs          f64   wall time in microseconds
 *       112  journalSeq    f64   position in its producer's journal ring (see JournalCursor)
 *       120  producer      u16   which journal ring
 *       122  clientSeq     u16   strategy's echo word, returned in events
 *       124  sequence      i32   seqlock of slots; unused in rings
 */
export const RECORD_BYTES = 128;
export const REC_KIND = 0;
export const REC_SIDE = 1;
export const REC_FLAGS = 2;
export const REC_TIF = 3;
export const REC_STRATEGY = 4;
export const REC_REASON = 6;
export const REC_INSTRUMENT = 8;
export const REC_LEVEL = 12;
export const REC_ORDER_ID = 16;
export const REC_PRICE = 24;
export const REC_QTY = 32;
export const REC_CUM = 40;
export const REC_FILL_PRICE = 48;
export const REC_FILL_QTY = 56;
export const REC_FEE = 64;
export const REC_FEE_ASSET = 72;
export const REC_GROUP = 74;
export const REC_GROUP_LEGS = 76;
export const REC_STATE = 77;
export const REC_PNL_KIND = 78;
export const REC_GATEWAY = 79;
export const REC_TRADE_ID = 80;
export const REC_CAUSE_US = 88;
export const REC_DECIDED_US = 96;
export const REC_TS_US = 104;
export const REC_JOURNAL_SEQ = 112;
export const REC_PRODUCER = 120;
export const REC_CLIENT_SEQ = 122;
export const REC_SEQUENCE = 124;

export const SIDE_BUY = 0;
export const SIDE_SELL = 1;

export const FLAG_POST_ONLY = 1;
export const FLAG_REDUCE_ONLY = 2;
/** On a fill: ours was the resting order. */
export const FLAG_MAKER = 4;
/** On an order: adopted from the journal or the venue at start. */
export const FLAG_ADOPTED = 8;
/** A leg that closes naked exposure: planned before everything but risk cancels, and exempt from limits that would keep the exposure open. */
export const FLAG_HEDGE = 16;

export const TIF_GTC = 0;
export const TIF_IOC = 1;
export const TIF_FOK = 2;

export const PNL_GRID = 0;
export const PNL_ARB = 1;
export const PNL_OTHER = 2;

/** Kinds share one number space, so that a journal can hold them all. Values are written to disk: never reuse one. */
export const RecordKind = {
  // strategy -> executor
  INTENT_PLACE: 1,
  INTENT_AMEND: 2,
  INTENT_CANCEL: 3,
  /** Every live order of the strategy (`level` is ignored). */
  INTENT_CANCEL_ALL: 4,
  // executor -> gateway, journaled before the send
  CREATE: 11,
  AMEND: 12,
  CANCEL: 13,
  /** Ask the venue by client order id; answered by ACK, FILL*, CANCELLED or NOT_FOUND. */
  QUERY: 14,
  /** Ask the venue for all our open orders; answered by LISTED*, LIST_END, together and in order. `orderId` is 0. */
  LIST: 15,
  /** Ask the venue for all our fills since wall time REC_TS_US; answered by FILL*, FILLS_END. `orderId` is 0. */
  FILLS: 16,
  /** Ask for wallets and positions; answered by BALANCE*, POSITION*, POSITIONS_END. `orderId` is 0. */
  POSITIONS: 17,
  // gateway -> executor -> strategy
  ACK: 21,
  REJECT: 22,
  AMENDED: 23,
  AMEND_REJECT: 24,
  CANCELLED: 25,
  CANCEL_REJECT: 26,
  FILL: 27,
  /** No answer came in time: the outcome must be asked for. */
  UNKNOWN: 28,
  /** Ended by its own time in force. */
  EXPIRED: 29,
  /** The venue does not know the id: a created order never reached it. */
  NOT_FOUND: 30,
  /** Amount in REC_FEE (1e-8 of REC_FEE_ASSET), negative when paid. */
  FUNDING: 31,
  /** A venue's wallet at start: REC_FEE_ASSET = asset, REC_QTY = total and REC_CUM = free, in units as floats. */
  BALANCE: 32,
  /** One open order of a LIST, with price, quantity and filled quantity; orderId 0 is somebody else's order. */
  LISTED: 33,
  LIST_END: 34,
  /** The private stream or the connection is lost: no new orders there until GATEWAY_UP and a reconciliation. */
  GATEWAY_DOWN: 35,
  GATEWAY_UP: 36,
  /** All fills of a FILLS request were told; REC_TS_US is the time up to which the venue's list is complete. */
  FILLS_END: 37,
  /** The venue's position: REC_INSTRUMENT, REC_QTY = signed lots, REC_FILL_PRICE = entry price in ticks (a fraction), REC_FEE = leverage, 0 when unknown. */
  POSITION: 38,
  POSITIONS_END: 39,
  // executor -> strategy
  /** Refused before the send (risk, state, syntax); nothing left the engine. */
  DENIED: 40,
  // journal only
  /** A strategy's level changed: state, price, quantity, filled. */
  LEVEL: 60,
  /** A strategy saw an opportunity and did not take it. */
  REFUSED: 61,
  /** An opportunity taken: `group` names its legs. */
  TAKEN: 62,
  /** Audit: trading state or halt changed. Of a loss limit: REC_STATE = the new trading state, REC_FEE = the loss in 1e-8 of REC_FEE_ASSET. */
  HALT: 63,
  /** Audit: reconciliation put our picture right; `reason` says what was found. */
  REPAIR: 64,
  /** From where a loss limit (`reason`) counts: REC_FEE = the result of this strategy on this instrument then, in 1e-8 of its settle asset; REC_STATE 1 = reached. */
  LOSS_MARK: 65,
} as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];
