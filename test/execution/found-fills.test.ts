/** Fills that no stream told: found by asking for them, counted once, given to whom they belong. */
import { describe, expect, it } from 'vitest';
import { CounterBlock, COUNTER_BLOCK_BYTES, RECONCILE_COUNTERS, type ReconcileCounter } from '../../src/core/memory/counters.js';
import { positionBase, POSITION_NET_LOTS } from '../../src/core/memory/layout.js';
import { RecordKind, SIDE_BUY, SIDE_SELL } from '../../src/core/memory/record.js';
import { makeOrderId } from '../../src/core/numbers/ids.js';
import { OrderState } from '../../src/core/orders/order-state.js';
import { Reason } from '../../src/core/orders/reasons.js';
import { NOTHING, Rig, TABLES, WALL_AT_ZERO_US, type RigOptions, type Row } from './rig.js';

const K = RecordKind;
const OVERLAP_US = 60_000_000;
const WISH = { instrument: 1, side: SIDE_BUY, priceTicks: 599_000, qtyLots: 10 };

function ready(options: RigOptions = {}): Rig {
  const rig = new Rig({ lists: [false, true, false], reconcileEveryUs: 30_000_000, ...options });
  rig.book(1, 600_000, 600_010);
  return rig;
}

/** The open question about fills. */
function question(rig: Rig): Row {
  rig.step(20_000);
  const asked = rig.requests(1).find((row) => row.kind === K.FILLS);
  expect(asked).toBeDefined();
  return asked!;
}

/** Answers a round: these fills, these orders open, the position that we count. */
function answerRound(rig: Rig, asked: Row, fills: readonly Partial<Row>[], upToUs: number, open: readonly Partial<Row>[] = []): void {
  const { decidedUs } = asked;
  for (const fill of fills) rig.answer(1, { kind: K.FILL, decidedUs, tsUs: upToUs, ...fill });
  rig.answer(1, { kind: K.FILLS_END, decidedUs, tsUs: upToUs });
  rig.step();
  for (const row of open) rig.answer(1, { ...row, kind: K.LISTED });
  rig.answer(1, { kind: K.LIST_END });
  rig.step();
  // Positions were asked for in that very turn.
  rig.answer(1, { kind: K.POSITION, instrument: 1, qtyLots: net(rig, 0), decidedUs: rig.nowUs });
  rig.answer(1, { kind: K.POSITIONS_END });
  rig.step();
}

function net(rig: Rig, row: number, instrument = 1): number {
  return rig.views.f64[(positionBase(rig.plan, row, instrument) + POSITION_NET_LOTS) >> 3]!;
}

function found(rig: Rig, name: ReconcileCounter): number {
  return new CounterBlock(rig.views, rig.plan.reconcileCounters + COUNTER_BLOCK_BYTES, RECONCILE_COUNTERS).get(name);
}

const fillsOf = (rig: Rig): Row[] => rig.entries.filter((entry) => entry.kind === K.FILL);
const repairsOf = (rig: Rig): number[][] =>
  rig.entries.filter((entry) => entry.kind === K.REPAIR).map(({ reason, orderId }) => [reason, orderId]);

