import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as R from '../../src/core/memory/record.js';
import { formatTicks } from '../../src/core/numbers/decimal.js';
import { OrderState, orderStateName } from '../../src/core/orders/order-state.js';
import { Reason } from '../../src/core/orders/reasons.js';
import type { RecoveredState } from '../../src/core/orders/recovered.js';
import { AUDIT_KEPT, ENDED_ORDERS_KEPT, EVENTS_KEPT, FILLS_KEPT } from '../../src/monitoring/journal-view.js';
import type { LiveEvent } from '../../src/monitoring/payload.js';
import type { JournalRecord } from '../../src/core/orders/journal-record.js';
import { beginOrder, foldRecord } from '../../src/core/orders/order-fold.js';
import { DemoEngine, type RecordFields } from './demo-engine.js';

const K = R.RecordKind;
const BASE: RecordFields = {
  strategy: 0,
  instrument: 0,
  level: 4,
  side: R.SIDE_SELL,
  priceTicks: 6_180_420,
  qtyLots: 1_000,
  pnlKind: R.PNL_GRID,
};

function placed(engine: DemoEngine, fields: RecordFields = {}): RecordFields {
  const order = { ...BASE, ...fields, orderId: engine.nextOrderId(0, 4) };
  engine.journal(K.CREATE, order);
  return order;
}

function filled(engine: DemoEngine, order: RecordFields, fillLots: number, tradeId = engine.nextTradeId()): void {
  engine.journal(K.FILL, { ...order, fillTicks: order.priceTicks ?? 0, fillLots, fee: 1_234, feeAsset: 0, tradeId });
}

function recordOf(kind: number, fields: RecordFields): JournalRecord {
  const zero = {
    cumLots: 0,
    fillTicks: 0,
    fillLots: 0,
    fee: 0,
    feeAsset: 0,
    reason: 0,
    flags: 0,
    timeInForce: 0,
    group: 0,
    state: 0,
    tradeId: 0,
    tsUs: 0,
  };
  return { ...zero, ...fields, kind } as JournalRecord;
}

const rowOf = (engine: DemoEngine) => engine.view.journal.orders()[0];

