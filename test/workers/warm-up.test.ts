import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { RUN_STARTING, CONTROL_RUN } from '../../src/core/memory/layout.js';
import type { StrategyDefinition } from '../../src/core/ports/strategy.js';
import type { RunnerStrategy } from '../../src/strategies/runner.js';
import { loadRunStrategies } from '../../src/workers/hot-lane.js';
import type { LaneData } from '../../src/workers/lane-data.js';
import { MadeUpLane } from '../../src/workers/made-up-lane.js';
import { warmUp, type WarmUp } from '../../src/workers/warm-up.js';
import { BYBIT, entry, laneData, memoryOf, TABLES, USDM } from './lane-fixture.js';

/** Built in name, the test's own behaviour. */
function strategyOf(create: StrategyDefinition['create']): RunnerStrategy {
  const definition: StrategyDefinition = {
    kind: 'grid',
    pnlKind: 'grid',
    description: '',
    params: [],
    instruments: { min: 1, max: 2 },
    create,
  };
  return { index: 0, definition, params: {} };
}

function onlyGrid(): LaneData {
  const tables = { ...TABLES, strategies: TABLES.strategies.slice(0, 1) };
  return laneData(memoryOf(tables), { tables, entries: [entry('btc-grid', 'grid', [USDM])] });
}

const silent = (): void => undefined;

/** With a clock that goes on by half a millisecond a look: a slow machine does as much as a fast one. */
function warm(data: LaneData, strategies: readonly RunnerStrategy[], note: (text: string) => void = silent): WarmUp {
  let ms = 0;
  return warmUp(data, strategies, note, () => (ms += 0.5));
}

const digest = (data: LaneData): string => createHash('sha256').update(new Uint8Array(data.buffer)).digest('hex');

describe('warmUp', () => {
  it('trades on a made-up market and leaves every byte of the run as it was', async () => {
    const data = laneData(memoryOf());
    const bytes = new Uint8Array(data.buffer);
    for (let at = 0; at < bytes.length; at += 4_093) bytes[at] = at & 255;
    const before = digest(data);
    const { said } = warm(data, await loadRunStrategies(data));
    expect(said).toMatch(/^warmed up by a drill of \d+ orders and \d+ turns of a made-up market with \d+ orders in \d+ ms$/);
    const [drilled = 0, turns = 0, orders = 0, tookMs = 0] = [...said.matchAll(/\d+/g)].map(Number);
    expect(turns).toBe(1_000);
    expect(orders).toBeGreaterThan(20);
    expect(drilled).toBeGreaterThan(500);
    // The clock ends the drill, the turns end the walk.
    expect(tookMs).toBeGreaterThan(1_000);
    expect(tookMs).toBeLessThan(1_010);
    expect(digest(data)).toBe(before);
  });

  it('rehearses, but not in a replay at its own pace', async () => {
    const data = laneData(memoryOf());
    const strategies = await loadRunStrategies(data);
    const stepped = vi.spyOn(MadeUpLane.prototype, 'step');
    for (const isStepped of [false, true]) {
      const { rehearse } = warm({ ...data, isStepped }, strategies);
      stepped.mockClear();
      rehearse();
      expect(stepped).toHaveBeenCalledTimes(isStepped ? 0 : 1);
    }
    stepped.mockRestore();
  });

  it('ends with a rehearsal that fails, says so once, and not the lane', async () => {
    const data = laneData(memoryOf());
    const notes: string[] = [];
    const { rehearse } = warm(data, await loadRunStrategies(data), (text) => notes.push(text));
    const stepped = vi.spyOn(MadeUpLane.prototype, 'step').mockImplementation(() => {
      throw new Error('ours');
    });
    for (let n = 0; n < 3; n++) rehearse();
    expect(notes).toEqual(['no longer kept warm: ours']);
    expect(stepped).toHaveBeenCalledTimes(1);
    stepped.mockRestore();
  });

  it("shows the strategies a market of its own: live books, trades, and no run of the engine's", () => {
    const data = onlyGrid();
    const seen = { starts: 0, tops: 0, trades: 0, live: 0, prices: new Set<number>() };
    const strategy = strategyOf(() => ({
      onStart: () => void seen.starts++,
      onTop: (ctx, slot) => {
        seen.tops++;
        const book = ctx.book(slot);
        if (!book.isLive) return;
        seen.live++;
        expect(book.bidTicks).toBeLessThan(book.askTicks);
        seen.prices.add(book.bidTicks);
      },
      onTrade: () => void seen.trades++,
    }));
    expect(warm(data, [strategy]).said).toMatch(/^warmed up by /);
    expect(seen.starts).toBe(1);
    expect(seen.live).toBe(seen.tops);
    expect(seen.trades).toBeGreaterThan(100);
    // It walks: code that waits for a price change runs too.
    expect(seen.prices.size).toBeGreaterThan(100);
    expect(new Int32Array(data.buffer)[(data.plan.control + CONTROL_RUN) >> 2]).toBe(RUN_STARTING);
  });

  it('creates each strategy anew, without what earlier runs left', () => {
    const level = {
      strategy: 0,
      level: 1,
      state: 1,
      side: 0,
      instrument: 0,
      priceTicks: 1,
      qtyLots: 1,
      cumLots: 0,
      auxTicks: 0,
      auxLots: 0,
    };
    const data = { ...onlyGrid(), recovered: { runs: 3, orders: [], fills: [], levels: [level], notes: [] } };
    const found: unknown[] = [];
    const strategy = strategyOf((setup) => {
      found.push(setup.recovered?.levels.length ?? 0);
      return {};
    });
    warm(data, [strategy]);
    expect(found).toEqual([0]);
  });

  it.each(['./mine.ts', '/somewhere/mine.js', 'mine.mjs'])(
    'leaves the strategy file %s alone: a built-in trades in its place',
    (source) => {
      const tables = { ...TABLES, strategies: TABLES.strategies.slice(1).map((one) => ({ ...one, index: 0 })) };
      const data = laneData(memoryOf(tables), { tables, entries: [entry('mine', 'arb', [USDM, BYBIT], { source })] });
      const strategy = strategyOf(() => {
        throw new Error('must not be created');
      });
      expect(warm(data, [strategy]).said).toMatch(/^warmed up by .* \d+ turns of a made-up market with [1-9]\d+ orders /);
    },
  );

  it('never throws: a strategy that cannot be created will say so when the run creates it', () => {
    const strategy = strategyOf(() => {
      throw new Error('step must pay both fees');
    });
    expect(warm(onlyGrid(), [strategy]).said).toBe('not warmed up: step must pay both fees');
  });

  it('never throws: a strategy that fails while it trades is stopped there as in a run', () => {
    const strategy = strategyOf(() => ({
      onTop: () => {
        throw new Error('ours');
      },
    }));
    expect(warm(onlyGrid(), [strategy]).said).toMatch(/^warmed up by .* \d+ turns .* 0 orders /);
  });

  it('never throws: nor on a risk block that is wrong', () => {
    expect(warm({ ...onlyGrid(), risk: { maxNotionl: '5' } }, [strategyOf(() => ({}))]).said).toMatch(/^not warmed up: .*maxNotionl/);
  });
});
