/** Parameters of a running strategy: checked, journaled, handed over, taken back, and found again by the next start. */
import { describe, expect, it } from 'vitest';
import { EngineError, UsageError } from '../../src/core/numbers/errors.js';
import type { Params } from '../../src/core/ports/strategy.js';
import type { KeptParams } from '../../src/storage/kept-params.js';
import { STRATEGIES } from '../../src/strategies/registry.js';
import { checkParams } from '../../src/strategies/params.js';
import { withKeptParams } from '../../src/workers/kept-entries.js';
import { ParamsDesk, type ParamsDeskParts } from '../../src/workers/params-desk.js';
import type { RunConfig, StrategyPlan } from '../../src/workers/run-config.js';
import { BYBIT, entry, TABLES, USDM } from './lane-fixture.js';

function paramsOf(kind: string, given: Params): Params {
  const definition = STRATEGIES.find((one) => one.kind === kind);
  if (definition === undefined) throw new Error(`no ${kind}`);
  return checkParams(kind, definition, given);
}

const GRID = { step: '0.1%', count: 6, investment: '24000' };
const ENTRIES = [
  entry('g', 'grid', [USDM], { params: paramsOf('grid', GRID) }),
  entry('a', 'arb', [USDM, BYBIT], { params: paramsOf('arb', { minEdge: '0.0001', maxNotional: '2000' }) }),
];
const NAMED = {
  ...TABLES,
  strategies: ENTRIES.map(({ name, kind, pnlKind }, index) => ({ index, name, kind, pnlKind, instruments: [0] })),
};

interface Bench {
  readonly desk: ParamsDesk;
  readonly journal: KeptParams[];
  readonly handed: Params[];
  readonly order: string[];
}

async function bench(over: Partial<ParamsDeskParts> = {}, entries: readonly StrategyPlan[] = ENTRIES): Promise<Bench> {
  const journal: KeptParams[] = [];
  const handed: Params[] = [];
  const order: string[] = [];
  const desk = new ParamsDesk({
    tables: NAMED,
    entries,
    directory: '.',
    levelCapacity: 256,
    midTicks: () => 600_000,
    anchorTicks: () => 601_000,
    holdings: () => ({ ordersOpen: 12, positions: [`0.05 of ${USDM}`] }),
    wallUs: () => 1_000_000 + journal.length,
    isTrading: () => true,
    journal: (change) => {
      order.push('journal');
      journal.push(change);
    },
    hand: (_, params) => {
      order.push('hand');
      handed.push(params);
      return Promise.resolve(null);
    },
    notice: () => undefined,
    ...over,
  });
  await desk.open();
  return { desk, journal, handed, order };
}

const runOf = (entries: readonly StrategyPlan[]): RunConfig =>
  ({ config: {}, file: 'x', directory: '.', hash: '', entries, venues: [], notes: [], text: '' }) as unknown as RunConfig;

