/** The paper account judges the ledger: both are fed the same fills, by code that shares none of the arithmetic, and must agree to the last digit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/core/ledger/ledger.js';
import { pnlRows } from '../../../src/core/ledger/pnl.js';
import { RecordKind, TIF_FOK, TIF_GTC, TIF_IOC } from '../../../src/core/memory/record.js';
import { OrderState } from '../../../src/core/orders/order-state.js';
import type { RecoveredFill, RecoveredOrderState } from '../../../src/core/orders/recovered.js';
import { PaperAccount, sumChanges } from '../../../src/execution/paper/account.js';
import { PAPER_DEFAULTS } from '../../../src/execution/paper/options.js';
import { anyFill, anyMarks, INVERSE, INVERSE_BITMEX, LINEAR, QUANTO, SPOT, TABLES } from '../../core/ledger/money-fixture.js';
import { Bench, NOTHING, recoveredFillOf, type Heard } from './paper-fixture.js';

/** One venue with a market of its own for the random walk: [venue, instrument, best bid, size of an order in lots]. */
const MARKETS = [
  ['binance-spot', SPOT, 6_000_000, 500],
  ['binance-usdm', LINEAR, 600_000, 50],
  ['binance-coinm', INVERSE, 600_000, 40],
  ['bitmex', INVERSE_BITMEX, 64_361, 30],
  ['bitmex', QUANTO, 52_000, 300],
] as const;

interface Act {
  readonly what: 'order' | 'amend' | 'cancel' | 'book' | 'trade' | 'restart';
  readonly side: number;
  readonly away: number;
  readonly lots: number;
  readonly tif: number;
  readonly flags: number;
  readonly pick: number;
}

const anyAct: fc.Arbitrary<Act> = fc.record({
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constant('order' as const) },
    { weight: 1, arbitrary: fc.constantFrom('amend' as const, 'cancel' as const) },
    { weight: 5, arbitrary: fc.constant('trade' as const) },
    { weight: 4, arbitrary: fc.constant('book' as const) },
    { weight: 1, arbitrary: fc.constant('restart' as const) },
  ),
  side: fc.nat(1),
  away: fc.integer({ min: -4, max: 6 }),
  lots: fc.double({ min: 0.02, max: 1, noNaN: true }),
  tif: fc.constantFrom(TIF_GTC, TIF_GTC, TIF_IOC, TIF_FOK),
  flags: fc.constantFrom(0, 0, 1, 2),
  pick: fc.nat(20),
});

/** What the executor and the journal would know: orders by id, fills in order. */
class Desk {
  readonly orders = new Map<number, RecoveredOrderState>();
  readonly fills: RecoveredFill[] = [];
  readonly tradeIds = new Set<number>();

  hear(heard: readonly Heard[]): void {
    for (const one of heard) {
      const order = this.orders.get(one.orderId);
      if (order === undefined) continue;
      const set = (change: Partial<RecoveredOrderState>): void => void this.orders.set(one.orderId, { ...order, ...change });
      if (one.kind === 'ACK') set({ state: OrderState.OPEN });
      else if (one.kind === 'AMENDED') set({ priceTicks: one.price, qtyLots: one.qty });
      else if (one.kind === 'REJECT') set({ state: OrderState.REJECTED });
      else if (one.kind === 'CANCELLED' || one.kind === 'EXPIRED') set({ state: OrderState.CANCELLED });
      else if (one.kind === 'FILL') {
        // No fill above the order, none worse than its limit, none twice.
        expect(one.cum).toBe(order.cumLots + one.fillLots);
        expect(one.cum).toBeLessThanOrEqual(order.qtyLots);
        expect(order.side === 0 ? one.fillTicks <= order.priceTicks : one.fillTicks >= order.priceTicks).toBe(true);
        expect(this.tradeIds.has(one.tradeId)).toBe(false);
        this.tradeIds.add(one.tradeId);
        this.fills.push(recoveredFillOf(one));
        set({ cumLots: one.cum, state: one.cum === order.qtyLots ? OrderState.FILLED : OrderState.PARTLY_FILLED });
      }
    }
  }

  live(): RecoveredOrderState[] {
    return [...this.orders.values()].filter(({ state }) => state < OrderState.FILLED);
  }
}

