/** Journal records through the run's money, against sums made by hand; and the marks that value what is open. */
import { describe, expect, it } from 'vitest';
import { BookWriter, type LevelSource } from '../../src/core/book/book-writer.js';
import { gridOf } from '../../src/core/book/grid.js';
import { BOOK_LIVE, BOOK_STALE } from '../../src/core/memory/book-layout.js';
import { bookBase } from '../../src/core/memory/layout.js';
import {
  PNL_GRID,
  REC_FEE,
  REC_FEE_ASSET,
  REC_FILL_PRICE,
  REC_FILL_QTY,
  REC_INSTRUMENT,
  REC_KIND,
  REC_ORDER_ID,
  REC_PNL_KIND,
  REC_SIDE,
  REC_STRATEGY,
  REC_TRADE_ID,
  RECORD_BYTES,
  RecordKind,
  SIDE_BUY,
  SIDE_SELL,
} from '../../src/core/memory/record.js';
import { viewsOf } from '../../src/core/memory/shared-memory.js';
import type { RunTables } from '../../src/core/orders/tables.js';
import { PaperAccount } from '../../src/execution/paper/account.js';
import { PAPER_DEFAULTS } from '../../src/execution/paper/options.js';
import type { Recovery } from '../../src/storage/recover.js';
import { MarketSink } from '../../src/workers/market-sink.js';
import { Money } from '../../src/workers/money.js';
import { ManualTime } from '../support/manual-host.js';
import { fillOf } from '../core/ledger/money-fixture.js';
import { instrument, memoryOf, FIRST_RUN } from './lane-fixture.js';

const SPOT = 0;
const PERP = 1;
const TABLES: RunTables = {
  run: 1,
  tag: 'test',
  mode: 'paper',
  simulated: false,
  venues: ['binance-spot', 'bybit'],
  assets: ['BTC', 'USDT'],
  instruments: [
    instrument('binance-spot:BTCUSDT', SPOT, { kind: 'spot', tickSize: '0.01', lotSize: '0.00001', feeAssetBuy: 'BTC' }),
    instrument('bybit:linear:BTCUSDT', PERP),
  ],
  strategies: [
    { index: 0, name: 'spot-grid', kind: 'grid', pnlKind: 'grid', instruments: [SPOT] },
    { index: 1, name: 'perp-grid', kind: 'grid', pnlKind: 'grid', instruments: [PERP] },
  ],
};
const BTC = 0;
const USDT = 1;

interface FillBrief {
  readonly strategy: number;
  readonly instrument: number;
  readonly side: number;
  readonly ticks: number;
  readonly lots: number;
  /** 1e-8 of the asset. */
  readonly fee: number;
  readonly feeAsset: number;
}

class World {
  readonly memory = memoryOf(TABLES);
  readonly accounts = TABLES.venues.map((venue) => new PaperAccount(TABLES, venue, PAPER_DEFAULTS));
  readonly money: Money;
  readonly sink: MarketSink;
  #trades = 0;

  constructor(recovered: Recovery = FIRST_RUN) {
    const { views, plan } = this.memory;
    this.money = new Money(views, plan, TABLES, recovered, this.accounts);
    this.sink = new MarketSink(views, plan, { lane: 0, feedLane: 0 }, new ManualTime(), []);
  }

  /** To the venue's account, and, through a record, to the ledger. */
  trade(fill: FillBrief, { isJournaled = true } = {}): void {
    const { side, ticks, lots, fee } = fill;
    const account = this.accounts[TABLES.venues.indexOf(TABLES.instruments[fill.instrument]?.venue ?? '')];
    account?.apply({ instrument: fill.instrument, side, ticks, lots, fee, feeAsset: TABLES.assets[fill.feeAsset] ?? '' });
    if (isJournaled) this.record(RecordKind.FILL, { ...fill, tradeId: ++this.#trades });
  }

  record(kind: number, fields: FillBrief & { readonly tradeId: number }): void {
    const views = viewsOf(new SharedArrayBuffer(RECORD_BYTES * 2));
    const at = RECORD_BYTES;
    views.u8[at + REC_KIND] = kind;
    views.u8[at + REC_SIDE] = fields.side;
    views.u8[at + REC_PNL_KIND] = PNL_GRID;
    views.u16[(at + REC_STRATEGY) >> 1] = fields.strategy;
    views.u32[(at + REC_INSTRUMENT) >> 2] = fields.instrument;
    views.f64[(at + REC_ORDER_ID) >> 3] = fields.tradeId * 7;
    views.f64[(at + REC_FILL_PRICE) >> 3] = fields.ticks;
    views.f64[(at + REC_FILL_QTY) >> 3] = fields.lots;
    views.f64[(at + REC_FEE) >> 3] = fields.fee;
    views.u16[(at + REC_FEE_ASSET) >> 1] = fields.feeAsset;
    views.f64[(at + REC_TRADE_ID) >> 3] = fields.tradeId;
    this.money.onRecord(views.u8, views.f64, at);
  }

  mark(ticks: number): void {
    this.sink.mark(PERP, { markTicks: ticks, indexTicks: Number.NaN, fundingRate: Number.NaN, nextFundingUs: Number.NaN, recvUs: 1 });
  }
}

const SPOT_BUY: FillBrief = { strategy: 0, instrument: SPOT, side: SIDE_BUY, ticks: 6_000_000, lots: 1_000, fee: 1_000, feeAsset: BTC };
const SPOT_SELL: FillBrief = {
  strategy: 0,
  instrument: SPOT,
  side: SIDE_SELL,
  ticks: 6_010_000,
  lots: 1_000,
  fee: 50_000_000,
  feeAsset: USDT,
};
const PERP_BUY: FillBrief = { strategy: 1, instrument: PERP, side: SIDE_BUY, ticks: 600_000, lots: 100, fee: 120_000_000, feeAsset: USDT };

function level(price: number): LevelSource {
  return {
    count: 1,
    price: Float64Array.of(price),
    qty: Float64Array.of(5),
    priceDecimals: Uint8Array.of(1),
    qtyDecimals: Uint8Array.of(3),
  };
}

function text(row: object | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row ?? {}).filter(([, value]) => value !== '0'));
}

