import { describe, expect, it } from 'vitest';
import { BOOK_BYTES, BOOK_EMPTY, BOOK_GAP, BOOK_LIVE, BOOK_STALE, BOOK_STATE } from '../../../src/core/memory/book-layout.js';
import { BookWriter } from '../../../src/core/book/book-writer.js';
import { gridOf } from '../../../src/core/book/grid.js';
import {
  bookBase,
  CONTROL_HALT,
  CONTROL_TRADING_STATE,
  HALT_ALL,
  HALT_NEW_ORDERS,
  HALT_NONE,
  MARK_BYTES,
  MARK_SEQUENCE,
  MARK_TICKS,
  planMemory,
} from '../../../src/core/memory/layout.js';
import { FLAG_HEDGE, SIDE_BUY, SIDE_SELL } from '../../../src/core/memory/record.js';
import { viewsOf } from '../../../src/core/memory/shared-memory.js';
import { Reason, reasonName } from '../../../src/core/orders/reasons.js';
import type { RunTables } from '../../../src/core/orders/tables.js';
import { Draft } from '../../../src/execution/risk/draft.js';
import { compileRisk } from '../../../src/execution/risk/limits.js';
import { Risk } from '../../../src/execution/risk/risk.js';
import { DEFAULT_RISK, type RiskConfig } from '../../../src/execution/risk/schema.js';
import { TABLES } from '../rig.js';

const NOW_US = 50_000_000;

class Desk {
  readonly plan = planMemory({
    instruments: 3,
    bookBytes: BOOK_BYTES,
    strategies: 2,
    levelsPerStrategy: 64,
    venues: 3,
    gateways: 3,
    assets: 3,
    feedLanes: 1,
    lanes: 1,
    producers: 1,
    orderSlots: 64,
    ringRecords: 4,
    journalRecords: 4,
  });
  readonly views = viewsOf(new SharedArrayBuffer(this.plan.bytes));
  readonly books = TABLES.instruments.map(
    (one) => new BookWriter(this.views, bookBase(this.plan, one.index), gridOf(one.tickSize, one.lotSize)),
  );
  readonly risk: Risk;

  constructor(config: Partial<RiskConfig> = {}, tables: RunTables = TABLES) {
    const limits = compileRisk({ ...DEFAULT_RISK, ...config }, tables);
    this.risk = new Risk({ views: this.views, plan: this.plan, tables, limits });
    this.book(0, 6_000_000, 6_000_100);
    this.book(1, 600_000, 600_010);
    this.book(2, 120_000, 120_002);
  }

  book(index: number, bid: number, ask: number, state: number = BOOK_LIVE, recvUs = NOW_US): void {
    const book = this.books[index]!;
    const { priceUnit, priceScale, lotUnit, lotScale } = book.grid;
    book.begin();
    book.clear();
    if (!Number.isNaN(bid)) book.setLevel(0, bid * priceUnit, priceScale, lotUnit, lotScale);
    if (!Number.isNaN(ask)) book.setLevel(1, ask * priceUnit, priceScale, lotUnit, lotScale);
    book.publish(state, 1, recvUs, recvUs);
  }

  mark(index: number, ticks: number): void {
    const base = this.plan.marks + index * MARK_BYTES;
    this.views.f64[(base + MARK_TICKS) >> 3] = ticks;
    this.views.i32[(base + MARK_SEQUENCE) >> 2] = 2;
  }

  judge(more: Partial<Draft>, nowUs = NOW_US): string {
    const draft = Object.assign(
      new Draft(),
      { instrument: 1, side: SIDE_BUY, priceTicks: 599_000, qtyLots: 10, level: 0, causeUs: 0 },
      more,
    );
    return reasonName(this.risk.checkPlace(draft, draft.qtyLots, nowUs));
  }
}