describe('the cursor of fills', () => {
  it('C9: a first start asks from its own start on, later rounds from where the last list was complete, each time with an overlap', () => {
    const rig = ready();
    const first = question(rig);
    expect(first.tsUs).toBe(WALL_AT_ZERO_US + rig.nowUs - OVERLAP_US);
    const upToUs = WALL_AT_ZERO_US + rig.nowUs + 5;
    answerRound(rig, first, [], upToUs);
    rig.step(30_000_000);
    expect(question(rig).tsUs).toBe(upToUs - OVERLAP_US);
    expect(rig.entries.filter((entry) => entry.kind === K.FILLS_END)).toMatchObject([{ tsUs: upToUs, gateway: 1, instrument: 1 }]);
  });

  it('C9: it survives a restart: from the last complete list of the journal, even when newer fills are known; else from the newest fill', () => {
    const fill = { ...WISH, orderId: 5, strategy: 0, level: 1, flags: 0, pnlKind: 0, fillTicks: 1, fillLots: 1, fee: 0, feeAsset: 0 };
    const fills = [
      { ...fill, tradeId: 1, tsUs: 7e15 },
      { ...fill, tradeId: 2, tsUs: 9e15, instrument: 0 },
    ];
    expect(question(ready({ recovered: { ...NOTHING, fills, fillsUpTo: [{ venue: 'bybit', tsUs: 6e15 }] } })).tsUs).toBe(6e15 - OVERLAP_US);
    expect(question(ready({ recovered: { ...NOTHING, fills } })).tsUs).toBe(7e15 - OVERLAP_US);
  });

  it('C9: an unanswered question moves nothing: the next one asks from the same moment', () => {
    const rig = ready();
    const first = question(rig);
    rig.step(4_000_000);
    const [second] = rig.requests(1);
    expect([second!.kind, second!.tsUs]).toEqual([K.FILLS, first.tsUs]);
  });
});

