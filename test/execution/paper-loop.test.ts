/** The executor and the paper gateway over their real rings: what one believes and what the other's own account says must be one thing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { balanceBase, BALANCE_FREE, BALANCE_TOTAL, positionBase, POSITION_NET_LOTS } from '../../src/core/memory/layout.js';
import { CounterBlock, COUNTER_BLOCK_BYTES, RECONCILE_COUNTERS, type ReconcileCounter } from '../../src/core/memory/counters.js';
import { RecordKind, SIDE_BUY, SIDE_SELL, TIF_IOC } from '../../src/core/memory/record.js';
import { isTerminal } from '../../src/core/orders/order-state.js';
import { PaperGateway } from '../../src/execution/gateways/paper.js';
import { PAPER_DEFAULTS } from '../../src/execution/paper/options.js';
import { NOTHING, Rig } from './rig.js';

const BALANCES = { 'binance-spot': { USDT: '100000', BTC: '1' }, bybit: { USDT: '100000' } };

function paper(rig: Rig, venueIndex: number, random: () => number): PaperGateway {
  return new PaperGateway({
    views: rig.views,
    plan: rig.plan,
    tables: rig.tables,
    venueIndex,
    lane: 0,
    durability: 'none',
    options: { ...PAPER_DEFAULTS, balances: BALANCES },
    random: { next: random },
    recovered: NOTHING,
    nowUs: () => rig.nowUs,
    wallUs: (nowUs) => 1_700_000_000_000_000 + nowUs,
    wakeExecutor: () => undefined,
  });
}

function run(seed: number): number {
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
  const rig = new Rig({ lists: [true, true, false], reconcileEveryUs: 100_000 });
  const gateways = [0, 1].map((venue) => paper(rig, venue, random));
  let middle = 60_000;
  const turn = (): void => {
    rig.nowUs += 1000 + random() * 4000;
    middle += (random() - 0.5) * 20;
    rig.book(0, Math.round(middle * 100) - 50, Math.round(middle * 100) + 50);
    rig.book(1, Math.round(middle * 10) - 5, Math.round(middle * 10) + 5);
    rig.step();
    for (const gateway of gateways) gateway.step(rig.nowUs, 64);
    rig.events(0);
    rig.events(1);
  };
  for (let n = 0; n < 300; n++) {
    const level = Math.floor(random() * 12);
    const instrument = level & 1;
    const side = random() < 0.5 ? SIDE_BUY : SIDE_SELL;
    const scale = instrument === 0 ? 100 : 10;
    const offset = (random() - 0.3) * 40;
    const priceTicks = Math.round((middle + (side === SIDE_BUY ? -offset : offset)) * scale);
    const wish = { strategy: level % 2, level, instrument, side, priceTicks, qtyLots: 1 + Math.floor(random() * 40) };
    const what = random();
    if (what < 0.6) rig.place({ ...wish, timeInForce: random() < 0.3 ? TIF_IOC : 0 });
    else if (what < 0.8) rig.wish({ ...wish, kind: RecordKind.INTENT_AMEND });
    else rig.wish({ ...wish, kind: RecordKind.INTENT_CANCEL });
    turn();
  }
  for (let n = 0; n < 50; n++) turn();
  for (const strategy of [0, 1]) rig.wish({ kind: RecordKind.INTENT_CANCEL_ALL, strategy });
  for (let n = 0; n < 200; n++) turn();
  expect(rig.executor.counts()).toEqual({ open: 0, waiting: 0, unanswered: 0, unknown: 0 });
  expect(rig.slots().every((row) => isTerminal(row.state))).toBe(true);
  const net = rig.views.f64[(positionBase(rig.plan, 0, 1) + POSITION_NET_LOTS) >> 3];
  expect(net).toBe(gateways[1]!.account.positionLots(1));
  for (const [venue, asset, name] of [
    [0, 0, 'USDT'],
    [0, 1, 'BTC'],
    [1, 0, 'USDT'],
  ] as const) {
    const base = balanceBase(rig.plan, venue, asset);
    expect(rig.views.f64[(base + BALANCE_TOTAL) >> 3]).toBeCloseTo(gateways[venue]!.account.walletFloat(name), 6);
    expect(rig.views.f64[(base + BALANCE_FREE) >> 3]).toBe(rig.views.f64[(base + BALANCE_TOTAL) >> 3]);
  }
  // The venue's own readings, a dozen of them while orders filled: nothing to repair, nothing to tell.
  expect(rig.entries.filter((entry) => entry.kind === RecordKind.REPAIR)).toEqual([]);
  expect(rig.notices).toEqual([]);
  for (const gateway of [0, 1]) expect(counter(rig, gateway, 'positionQuestions')).toBeGreaterThan(5);
  return rig.entries.filter((entry) => entry.kind === RecordKind.FILL).length;
}

function counter(rig: Rig, gateway: number, name: ReconcileCounter): number {
  return new CounterBlock(rig.views, rig.plan.reconcileCounters + COUNTER_BLOCK_BYTES * gateway, RECONCILE_COUNTERS).get(name);
}

describe('executor and paper gateway', () => {
  it('C9: orders, positions and balances agree after random trading, and everything cancelled is over', () => {
    let fills = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        fills += run(seed);
      }),
      { numRuns: 15 },
    );
    expect(fills).toBeGreaterThan(100);
  });
});
