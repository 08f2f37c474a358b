/** The runner: order of dispatch, isolation of strategies, what reaches the rings, and what happens when rings are full or lapped. */
import { describe, expect, it } from 'vitest';
import { CHANGE_BOOK, CHANGE_CAPACITY, RUN_STARTING, RUN_STOPPING, RUN_TRADING } from '../../src/core/memory/layout.js';
import { FLAG_POST_ONLY, RecordKind, SIDE_BUY, SIDE_SELL } from '../../src/core/memory/record.js';
import { RESULT_FULL, RESULT_OK } from '../../src/core/numbers/errors.js';
import { Reason } from '../../src/core/orders/reasons.js';
import type { OrderDraft, Strategy, StrategyContext, StrategyDefinition } from '../../src/core/ports/strategy.js';
import template from '../../src/strategies/template.js';
import { instrumentOf } from '../support/instruments.js';
import { World } from './harness.js';

function definitionOf(strategy: Strategy, kind = 'probe'): StrategyDefinition {
  return { kind, pnlKind: 'other', description: '', params: [], instruments: { min: 1, max: 4 }, create: () => strategy };
}

const DRAFT: OrderDraft = {
  level: 3,
  slot: 1,
  side: SIDE_SELL,
  priceTicks: 500,
  qtyLots: 7,
  flags: FLAG_POST_ONLY,
  timeInForce: 0,
  group: 0,
  groupLegs: 0,
};
const TWO = [instrumentOf(), instrumentOf({ index: 1, id: 'bybit:linear:BTCUSDT', venue: 'bybit' })];

function one(strategy: Strategy, more: Partial<ConstructorParameters<typeof World>[0]> = {}): World {
  return new World({
    instruments: TWO,
    entries: [{ name: 'p', definition: definitionOf(strategy), instruments: [0, 1], params: {} }],
    ...more,
  });
}

