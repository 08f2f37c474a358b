import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { RecordKind } from '../../src/core/memory/record.js';
import { UsageError } from '../../src/core/numbers/errors.js';
import { makeOrderId } from '../../src/core/numbers/ids.js';
import { OrderState, orderStateName } from '../../src/core/orders/order-state.js';
import type { JournalRecord } from '../../src/core/orders/journal-record.js';
import { Reason } from '../../src/core/orders/reasons.js';
import { JournalFold } from '../../src/storage/journal-fold.js';
import { readJournal } from '../../src/storage/journal-reader.js';
import { recover } from '../../src/storage/recover.js';
import { HOT_FRAME_BYTES, segmentName } from '../../src/storage/segment.js';
import { removeTemporaryFolders, temporaryFolder } from './journal-fixture.js';
import { startRun, tablesOf } from './run-fixture.js';

afterEach(removeTemporaryFolders);

const K = RecordKind;
const BTC = 'binance-spot:BTCUSDT';
const ETH = 'binance-spot:ETHUSDT';

describe('recover', () => {
  it('knows nothing on a first start', () => {
    expect(recover({ folder: temporaryFolder(), tables: tablesOf(1, [BTC], ['a']) })).toMatchObject({
      runs: 0,
      orders: [],
      fills: [],
      levels: [],
      notes: [],
      last: null,
      isClean: true,
    });
  });

  it('finds live orders, levels and fills by name when the tables of the new run are in another order', async () => {
    const folder = temporaryFolder();
    const run = startRun(folder, tablesOf(1, [BTC, ETH], ['a', 'b'], { assets: ['BTC', 'USDT'] }));
    const id = makeOrderId(1, 1, 7, 1);
    const order = { orderId: id, strategy: 1, level: 7, instrument: 1 };
    run.put({ ...order, kind: K.LEVEL, state: 3, priceTicks: 500, qtyLots: 10, fillTicks: 501, fillLots: 4 });
    run.put({ ...order, kind: K.CREATE, priceTicks: 500, qtyLots: 10, tsUs: 700 });
    run.put({ ...order, kind: K.ACK });
    run.put({ ...order, kind: K.FILL, fillTicks: 500, fillLots: 4, tradeId: 9, fee: 12, feeAsset: 1, cumLots: 4, tsUs: 900 });
    await run.end();
    const found = recover({ folder, tables: tablesOf(2, ['bybit:linear:BTCUSDT', ETH, BTC], ['b', 'a'], { assets: ['USDT', 'BTC'] }) });
    expect(found.runs).toBe(1);
    expect(found.orders).toMatchObject([
      {
        orderId: id,
        strategy: 0,
        instrument: 1,
        level: 7,
        cumLots: 4,
        qtyLots: 10,
        state: OrderState.PARTLY_FILLED,
        createdUs: 700,
        updatedUs: 900,
      },
    ]);
    expect(found.fills).toMatchObject([{ orderId: id, strategy: 0, instrument: 1, fillLots: 4, fee: 12, feeAsset: 0, tradeId: 9 }]);
    expect(found.levels).toMatchObject([{ strategy: 0, level: 7, state: 3, instrument: 1, auxTicks: 501, auxLots: 4 }]);
    expect(found.notes).toEqual([]);
  });

  it('C9: knows by venue how far the journal has every fill, over runs whose tables differ', async () => {
    const folder = temporaryFolder();
    const first = startRun(folder, tablesOf(1, [BTC, 'bybit:linear:BTCUSDT'], ['a']));
    first.put({ kind: K.FILLS_END, instrument: 1, tsUs: 900 });
    first.put({ kind: K.FILLS_END, instrument: 0, tsUs: 700 });
    await first.end();
    const second = startRun(folder, tablesOf(2, ['bybit:linear:BTCUSDT', BTC], ['a']));
    second.put({ kind: K.FILLS_END, instrument: 1, tsUs: 800 });
    second.put({ kind: K.FILLS_END, instrument: 0, tsUs: 850 });
    await second.end();
    const found = recover({ folder, tables: tablesOf(3, [BTC], ['a']) });
    expect(new Map(found.fillsUpTo?.map(({ venue, tsUs }) => [venue, tsUs]))).toEqual(
      new Map([
        ['bybit', 900],
        ['binance-spot', 800],
      ]),
    );
    expect([found.notes, found.orders]).toEqual([[], []]);
  });

  it('D11, D12: knows from where loss limits count, the newest mark of each strategy and instrument by name, and what was paid', async () => {
    const folder = temporaryFolder();
    const first = startRun(folder, tablesOf(1, [BTC, ETH], ['a', 'b']));
    const mark = { kind: K.LOSS_MARK, strategy: 1, instrument: 1, reason: Reason.DAILY_LOSS };
    first.put({ ...mark, fee: -5.5, tsUs: 700 });
    first.put({ ...mark, fee: 12.25, state: 1, tsUs: 800 });
    first.put({ ...mark, reason: Reason.DRAWDOWN, fee: 3, tsUs: 800 });
    first.put({ ...mark, strategy: 0, fee: 4, tsUs: 800 });
    first.put({ kind: K.FUNDING, strategy: 1, instrument: 1, fee: -7, feeAsset: 1, tradeId: 3, tsUs: 810 });
    await first.end();
    const expected = {
      lossMarks: [
        { strategy: 0, instrument: 0, reason: Reason.DAILY_LOSS, result: 12.25, isReached: true, tsUs: 800 },
        { strategy: 0, instrument: 0, reason: Reason.DRAWDOWN, result: 3, isReached: false, tsUs: 800 },
      ],
      fundings: [{ strategy: 0, instrument: 0, asset: 1, amount: -7 }],
    };
    const tables = tablesOf(2, [ETH, BTC], ['b']);
    expect(recover({ folder, tables })).toMatchObject(expected);
    const fold = new JournalFold(null);
    readJournal({ folder }, { onHot: (block, at, frame) => fold.hot(block, at, frame), onCold: (kind, value) => fold.cold(kind, value) });
    const next = new JournalFold(tables);
    next.restore(fold.state());
    expect(next.result({ segment: 1, offset: 0 }, [])).toMatchObject(expected);
  });

  it('translates prices and quantities when a venue changed its steps, and sets aside what does not divide', async () => {
    const folder = temporaryFolder();
    const run = startRun(folder, tablesOf(1, [BTC], ['a'], { tickSize: '0.5', lotSize: '0.01' }));
    run.put({ kind: K.CREATE, orderId: 1, priceTicks: 7, qtyLots: 3 });
    await run.end();
    expect(recover({ folder, tables: tablesOf(2, [BTC], ['a'], { tickSize: '0.1', lotSize: '0.001' }) }).orders).toMatchObject([
      { priceTicks: 35, qtyLots: 30 },
    ]);
    const coarser = recover({ folder, tables: tablesOf(2, [BTC], ['a'], { tickSize: '1', lotSize: '0.01' }) });
    expect(coarser.orders).toEqual([]);
    expect(coarser.aside.records).toBe(1);
    expect(coarser.notes.join()).toContain('do not fit');
  });

  it('keeps the past of strategies and instruments that are gone aside, and says so', async () => {
    const folder = temporaryFolder();
    const run = startRun(folder, tablesOf(1, [BTC, ETH], ['a', 'b']));
    for (const [strategy, instrument] of [
      [0, 0],
      [0, 1],
      [1, 0],
    ] as const) {
      const orderId = makeOrderId(1, strategy, instrument, 1);
      run.put({ kind: K.CREATE, orderId, strategy, instrument, level: instrument, priceTicks: 5, qtyLots: 5 });
      run.put({ kind: K.FILL, orderId, strategy, instrument, level: instrument, fillLots: 2, fillTicks: 5, tradeId: 1 });
    }
    await run.end();
    const found = recover({ folder, tables: tablesOf(2, [BTC], ['a']) });
    expect(found.orders.length).toBe(1);
    expect(found.fills.length).toBe(1);
    expect(found.aside).toMatchObject({ fills: 2 });
    expect(found.aside.orders.length).toBe(2);
    expect(found.notes.join('\n')).toMatch(/order \d+ of b on binance-spot:BTCUSDT \(partly_filled\)/);
    expect(found.notes.join('\n')).toMatch(/order \d+ of a on binance-spot:ETHUSDT/);
    // They come back with their names.
    expect(recover({ folder, tables: tablesOf(2, [ETH, BTC], ['b', 'a']) }).orders.length).toBe(3);
  });

  it('G4: counts a fill once by order and trade, and lists an order that ended unsettled until its level counts it', async () => {
    const folder = temporaryFolder();
    const order = { orderId: makeOrderId(1, 0, 3, 1), level: 3 };
    const one = startRun(folder, tablesOf(1, [BTC], ['a']));
    one.put({ ...order, kind: K.LEVEL, cumLots: 0 });
    one.put({ ...order, kind: K.CREATE, priceTicks: 5, qtyLots: 5 });
    for (let i = 0; i < 3; i++) one.put({ ...order, kind: K.FILL, fillLots: 5, fillTicks: 5, tradeId: 77 });
    await one.end();
    const first = recover({ folder, tables: tablesOf(2, [BTC], ['a']) });
    expect(first.fills.length).toBe(1);
    expect(first.orders).toMatchObject([{ state: OrderState.FILLED, cumLots: 5 }]);
    const two = startRun(folder, tablesOf(2, [BTC], ['a']));
    two.put({ ...order, kind: K.FILL, fillLots: 5, fillTicks: 5, tradeId: 77 });
    two.put({ ...order, kind: K.LEVEL, cumLots: 5 });
    await two.end();
    const second = recover({ folder, tables: tablesOf(3, [BTC], ['a']) });
    expect([second.runs, second.fills.length, second.orders.length]).toEqual([2, 1, 0]);
    // A fill that comes after all that is listed with what is new on top of what the level counts.
    const three = startRun(folder, tablesOf(3, [BTC], ['a']));
    three.put({ ...order, kind: K.FILL, fillLots: 2, fillTicks: 5, tradeId: 78 });
    await three.end();
    expect(recover({ folder, tables: tablesOf(4, [BTC], ['a']) }).orders).toMatchObject([{ state: OrderState.CANCELLED, cumLots: 7 }]);
    expect(recover({ folder, tables: tablesOf(4, [BTC], ['a']) }).levels).toMatchObject([{ orderId: order.orderId, cumLots: 5 }]);
  });

  it('C3: says of an order that its amend was not answered, until it was', async () => {
    const folder = temporaryFolder();
    const order = { orderId: 1, instrument: 0, priceTicks: 5, qtyLots: 5 };
    const one = startRun(folder, tablesOf(1, [BTC], ['a']));
    one.put({ ...order, kind: K.CREATE });
    one.put({ ...order, kind: K.ACK });
    one.put({ ...order, kind: K.AMEND, qtyLots: 8 });
    await one.end();
    expect(recover({ folder, tables: tablesOf(2, [BTC], ['a']) }).orders).toMatchObject([{ qtyLots: 5, areTermsOpen: true }]);
    const two = startRun(folder, tablesOf(2, [BTC], ['a']));
    two.put({ ...order, kind: K.ACK, qtyLots: 8 });
    await two.end();
    const [found] = recover({ folder, tables: tablesOf(3, [BTC], ['a']) }).orders;
    expect(found).toMatchObject({ qtyLots: 8, state: OrderState.OPEN });
    expect(found?.areTermsOpen).toBeUndefined();
  });

  it('never reads records by the tables of another run, and still counts the run whose start is damaged', async () => {
    const folder = temporaryFolder();
    const one = startRun(folder, tablesOf(1, [BTC, ETH], ['a', 'b']));
    one.put({ kind: K.CREATE, orderId: 1, instrument: 0, priceTicks: 5, qtyLots: 5 });
    await one.end();
    const two = startRun(folder, tablesOf(2, [ETH, BTC], ['b', 'a']));
    two.put({ kind: K.CREATE, orderId: makeOrderId(2, 0, 1, 1), level: 1, instrument: 0, priceTicks: 6, qtyLots: 6 });
    await two.end();
    const path = join(folder, segmentName(2));
    const bytes = readFileSync(path);
    const tables = tablesOf(3, [BTC, ETH], ['a', 'b']);
    // One copy damaged: nothing is lost.
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    expect(recover({ folder, tables })).toMatchObject({ runs: 2, aside: { records: 0 } });
    expect(recover({ folder, tables }).orders).toMatchObject([{ instrument: 0 }, { instrument: 1, strategy: 1 }]);
    const last = bytes.length - HOT_FRAME_BYTES;
    bytes.fill(0, 32, last);
    writeFileSync(path, bytes);
    const found = recover({ folder, tables });
    expect(found).toMatchObject({ runs: 2, aside: { records: 1 }, isClean: false });
    expect(found.orders.map(({ orderId }) => orderId)).toEqual([1]);
    expect(found.notes.join()).toContain('1 records belong to a run whose start is damaged');
  });

  it('G2: holds an order in doubt whose create was lost in a hole', async () => {
    const folder = temporaryFolder();
    const run = startRun(folder, tablesOf(1, [BTC], ['a']));
    run.put({ kind: K.CREATE, orderId: 5, priceTicks: 5, qtyLots: 5 });
    run.put({ kind: K.ACK, orderId: 5, priceTicks: 5, qtyLots: 5 });
    run.put({ kind: K.FILL, orderId: 5, priceTicks: 5, qtyLots: 5, fillLots: 1, tradeId: 1 });
    await run.end();
    const path = join(folder, segmentName(1));
    const bytes = readFileSync(path);
    const create = bytes.length - 3 * HOT_FRAME_BYTES + 20;
    bytes[create] = (bytes[create] ?? 0) ^ 4;
    writeFileSync(path, bytes);
    const found = recover({ folder, tables: tablesOf(2, [BTC], ['a']) });
    expect(found.orders).toMatchObject([{ orderId: 5, cumLots: 1, state: OrderState.PARTLY_FILLED }]);
    expect(found.notes.length).toBe(1);
    expect(recover({ folder, tables: tablesOf(2, [BTC], ['a']) }).notes).toEqual([]);
  });

  it('refuses the journal of another mode', async () => {
    const folder = temporaryFolder();
    await startRun(folder, tablesOf(1, [BTC], ['a'])).end();
    expect(() => recover({ folder, tables: { ...tablesOf(2, [BTC], ['a']), mode: 'live' } })).toThrow(UsageError);
  });

  it('equals an independent fold over random histories, restarts included, and gives the same twice', async () => {
    const step = fc.record({
      // Answers that end an order are rare, so that most records meet a live one.
      kind: fc.oneof(
        { weight: 8, arbitrary: fc.constant(K.FILL) },
        {
          weight: 12,
          arbitrary: fc.constantFrom(K.AMEND, K.CANCEL, K.ACK, K.AMENDED, K.AMEND_REJECT, K.CANCEL_REJECT, K.UNKNOWN, K.QUERY, K.DENIED),
        },
        { weight: 2, arbitrary: fc.constantFrom(K.CREATE, K.CANCELLED, K.EXPIRED, K.REJECT, K.NOT_FOUND) },
      ),
      slot: fc.nat(2),
      lots: fc.integer({ min: 1, max: 9 }),
      tradeId: fc.nat(9),
      newRun: fc.integer({ min: 0, max: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        const folder = temporaryFolder();
        const names = ['a', 'b', 'c'];
        let run = startRun(folder, tablesOf(1, [BTC, ETH], names), 20 * HOT_FRAME_BYTES);
        let runs = 1;
        const current = new Map<number, number>();
        let counter = 0;
        const story: { record: Partial<JournalRecord>; strategyName: string }[] = [];
        for (const { kind: drawn, slot, lots, tradeId, newRun } of steps) {
          const kind = current.has(slot) ? drawn : K.CREATE;
          if (newRun === 0) {
            await run.end();
            names.reverse();
            runs++;
            run = startRun(folder, tablesOf(runs, [BTC, ETH], names), 20 * HOT_FRAME_BYTES);
          }
          // One level is one order's life at a time; a slot's strategy is found by name in every run.
          if (kind === K.CREATE) current.set(slot, makeOrderId(runs, 0, slot, ++counter));
          const orderId = current.get(slot);
          if (orderId === undefined) continue;
          const strategyName = ['a', 'b', 'c'][slot % 3] ?? '';
          const record = {
            kind,
            orderId,
            strategy: names.indexOf(strategyName),
            level: slot,
            instrument: slot & 1,
            priceTicks: kind === K.CREATE || kind === K.AMEND ? 100 + lots : 0,
            qtyLots: kind === K.CREATE || kind === K.AMEND ? lots : 0,
            ...(kind === K.FILL ? { fillLots: 1, fillTicks: 100, tradeId } : {}),
          };
          run.put(record);
          story.push({ record, strategyName });
        }
        await run.end();
        const tables = tablesOf(runs + 1, [ETH, BTC], ['c', 'b', 'a']);
        const found = recover({ folder, tables });
        expect(recover({ folder, tables })).toEqual(found);
        expect(found.runs).toBe(runs);
        const expected = slowFold(story.map(({ record }) => record));
        expect(found.fills.map(({ orderId, tradeId }) => `${orderId}/${tradeId}`)).toEqual(expected.fills);
        const live = found.orders.filter(({ state }) => state < OrderState.FILLED);
        expect(live.map((o) => `${o.orderId} ${orderStateName(o.state)} ${o.priceTicks} ${o.qtyLots} ${o.cumLots}`).sort()).toEqual(
          expected.live.sort(),
        );
        for (const order of live) {
          expect(tables.strategies[order.strategy]?.name).toBe(story.find(({ record }) => record.orderId === order.orderId)?.strategyName);
          expect(tables.instruments[order.instrument]?.id).toBe([BTC, ETH][order.level & 1]);
        }
        removeTemporaryFolders();
      }),
      { numRuns: 60, seed: 7 },
    );
  });
});

/** Order by order, from its own list of records, by a table of (state, record) pairs: slow, and written without a look at the other one. */
function slowFold(records: readonly Partial<JournalRecord>[]): { live: string[]; fills: string[] } {
  const fills: string[] = [];
  for (const { kind, orderId, tradeId } of records) {
    const key = `${orderId}/${tradeId}`;
    if (kind === K.FILL && !fills.includes(key)) fills.push(key);
  }
  const live: string[] = [];
  for (const orderId of new Set(records.map((record) => record.orderId))) {
    const own = records.filter((record) => record.orderId === orderId);
    const seen = new Set<number>();
    let state = 'none';
    let [ticks, lots, cum] = [0, 0, 0];
    let wanted: [number, number] = [0, 0];
    const rest = (): string => (cum >= lots ? 'filled' : cum > 0 ? 'partly_filled' : 'open');
    const doubt = ['pending', 'unknown'];
    const dead = ['filled', 'cancelled', 'rejected', 'expired'];
    for (const r of own) {
      if (r.kind === K.CREATE && state === 'none') [state, ticks, lots] = ['pending', r.priceTicks ?? 0, r.qtyLots ?? 0];
      if (r.kind === K.FILL && !seen.has(r.tradeId ?? 0)) {
        seen.add(r.tradeId ?? 0);
        cum += r.fillLots ?? 0;
        if (!dead.includes(state))
          state = cum >= lots && wanted[1] === 0 ? 'filled' : ['pending', 'open'].includes(state) ? 'partly_filled' : state;
      }
      if (dead.includes(state)) continue;
      if (r.kind === K.ACK) [state, wanted] = [rest(), [0, 0]];
      if (r.kind === K.AMEND) [state, wanted] = ['amending', [r.priceTicks ?? 0, r.qtyLots ?? 0]];
      if (r.kind === K.AMENDED) {
        if (wanted[0] > 0) [ticks, lots] = wanted;
        wanted = [0, 0];
        if (!['cancelling', 'unknown'].includes(state) || rest() === 'filled') state = rest();
      }
      if (r.kind === K.AMEND_REJECT) {
        wanted = [0, 0];
        if (!['cancelling', 'unknown'].includes(state) || rest() === 'filled') state = rest();
      }
      if (r.kind === K.CANCEL) state = 'cancelling';
      if (r.kind === K.CANCEL_REJECT && state === 'cancelling') state = rest();
      if (r.kind === K.CANCELLED) state = 'cancelled';
      if (r.kind === K.EXPIRED) state = 'expired';
      if ((r.kind === K.REJECT || r.kind === K.NOT_FOUND) && [...doubt, 'cancelling'].includes(state)) state = 'rejected';
      if (r.kind === K.UNKNOWN) state = 'unknown';
    }
    if (!dead.includes(state)) live.push(`${orderId} ${state} ${ticks} ${lots} ${cum}`);
  }
  return { live, fills };
}
