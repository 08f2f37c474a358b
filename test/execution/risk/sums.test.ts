/** The sums that risk keeps as it goes, against slow ones made anew from everything that happened. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BOOK_BYTES } from '../../../src/core/memory/book-layout.js';
import { planMemory } from '../../../src/core/memory/layout.js';
import { SIDE_BUY } from '../../../src/core/memory/record.js';
import { viewsOf } from '../../../src/core/memory/shared-memory.js';
import { reasonName } from '../../../src/core/orders/reasons.js';
import { compileRisk } from '../../../src/execution/risk/limits.js';
import { Risk } from '../../../src/execution/risk/risk.js';
import { DEFAULT_RISK, type RiskConfig } from '../../../src/execution/risk/schema.js';
import { times } from '../../support/torture.js';
import { TABLES } from '../rig.js';

const PLAN = planMemory({
  instruments: 3,
  bookBytes: BOOK_BYTES,
  strategies: 2,
  levelsPerStrategy: 4,
  venues: 3,
  gateways: 3,
  assets: 3,
  feedLanes: 1,
  lanes: 1,
  producers: 1,
  orderSlots: 4,
  ringRecords: 4,
  journalRecords: 4,
});

function riskOf(config: Partial<RiskConfig>): Risk {
  const views = viewsOf(new SharedArrayBuffer(PLAN.bytes));
  return new Risk({ views, plan: PLAN, tables: TABLES, limits: compileRisk({ ...DEFAULT_RISK, ...config }, TABLES) });
}

/** A coin is about 60000 everywhere; prices in ticks of each instrument. */
const TICKS_OF_COIN = [6_000_000, 600_000, 120_000];
const LOT_COINS = [0.00001, 0.001, 0];
const LOT_DOLLARS = [0, 0, 100];

const anyFill = fc.record({
  strategy: fc.nat(1),
  instrument: fc.nat(2),
  side: fc.nat(1),
  lots: fc.integer({ min: 1, max: 500 }),
  away: fc.integer({ min: -900, max: 900 }),
  fee: fc.integer({ min: -1_000_000, max: 1_000_000 }),
  inBase: fc.boolean(),
});

describe('sums of risk', () => {
  it('D11: the result is what was paid and received, and what is held at the price of now, in dollars and in coins', () => {
    fc.assert(
      fc.property(fc.array(anyFill, { minLength: 1, maxLength: 60 }), fc.integer({ min: 50_000, max: 70_000 }), (fills, price) => {
        const risk = riskOf({ dailyLoss: { USDT: '1', BTC: '1' } });
        // Money as an account would see it: dollars and coins that came and went, and coins or contracts that are held.
        let dollars = 0;
        let coins = 0;
        const held = [0, 0, 0];
        for (const { strategy, instrument, side, lots, away, fee, inBase } of fills) {
          const ticks = TICKS_OF_COIN[instrument]! + away;
          const feeAsset = instrument === 2 || (instrument === 0 && inBase) ? 1 : 0;
          risk.losses.fill(strategy, instrument, side, lots, ticks, fee, feeAsset, 1);
          const at = (ticks / TICKS_OF_COIN[instrument]!) * 60_000;
          const signed = side === SIDE_BUY ? lots : -lots;
          held[instrument] = held[instrument]! + signed;
          if (instrument === 2) coins += (signed * LOT_DOLLARS[2]!) / at - fee * 1e-8;
          else dollars -= signed * LOT_COINS[instrument]! * at + fee * 1e-8 * (feeAsset === 1 ? at : 1);
        }
        dollars += (held[0]! * LOT_COINS[0]! + held[1]! * LOT_COINS[1]!) * price;
        coins -= (held[2]! * LOT_DOLLARS[2]!) / price;
        for (const [instrument, ticks] of TICKS_OF_COIN.entries()) risk.valueTicks[instrument] = (ticks * price) / 60_000;
        // A limit that begins now counts from the result of now.
        risk.losses.sweep(1, 1, { onMark: () => undefined, onReached: () => undefined, onEnded: () => undefined });
        const result = (coin: string): number | undefined =>
          risk.losses.limits.find(({ group }) => risk.limits.losses[group]?.coin === coin)?.baseSum;
        expect(result('USDT')).toBeCloseTo(dollars, 5);
        expect(result('BTC')).toBeCloseTo(coins, 9);
      }),
      { numRuns: times(200, 5_000) },
    );
  });

  it('D6: what orders and fills moved one by one is what it is when counted anew', () => {
    const anyMove = fc.record({ instrument: fc.nat(2), side: fc.nat(1), lots: fc.integer({ min: 1, max: 300 }), isFill: fc.boolean() });
    fc.assert(
      fc.property(fc.array(anyMove, { maxLength: 80 }), fc.integer({ min: 1, max: 400 }), (moves, lots) => {
        const [kept, anew] = [riskOf({ maxLeverage: '3' }), riskOf({ maxLeverage: '3' })];
        for (const risk of [kept, anew]) {
          for (const [instrument, ticks] of TICKS_OF_COIN.entries()) risk.valueTicks[instrument] = ticks + 50;
          risk.funds.told(1, 0, 20_000, 20_000, 0);
          risk.funds.told(2, 1, 0.3, 0.3, 0);
        }
        for (const { instrument, side, lots: moved, isFill } of moves) {
          for (const risk of [kept, anew]) {
            if (isFill) risk.positions.fill(0, instrument, side, moved, TICKS_OF_COIN[instrument]!);
            else risk.positions.addOpen(0, instrument, side, moved);
          }
          kept.leverage.touch(instrument);
        }
        anew.leverage.clear();
        for (const instrument of TICKS_OF_COIN.keys()) anew.leverage.touch(instrument);
        const judged = (risk: Risk): string[] =>
          [0, 1, 2].flatMap((instrument) =>
            [0, 1].map((side) => reasonName(risk.leverage.check(instrument, side, TICKS_OF_COIN[instrument]!, lots))),
          );
        expect(judged(kept)).toEqual(judged(anew));
      }),
      { numRuns: times(200, 5_000) },
    );
  });
});
