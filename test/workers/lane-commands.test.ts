/** Commands reach the hot lane between two turns, in order, once; each is answered. */
import { describe, expect, it } from 'vitest';
import { CONTROL_COMMANDS } from '../../src/core/memory/layout.js';
import { UsageError } from '../../src/core/numbers/errors.js';
import type { StrategyRunner } from '../../src/strategies/runner.js';
import { LaneCommands, LaneOrders } from '../../src/workers/lane-commands.js';
import type { ParamsCommand } from '../../src/workers/lane-data.js';
import { memoryOf } from './lane-fixture.js';

function bench() {
  const { views, plan } = memoryOf();
  const waiting: ParamsCommand[] = [];
  const taken: unknown[] = [];
  const errors: unknown[] = [];
  const orders = new LaneOrders((command) => {
    waiting.push(command);
    Atomics.add(views.i32, (plan.control + CONTROL_COMMANDS) >> 2, 1);
  });
  let looks = 0;
  const runner = {
    setParams: (strategy: number, params: Readonly<Record<string, unknown>>) => {
      if (params['wrong'] === true) throw new UsageError('that cannot work');
      if (params['broken'] === true) throw new Error('our mistake');
      taken.push([strategy, params]);
    },
  } as unknown as StrategyRunner;
  const lane = new LaneCommands({
    views,
    plan,
    runner,
    take: () => {
      looks++;
      return waiting.shift();
    },
    answer: (id, refusal) => orders.answered(id, refusal),
    onError: (error) => errors.push(error),
  });
  return { orders, lane, taken, errors, looks: () => looks };
}

describe('commands to the hot lane', () => {
  it('cost one look at a word while there are none', () => {
    const { lane, looks } = bench();
    for (let i = 0; i < 1_000; i++) expect(lane.step()).toBe(0);
    expect(looks()).toBe(0);
  });

  it('are taken in order at the next turn, and answered', async () => {
    const { orders, lane, taken } = bench();
    const answers = [orders.params(0, { count: 1 }), orders.params(1, { count: 2 })];
    expect(taken).toEqual([]);
    expect(lane.step()).toBe(2);
    expect(lane.step()).toBe(0);
    expect(taken).toEqual([
      [0, { count: 1 }],
      [1, { count: 2 }],
    ]);
    expect(await Promise.all(answers)).toEqual([null, null]);
  });

  it('are answered with the refusal; a mistake of ours is said besides', async () => {
    const { orders, lane, errors } = bench();
    const answers = [orders.params(0, { wrong: true }), orders.params(0, { broken: true }), orders.params(0, {})];
    lane.step();
    expect(await Promise.all(answers)).toEqual(['that cannot work', 'our mistake', null]);
    expect(errors).toHaveLength(1);
  });

  it('that nobody will take any more are given up', async () => {
    const { orders } = bench();
    const answer = orders.params(0, {});
    orders.giveUp('the engine is stopping');
    expect(await answer).toBe('the engine is stopping');
  });
});
