/** The grid over real rings and books: what it rests, what it does after each kind of event, and how it comes back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RUN_STOPPING } from '../../src/core/memory/layout.js';
import { FLAG_POST_ONLY, RecordKind, SIDE_BUY, SIDE_SELL } from '../../src/core/memory/record.js';
import { Reason } from '../../src/core/orders/reasons.js';
import type { RecoveredState } from '../../src/core/orders/recovered.js';
import grid, { GridStrategy } from '../../src/strategies/grid.js';
import { LevelState } from '../../src/strategies/grid/level-state.js';
import { instrumentOf } from '../support/instruments.js';
import { World, type WorldOptions } from './harness.js';

const PARAMS = { step: '0.5%', count: 3, size: '0.01', anchor: 'mid' };
const MID = 600_000; // 60,000.0

function world(params: Record<string, unknown> = {}, more: Partial<WorldOptions> = {}): World {
  return new World({
    instruments: [instrumentOf()],
    entries: [{ name: 'g', definition: grid, instruments: [0], params: { ...PARAMS, ...params } }],
    ...more,
  });
}

function started(params: Record<string, unknown> = {}, more: Partial<WorldOptions> = {}): World {
  const w = world(params, more);
  w.quote(0, MID - 5, MID + 5);
  w.step(3);
  return w;
}

function gridOf(w: World): GridStrategy {
  return w.strategy as GridStrategy;
}

function shown(w: World): string[] {
  return w.orders().map((order) => `${order.side === SIDE_BUY ? 'buy' : 'sell'} ${order.qtyLots - order.cumLots} @ ${order.priceTicks}`);
}

describe('a neutral grid', () => {
  it('rests its ladder around the anchor, post-only', () => {
    const w = started();
    expect(shown(w)).toEqual([
      'buy 10 @ 591000',
      'buy 10 @ 594000',
      'buy 10 @ 597000',
      'sell 10 @ 603000',
      'sell 10 @ 606000',
      'sell 10 @ 609000',
    ]);
    expect(w.orders().every((order) => order.flags === FLAG_POST_ONLY)).toBe(true);
    expect(w.faults).toEqual([]);
  });

  it('places nothing while the book is not live', () => {
    const w = world();
    w.setBook(0, [[MID - 5, 10]], [[MID + 5, 10]], false);
    w.step(300);
    expect(w.wishes).toEqual([]);
  });

  it('answers a whole fill with a counter order at the profit distance, and that one with a fresh home order', () => {
    const w = started();
    const buy = w.orders()[2]!;
    w.quote(0, 596_900, 597_000);
    w.fill(buy, 10);
    w.step();
    expect(shown(w)).toContain('sell 10 @ 600000');
    expect(shown(w)).not.toContain('buy 10 @ 597000');
    w.quote(0, 600_000, 600_010);
    w.fill(
      w.orders().find((order) => order.priceTicks === 600_000)!,
      10,
    );
    w.step(2);
    expect(shown(w)).toContain('buy 10 @ 597000');
    expect(shown(w)).not.toContain('sell 10 @ 600000');
  });

  it('B5: places the counter order for what filled, grows it with later parts, and never beyond', () => {
    const w = started();
    const buy = w.orders()[2]!;
    w.fill(buy, 3);
    w.step();
    expect(shown(w)).toContain('sell 3 @ 600000'.replace('600000', String(Math.max(600_000, MID - 5 + 1))));
    w.fill(buy, 4);
    w.step(1);
    w.step(12, 100_000);
    expect(shown(w)).toContain('sell 7 @ 600000');
    expect(shown(w)).toContain('buy 3 @ 597000');
    expect(gridOf(w).levels!.heldLots(2)).toBe(7);
  });

  it('keeps dust below the minimum and joins it with the next fill', () => {
    const w = started({}, { instruments: [instrumentOf({ minQty: '0.004' })] });
    const buy = w.orders()[2]!;
    w.fill(buy, 3);
    w.step(20, 100_000);
    expect(shown(w).filter((text) => text.endsWith('600000'))).toEqual([]);
    w.fill(buy, 2);
    w.step();
    expect(shown(w)).toContain('sell 5 @ 600000');
  });

  it('frees a line that holds only dust by rounding its home order up', () => {
    const w = started({}, { instruments: [instrumentOf({ minQty: '0.006' })] });
    const buy = w.orders()[2]!;
    w.fill(buy, 5);
    w.step();
    w.end(buy, RecordKind.CANCELLED, Reason.VENUE_CANCELLED);
    w.step(40, 100_000);
    expect(shown(w)).toContain('buy 6 @ 597000');
    w.fill(
      w.orders().find((order) => order.priceTicks === 597_000)!,
      6,
    );
    w.step();
    expect(shown(w)).toContain('sell 11 @ 600000');
    expect(w.faults).toEqual([]);
  });

  it('B3: puts an order that the venue cancelled back at its own price and side', () => {
    const w = started();
    const buy = w.orders()[0]!;
    w.end(buy, RecordKind.CANCELLED, Reason.VENUE_CANCELLED);
    w.step();
    expect(shown(w)).not.toContain('buy 10 @ 591000');
    w.step(5, 100_000);
    expect(shown(w)).toContain('buy 10 @ 591000');
    expect(w.orders().filter((order) => order.side === SIDE_SELL)).toHaveLength(3);
  });

  it('B6: counts a fill that comes before its acknowledgement once, and is not fooled by the late acknowledgement', () => {
    const w = world();
    w.acks = false;
    w.quote(0, MID - 5, MID + 5);
    w.step(3);
    const buy = w.orders()[2]!;
    w.acks = true;
    w.fill(buy, 10);
    w.ack(buy);
    w.step(2);
    expect(gridOf(w).levels!.heldLots(2)).toBe(10);
    expect(gridOf(w).levels!.state[4]).toBe(LevelState.IDLE);
  });

  it('B14: pauses twice as long after each refusal and never floods', () => {
    const w = world();
    w.deny = () => Reason.STALE_BOOK;
    w.quote(0, MID - 5, MID + 5);
    w.step(3);
    const first = w.wishes.length;
    expect(first).toBe(6);
    w.step(3000, 10_000); // 30 s
    expect(w.wishes.length).toBeLessThanOrEqual(6 * 8);
    w.deny = () => Reason.NONE;
    w.step(400, 100_000);
    expect(w.orders()).toHaveLength(6);
  });

  it('parks a level that is refused for good and says why', () => {
    const w = world();
    w.deny = (order) => (order.level === 0 ? Reason.NOTIONAL_TOO_LARGE : Reason.NONE);
    w.quote(0, MID - 5, MID + 5);
    w.step(600, 100_000);
    expect(w.wishes.filter((wish) => wish.level === 0)).toHaveLength(1);
    const last = w.journal.filter((entry) => entry.kind === RecordKind.LEVEL && entry.level === 0).at(-1)!;
    expect([last.state, last.reason]).toEqual([LevelState.PARKED, Reason.NOTIONAL_TOO_LARGE]);
  });

  it('counts an order whose outcome is unknown as live and places nothing beside it', () => {
    const w = world();
    w.acks = false;
    w.quote(0, MID - 5, MID + 5);
    w.step(3);
    w.acks = true;
    const buy = w.orders()[0]!;
    w.tell(buy, RecordKind.UNKNOWN, Reason.TIMEOUT);
    w.step(100, 100_000);
    expect(w.wishes.filter((wish) => wish.level === buy.level)).toHaveLength(1);
    w.end(buy, RecordKind.NOT_FOUND);
    w.step(10, 100_000);
    expect(w.wishes.filter((wish) => wish.level === buy.level)).toHaveLength(2);
  });

  it('rests only the nearest levels of a side and follows the market', () => {
    const w = started({ count: 10, activePerSide: 2, step: '0.1%' });
    expect(shown(w)).toEqual(['buy 10 @ 598800', 'buy 10 @ 599400', 'sell 10 @ 600600', 'sell 10 @ 601200']);
    w.quote(0, 600_500, 600_510);
    w.step();
    w.quote(0, 601_190, 601_199);
    w.step(2);
    w.match();
    w.step(200, 10_000);
    expect(w.orders().length).toBeLessThanOrEqual(6);
    expect(w.faults).toEqual([]);
  });

  it('B15: rests a level whose price would take at the best price that does not, or waits, as configured', () => {
    const improved = world({ anchor: 'price', anchorPrice: '60000' });
    improved.quote(0, 590_000, 590_010);
    improved.step(3);
    expect(shown(improved)).toEqual(expect.arrayContaining(['buy 10 @ 590009']));
    expect(improved.orders().every((order) => (order.side === SIDE_BUY ? order.priceTicks < 590_010 : order.priceTicks > 590_000))).toBe(
      true,
    );
    const waiting = world({ anchor: 'price', anchorPrice: '60000', reprice: 'wait' });
    waiting.quote(0, 590_000, 590_010);
    waiting.step(3);
    expect(waiting.orders().filter((order) => order.side === SIDE_BUY)).toEqual([]);
    waiting.quote(0, 599_990, 600_010);
    waiting.step(3);
    expect(waiting.orders()).toHaveLength(6);
  });

  it('B17: keeps levels apart although their orders share a price', () => {
    const w = started({ profit: '1%' });
    // Line 2 (home 597000) takes profit at 603000, where line 3 has its home order.
    w.fill(w.orders()[2]!, 10);
    w.step();
    const at603 = w.orders().filter((order) => order.side === SIDE_SELL && Math.abs(order.priceTicks - 603_000) < 100);
    expect(at603).toHaveLength(2);
    expect(new Set(at603.map((order) => order.level)).size).toBe(2);
  });

  it('waits for the base it sells on spot and says so', () => {
    const spot = instrumentOf({ kind: 'spot', venue: 'binance-spot', id: 'binance-spot:BTCUSDT' });
    const w = world({}, { instruments: [spot] });
    w.setBalance('binance-spot', 'BTC', 0.015);
    w.setBalance('binance-spot', 'USDT', 1e6);
    w.quote(0, MID - 5, MID + 5);
    w.step(3);
    expect(w.orders().filter((order) => order.side === SIDE_SELL)).toHaveLength(1);
    expect(w.refused(Reason.NO_BALANCE)).toBe(2);
    w.setBalance('binance-spot', 'BTC', 1);
    w.step(60, 100_000);
    expect(w.orders()).toHaveLength(6);
  });

  it('keeps its state when the intents ring is full and goes on when there is room', () => {
    const w = world({ count: 20, step: '0.1%' }, { ringRecords: 4 });
    w.quote(0, MID - 5, MID + 5);
    w.step(200, 100_000);
    expect(w.orders()).toHaveLength(40);
    expect(w.faults).toEqual([]);
    expect(w.counter('noRoom')).toBeGreaterThan(0);
  });

  it('places nothing that the journal has no room for', () => {
    const w = world({}, { journalRecords: 16 });
    w.quote(0, MID - 5, MID + 5);
    w.nowUs += 1_000;
    w.runner.step(w.nowUs, 256);
    expect(w.counter('intents')).toBe(0);
    w.step(100, 100_000);
    expect(w.orders()).toHaveLength(6);
  });
});

function secondRun(recovered: RecoveredState): Partial<WorldOptions> {
  return { recovered, run: 2 };
}

describe('start and stop', () => {
  it('waits for its trigger, from whichever side the market comes, and goes on after it was reached', () => {
    for (const [start, reached] of [
      [590_000, 600_100],
      [610_000, 599_900],
    ] as const) {
      const w = world({ trigger: '60000' });
      w.quote(0, start - 5, start + 5);
      w.step(20, 100_000);
      expect(w.orders()).toEqual([]);
      w.setBook(0, [], [[reached, 10]]); // one side empty: no middle
      w.step(3, 100_000);
      expect(w.orders()).toEqual([]);
      w.quote(0, reached - 5, reached + 5);
      w.step(3, 100_000);
      expect(w.orders()).toHaveLength(6);
    }
  });

  it('keeps its orders on a stop, or cancels them, as configured; both come back at the next start', () => {
    const kept = started();
    kept.setRun(RUN_STOPPING);
    kept.step(3);
    expect(kept.orders()).toHaveLength(6);
    const cancelled = started({ onStop: 'cancel' });
    const before = shown(cancelled);
    cancelled.setRun(RUN_STOPPING);
    cancelled.step(300, 100_000);
    expect(cancelled.orders()).toEqual([]);
    const after = world({ onStop: 'cancel' }, secondRun(cancelled.crash()));
    after.quote(0, MID - 5, MID + 5);
    after.step(10, 100_000);
    expect(shown(after)).toEqual(before);
  });
});

describe('a resumed grid', () => {
  it('has the same levels and the same orders, and does not anchor anew', () => {
    const before = started();
    before.fill(before.orders()[2]!, 10);
    before.step(2);
    const kept = shown(before);
    const after = world({}, secondRun(before.crash()));
    after.quote(0, 580_000, 580_010);
    after.step(3);
    const resumed = gridOf(after);
    expect(resumed.ladder).toEqual(gridOf(before).ladder);
    // The market is far below: only what rested rests, and levels that had nothing resting.
    expect(shown(after)).toEqual(expect.arrayContaining(kept));
    expect(after.faults).toEqual([]);
  });

  it('B10: what an earlier run counted is counted: no order comes of its rows, however often they are read', () => {
    const before = started();
    const [, farther, nearest] = before.orders();
    before.fill(nearest!, 10);
    before.fill(farther!, 4); // still live: the next run is told of its 4 lots by the order and by the level
    before.step(2);
    const kept = shown(before);
    let recovered = secondRun(before.crash());
    for (let run = 0; run < 3; run++) {
      const after = world({}, recovered);
      after.quote(0, MID - 5, MID + 5);
      after.step(10, 100_000);
      expect(after.wishes).toEqual([]);
      expect(shown(after)).toEqual(kept);
      expect([1, 2].map((line) => gridOf(after).levels!.heldLots(line))).toEqual([4, 10]);
      recovered = secondRun(after.crash());
    }
  });

  it('counts a fill that the strategy had not published before the crash', () => {
    const before = started();
    const buy = before.orders()[2]!;
    before.fill(buy, 10); // in the journal, the strategy never saw it
    const after = world({}, secondRun(before.crash()));
    expect(gridOf(after).levels!.heldLots(2)).toBe(10);
    after.quote(0, 596_900, 597_000);
    after.step(3);
    expect(shown(after)).toContain('sell 10 @ 600000');
  });

  it('makes a new ladder when the parameters changed, after cancelling the old orders', () => {
    const before = started();
    const after = world({ step: '1%' }, secondRun(before.crash()));
    after.quote(0, MID - 5, MID + 5);
    after.step(20, 100_000);
    expect(shown(after)).toEqual([
      'buy 10 @ 582000',
      'buy 10 @ 588000',
      'buy 10 @ 594000',
      'sell 10 @ 606000',
      'sell 10 @ 612000',
      'sell 10 @ 618000',
    ]);
    expect(after.notes.join()).toContain('parameters changed');
  });
});

/** One random thing that happens to a running grid. */
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant('move' as const), by: fc.integer({ min: -60, max: 60 }) }) },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('part' as const), pick: fc.nat(), share: fc.integer({ min: 1, max: 10 }) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('cancel' as const), pick: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('lose' as const), pick: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('deny' as const),
      reason: fc.constantFrom(Reason.STALE_BOOK, Reason.SELF_TRADE, Reason.POSITION_LIMIT, Reason.NONE),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('crash' as const) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('wait' as const), steps: fc.integer({ min: 1, max: 40 }) }) },
);

