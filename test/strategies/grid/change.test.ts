/** New parameters for a grid that runs: what stays, what gives way, what a crash in between leaves. Over real rings and books. */
import { describe, expect, it } from 'vitest';
import { RecordKind } from '../../../src/core/memory/record.js';
import { UsageError } from '../../../src/core/numbers/errors.js';
import { Reason } from '../../../src/core/orders/reasons.js';
import grid from '../../../src/strategies/grid.js';
import { checkParams } from '../../../src/strategies/params.js';
import { LevelState } from '../../../src/strategies/grid/level-state.js';
import { World } from '../harness.js';
import { PARAMS, world, to, shown, levelsOf } from './grid-world.js';

function change(w: World, params: Record<string, unknown>): void {
  w.runner.setParams(0, checkParams('g', grid, { ...PARAMS, ...params }));
}

const ids = (w: World): number[] => w.orders().map((order) => order.orderId);
const kinds = (w: World, from: number): number[] => w.wishes.slice(from).map((wish) => wish.kind);
/** Last journaled record of each level. */
const levelRecords = (w: World) =>
  new Map(w.journal.filter((record) => record.kind === RecordKind.LEVEL).map((record) => [record.level, record]));

describe('new parameters of a running grid', () => {
  it('that change no level work at once: no order is touched', () => {
    const w = world();
    const before = ids(w);
    const wishes = w.wishes.length;
    change(w, { takeProfit: '61000', trailing: 'up', compound: true });
    w.step(20, 100_000);
    expect(ids(w)).toEqual(before);
    expect(kinds(w, wishes)).toEqual([]);
    // They work: the take-profit of the new ones ends the grid.
    w.quote(0, 610_000, 610_010);
    w.step(5, 100_000);
    expect(w.wishes.at(-1)?.kind).toBe(RecordKind.INTENT_CANCEL_ALL);
  });

  it('that rest fewer orders take back those that are too far away, and only those', () => {
    const w = world();
    change(w, { activePerSide: 1 });
    w.step(20, 100_000);
    // One a side, and one of slack.
    expect(shown(w)).toEqual(['buy 10 @ 594000', 'buy 10 @ 597000', 'sell 10 @ 603000', 'sell 10 @ 606000']);
  });

  it('that change levels: the old orders are back before the first new one is placed', () => {
    const w = world();
    const wishes = w.wishes.length;
    change(w, { step: '500', count: 2 });
    w.step(40, 100_000);
    expect(shown(w)).toEqual(['buy 10 @ 590000', 'buy 10 @ 595000', 'sell 10 @ 605000', 'sell 10 @ 610000']);
    expect(kinds(w, wishes)).toEqual([RecordKind.INTENT_CANCEL_ALL, ...Array.from({ length: 4 }, () => RecordKind.INTENT_PLACE)]);
    expect(w.faults).toEqual([]);
  });

  it('wait for an order whose fate is not known, and ask it back again', () => {
    const w = world();
    const lost = w.order(0);
    w.deaf.add(0);
    w.tell(lost, RecordKind.UNKNOWN);
    w.step();
    const wishes = w.wishes.length;
    change(w, { step: '500' });
    w.step(35, 100_000);
    expect(shown(w)).toEqual(['buy 10 @ 591000']);
    expect(kinds(w, wishes).every((kind) => kind === RecordKind.INTENT_CANCEL_ALL)).toBe(true);
    expect(kinds(w, wishes).length).toBeGreaterThan(2);
    w.end(lost, RecordKind.CANCELLED, Reason.BY_REQUEST);
    w.step(20, 100_000);
    expect(shown(w)).toHaveLength(6);
  });

  it('leave what is held to the account: the new ladder owes nothing for it', () => {
    const w = world();
    to(w, 596_000); // one buy fills
    expect(w.positionOf(0)).toBe(10);
    change(w, { step: '500', count: 2 });
    w.step(40, 100_000);
    expect(w.positionOf(0)).toBe(10);
    expect(levelsOf(w).totalLots.every((lots) => lots === 0)).toBe(true);
    expect(shown(w)).toEqual(['buy 10 @ 586000', 'buy 10 @ 591000', 'sell 10 @ 601000', 'sell 10 @ 606000']);
  });

  it('place no counter order for what fills while the old orders are on their way back', () => {
    const w = world();
    const late = w.order(4);
    w.deaf.add(4);
    change(w, { step: '500', count: 2 });
    w.step(5, 100_000);
    const wishes = w.wishes.length;
    w.fill(late, 10);
    w.step(1);
    w.step(20, 100_000);
    expect(w.wishes.slice(wishes).map((wish) => wish.priceTicks)).not.toContain(600_000);
    expect(w.positionOf(0)).toBe(10);
    expect(shown(w)).toEqual(['buy 10 @ 590000', 'buy 10 @ 595000', 'sell 10 @ 605000', 'sell 10 @ 610000']);
  });

  it('know the old orders: a fill of one that comes late is held by its line, and the new order there is not taken for it', () => {
    const w = world();
    const old = w.order(4);
    w.fill(old, 4);
    w.step();
    change(w, { step: '500' });
    w.step(40, 100_000);
    const { orderId } = w.order(4);
    w.fill(old, 2);
    w.step(20, 100_000);
    expect(levelsOf(w).orderId[4]).toBe(orderId);
    expect(levelsOf(w).heldLots(2)).toBe(2);
    expect(w.positionOf(0)).toBe(6);
    expect(w.faults).toEqual([]);
  });

  it('leave what an old order had filled in part counted, also after a crash', () => {
    const w = world();
    w.fill(w.order(4), 4);
    w.step();
    change(w, { step: '500' });
    w.step(40, 100_000);
    const next = world({ step: '500' }, { recovered: w.crash(), run: 2, startUs: w.nowUs + 1_000_000 });
    expect(levelsOf(next).totalLots.every((lots) => lots === 0)).toBe(true);
    expect(next.positionOf(0)).toBe(4);
  });

  it('are refused whole when they cannot pay: the grid goes on as it was', () => {
    const w = world();
    const before = ids(w);
    expect(() => change(w, { step: '0.01%' })).toThrow(UsageError);
    w.step(20, 100_000);
    expect(ids(w)).toEqual(before);
    to(w, 596_000);
    expect(shown(w)).toContain('sell 10 @ 600000');
  });

  it('taken back before the old orders were back leave the old ladder', () => {
    const w = world();
    w.deaf.add(0);
    change(w, { step: '500' });
    change(w, {});
    w.deaf.delete(0);
    w.step(60, 100_000);
    expect(shown(w).map((text) => text.slice(-6))).toEqual(['591000', '594000', '597000', '603000', '606000', '609000']);
  });

  it('empty the records of levels that a smaller ladder does not have, so that a restart finds one ladder', () => {
    const w = world();
    to(w, 596_000);
    change(w, { count: 1 });
    w.step(40, 100_000);
    const records = levelRecords(w);
    const metas = [...records.values()].filter((record) => record.state === LevelState.META);
    expect(metas.map((record) => record.level)).toEqual([4]);
    for (let level = 5; level <= 12; level++)
      expect(records.get(level), `level ${level}`).toMatchObject({ state: LevelState.IDLE, priceTicks: 0, qtyLots: 0, auxLots: 0 });
  });

  it.each([
    ['as soon as they are heard of', 0],
    ['while the old orders are on their way back', 1],
    ['when the new ladder stands', 40],
  ])('and a crash %s: the next start has the new ladder, nothing twice', (_, turns) => {
    const w = world();
    to(w, 596_000);
    const held = w.positionOf(0);
    change(w, { step: '500', count: 2 });
    w.step(turns, 100_000);
    const next = world({ step: '500', count: 2 }, { recovered: w.crash(), run: 2, startUs: w.nowUs + 1_000_000 });
    to(next, 596_000);
    expect(next.orders().map((order) => order.qtyLots)).toEqual([10, 10, 10, 10]);
    expect(new Set(next.orders().map((order) => order.priceTicks)).size).toBe(4);
    expect(levelsOf(next).totalLots.every((lots) => lots === 0)).toBe(true);
    expect(held).toBe(10);
    expect(next.faults).toEqual([]);
    // And once more: the same orders are adopted.
    const before = ids(next);
    const third = world({ step: '500', count: 2 }, { recovered: next.crash(), run: 3, startUs: next.nowUs + 1_000_000 });
    to(third, 596_000);
    expect(ids(third)).toEqual(before);
  });
});