describe('a fill that is found', () => {
  it('C9: of a live order: counted, journaled, told and named as a repair; told again by stream or list, it is nothing', () => {
    const rig = ready();
    answerRound(rig, question(rig), [], 1);
    rig.requests(1);
    rig.place({ ...WISH, level: 4 });
    rig.step();
    const created = rig.requests(1).find((row) => row.kind === K.CREATE)!;
    rig.answer(1, { ...created, kind: K.ACK });
    rig.step(30_000_000);
    rig.events(0);
    const asked = question(rig);
    const fill = { ...created, kind: K.FILL, fillLots: 4, fillTicks: 599_000, tradeId: 77 };
    const open = [{ ...WISH, orderId: created.orderId, cumLots: 4 }];
    answerRound(rig, asked, [{ ...fill, decidedUs: asked.decidedUs }], 2, open);
    rig.answer(1, { ...fill, decidedUs: 0 });
    rig.step(30_000_000);
    const again = question(rig);
    answerRound(rig, again, [{ ...fill, decidedUs: again.decidedUs }], 3, open);
    expect(fillsOf(rig)).toMatchObject([{ orderId: created.orderId, fillLots: 4, cumLots: 4 }]);
    expect([net(rig, 0), net(rig, 1)]).toEqual([4, 4]);
    expect(rig.events(0).filter((row) => row.kind === K.FILL)).toHaveLength(1);
    expect(repairsOf(rig)).toEqual([[Reason.FILL_FOUND, created.orderId]]);
    expect([found(rig, 'fillsFound'), found(rig, 'repairs')]).toEqual([1, 1]);
  });

  it('C9: of an adopted order that filled while the engine was dead: the order is over without any further question', () => {
    const orderId = makeOrderId(6, 0, 4, 1);
    const order = {
      ...WISH,
      orderId,
      strategy: 0,
      level: 4,
      flags: 0,
      timeInForce: 0,
      cumLots: 0,
      state: OrderState.OPEN,
      pnlKind: 0,
      group: 0,
    };
    const rig = ready({ recovered: { ...NOTHING, orders: [order] }, reconcileEveryUs: Infinity });
    answerRound(rig, question(rig), [{ ...order, fillLots: 10, fillTicks: 599_000, tradeId: 1 }], 1);
    for (let n = 0; n < 5; n++) rig.step(10_000_000);
    expect(rig.slots()).toMatchObject([{ state: OrderState.FILLED, cumLots: 10 }]);
    expect(rig.requests(1).filter((row) => row.kind === K.QUERY)).toEqual([]);
    expect(rig.events(0)).toMatchObject([{ kind: K.FILL, level: 4, cumLots: 10 }]);
  });

  it('C3: of an adopted order whose amend is in doubt: it is over when the venue says how much it was for, not before', () => {
    const orderId = makeOrderId(6, 0, 4, 1);
    const terms = { ...WISH, orderId, strategy: 0, level: 4, flags: 0, timeInForce: 0, cumLots: 0, pnlKind: 0, group: 0 };
    const order = { ...terms, state: OrderState.UNKNOWN, areTermsOpen: true };
    const rig = ready({ recovered: { ...NOTHING, orders: [order] }, reconcileEveryUs: Infinity });
    answerRound(rig, question(rig), [{ ...order, fillLots: 10, fillTicks: 599_000, tradeId: 1 }], 1);
    expect(rig.slots()).toMatchObject([{ state: OrderState.UNKNOWN, cumLots: 10 }]);
    const asked = (): Row => {
      for (let tries = 0; tries < 60; tries++) {
        const query = rig.requests(1).find((row) => row.kind === K.QUERY);
        if (query !== undefined) return query;
        rig.step(1_000_000);
      }
      throw new Error('the venue was not asked');
    };
    // It had grown: a part of it stands at the venue still.
    rig.answer(1, { ...terms, kind: K.ACK, gateway: 1, qtyLots: 15, cumLots: 10, decidedUs: asked().decidedUs });
    rig.step();
    expect(rig.slots()).toMatchObject([{ state: OrderState.PARTLY_FILLED, qtyLots: 15, cumLots: 10 }]);
    rig.answer(1, { ...terms, kind: K.FILL, gateway: 1, fillLots: 5, fillTicks: 599_000, tradeId: 2 });
    rig.step();
    expect(rig.slots()).toMatchObject([{ state: OrderState.FILLED, cumLots: 15 }]);
  });

  it('C9: of an order that ended before: counted and told once, on top of what it had', () => {
    const rig = ready();
    answerRound(rig, question(rig), [], 1);
    rig.requests(1);
    rig.place({ ...WISH, level: 4 });
    rig.step();
    const created = rig.requests(1).find((row) => row.kind === K.CREATE)!;
    rig.answer(1, { ...created, kind: K.ACK });
    rig.answer(1, { ...created, kind: K.CANCELLED, reason: Reason.VENUE_CANCELLED });
    rig.step(30_000_000);
    rig.events(0);
    const fill = { ...created, kind: K.FILL, fillLots: 4, fillTicks: 599_000, tradeId: 9 };
    const asked = question(rig);
    answerRound(
      rig,
      asked,
      [
        { ...fill, decidedUs: asked.decidedUs },
        { ...fill, decidedUs: asked.decidedUs },
      ],
      2,
    );
    expect(rig.events(0)).toMatchObject([{ kind: K.FILL, cumLots: 4 }]);
    expect(rig.slots()).toMatchObject([{ state: OrderState.CANCELLED, cumLots: 4 }]);
    expect([net(rig, 0), fillsOf(rig).length, found(rig, 'fillsFound')]).toEqual([4, 1, 1]);
  });

  it('C9: that an earlier run counted for a strategy that this one does not have is not counted again, a new one of that order is', () => {
    const orderId = makeOrderId(3, 5, 9, 5);
    const fill = { instrument: 1, side: SIDE_BUY, orderId, fillLots: 3, fillTicks: 599_000, fee: 11, feeAsset: 0 };
    const rig = ready({ recovered: { ...NOTHING, fillsAside: [{ orderId, tradeId: 4 }] } });
    answerRound(rig, question(rig), [{ ...fill, tradeId: 4 }], 1);
    expect([net(rig, 0), fillsOf(rig).length]).toEqual([0, 0]);
    rig.step(30_000_000);
    answerRound(rig, question(rig), [{ ...fill, tradeId: 8 }], 2);
    expect([net(rig, 0), fillsOf(rig).length]).toEqual([3, 1]);
  });

  it('C9: of an order that no table knows: its id says whose it is, and it is journaled as such', () => {
    const rig = ready();
    const orderId = makeOrderId(3, 1, 9, 5);
    const fill = {
      kind: K.FILL,
      instrument: 1,
      side: SIDE_SELL,
      orderId,
      fillLots: 3,
      fillTicks: 601_000,
      tradeId: 4,
      fee: 11,
      feeAsset: 0,
    };
    const asked = question(rig);
    answerRound(rig, asked, [fill, fill], 2);
    expect(fillsOf(rig)).toMatchObject([{ orderId, strategy: 1, level: 9, fillLots: 3, fee: 11, cumLots: 3 }]);
    expect([net(rig, 0), net(rig, 1), net(rig, 2)]).toEqual([-3, 0, -3]);
    expect([rig.events(0), rig.events(1).map((row) => [row.kind, row.level])]).toEqual([[], [[K.FILL, 9]]]);
    expect(repairsOf(rig)).toEqual([[Reason.FILL_FOUND, orderId]]);
  });

  it('C9: of a strategy that does not trade the instrument any more: counted for one that does, which is not told of a level that is not its own', () => {
    const [a, b] = TABLES.strategies;
    const tables = {
      ...TABLES,
      strategies: [
        { ...a!, instruments: [1] },
        { ...b!, instruments: [0] },
      ],
    };
    const rig = ready({ tables });
    const fill = { instrument: 1, side: SIDE_BUY, orderId: makeOrderId(3, 1, 9, 5), fillLots: 3, fillTicks: 601_000, tradeId: 4 };
    answerRound(rig, question(rig), [fill], 2);
    expect(fillsOf(rig)).toMatchObject([{ strategy: 0, fillLots: 3 }]);
    expect([net(rig, 0), net(rig, 1), net(rig, 2)]).toEqual([3, 3, 0]);
    expect([rig.events(0), rig.events(1)]).toEqual([[], []]);
  });

  it('C10: of an order that is not ours: nothing at all', () => {
    const rig = ready();
    const before = rig.entries.length;
    answerRound(rig, question(rig), [{ instrument: 1, side: SIDE_BUY, orderId: 0, fillLots: 3, fillTicks: 601_000, tradeId: 4 }], 2);
    expect([net(rig, 0), fillsOf(rig), repairsOf(rig)]).toEqual([0, [], []]);
    expect(rig.entries.length).toBeGreaterThan(before);
  });
});