describe('Money', () => {
  it('a round trip on spot: 0.01 BTC bought at 60,000 and sold at 60,100', () => {
    const world = new World();
    world.trade(SPOT_BUY);
    world.trade(SPOT_SELL);
    world.money.onBatchEnd();
    const [btc, usdt] = world.money.pnl(null);
    expect(text(btc)).toEqual({ asset: 'BTC', fees: '-0.00001', equityChange: '-0.00001' });
    expect(text(usdt)).toEqual({ asset: 'USDT', grid: '1', fees: '-0.5', equityChange: '0.5' });
    expect([btc?.unexplained, btc?.residual, usdt?.unexplained, usdt?.residual]).toEqual(['0', '0', '0', '0']);
    expect(world.money.strategyPnl()).toEqual([
      { strategy: 'spot-grid', asset: 'BTC', matched: '0', trend: '0', fees: '-0.00001', funding: '0' },
      { strategy: 'spot-grid', asset: 'USDT', matched: '1', trend: '0', fees: '-0.5', funding: '0' },
    ]);
  });

  it('an open contract is worth its mark: 0.1 BTC from 60,000 to 60,123.4', () => {
    const world = new World();
    world.trade(PERP_BUY);
    world.mark(601_234);
    expect(text(world.money.pnl(null)[0])).toEqual({ asset: 'USDT', trend: '12.34', fees: '-1.2', equityChange: '11.14' });
    world.mark(599_000);
    expect(text(world.money.pnl(null)[0])).toEqual({ asset: 'USDT', trend: '-10', fees: '-1.2', equityChange: '-11.2' });
  });

  it('without a mark a contract is worth the middle of its live book, and the last one when the book is gone', () => {
    const world = new World();
    const { views, plan } = world.memory;
    world.trade(PERP_BUY);
    const grid = gridOf('0.1', '0.001');
    const book = new BookWriter(views, bookBase(plan, PERP), grid);
    const publish = (bid: number, ask: number, state: number): void => {
      book.begin();
      book.clear();
      book.change(level(bid), level(ask));
      book.publish(state, 1, 1, 1);
    };
    publish(600_999, 601_002, BOOK_LIVE);
    expect(world.money.pnl(null)[0]?.trend).toBe('10.005');
    publish(700_000, 700_001, BOOK_STALE);
    expect(world.money.pnl(null)[0]?.trend).toBe('10.005');
    world.mark(600_100);
    expect(world.money.pnl(null)[0]?.trend).toBe('1');
  });

  it('one reading of the marks does not change under the reader', () => {
    const world = new World();
    world.mark(600_000);
    const marks = world.money.marks();
    world.mark(700_000);
    expect(marks(PERP)).toBe(600_000_000_000n);
    expect(world.money.marks()(PERP)).toBe(700_000_000_000n);
    expect(marks(SPOT)).toBeNull();
  });

  it('funding is booked to its strategy, a record seen twice is counted once, other kinds are not money', () => {
    const world = new World();
    const paid = { ...PERP_BUY, fee: -25_000_000, tradeId: 99 };
    world.record(RecordKind.FUNDING, paid);
    world.record(RecordKind.FUNDING, paid);
    world.record(RecordKind.ACK, { ...PERP_BUY, tradeId: 5 });
    world.record(RecordKind.LEVEL, { ...PERP_BUY, tradeId: 6 });
    world.record(RecordKind.FILL, { ...PERP_BUY, fee: 0, tradeId: 7 });
    world.record(RecordKind.FILL, { ...PERP_BUY, fee: 0, tradeId: 7 });
    world.mark(600_010);
    expect(text(world.money.pnl(null)[0])).toMatchObject({ funding: '-0.25', trend: '0.1', equityChange: '-0.15' });
    expect(world.money.strategyPnl()).toMatchObject([{ strategy: 'perp-grid', funding: '-0.25', trend: '0.1' }]);
  });

  it('while trading, what the venue knows and the journal does not is left out of the comparison; at the end it is not', () => {
    const world = new World();
    world.mark(600_000);
    world.trade(PERP_BUY);
    world.trade(PERP_BUY, { isJournaled: false });
    expect(world.money.pnlSoFar()[0]?.residual).toBe('0');
    // The second fill's fee of 1.2 is missing in the ledger.
    expect(world.money.pnl(null)[0]?.residual).toBe('-1.2');
  });

  it('earlier runs are in the position and not in the profit of this one', () => {
    const earlier = {
      ...fillOf({ instrument: 0, side: SIDE_BUY, ticks: 1, lots: 1 }),
      instrument: PERP,
      strategy: 1,
      fillTicks: 600_000,
      fillLots: 100,
    };
    const world = new World({ ...FIRST_RUN, runs: 1, fills: [{ ...earlier, feeAsset: USDT, fee: 0 }] });
    expect(world.money.pnl(null).map((row) => row.equityChange)).toEqual([]);
    world.mark(600_100);
    expect(world.money.pnl(null)[0]).toMatchObject({ trend: '1', equityChange: '1', unexplained: '0' });
  });
});
