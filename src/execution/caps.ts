/**
 * What a venue's order entry can do, as data: batch sizes, kind of amend, rate budget, dead-man switch. Read by the planner and by gateways.
 * From the venues' documents as gathered in 2026-11; budgets are ours, below the venue's own limits, because other tools may use the same account.
 */

/** Requests: at once, sustained, and how much of the burst is kept for cancels and hedges. In any time T at most `burst + perSecond x T` leave. */
export interface Bucket {
  readonly burst: number;
  readonly perSecond: number;
  readonly cancelReserve: number;
}

/** The fields of `Bucket` here are the order budget over the venue's long window. */
export interface VenueCaps extends Bucket {
  /** Most items of one request; 1 = no batch. */
  readonly createBatch: number;
  readonly amendBatch: number;
  readonly cancelBatch: number;
  /** `native`: one request, the order keeps living. `cancel-create`: cancel, take its last fills, create what is left under a new id. */
  readonly amend: 'native' | 'cancel-create';
  /** A second bucket, where the venue counts a short window too. */
  readonly quick?: Bucket;
  /** The venue itself cancels everything when it hears nothing from us. */
  readonly deadMan: boolean;
}

const CAPS: Readonly<Record<string, VenueCaps>> = {
  // 100 orders in 10 s; no batch, and cancel-replace is two orders in one request without a look at fills between.
  'binance-spot': {
    createBatch: 1,
    amendBatch: 1,
    cancelBatch: 1,
    amend: 'cancel-create',
    burst: 40,
    perSecond: 6,
    cancelReserve: 8,
    deadMan: false,
  },
  // 300 in 10 s and 1200 a minute, shared by USD-M and COIN-M of one address: each gets half.
  'binance-usdm': {
    createBatch: 5,
    amendBatch: 5,
    cancelBatch: 10,
    amend: 'native',
    burst: 80,
    perSecond: 7,
    cancelReserve: 16,
    deadMan: true,
  },
  'binance-coinm': {
    createBatch: 5,
    amendBatch: 5,
    cancelBatch: 10,
    amend: 'native',
    burst: 80,
    perSecond: 7,
    cancelReserve: 16,
    deadMan: true,
  },
  // 10 creates and cancels a second for a symbol; 10 items a batch on spot, 20 elsewhere: the smaller holds for all.
  bybit: { createBatch: 10, amendBatch: 10, cancelBatch: 10, amend: 'native', burst: 50, perSecond: 10, cancelReserve: 10, deadMan: true },
  // 10 in a second, 120 a minute.
  bitmex: {
    createBatch: 1,
    amendBatch: 1,
    cancelBatch: 20,
    amend: 'native',
    burst: 40,
    perSecond: 1.3,
    cancelReserve: 8,
    quick: { burst: 8, perSecond: 2, cancelReserve: 2 },
    deadMan: true,
  },
  okx: { createBatch: 20, amendBatch: 20, cancelBatch: 20, amend: 'native', burst: 60, perSecond: 30, cancelReserve: 12, deadMan: true },
  htx: {
    createBatch: 10,
    amendBatch: 1,
    cancelBatch: 10,
    amend: 'cancel-create',
    burst: 80,
    perSecond: 40,
    cancelReserve: 16,
    deadMan: true,
  },
  bitfinex: {
    createBatch: 75,
    amendBatch: 75,
    cancelBatch: 75,
    amend: 'native',
    burst: 45,
    perSecond: 1.5,
    cancelReserve: 10,
    deadMan: true,
  },
  coinbase: {
    createBatch: 1,
    amendBatch: 1,
    cancelBatch: 100,
    amend: 'native',
    burst: 30,
    perSecond: 15,
    cancelReserve: 6,
    deadMan: false,
  },
  'coinbase-exchange': {
    createBatch: 1,
    amendBatch: 1,
    cancelBatch: 1,
    amend: 'cancel-create',
    burst: 15,
    perSecond: 7,
    cancelReserve: 3,
    deadMan: false,
  },
  bitstamp: {
    createBatch: 1,
    amendBatch: 1,
    cancelBatch: 1,
    amend: 'cancel-create',
    burst: 100,
    perSecond: 15,
    cancelReserve: 20,
    deadMan: false,
  },
};

/** A venue that nothing is known of: one at a time, slowly, by the amend that is safe everywhere. */
const CAUTIOUS: VenueCaps = {
  createBatch: 1,
  amendBatch: 1,
  cancelBatch: 1,
  amend: 'cancel-create',
  burst: 10,
  perSecond: 2,
  cancelReserve: 3,
  deadMan: false,
};

export function capsOf(venue: string): VenueCaps {
  return CAPS[venue] ?? CAUTIOUS;
}