describe('journal view', () => {
  it('D16: tells what reconciliation put right, what differs, and who stopped trading why', () => {
    const engine = new DemoEngine();
    const order = { ...BASE, orderId: engine.nextOrderId(0, 4) };
    engine.journal(K.REPAIR, { ...order, reason: Reason.ORPHAN_ADOPTED });
    engine.journal(K.REPAIR, { instrument: 4, reason: Reason.POSITION_DIFFERS, qtyLots: -12, cumLots: -10 });
    engine.journal(K.REPAIR, { instrument: 0, reason: Reason.BALANCE_DIFFERS, feeAsset: 1, qtyLots: 1.5, cumLots: 1.25 });
    engine.journal(K.HALT, { state: 2, reason: Reason.BY_REQUEST });
    engine.journal(K.HALT, { state: 1, reason: Reason.DAILY_LOSS, fee: 12_500_000_000, feeAsset: 0 });
    const rows = engine.view.journal.audit().toReversed();
    expect(rows.map(({ event, strategy, text, reason }) => [event, strategy, text, reason])).toEqual([
      ['repair', 'btc-grid', null, 'ORPHAN_ADOPTED'],
      ['repair', '', 'bybit:linear:BTCUSDT: the venue has -0.012, we -0.01', 'POSITION_DIFFERS'],
      ['repair', '', 'binance-spot BTC: the venue has 1.5, we 1.25', 'BALANCE_DIFFERS'],
      ['halt', '', 'trading halted', 'BY_REQUEST'],
      ['halt', '', 'trading reducing: lost 125 USDT', 'DAILY_LOSS'],
    ]);
    expect(rows[0]).toMatchObject({ side: 'sell', level: 4 });
    expect(rows[1]).toMatchObject({ side: null, level: null, qty: null });
  });

  it('tells a change of parameters with before and after, once it is journaled', () => {
    const engine = new DemoEngine();
    const seq = engine.view.journal.seq;
    engine.view.journal.onParams({
      strategy: 'btc-grid',
      setUs: 77,
      before: { step: '0.1%', count: 6, size: '1' },
      values: { step: '0.2%', count: 6, trailing: 'up' },
    });
    const text = 'step 0.1% -> 0.2%, size 1 -> none, trailing none -> up';
    expect(engine.view.journal.audit(1)).toMatchObject([{ event: 'parameters', strategy: 'btc-grid', text, tsUs: 77 }]);
    expect(engine.view.journal.eventsSince(seq)).toMatchObject([{ event: 'audit', row: { text } }]);
  });

  it('keeps what was stopped, repaired or changed when opportunities come by the thousand', () => {
    const engine = new DemoEngine();
    engine.journal(K.HALT, { state: 2, reason: Reason.BY_REQUEST });
    for (let i = 0; i < AUDIT_KEPT * 3; i++) engine.journal(K.REFUSED, { strategy: 2, reason: Reason.EDGE_TOO_SMALL });
    const rows = engine.view.journal.audit();
    expect(rows).toHaveLength(AUDIT_KEPT);
    expect(rows.at(-1)).toMatchObject({ event: 'halt' });
    for (let i = 0; i < AUDIT_KEPT * 2; i++) engine.journal(K.HALT, { state: i % 3, reason: Reason.BY_REQUEST });
    expect(engine.view.journal.audit()).toHaveLength(AUDIT_KEPT);
  });

  it('forgets levels that a smaller ladder does not have, and says so to who watches', () => {
    const engine = new DemoEngine();
    engine.journal(K.LEVEL, { ...BASE, level: 40 });
    const has = (): boolean => engine.view.journal.levels().some(({ level, strategy }) => level === 40 && strategy === 'btc-grid');
    expect(has()).toBe(true);
    const { seq } = engine.view.journal;
    engine.journal(K.LEVEL, { strategy: 0, instrument: 0, level: 40, orderId: 5 });
    expect(has()).toBe(false);
    expect(engine.view.journal.eventsSince(seq)).toMatchObject([{ event: 'level', row: { level: 40, price: '0', qty: '0' } }]);
  });

  it('folds create, ack, amend, fills and end into one order with exact texts', () => {
    const engine = new DemoEngine();
    const order = placed(engine);
    expect(rowOf(engine)).toMatchObject({
      state: 'pending',
      price: '61804.2',
      qty: '0.01',
      filled: '0',
      side: 'sell',
      isLive: true,
      venue: 'binance-spot',
    });
    engine.journal(K.ACK, order);
    expect(rowOf(engine)?.state).toBe('open');
    engine.journal(K.AMEND, { ...order, priceTicks: 6_180_500, qtyLots: 2_000 });
    expect(rowOf(engine)).toMatchObject({ state: 'amending', price: '61804.2' });
    engine.journal(K.AMENDED, { ...order, priceTicks: 6_180_500, qtyLots: 2_000 });
    expect(rowOf(engine)).toMatchObject({ state: 'open', price: '61805', qty: '0.02' });
    filled(engine, order, 500);
    expect(rowOf(engine)).toMatchObject({ state: 'partly_filled', filled: '0.005' });
    filled(engine, order, 1_500);
    expect(rowOf(engine)).toMatchObject({ state: 'filled', filled: '0.02', isLive: false });
    const counts = engine.view.journal.orderCounts();
    expect(counts).toEqual({ sent: 1, accepted: 1, amended: 1, rejected: 0, denied: 0, cancelled: 0, filled: 1, open: 0, unknown: 0 });
    expect(engine.view.journal.fills()[0]).toMatchObject({
      fee: '0.00001234',
      feeAsset: 'USDT',
      qty: '0.015',
      kind: 'grid',
      isEarlierRun: false,
    });
  });

  it.each([
    ['a fill before the ack counts as accepted once', [K.FILL, K.ACK], { accepted: 1 }, 'partly_filled'],
    ['part filled, then cancelled is cancelled', [K.ACK, K.FILL, K.CANCELLED], { cancelled: 1, filled: 0 }, 'cancelled'],
    ['expired by its own time in force is cancelled', [K.ACK, K.EXPIRED], { cancelled: 1 }, 'expired'],
    ['rejected', [K.REJECT], { rejected: 1, accepted: 0 }, 'rejected'],
    ['a reject of an order that rests changes nothing', [K.ACK, K.REJECT], { rejected: 0 }, 'open'],
    ['a refused cancel leaves it open', [K.ACK, K.CANCEL, K.CANCEL_REJECT], { cancelled: 0 }, 'open'],
    ['without an answer', [K.UNKNOWN], { unknown: 1, open: 0 }, 'unknown'],
    ['found after all', [K.UNKNOWN, K.QUERY, K.ACK], { unknown: 0, open: 1, accepted: 1 }, 'open'],
    ['never reached the venue', [K.UNKNOWN, K.NOT_FOUND], { unknown: 0, rejected: 1 }, 'rejected'],
    ['an answer after the end changes nothing', [K.ACK, K.CANCELLED, K.ACK, K.CANCELLED], { cancelled: 1, open: 0 }, 'cancelled'],
  ])('%s', (_, kinds, counts, state) => {
    const engine = new DemoEngine();
    const order = placed(engine);
    for (const kind of kinds) {
      if (kind === K.FILL) filled(engine, order, 10);
      else engine.journal(kind, order);
    }
    expect(engine.view.journal.orderCounts()).toMatchObject(counts);
    expect(rowOf(engine)?.state).toBe(state);
  });

  it('counts a fill once, whoever repeats it', () => {
    const engine = new DemoEngine();
    const order = placed(engine);
    filled(engine, order, 10, 77);
    filled(engine, order, 10, 77);
    expect(engine.view.journal.fillCounts()).toMatchObject({
      count: 1,
      byStrategy: { 'btc-grid': 1 },
      byVenue: { 'binance-spot': 1 },
      byKind: { grid: 1, arb: 0 },
    });
    expect(rowOf(engine)?.filled).toBe('0.0001');
  });

  it('tells denials, refusals and halts with their reasons', () => {
    const engine = new DemoEngine();
    engine.journal(K.DENIED, { ...BASE, reason: Reason.SELF_TRADE });
    engine.journal(K.REFUSED, { strategy: 2, instrument: 5, reason: Reason.EDGE_TOO_SMALL });
    expect(engine.view.journal.audit()).toMatchObject([
      { event: 'refused', strategy: 'btc-cross', reason: 'EDGE_TOO_SMALL', price: null },
      { event: 'denied', strategy: 'btc-grid', reason: 'SELF_TRADE', price: '61804.2', qty: '0.01', level: 4 },
    ]);
  });

  it('counts what risk blocked where it is blocked, in totals, rows and metrics: the journal holds fewer', () => {
    const engine = new DemoEngine();
    engine.journal(K.DENIED, { ...BASE, reason: Reason.DISK_FULL });
    engine.view.shared.orders[0]?.add('denied', 700);
    engine.view.shared.orders[2]?.add('denied', 5);
    expect(engine.view.journal.orderCounts().denied).toBe(705);
    expect(engine.view.summaryCounts().orders.denied).toBe(705);
    expect(engine.view.strategies().map(({ denied }) => denied)).toEqual([700, 0, 5, 0]);
    expect(engine.view.journal.outcomes(2, 'denied')).toBe(5);
  });

  it('shows levels by their state names and counts the fills of each', () => {
    const engine = new DemoEngine();
    filled(engine, placed(engine), 10);
    engine.journal(K.LEVEL, { ...BASE, state: 2, cumLots: 10, fillTicks: 6_180_900, fillLots: 10 });
    engine.journal(K.LEVEL, { ...BASE, level: 5, state: 99, reason: Reason.VENUE_REJECTED });
    expect(engine.view.journal.levels()).toMatchObject([
      { level: 4, state: 'open', price: '61804.2', filled: '0.0001', auxPrice: '61809', auxQty: '0.0001', fills: 1 },
      { level: 5, state: 'state-99', reason: 'VENUE_REJECTED', fills: 0 },
    ]);
  });

  it('agrees with the fold of recovery on random histories', () => {
    const kinds = [
      K.ACK,
      K.AMEND,
      K.AMENDED,
      K.AMEND_REJECT,
      K.CANCEL,
      K.CANCEL_REJECT,
      K.CANCELLED,
      K.EXPIRED,
      K.REJECT,
      K.UNKNOWN,
      K.QUERY,
      K.NOT_FOUND,
      K.FILL,
    ];
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ kind: fc.constantFrom(...kinds), lots: fc.integer({ min: 0, max: 60 }), ticks: fc.integer({ min: 0, max: 3 }) }),
          { maxLength: 12 },
        ),
        (history) => {
          const engine = new DemoEngine();
          const create = placed(engine, { priceTicks: 100, qtyLots: 100 });
          const other = beginOrder(recordOf(K.CREATE, create), OrderState.PENDING);
          for (const { kind, lots, ticks } of history) {
            const fields = {
              ...create,
              priceTicks: ticks * 100,
              qtyLots: lots,
              fillTicks: 100,
              fillLots: lots + 1,
              tradeId: engine.nextTradeId(),
            };
            engine.journal(kind, fields);
            foldRecord(other, recordOf(kind, fields));
          }
          const row = rowOf(engine);
          expect([row?.state, row?.filled, row?.qty, row?.price]).toEqual([
            orderStateName(other.state),
            formatTicks(other.cumLots, '0.00001'),
            formatTicks(other.qtyLots, '0.00001'),
            formatTicks(other.priceTicks, '0.01'),
          ]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('numbers every event without a hole, and gives an observer exactly what it missed', () => {
    const engine = new DemoEngine();
    const { journal } = engine.view;
    const seen: LiveEvent[] = [];
    for (let i = 0; i < 50; i++) {
      filled(engine, placed(engine), 1_000);
      if (i % 7 === 0) seen.push(...(journal.eventsSince(seen.at(-1)?.seq ?? 0) ?? []));
    }
    seen.push(...(journal.eventsSince(seen.at(-1)?.seq ?? 0) ?? []));
    expect(seen.map(({ seq }) => seq)).toEqual(Array.from({ length: journal.seq }, (_, i) => i + 1));
    expect(new Set(seen.flatMap((event) => (event.event === 'fill' ? [event.row.fillId] : []))).size).toBe(50);
    expect(journal.eventsSince(journal.seq)).toEqual([]);
    expect(journal.eventsSince(journal.seq + 1)).toBeNull();
  });

  it('holds a bounded number of everything, live orders never dropped', () => {
    const engine = new DemoEngine();
    const { journal } = engine.view;
    const first = placed(engine);
    const rounds = 9_000;
    for (let i = 0; i < rounds; i++) filled(engine, placed(engine), 1_000);
    for (let i = 0; i < AUDIT_KEPT + 10; i++) engine.journal(K.REFUSED, { strategy: 2, reason: Reason.EDGE_TOO_SMALL });
    expect(journal.orders()).toHaveLength(ENDED_ORDERS_KEPT + 1);
    expect(journal.orders()[0]?.orderId).toBe(first.orderId);
    expect(journal.fills()).toHaveLength(FILLS_KEPT);
    expect(journal.audit()).toHaveLength(AUDIT_KEPT);
    expect(journal.eventsSince(1)).toBeNull();
    expect(journal.eventsSince(journal.seq - EVENTS_KEPT)).toHaveLength(EVENTS_KEPT);
    expect(journal.orderCounts()).toMatchObject({ sent: rounds + 1, filled: rounds, open: 1 });
  });

  it('takes over live orders, levels and fills of earlier runs without counting them', () => {
    const order = {
      orderId: 99,
      strategy: 0,
      instrument: 0,
      level: 4,
      side: 0,
      flags: 0,
      timeInForce: 0,
      priceTicks: 100,
      qtyLots: 10,
      cumLots: 4,
    };
    const fill = {
      orderId: 99,
      strategy: 0,
      instrument: 0,
      level: 4,
      side: 0,
      flags: 0,
      pnlKind: 0,
      fillTicks: 100,
      fillLots: 4,
      fee: 0,
      feeAsset: 0,
      tradeId: 5,
      tsUs: 1,
    };
    const level = {
      strategy: 0,
      level: 4,
      state: 2,
      side: 0,
      instrument: 0,
      priceTicks: 100,
      qtyLots: 10,
      cumLots: 4,
      auxTicks: 0,
      auxLots: 0,
    };
    const recovered: RecoveredState = {
      runs: 1,
      orders: [
        { ...order, state: OrderState.PARTLY_FILLED, pnlKind: 0, group: 0, createdUs: 7, updatedUs: 9 },
        { ...order, orderId: 98, state: OrderState.CANCELLED, pnlKind: 0, group: 0 },
      ],
      fills: [fill],
      levels: [level],
      notes: [],
    };
    const engine = new DemoEngine({ recovered });
    const { journal } = engine.view;
    expect(journal.orders()).toMatchObject([{ orderId: 99, state: 'partly_filled', isAdopted: true, tsUs: 9 }]);
    expect(journal.fills()).toMatchObject([{ tradeId: 5, isEarlierRun: true }]);
    expect(journal.levels()).toMatchObject([{ level: 4, state: 'open' }]);
    expect(journal.orderCounts()).toMatchObject({ sent: 0, accepted: 0, open: 1 });
    expect(journal.fillCounts().count).toBe(0);
    engine.journal(K.ACK, { ...BASE, orderId: 99 });
    expect(journal.orderCounts().accepted).toBe(0);
  });
});
