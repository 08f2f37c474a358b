import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Side } from '../../../src/venue-sim/engine/book-side.js';
import { MatchingEngine, type EngineTrade, type NewOrder } from '../../../src/venue-sim/engine/matching-engine.js';
import { SlowBook } from '../support/slow-book.js';

interface Seen {
  readonly trades: EngineTrade[];
  readonly levels: Record<Side, Map<number, number>>;
}

function engineWithEyes(): { engine: MatchingEngine; seen: Seen } {
  const seen: Seen = { trades: [], levels: { buy: new Map(), sell: new Map() } };
  const engine = new MatchingEngine(
    {
      onTrade: (trade) => void seen.trades.push(trade),
      onLevel: (side, ticks, lots) => void (lots === 0 ? seen.levels[side].delete(ticks) : seen.levels[side].set(ticks, lots)),
    },
    { sequence: 100, orderId: 1 },
  );
  return { engine, seen };
}

const limit = (side: Side, ticks: number, lots: number, more: Partial<NewOrder> = {}): NewOrder => ({
  owner: 1,
  side,
  ticks,
  lots,
  timeInForce: 'gtc',
  ...more,
});

const depthOf = (engine: MatchingEngine, side: Side): [number, number][] =>
  [...engine.side(side).levels()].map((level) => [level.ticks, level.lots]);

const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('submit' as const),
      side: fc.constantFrom<Side>('buy', 'sell'),
      ticks: fc.option(fc.integer({ min: 90, max: 110 }), { freq: 8, nil: null }),
      lots: fc.integer({ min: 1, max: 50 }),
      timeInForce: fc.constantFrom('gtc' as const, 'gtc' as const, 'ioc' as const, 'fok' as const),
      postOnly: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), pick: fc.nat(200) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reduce' as const), pick: fc.nat(200), lots: fc.integer({ min: 1, max: 30 }) }) },
);