describe('whatever happens', () => {
  it('conserves quantity on every level, answers fills exactly, never doubles an order and resumes the same orders', () => {
    fc.assert(
      fc.property(
        fc.array(happening, { minLength: 5, maxLength: 60 }),
        fc.constantFrom('0.001', '0.003', '0.006'),
        (happenings, minQty) => {
          const instruments = [instrumentOf({ minQty })];
          let w = started({ step: '0.3%' }, { instruments });
          const ladder = gridOf(w).ladder!;
          let mid = MID;
          const faults: string[] = [];
          for (const event of happenings) {
            const orders = w.orders();
            switch (event.what) {
              case 'move':
                mid += event.by * 50;
                w.quote(0, mid - 5, mid + 5);
                w.step();
                w.match();
                break;
              case 'part': {
                const order = orders[event.pick % Math.max(1, orders.length)];
                if (order !== undefined) w.fill(order, Math.min(order.qtyLots - order.cumLots, event.share));
                break;
              }
              case 'cancel': {
                const order = orders[event.pick % Math.max(1, orders.length)];
                if (order !== undefined) w.end(order, RecordKind.CANCELLED, Reason.VENUE_CANCELLED);
                break;
              }
              case 'lose': {
                const order = orders[event.pick % Math.max(1, orders.length)];
                if (order !== undefined) w.tell(order, RecordKind.UNKNOWN, Reason.TIMEOUT);
                w.step();
                if (order !== undefined && w.live.has(`0/${order.level}`)) w.ack(order);
                break;
              }
              case 'deny':
                w.deny = () => event.reason;
                break;
              case 'wait':
                w.step(event.steps, 100_000);
                break;
              default: {
                const kept = shown(w);
                faults.push(...w.faults);
                w = world({ step: '0.3%' }, { instruments, recovered: w.crash(), run: 1 + w.tables.run, startUs: w.nowUs });
                expect(shown(w)).toEqual(kept);
                w.quote(0, mid - 5, mid + 5);
                break;
              }
            }
            w.step();
            expect(gridOf(w).ladder).toEqual(ladder);
          }
          w.deny = () => Reason.NONE;
          w.step(700, 100_000);
          const levels = gridOf(w).levels!;
          let net = 0;
          for (let line = 0; line < ladder.count; line++) {
            const of = (level: number): number =>
              w.fills.filter((fill) => fill.level === level).reduce((sum, fill) => sum + fill.fillLots, 0);
            const held = of(line * 2) - of(line * 2 + 1);
            expect(levels.heldLots(line)).toBe(held);
            expect(held).toBeGreaterThanOrEqual(0);
            // What is left of a counter order may be less than the venue takes: it stays. Dust that never was an order waits.
            const counter = levels.restingLots(line * 2 + 1);
            expect(held >= levels.minLots[line * 2 + 1]! ? [held] : [0, held]).toContain(counter);
            const isRoundedUp = ladder.qtyLots[line]! - held < levels.minLots[line * 2]!;
            if (!isRoundedUp) expect(levels.restingLots(line * 2) + held).toBe(ladder.qtyLots[line]);
            net += ladder.homeSide[line] === SIDE_BUY ? held : -held;
          }
          expect(w.positionOf(0)).toBe(net);
          expect([...faults, ...w.faults]).toEqual([]);
          expect(w.errors).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  });
});