describe('parameters of a running strategy', () => {
  it('are journaled before the lane hears of them', async () => {
    const { desk, journal, handed, order } = await bench();
    const answer = await desk.set('g', { activePerSide: 5 });
    expect(order).toEqual(['journal', 'hand']);
    expect(answer).toMatchObject({ effect: 'live', text: expect.stringContaining('activePerSide 20 -> 5') as string });
    expect(journal[0]).toMatchObject({ strategy: 'g', values: { activePerSide: 5 }, before: { activePerSide: 20 }, file: GRID });
    expect(handed[0]).toMatchObject({ ...GRID, activePerSide: 5 });
    expect(desk.rows()[0]).toMatchObject({ from: 'change', isLive: true, values: { activePerSide: 5 }, file: { activePerSide: 20 } });
  });

  it('say beforehand what a new ladder gives up and what it keeps', async () => {
    const { desk, journal } = await bench();
    const { effect, said, grid } = desk.preview('g', { count: 3 });
    expect(effect).toBe('rebuilt');
    expect(said).toContain('12 open orders are cancelled');
    expect(said).toContain(`0.05 of ${USDM}`);
    expect(grid?.lines).toHaveLength(6);
    expect(grid?.anchor).toBe('60000');
    expect(journal).toEqual([]);
  });

  it('are shown around the running ladder while no level changes', async () => {
    const { desk } = await bench();
    expect(desk.preview('g', null)).toMatchObject({ isChange: false, grid: { anchor: '60100' } });
  });

  it.each([
    ['an unknown parameter', 'g', { cuont: 3 }, /did you mean 'count'/],
    ['a wrong value', 'g', { count: 'many' }, /must be a whole number, was "many"/],
    ['a step that does not pay', 'g', { step: '0.01%' }, /step below cost: .* needed: more than 0.04001 %/],
    ['levels too small for the venue', 'g', { investment: '100' }, /would trade 0; .* takes at least/],
    ['nothing new', 'g', { count: 6 }, /nothing would change/],
    ['an unknown strategy', 'gg', { count: 3 }, /'gg' is no strategy of this run \(g, a\)/],
    ['what a strategy takes at a restart only', 'a', { depth: 30 }, /at a restart only/],
  ])('refuse %s, and nothing is journaled', async (_, name, changes, message) => {
    const { desk, journal, handed } = await bench();
    await expect(desk.set(name, changes)).rejects.toThrow(message);
    await expect(desk.set(name, changes)).rejects.toBeInstanceOf(UsageError);
    expect([journal, handed]).toEqual([[], []]);
  });

  it('are journaled back when the lane refuses them', async () => {
    const { desk, journal } = await bench({ hand: () => Promise.resolve('g was stopped') });
    await expect(desk.set('g', { count: 3 })).rejects.toThrow('g was stopped');
    expect(journal.map(({ values }) => values['count'])).toEqual([3, 6]);
    expect(journal.at(-1)?.changes).toEqual([]);
    expect(desk.rows()[0]).toMatchObject({ from: 'file', changes: [] });
  });

  it('are not taken before anything trades', async () => {
    const { desk, journal } = await bench({ isTrading: () => false });
    await expect(desk.set('g', { count: 3 })).rejects.toBeInstanceOf(EngineError);
    expect(journal).toEqual([]);
  });

  it('change one at a time', async () => {
    const answers: ((refusal: null) => void)[] = [];
    const { desk } = await bench({ hand: () => new Promise((resolve) => answers.push(resolve)) });
    const first = desk.set('g', { count: 3 });
    await expect(desk.set('a', { minEdge: '0.0002' })).rejects.toBeInstanceOf(EngineError);
    for (const answer of answers) answer(null);
    await first;
  });

  it('are rolled back one change after the other, down to the file', async () => {
    const { desk } = await bench();
    await desk.set('g', { count: 3 });
    await desk.set('g', { step: '0.2%' });
    expect((await desk.rollback('g')).values).toMatchObject({ count: 3, step: '0.1%' });
    expect((await desk.rollback('g')).values).toMatchObject({ count: 6, step: '0.1%' });
    expect(desk.rows()[0]).toMatchObject({ from: 'file' });
    await expect(desk.rollback('g')).rejects.toThrow(/no change to take back/);
  });
});

describe('parameters after a restart', () => {
  const changed = async (): Promise<KeptParams[]> => {
    const { desk, journal } = await bench();
    await desk.set('g', { count: 3 });
    return journal;
  };

  it('are those of the journal, can still be taken back, and are said', async () => {
    const run = await withKeptParams(runOf(ENTRIES), await changed());
    expect(run.entries[0]).toMatchObject({ params: { count: 3 }, file: { count: 6 }, changes: [{ before: { count: 6 } }] });
    expect(run.notes.join()).toMatch(/g: runs as changed at .*: count 6 -> 3/);
    const { desk } = await bench({}, run.entries);
    expect(desk.rows()[0]).toMatchObject({ from: 'change', values: { count: 3 } });
    expect((await desk.rollback('g')).values).toMatchObject({ count: 6 });
  });

  it("are the file's when it was edited since, and that is said", async () => {
    const edited = [entry('g', 'grid', [USDM], { params: paramsOf('grid', { ...GRID, step: '0.3%' }) })];
    const run = await withKeptParams(runOf(edited), await changed());
    expect(run.entries[0]?.params).toMatchObject({ count: 6, step: '0.3%' });
    expect(run.notes.join()).toMatch(/the file was edited since .* the file's are used \(step 0.1% -> 0.3%\)/);
  });

  it("are the file's when this version does not know what was changed", async () => {
    const kept = (await changed()).map((one) => ({ ...one, values: { ...one.values, foresight: '1' } }));
    const run = await withKeptParams(runOf(ENTRIES), kept);
    expect(run.entries[0]?.params).toMatchObject({ count: 6 });
    expect(run.notes.join()).toContain('does not work with this version');
  });

  it('of a strategy of the same name and another kind are its own', async () => {
    const kept = (await changed()).map((one) => ({ ...one, kind: 'arb' }));
    expect((await withKeptParams(runOf(ENTRIES), kept)).entries[0]?.params).toMatchObject({ count: 6 });
  });
});