describe('residual', () => {
  it('is 0 for every asset over random fills of every payoff, at any marks', () => {
    fc.assert(
      fc.property(fc.array(anyFill, { maxLength: 60 }), anyMarks, (fills, marks) => {
        const ledger = new Ledger(TABLES);
        const accounts = TABLES.venues.map((venue) => new PaperAccount(TABLES, venue, PAPER_DEFAULTS));
        const start = ledger.snapshot(marks);
        for (const any of fills) {
          // Paper fees are in the asset that the instrument names.
          const { feeAssetBuy, feeAssetSell } = TABLES.instruments[any.instrument]!;
          const fill = { ...any, feeAsset: TABLES.assets.indexOf(any.side === 0 ? feeAssetBuy : feeAssetSell) };
          ledger.applyFill(fill);
          const account = accounts.find((one) => one.has(fill.instrument));
          const { instrument, side, fillTicks: ticks, fillLots: lots, fee } = fill;
          account?.apply({ instrument, side, ticks, lots, fee, feeAsset: TABLES.assets[fill.feeAsset] ?? '' });
        }
        for (const used of [marks, (): null => null]) {
          for (const row of pnlRows(start, ledger.snapshot(used), sumChanges(accounts, used))) {
            expect(row).toMatchObject({ unexplained: '0', residual: '0' });
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it.each(MARKETS)('stays 0 through orders, trades, amends, cancels and restarts on %s', (venue, instrument, bid, size) => {
    fc.assert(
      fc.property(fc.array(anyAct, { minLength: 20, maxLength: 120 }), anyMarks, (acts, marks) => {
        const desk = new Desk();
        const ledger = new Ledger(TABLES);
        const start = new Ledger(TABLES).snapshot(marks);
        const compare = (isEnd: boolean): void => {
          const snapshot = ledger.snapshot(marks);
          // While answers travel, the account is ahead: both are compared as of what the ledger has seen.
          const changes = sumChanges([bench.gateway.account], marks, ...(isEnd ? [] : [snapshot]));
          for (const row of pnlRows(start, snapshot, changes)) expect(row).toMatchObject({ unexplained: '0', residual: '0' });
        };
        let run = 1;
        const startBench = (): Bench =>
          new Bench({
            venue,
            tables: { ...TABLES, run },
            recovered: { ...NOTHING, fills: desk.fills, orders: desk.live() },
            options: { ...PAPER_DEFAULTS, orderLatencyMs: 0.003, answerLatencyMs: 0.002, latencySpread: 0 },
          });
        let bench = startBench();
        let ids = 0;
        let middle = bid;
        const show = (): void => {
          const levels = [1, 2, 3, 4, 5].flatMap((n) => [[0, middle - n, size * n] as const, [1, middle + n, size * n] as const]);
          bench.book(instrument, levels);
        };
        show();
        for (const act of acts) {
          const lots = Math.max(1, Math.round(act.lots * size));
          const price = middle + (act.side === 0 ? -act.away : act.away);
          const live = desk.live();
          const picked = live[act.pick % Math.max(1, live.length)];
          if (act.what === 'order') {
            const orderId = ++ids;
            const { side, flags, tif } = act;
            const order = {
              orderId,
              strategy: act.pick % 3,
              instrument,
              level: 3,
              side,
              flags,
              timeInForce: tif,
              pnlKind: act.pick % 3,
              group: 0,
            };
            desk.orders.set(orderId, { ...order, priceTicks: price, qtyLots: lots, cumLots: 0, state: OrderState.PENDING });
            bench.ask({ ...order, price, qty: lots, tif });
          } else if (act.what === 'amend' && picked !== undefined) {
            // The journal's truth changes when the venue answers; a restart in between forgets the amend on both sides.
            bench.ask({ kind: RecordKind.AMEND, orderId: picked.orderId, instrument, price, qty: lots });
          } else if (act.what === 'cancel' && picked !== undefined) {
            bench.ask({ kind: RecordKind.CANCEL, orderId: picked.orderId, instrument });
          } else if (act.what === 'book') {
            for (const n of [1, 2, 3, 4, 5]) {
              bench.book(instrument, [
                [0, middle - n, 0],
                [1, middle + n, 0],
              ]);
            }
            middle += act.away - 1;
            show();
          } else if (act.what === 'trade') {
            bench.trade(instrument, price, lots * 4, act.side);
          } else if (act.what === 'restart') {
            // Killed: what had not been heard never happened; requests under way are lost and their orders, never acknowledged, do not exist.
            for (const [id, order] of desk.orders) if (order.state === OrderState.PENDING) desk.orders.delete(id);
            run++;
            bench = startBench();
            show();
          }
          desk.hear(bench.step(4));
          for (const fill of desk.fills.slice(ledger.snapshot(marks).fills)) expect(ledger.applyFill(fill)).toBe(true);
          if (act.pick < 3) compare(false);
        }
        for (let turn = 0; turn < 5; turn++) desk.hear(bench.step(10));
        expect(bench.gateway.isDrained()).toBe(true);
        for (const fill of desk.fills.slice(ledger.snapshot(marks).fills)) expect(ledger.applyFill(fill)).toBe(true);
        compare(true);
        expect(bench.gateway.account.entries).toBe(desk.fills.length);
        expect(bench.gateway.openOrderCount()).toBe(desk.live().length);
        if (instrument !== SPOT) expect(bench.gateway.account.positionLots(instrument)).toBe(ledger.netLots(instrument));
      }),
      { numRuns: 25 },
    );
  });
});