describe('risk', () => {
  it('refuses what is no order at all', () => {
    const desk = new Desk();
    const cases: Partial<Draft>[] = [
      { priceTicks: 0 },
      { priceTicks: -1 },
      { priceTicks: 1.5 },
      { priceTicks: Number.NaN },
      { priceTicks: 2 ** 53 },
      { qtyLots: 0 },
      { qtyLots: 0.1 },
      { qtyLots: Number.NaN },
      { qtyLots: Infinity },
      { side: 2 },
      { timeInForce: 3 },
      { level: 64 },
      { instrument: 3 },
    ];
    for (const one of cases) expect(desk.judge(one), JSON.stringify(one)).toBe('BAD_ORDER');
    expect(desk.judge({})).toBe('NONE');
  });

  it('D1 D2: quantity and value, at each bound and one beyond, for each kind of contract', () => {
    const config = { maxNotional: '1000', maxQty: '0.5', instruments: { 'bitmex:XBTUSD': { maxQty: '100000' } } };
    const desk = new Desk(config);
    // linear, 59900.0 a coin, lots of 0.001: 59.9 a lot
    expect([16, 17].map((qtyLots) => desk.judge({ qtyLots }))).toEqual(['NONE', 'NOTIONAL_TOO_LARGE']);
    expect(desk.judge({ qtyLots: 501 })).toBe('SIZE_TOO_LARGE');
    // spot at 59900.00, lots of 0.00001: 0.599 a lot
    const spot = { instrument: 0, priceTicks: 5_990_000 };
    expect([1669, 1670].map((qtyLots) => desk.judge({ ...spot, qtyLots }))).toEqual(['NONE', 'NOTIONAL_TOO_LARGE']);
    // inverse: a lot is 100 USD whatever the price
    const inverse = { instrument: 2, priceTicks: 119_000 };
    expect([1, 10, 11].map((qtyLots) => desk.judge({ ...inverse, qtyLots }))).toEqual(['NONE', 'NONE', 'NOTIONAL_TOO_LARGE']);
    expect(desk.judge({ ...inverse, qtyLots: 1001 })).toBe('SIZE_TOO_LARGE');
  });

  it("B12: the venue's own minima hold, rounded to the strict side", () => {
    const limits = compileRisk(DEFAULT_RISK, {
      ...TABLES,
      instruments: [{ ...TABLES.instruments[0]!, minNotional: '5', minQty: '0.000025' }],
      strategies: [],
    });
    expect(limits.minLots[0]).toBe(3);
    expect(limits.minUnits[0]).toBe(50_000_000); // 5 / (0.01 x 0.00001)
  });

  it('D3: open orders of an instrument and of a venue', () => {
    const desk = new Desk({ maxOpenOrders: 2, maxOpenOrdersVenue: 3 });
    desk.risk.resting.add(0, 1, SIDE_BUY, 599_000);
    expect(desk.judge({})).toBe('NONE');
    desk.risk.resting.add(1, 1, SIDE_SELL, 650_000);
    expect(desk.judge({})).toBe('OPEN_ORDERS_LIMIT');
    desk.risk.openByVenue[0] = 3;
    expect(desk.judge({ instrument: 0, priceTicks: 5_990_000 })).toBe('OPEN_ORDERS_LIMIT');
  });

  it('D4: position with every open order of that side filled; towards flat is always allowed', () => {
    const desk = new Desk({ maxPosition: '0.1' });
    const { positions } = desk.risk;
    positions.fill(0, 1, SIDE_BUY, 60, 599_000);
    positions.addOpen(1, 1, SIDE_BUY, 30);
    expect([10, 11].map((qtyLots) => desk.judge({ qtyLots }))).toEqual(['NONE', 'POSITION_LIMIT']);
    positions.fill(0, 1, SIDE_BUY, 200, 599_000);
    const sell = { side: SIDE_SELL, priceTicks: 601_000 };
    expect([360, 361].map((qtyLots) => desk.judge({ ...sell, qtyLots }))).toEqual(['NONE', 'POSITION_LIMIT']);
  });

  it('D5: exposure of an asset over all venues and kinds of contract', () => {
    const desk = new Desk({ exposure: { BTC: '0.5' } });
    desk.risk.positions.fill(0, 0, SIDE_BUY, 20_000, 6_000_000); // 0.2 on spot
    desk.judge({ instrument: 2, priceTicks: 119_000, qtyLots: 1 });
    desk.risk.positions.fill(1, 2, SIDE_BUY, 60, 120_000); // 6000 USD at 60000.5: 0.1
    expect([199, 202].map((qtyLots) => desk.judge({ qtyLots }))).toEqual(['NONE', 'EXPOSURE_LIMIT']);
    expect(desk.judge({ side: SIDE_SELL, priceTicks: 601_000, qtyLots: 700 })).toBe('NONE');
  });

  it('D5: a coin is one coin, whatever a venue calls it', () => {
    const tables = { ...TABLES, instruments: [TABLES.instruments[0]!, TABLES.instruments[1]!, { ...TABLES.instruments[2]!, base: 'XBT' }] };
    for (const asset of ['BTC', 'XBT']) {
      const desk = new Desk({ exposure: { [asset]: '0.5' } }, tables);
      desk.judge({ instrument: 2, priceTicks: 119_000, qtyLots: 1 });
      desk.risk.positions.fill(0, 2, SIDE_BUY, 240, 120_000); // 24000 USD: 0.4
      expect([99, 102].map((qtyLots) => desk.judge({ qtyLots }))).toEqual(['NONE', 'EXPOSURE_LIMIT']);
    }
    expect(() => compileRisk({ ...DEFAULT_RISK, exposure: { BTC: '1', XBT: '1' } }, TABLES)).toThrow(
      'risk.exposure.XBT: BTC has a limit already, by its other name',
    );
  });

  it('D6: what a wallet carries, open orders of the worse side and unrealised profit included; towards flat is always allowed', () => {
    const desk = new Desk({ maxLeverage: '2', maxPositionNotional: '1000000000', maxNotional: '1000000000' });
    const { positions, leverage, funds } = desk.risk;
    expect(desk.judge({ qtyLots: 9000 })).toBe('NONE'); // nobody knows the wallet: the venue will say
    funds.told(1, 0, 1000, 1000, 0);
    // 60000.5 a coin, 60.0005 a lot: 33 lots are 1980, 34 are 2040
    expect([33, 34].map((qtyLots) => desk.judge({ qtyLots }))).toEqual(['NONE', 'LEVERAGE']);
    positions.fill(0, 1, SIDE_BUY, 20, 600_005);
    positions.addOpen(1, 1, SIDE_BUY, 3);
    leverage.touch(1);
    expect([10, 11].map((qtyLots) => desk.judge({ qtyLots }))).toEqual(['NONE', 'LEVERAGE']);
    expect(desk.judge({ side: SIDE_SELL, priceTicks: 601_000, qtyLots: 43 })).toBe('NONE'); // 23 short at most
    // The market falls by a tenth: 120 lost, 880 are left for 1760; each lot is 54.
    desk.book(1, 540_000, 540_010);
    desk.risk.revalue(NOW_US);
    expect([9, 10].map((qtyLots) => desk.judge({ priceTicks: 540_000, qtyLots }))).toEqual(['NONE', 'LEVERAGE']);
    expect(desk.judge({ priceTicks: 540_000, qtyLots: 10, flags: FLAG_HEDGE })).toBe('NONE');
  });

  it('D6: all contracts of a wallet count together, an inverse one in its coin; spot has none', () => {
    const desk = new Desk({ maxLeverage: '2', instruments: { 'bitmex:XBTUSD': { maxLeverage: '1' } } });
    desk.risk.funds.told(2, 1, 0.1, 0.1, 0); // at 60000.5: 6000.05 USD
    const inverse = { instrument: 2, priceTicks: 119_000 };
    expect([60, 61].map((qtyLots) => desk.judge({ ...inverse, qtyLots }))).toEqual(['NONE', 'LEVERAGE']);
    desk.risk.funds.told(0, 0, 1000, 1000, 0);
    expect(desk.judge({ instrument: 0, priceTicks: 5_990_000, qtyLots: 1600 })).toBe('NONE');
    const twin = { ...TABLES.instruments[1]!, index: 0, id: 'bybit:linear:BTCUSDC' };
    const pair = new Desk({ maxLeverage: '2' }, { ...TABLES, instruments: [twin, TABLES.instruments[1]!, TABLES.instruments[2]!] });
    pair.book(0, 6_000_000, 6_000_100); // in the steps of the first table
    pair.risk.funds.told(1, 0, 1000, 1000, 0);
    pair.risk.positions.fill(0, 0, SIDE_SELL, 30, 600_005);
    pair.risk.revalue(NOW_US);
    expect([3, 4].map((qtyLots) => pair.judge({ qtyLots }))).toEqual(['NONE', 'LEVERAGE']);
  });

  it('D6: the venue itself must not be set to more than the limit; closing goes all the same', () => {
    const desk = new Desk({ maxLeverage: '5' });
    desk.risk.positions.fill(0, 1, SIDE_BUY, 20, 600_005);
    expect([desk.risk.leverage.told(1, 5), desk.judge({})]).toEqual([false, 'NONE']);
    expect([desk.risk.leverage.told(1, 10), desk.judge({})]).toEqual([true, 'LEVERAGE']);
    expect(desk.risk.leverage.told(1, 10)).toBe(false); // said once
    expect(desk.judge({ side: SIDE_SELL, priceTicks: 601_000 })).toBe('NONE');
    expect([desk.risk.leverage.told(1, 3), desk.judge({})]).toEqual([false, 'NONE']);
  });

  it('D7: price against the middle and the mark, towards the market and away from it', () => {
    const desk = new Desk({ collarRatio: '0.01', farRatio: '0.2' });
    const middle = 600_005;
    const buys: [number, string][] = [
      [Math.floor(middle * 1.01), 'NONE'],
      [Math.ceil(middle * 1.01) + 1, 'PRICE_COLLAR'],
      [Math.ceil(middle * 0.8), 'NONE'],
      [Math.floor(middle * 0.8) - 1, 'PRICE_COLLAR'],
    ];
    const sells: [number, string][] = [
      [Math.ceil(middle * 0.99), 'NONE'],
      [Math.floor(middle * 0.99) - 1, 'PRICE_COLLAR'],
      [Math.floor(middle * 1.2), 'NONE'],
      [Math.ceil(middle * 1.2) + 1, 'PRICE_COLLAR'],
    ];
    for (const [priceTicks, reason] of sells) expect(desk.judge({ side: SIDE_SELL, priceTicks }), String(priceTicks)).toBe(reason);
    for (const [priceTicks, reason] of buys) expect(desk.judge({ priceTicks }), String(priceTicks)).toBe(reason);
    desk.mark(1, 590_000);
    expect(desk.judge({ priceTicks: 596_000 })).toBe('PRICE_COLLAR');
    expect(desk.judge({ priceTicks: 595_000 })).toBe('NONE');
  });

  it('D8: only a live book that is young enough prices anything', () => {
    const desk = new Desk({ bookMaxAgeMs: 1000 });
    expect(desk.judge({}, NOW_US + 1_000_000)).toBe('NONE');
    expect(desk.judge({}, NOW_US + 1_000_001)).toBe('STALE_BOOK');
    for (const state of [BOOK_EMPTY, BOOK_STALE, BOOK_GAP]) {
      desk.book(1, 600_000, 600_010, state);
      expect(desk.judge({})).toBe('STALE_BOOK');
    }
    desk.book(1, Number.NaN, Number.NaN);
    expect(desk.judge({})).toBe('STALE_BOOK');
    desk.book(1, Number.NaN, 600_010);
    expect(desk.judge({})).toBe('NONE');
  });

  it('D8: while a writer is held in the middle of a change, the last whole view prices, as long as it is young and the book is live', () => {
    const desk = new Desk({ bookMaxAgeMs: 1000 });
    desk.books[1]!.begin();
    expect(desk.judge({}), 'no whole view was seen yet').toBe('STALE_BOOK');
    desk.books[1]!.publish(BOOK_LIVE, 2, NOW_US, NOW_US);
    expect(desk.judge({})).toBe('NONE');
    desk.books[1]!.begin();
    expect(desk.judge({})).toBe('NONE');
    expect(desk.judge({}, NOW_US + 1_000_000)).toBe('NONE');
    expect(desk.judge({}, NOW_US + 1_000_001)).toBe('STALE_BOOK');
    expect(desk.judge({ priceTicks: 700_000 })).toBe('PRICE_COLLAR');
    desk.views.i32[(bookBase(desk.plan, 1) + BOOK_STATE) >> 2] = BOOK_GAP;
    expect(desk.judge({})).toBe('STALE_BOOK');
  });

  it('D9: messages a second of each strategy for itself', () => {
    const desk = new Desk({ messagesPerSecond: 10, messageBurst: 3 });
    const judged = Array.from({ length: 4 }, () => desk.judge({}));
    expect(judged).toEqual(['NONE', 'NONE', 'NONE', 'MESSAGE_RATE']);
    expect(desk.judge({ strategy: 1 })).toBe('NONE');
    expect(desk.judge({}, NOW_US + 100_000)).toBe('NONE');
    expect(desk.judge({}, NOW_US + 150_000)).toBe('MESSAGE_RATE');
    expect(desk.judge({ flags: FLAG_HEDGE }, NOW_US + 150_000)).toBe('NONE');
  });

  it('D9: an order refused for another reason uses no message up', () => {
    const desk = new Desk({ messageBurst: 1, messagesPerSecond: 1 });
    expect([desk.judge({ priceTicks: 900_000 }), desk.judge({}), desk.judge({})]).toEqual(['PRICE_COLLAR', 'NONE', 'MESSAGE_RATE']);
  });

  it('D9: cancels and amends for each fill; time and fills heal it', () => {
    const desk = new Desk({ cancelToFill: 2, cancelGrace: 3 });
    for (let n = 0; n < 4; n++) desk.risk.rate.moved(0);
    expect(desk.judge({})).toBe('CANCEL_RATIO');
    desk.risk.rate.filled(0);
    expect(desk.judge({})).toBe('NONE');
    for (let n = 0; n < 4; n++) desk.risk.rate.moved(0);
    expect(desk.judge({})).toBe('CANCEL_RATIO');
    for (let index = 0; index < 3; index++) desk.book(1, 600_000, 600_010, BOOK_LIVE, NOW_US + 700_000_000);
    expect(desk.judge({}, NOW_US + 700_000_000)).toBe('NONE');
  });

  it('D10: the guard compares with the best own price of the other side, whatever order they came and went in', () => {
    const desk = new Desk();
    const { resting } = desk.risk;
    resting.add(0, 1, SIDE_SELL, 601_000);
    resting.add(1, 1, SIDE_SELL, 600_500);
    resting.add(2, 1, SIDE_SELL, 602_000);
    expect(resting.best(1, SIDE_SELL)).toBe(600_500);
    expect([600_499, 600_500].map((priceTicks) => desk.judge({ priceTicks }))).toEqual(['NONE', 'SELF_TRADE']);
    resting.remove(1);
    expect(resting.best(1, SIDE_SELL)).toBe(601_000);
    resting.move(0, 603_000);
    expect(resting.best(1, SIDE_SELL)).toBe(602_000);
    resting.remove(2);
    resting.remove(0);
    expect(resting.best(1, SIDE_SELL)).toBeNaN();
    expect(resting.count(1)).toBe(0);
  });

  it('D13: under each halt word nothing passes, a hedge leg neither; without it as before', () => {
    const desk = new Desk();
    for (const halt of [HALT_NEW_ORDERS, HALT_ALL]) {
      Atomics.store(desk.views.i32, (desk.plan.control + CONTROL_HALT) >> 2, halt);
      expect([desk.judge({}), desk.judge({ flags: FLAG_HEDGE })]).toEqual(['HALTED', 'HALTED']);
    }
    Atomics.store(desk.views.i32, (desk.plan.control + CONTROL_HALT) >> 2, HALT_NONE);
    expect(desk.judge({})).toBe('NONE');
  });

  it('D14: active, reducing or halted from the start as configured, and as the word says from then on', () => {
    const opens = {};
    const closes = { side: SIDE_SELL, priceTicks: 601_000 };
    const hedges = { flags: FLAG_HEDGE };
    const expected = {
      active: ['NONE', 'NONE', 'NONE'],
      reducing: ['REDUCING', 'NONE', 'NONE'],
      halted: ['HALTED', 'HALTED', 'HALTED'],
    } as const;
    for (const [index, state] of (['active', 'reducing', 'halted'] as const).entries()) {
      const [configured, told] = [new Desk({ state }), new Desk()];
      Atomics.store(told.views.i32, (told.plan.control + CONTROL_TRADING_STATE) >> 2, index);
      for (const desk of [configured, told]) {
        desk.risk.positions.fill(0, 1, SIDE_BUY, 10, 600_005);
        expect([opens, closes, hedges].map((wish) => desk.judge(wish))).toEqual(expected[state]);
      }
    }
  });

  it('entry is the average of what built the position, harmonic for inverse contracts, and starts anew on the other side', () => {
    const { positions } = new Desk().risk;
    positions.fill(0, 1, SIDE_BUY, 10, 100);
    positions.fill(0, 1, SIDE_BUY, 30, 200);
    expect(positions.entry(1)).toBe(175);
    positions.fill(0, 1, SIDE_SELL, 20, 500);
    expect(positions.entry(1)).toBe(175);
    positions.fill(0, 1, SIDE_SELL, 30, 500);
    expect([positions.net(1), positions.entry(1)]).toEqual([-10, 500]);
    positions.fill(0, 2, SIDE_BUY, 10, 100);
    positions.fill(0, 2, SIDE_BUY, 10, 300);
    expect(positions.entry(2)).toBe(150);
    expect(Reason.NONE).toBe(0);
  });
});