describe('orders that are found', () => {
  it('C9: one of this run that was over stands there all the same: cancelled, whatever its level', () => {
    const rig = ready();
    const asked = question(rig);
    const orderId = makeOrderId(TABLES.run, 0, 4, 3);
    answerRound(rig, asked, [], 1, [{ ...WISH, orderId }]);
    expect(rig.requests(1).filter((row) => row.kind === K.CANCEL)).toMatchObject([{ orderId }]);
    expect(rig.events(0)).toEqual([]);
    expect(repairsOf(rig)).toEqual([[Reason.ORPHAN_CANCELLED, orderId]]);
  });

  it('C2: one that is gone is retired by the answer to a question about it alone, and named as a repair', () => {
    const orderId = makeOrderId(6, 0, 4, 1);
    const order = {
      ...WISH,
      orderId,
      strategy: 0,
      level: 4,
      flags: 0,
      timeInForce: 0,
      cumLots: 0,
      state: OrderState.OPEN,
      pnlKind: 0,
      group: 0,
    };
    const rig = ready({ recovered: { ...NOTHING, orders: [order] }, reconcileEveryUs: Infinity });
    answerRound(rig, question(rig), [], 1);
    rig.step(3_100_000);
    const query = rig.requests(1).find((row) => row.kind === K.QUERY);
    expect(query).toMatchObject({ orderId });
    expect([rig.executor.openOrders(), repairsOf(rig)]).toEqual([1, []]);
    rig.answer(1, { ...query!, kind: K.CANCELLED, reason: Reason.VENUE_CANCELLED });
    rig.step();
    expect(rig.executor.openOrders()).toBe(0);
    expect(repairsOf(rig)).toEqual([[Reason.GHOST_RETIRED, orderId]]);
    expect(found(rig, 'ghostsRetired')).toBe(1);
  });
});
