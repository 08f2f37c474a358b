/** A turn through three markets: when it is taken, how much, and what happens to what a failed step leaves over. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/numbers/errors.js';
import { FLAG_HEDGE, RecordKind, SIDE_BUY, SIDE_SELL, TIF_IOC } from '../../src/core/memory/record.js';
import { Reason } from '../../src/core/orders/reasons.js';
import triangle, { type TriangleStrategy } from '../../src/strategies/triangle.js';
import { triangleOf } from '../../src/strategies/triangle/cycle.js';
import { instrumentOf } from '../support/instruments.js';
import { World, type WorldOptions } from './harness.js';

const spot = (index: number, base: string, quote: string, tickSize: string, lotSize: string, minNotional: string) =>
  instrumentOf({
    index,
    id: `binance-spot:${base}${quote}`,
    venue: 'binance-spot',
    symbol: `${base}${quote}`,
    kind: 'spot',
    base,
    quote,
    settle: quote,
    tickSize,
    lotSize,
    minQty: lotSize,
    minNotional,
    takerFee: '0.001',
    feeAssetBuy: base,
    feeAssetSell: quote,
  });

const MARKETS = [
  spot(0, 'BTC', 'USDT', '0.01', '0.00001', '5'),
  spot(1, 'ETH', 'USDT', '0.01', '0.0001', '5'),
  spot(2, 'ETH', 'BTC', '0.00001', '0.0001', '0.0001'),
];

function world(params: Record<string, unknown> = {}, more: Partial<WorldOptions> = {}): World {
  const w = new World({ instruments: MARKETS, entries: [{ name: 't', definition: triangle, instruments: [0, 1, 2], params }], ...more });
  for (const [asset, free] of [
    ['USDT', 1e6],
    ['BTC', 10],
    ['ETH', 100],
  ] as const)
    w.setBalance('binance-spot', asset, free);
  return w;
}

/** BTC at 60,000, ETH at 3,000, and ETH/BTC at `cross` ticks of 0.00001; 5,000 is what the other two say. */
function markets(w: World, cross: number, lots = 1e6): void {
  w.quote(0, 5_999_999, 6_000_001, lots);
  w.quote(1, 299_999, 300_001, lots);
  w.quote(2, cross - 1, cross + 1, lots);
  w.step();
}

const leftovers = (w: World) => (w.strategy as TriangleStrategy).leftovers;

function refusal(markets: typeof MARKETS, home: string | null = null): string {
  try {
    triangleOf('t', markets, home);
    return '';
  } catch (error) {
    return error instanceof UsageError ? error.message : 'other';
  }
}

