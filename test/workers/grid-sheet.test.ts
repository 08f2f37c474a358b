/**
 * A grid through everything that is between its decision and the money: strategy, executor, journal, paper venue, ledger, all as a run builds them, on a market that
 * goes where the test says. What comes out is what a person with pencil and paper gets, to the last digit.
 */
import { describe, expect, it } from 'vitest';
import { BookWriter, type LevelSource } from '../../src/core/book/book-writer.js';
import { gridOf } from '../../src/core/book/grid.js';
import { BOOK_LIVE } from '../../src/core/memory/book-layout.js';
import { bookBase, CONTROL_RUN, RUN_TRADING } from '../../src/core/memory/layout.js';
import { REC_FILL_PRICE, REC_KIND, REC_SIDE, RECORD_BYTES, RecordKind, SIDE_BUY } from '../../src/core/memory/record.js';
import { SpscRing } from '../../src/core/memory/spsc-ring.js';
import type { Instrument } from '../../src/core/orders/instrument.js';
import type { RunTables } from '../../src/core/orders/tables.js';
import { PaperGateway } from '../../src/execution/gateways/paper.js';
import { PAPER_DEFAULTS } from '../../src/execution/paper/options.js';
import grid from '../../src/strategies/grid.js';
import { checkParams } from '../../src/strategies/params.js';
import { buildHotLane } from '../../src/workers/hot-lane.js';
import { PRODUCER_HOT } from '../../src/workers/lanes.js';
import { MarketSink } from '../../src/workers/market-sink.js';
import { Money } from '../../src/workers/money.js';
import { SeededRandom } from '../../src/workers/random.js';
import { entry, instrument, laneData, memoryOf, FIRST_RUN } from './lane-fixture.js';

const TURN_US = 5_000;
/** Time that the grid and the venue have after each move of the market. */
const TURNS = 400;

class Clock {
  now = 1_000_000;
  nowUs(): number {
    return this.now;
  }
  wallUs(): number {
    return this.now;
  }
  wallAt(nowUs: number): number {
    return nowUs;
  }
}

/** One deep level a tick away from the middle. */
function sideOf({ tickSize, lotSize }: Instrument, ticks: number): LevelSource {
  const { priceUnit, priceScale, lotUnit, lotScale } = gridOf(tickSize, lotSize);
  return {
    count: 1,
    price: Float64Array.of(ticks * priceUnit),
    qty: Float64Array.of(1_000_000 * lotUnit),
    priceDecimals: Uint8Array.of(priceScale),
    qtyDecimals: Uint8Array.of(lotScale),
  };
}

/** The fills, as the journal has them, and the rows of the summary after the market stood at each of the prices. */
function trade(traded: Instrument, params: Readonly<Record<string, string | number>>, prices: readonly number[]) {
  const tables: RunTables = {
    run: 1,
    tag: 'test',
    mode: 'paper',
    simulated: false,
    venues: [traded.venue],
    assets: ['USDT', 'BTC', 'USD'],
    instruments: [traded],
    strategies: [{ index: 0, name: 'sheet', kind: 'grid', pnlKind: 'grid', instruments: [0] }],
  };
  const memory = memoryOf(tables);
  const { views, plan } = memory;
  const clock = new Clock();
  const data = laneData(memory, { tables, entries: [entry('sheet', 'grid', [traded.id])] });
  const told: unknown[] = [];
  const strategies = [{ index: 0, definition: grid, params: checkParams('sheet', grid, params) }];
  const tellers = { note: () => undefined, error: (_: string, error: unknown) => told.push(error) };
  views.i32[(plan.control + CONTROL_RUN) >> 2] = RUN_TRADING;
  const lane = buildHotLane(data, strategies, clock, tellers, { onDrained: () => undefined, ringService: () => undefined });
  const gateway = new PaperGateway({
    views,
    plan,
    tables,
    venueIndex: 0,
    lane: 0,
    durability: 'none',
    options: { ...PAPER_DEFAULTS, orderLatencyMs: 5, answerLatencyMs: 5 },
    random: new SeededRandom(1),
    recovered: FIRST_RUN,
    nowUs: () => clock.now,
    wallUs: (at) => at,
    wakeExecutor: () => undefined,
  });
  const money = new Money(views, plan, tables, FIRST_RUN, [gateway.account]);
  const journal = new SpscRing(views, plan.journals + plan.journalStride * PRODUCER_HOT, RECORD_BYTES, plan.counts.journalRecords);
  const market = new MarketSink(views, plan, { lane: 0, feedLane: 0 }, clock, []);
  const book = new BookWriter(views, bookBase(plan, 0), gridOf(traded.tickSize, traded.lotSize));
  const fills: string[] = [];
  for (const [sequence, price] of prices.entries()) {
    const ticks = Math.round(price / Number(traded.tickSize));
    for (let turn = 0; turn < TURNS; turn++) {
      clock.now += TURN_US;
      if (turn % 20 === 0) {
        book.begin();
        book.clear();
        book.change(sideOf(traded, ticks - 1), sideOf(traded, ticks + 1));
        book.publish(BOOK_LIVE, sequence * TURNS + turn, clock.now, clock.now);
        market.bookChanged(0, clock.now);
      }
      for (const role of [...lane.roles, gateway]) role.step(clock.now, 64);
      for (let at = journal.front(); at >= 0; at = journal.front()) {
        money.onRecord(views.u8, views.f64, at);
        if (views.u8[at + REC_KIND] === RecordKind.FILL) {
          const side = views.u8[at + REC_SIDE] === SIDE_BUY ? 'buy' : 'sell';
          fills.push(`${side} ${views.f64[(at + REC_FILL_PRICE) >> 3]! * Number(traded.tickSize)}`);
        }
        journal.release();
      }
    }
  }
  expect(told).toEqual([]);
  return { fills, rows: money.pnl(null) };
}