describe('the runner', () => {
  it('tells of orders before books, of each changed book once, and of time every 100 ms', () => {
    const seen: string[] = [];
    const w = one({
      onStart: (ctx) => {
        seen.push('start');
        ctx.intents.place({ ...DRAFT });
      },
      onOrder: (_, event) => seen.push(`order ${event.kind} ${event.level} ${event.slot}`),
      onTop: (ctx, slot) => seen.push(`top ${slot} ${ctx.book(slot).bidTicks}`),
      onTimer: () => seen.push('timer'),
    });
    w.step();
    seen.length = 0;
    w.quote(1, 100, 101);
    w.quote(1, 102, 103);
    w.quote(0, 50, 51);
    w.step();
    expect(seen).toEqual([`order ${RecordKind.ACK} 3 1`, 'top 1 102', 'top 0 50']);
    seen.length = 0;
    w.step(300, 1_000);
    expect(seen).toEqual(['timer', 'timer', 'timer']);
  });

  it('writes an intent with its instrument, its numbers and the frame that caused it', () => {
    const w = one({ onTop: (ctx) => void ctx.intents.place({ ...DRAFT, level: ctx.nowUs % 7 }) });
    w.step();
    w.quote(0, 50, 51);
    const frameUs = w.nowUs;
    w.step();
    expect(w.wishes).toHaveLength(1);
    expect(w.wishes[0]).toMatchObject({
      instrument: 1,
      side: SIDE_SELL,
      priceTicks: 500,
      qtyLots: 7,
      flags: FLAG_POST_ONLY,
      causeUs: frameUs,
    });
  });

  it('starts strategies when trading starts, and keeps their events until then', () => {
    const seen: string[] = [];
    const w = one({ onStart: () => seen.push('start'), onTop: () => seen.push('top'), onStop: () => seen.push('stop') });
    w.setRun(RUN_STARTING);
    w.quote(0, 50, 51);
    w.step(3);
    expect(seen).toEqual([]);
    w.setRun(RUN_TRADING);
    w.step(2);
    w.setRun(RUN_STOPPING);
    w.step(3);
    expect(seen).toEqual(['start', 'stop']);
  });

  it('stops a strategy that throws, cancels its orders, and lets the others go on', () => {
    let tops = 0;
    const thrower: Strategy = {
      onStart: (ctx) => void ctx.intents.place({ ...DRAFT }),
      onTop: () => {
        throw new Error('a mistake');
      },
    };
    const w = new World({
      instruments: TWO,
      entries: [
        { name: 'bad', definition: definitionOf(thrower), instruments: [0, 1], params: {} },
        { name: 'good', definition: definitionOf({ onTop: () => tops++ }), instruments: [0], params: {} },
      ],
    });
    w.step(2);
    expect(w.orders(0)).toHaveLength(1);
    for (let i = 0; i < 3; i++) {
      w.quote(0, 50 + i, 51 + i);
      w.step();
    }
    expect([tops, w.errors.length, w.orders(0).length]).toEqual([3, 1, 0]);
    expect(w.counter('errors', 0)).toBe(1);
    expect(String(w.errors[0])).toContain('a mistake');
  });

  it('dispatches trades with their side, not history and not prints that form no price', () => {
    const seen: number[][] = [];
    const w = one({ onTrade: (ctx, slot, trade) => seen.push([slot, trade.priceTicks, trade.qtyLots, trade.side]) });
    w.step();
    w.trade(1, 700, 3, SIDE_SELL);
    w.trade(1, 701, 4, SIDE_BUY, 1);
    w.trade(0, 702, 5, SIDE_BUY, 2);
    w.trade(0, 703, 6, SIDE_BUY);
    w.step();
    expect(seen).toEqual([
      [1, 700, 3, SIDE_SELL],
      [0, 703, 6, SIDE_BUY],
    ]);
  });

  it('looks at all books again after the changes ring lapped it', () => {
    const slots: number[] = [];
    const w = one({ onTop: (_, slot) => slots.push(slot) });
    w.step();
    for (let i = 0; i < CHANGE_CAPACITY * 2; i++) w.change(0, CHANGE_BOOK);
    w.step();
    expect(new Set(slots)).toEqual(new Set([0, 1]));
    expect(slots).toHaveLength(2);
  });

  it('says full when a ring is full, and nothing is half written', () => {
    const results: number[] = [];
    const w = one(
      { onTimer: (ctx) => void (ctx.intents.hasRoom(3) ? results.push(-1) : results.push(ctx.intents.place({ ...DRAFT }))) },
      { ringRecords: 2 },
    );
    w.nowUs += 200_000;
    w.runner.step(w.nowUs, 16);
    w.nowUs += 200_000;
    w.runner.step(w.nowUs, 16);
    w.nowUs += 200_000;
    w.runner.step(w.nowUs, 16);
    expect(results).toEqual([RESULT_OK, RESULT_OK, RESULT_FULL]);
    expect(w.counter('noRoom')).toBe(4);
  });

  it('journals a refusal at most once a second for each reason and counts all', () => {
    const w = one({ onTimer: (ctx: StrategyContext) => ctx.refuse(Reason.EDGE_TOO_SMALL) });
    w.step(50, 100_000);
    expect(w.refused(Reason.EDGE_TOO_SMALL)).toBe(50);
    expect(w.journal.filter((entry) => entry.kind === RecordKind.REFUSED)).toHaveLength(5);
  });
});

function quoting(params: Record<string, unknown> = {}): World {
  const w = new World({
    instruments: [instrumentOf()],
    entries: [{ name: 't', definition: template, instruments: [0], params: { size: '0.01', ...params } }],
  });
  w.quote(0, 599_995, 600_005);
  w.step(3);
  return w;
}

describe('the template', () => {
  it('rests one order on each side and follows the market', () => {
    const w = quoting();
    expect(w.orders().map((order) => [order.side, order.priceTicks, order.qtyLots])).toEqual([
      [SIDE_BUY, 599_400, 10],
      [SIDE_SELL, 600_600, 10],
    ]);
    w.quote(0, 601_995, 602_005);
    w.step(3);
    expect(w.orders().map((order) => order.priceTicks)).toEqual([601_398, 602_602]);
    expect(w.faults).toEqual([]);
  });

  it('quotes again after a fill, up to its limit, and waits after a refusal', () => {
    const w = quoting({ maxOrders: 2 });
    for (let i = 0; i < 5; i++) {
      const buy = w.orders().find((order) => order.side === SIDE_BUY);
      if (buy !== undefined) w.fill(buy, 10);
      w.quote(0, 599_995, 600_005);
      w.step(2);
    }
    expect(w.positionOf(0)).toBe(20);
    expect(w.orders().map((order) => order.side)).toEqual([SIDE_SELL]);
  });
});