describe('matching engine', () => {
  it('agrees with a slow obvious book over random operations: trades, queues, depth, level events', () => {
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 120 }), (operations) => {
        const { engine, seen } = engineWithEyes();
        const slow = new SlowBook();
        for (const step of operations) {
          if (step.kind === 'submit') {
            const order: NewOrder = {
              owner: 1,
              side: step.side,
              ticks: step.ticks,
              lots: step.lots,
              timeInForce: step.timeInForce,
              postOnly: step.postOnly,
            };
            const { orderId, filledLots, restingLots } = engine.submit(order);
            expect({ orderId, filledLots, restingLots }).toEqual(slow.submit(order));
          } else if (step.kind === 'cancel') expect(engine.cancel(step.pick)).toBe(slow.cancel(step.pick));
          else expect(engine.reduce(step.pick, step.lots)).toBe(slow.reduce(step.pick, step.lots));
          for (const side of ['buy', 'sell'] as const) {
            expect(depthOf(engine, side)).toEqual(slow.depth(side));
            expect(new Map(slow.depth(side))).toEqual(seen.levels[side]);
          }
          expect(engine.bids.bestTicks >= engine.asks.bestTicks).toBe(false);
        }
        expect(seen.trades.map(({ ticks, lots, makerOrderId, takerOrderId }) => ({ ticks, lots, makerOrderId, takerOrderId }))).toEqual(
          slow.trades,
        );
        for (const order of slow.orders) expect(engine.lotsAhead(order.id)).toBe(slow.lotsAhead(order.id));
        expect(engine.orderCount).toBe(slow.orders.length);
      }),
      { numRuns: 300 },
    );
  });

  it('fills the oldest order of a price first, and an order made smaller keeps its place', () => {
    const { engine, seen } = engineWithEyes();
    const first = engine.submit(limit('buy', 100, 10)).orderId;
    const second = engine.submit(limit('buy', 100, 10)).orderId;
    expect(engine.reduce(first, 4)).toBe(true);
    engine.submit(limit('sell', 100, 6));
    expect(seen.trades.map((trade) => [trade.makerOrderId, trade.lots])).toEqual([
      [first, 4],
      [second, 2],
    ]);
  });

  it('trades at the price of the resting order, best price first', () => {
    const { engine, seen } = engineWithEyes();
    for (const ticks of [103, 101, 102]) engine.submit(limit('sell', ticks, 5));
    const result = engine.submit(limit('buy', 102, 20));
    expect(seen.trades.map((trade) => trade.ticks)).toEqual([101, 102]);
    expect(result).toMatchObject({ filledLots: 10, restingLots: 10 });
    expect(engine.bids.bestTicks).toBe(102);
  });

  it('refuses a post-only order that would take and leaves the book as it was', () => {
    const { engine, seen } = engineWithEyes();
    engine.submit(limit('sell', 101, 5));
    const before = engine.sequence;
    expect(engine.submit(limit('buy', 101, 1, { postOnly: true }))).toMatchObject({ verdict: 'would-take', restingLots: 0 });
    expect(engine.sequence).toBe(before);
    expect(seen.trades).toEqual([]);
  });

  it('fills a fill-or-kill order whole or not at all, and never rests an immediate one', () => {
    const { engine, seen } = engineWithEyes();
    engine.submit(limit('sell', 101, 5));
    expect(engine.submit(limit('buy', 101, 6, { timeInForce: 'fok' }))).toMatchObject({ verdict: 'not-fillable', filledLots: 0 });
    expect(engine.submit(limit('buy', 101, 3, { timeInForce: 'ioc' }))).toMatchObject({ filledLots: 3, restingLots: 0 });
    expect(engine.submit({ ...limit('buy', 1, 9), ticks: null })).toMatchObject({ filledLots: 2, restingLots: 0 });
    expect(engine.orderCount).toBe(0);
    expect(seen.trades).toHaveLength(2);
  });

  it.each([
    [
      'expire-taker',
      { filledLots: 3, restingLots: 0, selfTradeLots: 17 },
      [],
      [
        [101, 5],
        [102, 5],
      ],
    ],
    ['expire-maker', { filledLots: 8, restingLots: 12, selfTradeLots: 0 }, [[2, 5]], []],
    ['expire-both', { filledLots: 3, restingLots: 0, selfTradeLots: 17 }, [[2, 5]], [[102, 5]]],
    ['none', { filledLots: 13, restingLots: 7, selfTradeLots: 0 }, [], []],
  ] as const)('C11: self-trade prevention %s', (selfTrade, result, expired, asks) => {
    const gone: [number, number][] = [];
    const levels = new Map<number, number>();
    const engine = new MatchingEngine(
      {
        onTrade: () => undefined,
        onLevel: (side, ticks, lots) => void (side === 'sell' && levels.set(ticks, lots)),
        onSelfTrade: (id, lots) => void gone.push([id, lots]),
      },
      { sequence: 1, orderId: 1 },
    );
    engine.submit(limit('sell', 101, 3, { owner: 2 }));
    engine.submit(limit('sell', 101, 5, { owner: 1 }));
    engine.submit(limit('sell', 102, 5, { owner: 2 }));
    expect(engine.submit(limit('buy', 102, 20, { selfTrade }))).toMatchObject(result);
    expect(gone).toEqual(expired);
    expect(depthOf(engine, 'sell')).toEqual(asks);
    expect([...levels].filter(([, lots]) => lots > 0)).toEqual(asks);
  });

  it('C11: a fill-or-kill order does not count what self-trade prevention keeps from it', () => {
    const { engine, seen } = engineWithEyes();
    engine.submit(limit('sell', 101, 3, { owner: 2 }));
    engine.submit(limit('sell', 101, 5, { owner: 1 }));
    engine.submit(limit('sell', 102, 5, { owner: 2 }));
    const fok = (selfTrade: NonNullable<NewOrder['selfTrade']>, lots: number): string =>
      engine.submit(limit('buy', 102, lots, { timeInForce: 'fok', selfTrade })).verdict;
    expect(fok('expire-taker', 4)).toBe('not-fillable');
    expect(fok('expire-maker', 9)).toBe('not-fillable');
    expect(seen.trades).toEqual([]);
    expect(fok('expire-maker', 8)).toBe('accepted');
  });

  it('goes on after save and load with the same queues, ids and sequence', () => {
    const { engine } = engineWithEyes();
    for (let index = 0; index < 40; index++)
      engine.submit(limit(index % 2 === 0 ? 'buy' : 'sell', index % 2 === 0 ? 99 - (index % 5) : 101 + (index % 7), 1 + index));
    const { engine: other, seen } = engineWithEyes();
    other.load(JSON.parse(JSON.stringify(engine.save())) as ReturnType<typeof engine.save>);
    expect(other.save()).toEqual(engine.save());
    expect(other.submit(limit('sell', 95, 60))).toEqual(engine.submit(limit('sell', 95, 60)));
    expect(other.save()).toEqual(engine.save());
    expect(seen.trades.length).toBeGreaterThan(1);
  });

  it('counts each change of a level once, with the venue’s own step', () => {
    const steps: number[] = [];
    const engine = new MatchingEngine(
      { onTrade: () => undefined, onLevel: () => void steps.push(engine.sequence) },
      { sequence: 10, orderId: 1 },
      { sequenceStep: () => 7 },
    );
    engine.submit(limit('buy', 10, 1));
    engine.submit(limit('buy', 10, 1));
    engine.submit(limit('sell', 10, 2));
    expect(steps).toEqual([17, 24, 31]);
  });
});