/** Down one level and back, down two and up through the three above. */
const PRICES = [60_000, 59_880, 60_020, 59_780, 60_120, 60_050];
const FILLS = ['buy 59900', 'sell 60000', 'buy 59900', 'buy 59800', 'sell 59900', 'sell 60000', 'sell 60100'];
const NONE = { arb: '0', other: '0', funding: '0', conversion: '0', unexplained: '0', residual: '0' };

describe('a grid and its hand-computed sheet', () => {
  it('agree to the last digit on a linear contract, through strategy, executor, paper venue and ledger', () => {
    const { fills, rows } = trade(instrument('binance-usdm:BTCUSDT', 0), { step: '100', count: 3, size: '0.01' }, PRICES);
    expect(fills).toEqual(FILLS);
    // 0.01 a level: three round trips of 100 earn 1 each. 0.01 sold at 60,100 is open, at 60,050: 0.5. Fees: 0.02 % of (59,900 x 3 + 60,000 x 2 + 59,800 + 60,100) x 0.01.
    expect(rows).toEqual([{ asset: 'USDT', ...NONE, grid: '3', trend: '0.5', fees: '-0.8392', rounding: '0', equityChange: '2.6608' }]);
  });

  it('agree to the last digit on an inverse contract, with profit in coin and the rounding of each execution', () => {
    const inverse = {
      kind: 'inverse',
      quote: 'USD',
      settle: 'BTC',
      lotSize: '1',
      multiplier: '100',
      minQty: '1',
      minNotional: '0',
    } as const;
    const fees = { feeAssetBuy: 'BTC', feeAssetSell: 'BTC' } as const;
    const traded = instrument('binance-coinm:BTCUSD_PERP', 0, { ...inverse, ...fees });
    const { fills, rows } = trade(traded, { step: '100', count: 3, size: '5' }, PRICES);
    expect(fills).toEqual(FILLS);
    // Five contracts of 100 USD a level. In coins, cut at 1e-18, and as the venue books them:
    //   500 / 59,900 = 0.008347245409015025 -> 0.00834725     500 / 60,000 = 0.008333333333333333 -> 0.00833333
    //   500 / 59,800 = 0.008361204013377926 -> 0.00836120     500 / 60,100 = 0.008319467554076539 -> 0.00831947
    //   and what is open, at 60,050:  500 / 60,050 = 0.008326394671107410 -> 0.00832639
    // Grid, buys as positive flows: twice what 59,900 has over 60,000 and once what 59,800 has over 59,900. Trend: what 60,050 has over 60,100.
    // Booked, in 1e-8: 834,725 - 833,333 + 834,725 + 836,120 - 834,725 - 833,333 - 831,947 + 832,639 = 4,871. Fees of 0.02 %, each rounded up:
    // 167 + 167 + 167 + 168 + 167 + 167 + 167 = 1,170. Equity is 4,871 - 1,170; rounding is what is between that and the parts.
    expect(rows).toEqual([
      {
        asset: 'BTC',
        ...NONE,
        grid: '0.000041782755726285',
        trend: '0.000006927117030871',
        fees: '-0.0000117',
        rounding: '0.000000000127242844',
        equityChange: '0.00003701',
      },
    ]);
  });
});
