/** Maker-taker: what rests, when it moves, and what happens when it fills. Over real rings and books. */
import { describe, expect, it } from 'vitest';
import { FLAG_HEDGE, FLAG_POST_ONLY, RecordKind, SIDE_BUY, SIDE_SELL, TIF_GTC, TIF_IOC } from '../../../src/core/memory/record.js';
import { RUN_STOPPING } from '../../../src/core/memory/layout.js';
import { Reason } from '../../../src/core/orders/reasons.js';
import arb, { type ArbStrategy } from '../../../src/strategies/arb.js';
import { PairState } from '../../../src/strategies/arb/pair.js';
import { instrumentOf } from '../../support/instruments.js';
import { World, type WorldOptions } from '../harness.js';

const MAKER = instrumentOf({ makerFee: '0.0002' });
const TAKER = instrumentOf({ index: 1, venue: 'bybit', id: 'bybit:linear:BTCUSDT', symbol: 'linear:BTCUSDT', takerFee: '0.0005' });
const PARAMS = { maker: 'first', minEdge: '0.0005', maxNotional: '1000', quoteDistance: '0.01' };

function world(params: Record<string, unknown> = {}, more: Partial<WorldOptions> = {}): World {
  return new World({
    instruments: [MAKER, TAKER],
    entries: [{ name: 'x', definition: arb, instruments: [0, 1], params: { ...PARAMS, ...params } }],
    ...more,
  });
}

/** The maker's market at `mid`, the taker's at `there`. */
function markets(w: World, mid: number, there: number): void {
  w.quote(0, mid - 5, mid + 5, 1000);
  w.quote(1, there - 5, there + 5, 1000);
  w.step();
}

const pairOf = (w: World) => (w.strategy as ArbStrategy).pairs[0]!;

describe('maker-taker', () => {
  it('rests one post-only order where closing on the other venue still pays', () => {
    const w = world();
    markets(w, 600_000, 600_500);
    expect(w.wishes).toHaveLength(1);
    // Sold at 600,495 less 0.05 %, less 0.05 % of edge, less 0.02 % for resting: at most 599,774.6.
    expect(w.wishes[0]).toMatchObject({
      instrument: 0,
      side: SIDE_BUY,
      flags: FLAG_POST_ONLY,
      timeInForce: TIF_GTC,
      priceTicks: 599_774,
      qtyLots: 16,
      group: 0,
    });
  });

  it('rests on the side that is nearer to the market, and never takes', () => {
    const w = world();
    markets(w, 600_000, 599_500);
    expect(w.wishes[0]).toMatchObject({ side: SIDE_SELL });
    const far = world();
    markets(far, 600_000, 606_000);
    expect(far.wishes[0]).toMatchObject({ side: SIDE_BUY, priceTicks: 600_004 });
  });

  it('takes the other side as soon as it fills, in the quantity that filled, and asks the rest back', () => {
    const w = world();
    markets(w, 600_000, 600_500);
    const quote = w.orders()[0]!;
    w.fill(quote, 6);
    w.step();
    const [, cancel, hedge] = w.wishes as [unknown, (typeof w.wishes)[0], (typeof w.wishes)[0]];
    expect(cancel).toMatchObject({ kind: RecordKind.INTENT_CANCEL, level: quote.level });
    expect(hedge).toMatchObject({ instrument: 1, side: SIDE_SELL, qtyLots: 6, timeInForce: TIF_IOC, flags: FLAG_HEDGE });
    w.fill(w.order(hedge.level), 6, 600_495);
    w.step(3);
    expect([w.positionOf(0), w.positionOf(1)]).toEqual([6, -6]);
    expect(w.counter('taken')).toBe(1);
    w.step(10, 100_000);
    markets(w, 600_000, 600_500);
    // And it rests again.
    expect(w.orders()).toHaveLength(1);
    expect(w.faults).toEqual([]);
  });

  it('a fill that came while the order was being asked back is closed too', () => {
    const w = world();
    markets(w, 600_000, 600_500);
    const quote = w.orders()[0]!;
    w.deaf.add(quote.level);
    w.fill(quote, 6);
    w.step();
    w.fill(quote, 10);
    w.step();
    w.fill(w.order(w.wishes.at(-1)!.level), 6, 600_495);
    w.step(10, 100_000);
    const hedges = w.wishes.filter((wish) => wish.flags === FLAG_HEDGE);
    expect(hedges.map((wish) => wish.qtyLots)).toEqual([6, 10]);
  });

  it('moves when it is off by more than it may, and goes at once when it no longer pays', () => {
    const w = world({ requoteMs: 1000 });
    markets(w, 600_000, 600_500);
    const cancels = (): number => w.wishes.filter((wish) => wish.kind === RecordKind.INTENT_CANCEL).length;
    markets(w, 600_000, 600_510);
    expect(cancels()).toBe(0);
    markets(w, 600_000, 600_600);
    expect(cancels()).toBe(0); // still pays, and is not old enough to be moved
    w.step(11, 100_000);
    markets(w, 600_000, 600_601);
    expect(cancels()).toBe(1);
    w.step(1);
    markets(w, 600_000, 600_600);
    expect(w.orders()[0]).toMatchObject({ priceTicks: 599_874 });
    markets(w, 600_000, 600_400);
    expect(cancels()).toBe(2);
  });

  it('does not rest with an old book, too far away, beyond its positions, or while stopping', () => {
    const w = world({ bookMaxAgeMs: 500 });
    w.quote(1, 600_495, 600_505);
    w.step(10, 100_000);
    w.quote(0, 599_995, 600_005);
    w.step();
    expect(w.wishes).toEqual([]);
    const far = world({ quoteDistance: '0.0001' });
    markets(far, 600_000, 600_000);
    expect(far.wishes).toEqual([]);
    const full = world({ maxPosition: '900' });
    full.setPosition(0, 15);
    markets(full, 600_000, 600_500);
    expect(full.wishes).toEqual([]);
    const stopping = world();
    markets(stopping, 600_000, 600_500);
    stopping.setRun(RUN_STOPPING);
    stopping.step(2);
    expect(stopping.orders()).toEqual([]);
    markets(stopping, 600_000, 600_510);
    expect(stopping.orders()).toEqual([]);
  });

  it('a refusal ends nothing: it rests again after its pause', () => {
    const w = world();
    markets(w, 600_000, 600_500);
    w.end(w.orders()[0]!, RecordKind.REJECT, Reason.POST_ONLY_WOULD_TAKE);
    w.step();
    expect(pairOf(w).state).toBe(PairState.IDLE);
    w.step(3, 100_000);
    markets(w, 600_000, 600_501);
    expect(w.orders()).toHaveLength(1);
  });

  it('after a crash the order that still rests is asked back before another one rests', () => {
    const w = world();
    markets(w, 600_000, 600_500);
    const again = world({}, { recovered: w.crash(), run: 2, startUs: w.nowUs + 10_000_000 });
    again.step(3, 100_000);
    expect(again.wishes.map((wish) => wish.kind)).toEqual([RecordKind.INTENT_CANCEL]);
    again.step(10, 100_000);
    markets(again, 600_000, 600_500);
    markets(again, 600_000, 600_501);
    expect(again.orders()).toHaveLength(1);
    expect(again.faults).toEqual([]);
  });
});