describe('triangle', () => {
  it('takes three steps at once when the turn pays: through the cheap cross, whole lots of what each step brings', () => {
    const w = world();
    markets(w, 4_949);
    expect(w.wishes.map((wish) => [wish.instrument, wish.side, wish.timeInForce, wish.groupLegs])).toEqual([
      [0, SIDE_BUY, TIF_IOC, 3],
      [2, SIDE_BUY, TIF_IOC, 3],
      [1, SIDE_SELL, TIF_IOC, 3],
    ]);
    const [btc, eth, sold] = w.wishes.map((wish) => wish.qtyLots) as [number, number, number];
    // 500 USDT buy 833 lots of 0.00001 BTC; less 0.1 % they buy 0.1681 ETH at 0.0495; less 0.1 % 0.1679 of it are sold.
    expect([btc, eth, sold]).toEqual([833, 1681, 1679]);
    expect(new Set(w.wishes.map((wish) => wish.group)).size).toBe(1);
    expect(w.counter('taken')).toBe(1);
  });

  it('goes the other way round when the cross is dear', () => {
    const w = world();
    markets(w, 5_051);
    expect(w.wishes.map((wish) => [wish.instrument, wish.side])).toEqual([
      [1, SIDE_BUY],
      [2, SIDE_SELL],
      [0, SIDE_SELL],
    ]);
  });

  it('counts a turn that does not pay enough once, and one that does not pay at all never', () => {
    const w = world({ minEdge: '0.02' });
    markets(w, 5_000);
    expect(w.refused(Reason.EDGE_TOO_SMALL)).toBe(0);
    for (let i = 0; i < 5; i++) markets(w, 4_949 - i);
    expect(w.refused(Reason.EDGE_TOO_SMALL)).toBe(1);
    markets(w, 5_000);
    markets(w, 4_949);
    expect(w.refused(Reason.EDGE_TOO_SMALL)).toBe(2);
    expect(w.wishes).toEqual([]);
  });

  it('is cut to what stands at the best prices, and to what the account holds of each asset', () => {
    const thin = world();
    thin.quote(0, 5_999_999, 6_000_001, 1e6);
    thin.quote(1, 299_999, 300_001, 100); // 0.01 ETH
    thin.quote(2, 4_948, 4_950, 1e6);
    thin.step();
    expect(thin.wishes.find((wish) => wish.instrument === 1)?.qtyLots).toBeLessThanOrEqual(100);
    const poor = world();
    poor.setBalance('binance-spot', 'BTC', 0);
    markets(poor, 4_949);
    expect([poor.wishes.length, poor.refused(Reason.NO_BALANCE)]).toEqual([0, 1]);
  });

  it('leaves nothing but dust when all steps fill', () => {
    const w = world();
    markets(w, 4_949);
    for (const order of w.orders()) w.fill(order, order.qtyLots);
    w.step(10, 100_000);
    const [btc, eth] = leftovers(w);
    expect(Math.abs(btc) * 60_000).toBeLessThan(5);
    expect(Math.abs(eth) * 3_000).toBeLessThan(5);
    expect(w.wishes).toHaveLength(3);
  });

  it('closes what a step that failed leaves over, in home', () => {
    const w = world();
    markets(w, 4_949);
    const [btc, cross, eth] = [0, 2, 1].map((instrument) => w.orders().find((order) => order.instrument === instrument)!);
    w.fill(btc!, btc!.qtyLots);
    w.end(cross!, RecordKind.EXPIRED, Reason.TIME_IN_FORCE);
    w.fill(eth!, eth!.qtyLots);
    w.step(1);
    const closing = () => w.wishes.slice(3).map((wish) => [wish.instrument, wish.side, wish.qtyLots, wish.flags]);
    // 0.00833 BTC less the fee came in, 0.1679 ETH went out: one after the other is closed.
    expect(closing()).toEqual([[0, SIDE_SELL, 832, FLAG_HEDGE]]);
    w.fill(w.order(3), 832);
    w.step(4, 100_000);
    expect(closing()[1]).toEqual([1, SIDE_BUY, 1679, FLAG_HEDGE]);
    w.fill(w.order(4), 1679);
    w.step(4, 100_000);
    const [leftBtc, leftEth] = leftovers(w);
    expect([Math.abs(leftBtc) * 60_000 < 5, Math.abs(leftEth) * 3_000 < 5]).toEqual([true, true]);
    expect(w.faults).toEqual([]);
  });

  it('a step without an answer is cancelled, and a crash in the middle is closed by the next start', () => {
    const w = world();
    markets(w, 4_949);
    w.fill(
      w.orders().find((order) => order.instrument === 0)!,
      833,
    );
    w.step();
    const again = world({}, { recovered: w.crash(), run: 2, startUs: w.nowUs + 10_000_000 });
    markets(again, 5_000);
    again.step(20, 100_000);
    // Both other steps were still out: asked back, then what the first brought is sold.
    expect(again.wishes.map((wish) => [wish.kind, wish.instrument])).toContainEqual([RecordKind.INTENT_CANCEL, 0]);
    expect(again.wishes.at(-1)).toMatchObject({ kind: RecordKind.INTENT_PLACE, instrument: 0, side: SIDE_SELL, qtyLots: 832 });
  });

  it('refuses markets that are no triangle, with their names', () => {
    expect(refusal([MARKETS[0]!, MARKETS[1]!, { ...MARKETS[2]!, base: 'SOL' }])).toMatch(/lead from an asset back to itself.*SOL\/BTC/);
    expect(refusal([MARKETS[0]!, MARKETS[1]!, { ...MARKETS[2]!, venue: 'bybit' }])).toMatch(/one venue/);
    expect(refusal([MARKETS[0]!, MARKETS[1]!, { ...MARKETS[2]!, kind: 'linear' }])).toMatch(/spot/);
    expect(refusal(MARKETS, 'SOL')).toMatch(/home SOL/);
    expect(triangleOf('t', MARKETS, null).home).toBe('USDT');
  });
});
