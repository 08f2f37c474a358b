import { afterEach, describe, expect, it } from 'vitest';
import { OverlayStore } from '../../src/storage/overlay.js';
import type { Store, StoreBatch } from '../../src/storage/schema.js';
import { digestOf } from '../../src/storage/store-compare.js';
import { StoreFeed } from '../../src/storage/store-feed.js';
import { journalEnd } from '../../src/storage/store-tools.js';
import { times } from '../support/torture.js';
import { removeTemporaryFolders, temporaryFolder } from './journal-fixture.js';
import { emptyBatch, startRun, tablesOf } from './run-fixture.js';
import { feed, INSTRUMENTS, journalOf, trade } from './story.js';

afterEach(removeTemporaryFolders);

async function settle(): Promise<void> {
  for (let i = 0; i < 60; i++) await Promise.resolve();
}

/** A store elsewhere: away, hanging, or answering too late for somebody who gave up. */
class FarStore {
  readonly inner = new OverlayStore();
  mode: 'here' | 'away' | 'silent' | 'does it and fails' | 'does a part' = 'here';
  #parts = 0;
  calls = 0;
  /** Batches that somebody waits for at this moment, and the most at once. */
  open = 0;
  mostOpen = 0;
  mostItems = 0;

  asStore(): Store {
    const { inner } = this;
    const asked = <T>(answer: () => Promise<T>): Promise<T> => {
      this.calls++;
      if (this.mode === 'away') return Promise.reject(new Error('connect ECONNREFUSED'));
      return this.mode === 'silent' ? new Promise<T>(() => undefined) : answer();
    };
    return {
      name: 'far',
      position: () => asked(() => inner.position()),
      runs: () => asked(() => inner.runs()),
      orders: (ids) => asked(() => inner.orders(ids)),
      allOrders: () => inner.allOrders(),
      fills: (range) => inner.fills(range),
      levels: () => inner.levels(),
      audit: (range) => inner.audit(range),
      positions: () => inner.positions(),
      parameters: () => inner.parameters(),
      clear: () => inner.clear(),
      close: () => Promise.resolve(),
      write: (batch) => asked(() => this.#write(batch)),
    };
  }

  async #writePart(batch: StoreBatch): Promise<never> {
    const position = (await this.inner.position()) ?? { segment: 0, offset: 0 };
    const done = PHASES.slice(0, ++this.#parts % (PHASES.length + 1));
    for (const phase of done) await this.inner.write({ ...emptyBatch, [phase]: batch[phase], position });
    this.open--;
    throw new Error('killed in the middle of a batch');
  }

  async #write(batch: StoreBatch): Promise<void> {
    this.open++;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    this.mostItems = Math.max(this.mostItems, batch.orders.length + batch.fills.length + batch.audit.length);
    if (this.mode === 'does a part') await this.#writePart(batch);
    else await this.inner.write(batch);
    this.open--;
    if (this.mode === 'does it and fails') throw new Error('socket closed before the answer');
  }
}

/** In the order that a store without transactions keeps: orders late, the position last. Here it ends somewhere before. */
const PHASES = ['parameters', 'runs', 'fills', 'levels', 'audit', 'positions', 'orders'] as const;

describe('a store that is away', () => {
  it('G5: for an hour: trading goes on, at most one small batch is in hand, the lag is told, counts and hashes are equal in the end', async () => {
    const folder = temporaryFolder();
    const run = startRun(folder, tablesOf(1, INSTRUMENTS, ['grid-1', 'arb-1']), 200_000);
    const far = new FarStore();
    const notices: string[] = [];
    const role = new StoreFeed({ store: far.asStore(), journal: run.journal, onNotice: (text) => notices.push(text), stepItems: 32 });
    let nowUs = 0;
    const turn = async (): Promise<void> => {
      role.step((nowUs += 1_000_000), 64);
      run.writer.step(nowUs, 4096);
      await settle();
    };
    for (let i = 0; i < 5; i++) await turn();
    expect(role.status()).toMatchObject({ state: 'current', lagBytes: 0, behindUs: 0, failures: 0 });
    far.mode = 'away';
    for (let second = 0; second < 3_600; second++) {
      if (second % 10 === 0) trade(run, times(1, 20), second + 1);
      await turn();
    }
    const status = role.status();
    expect(status).toMatchObject({ state: 'failing', error: 'connect ECONNREFUSED' });
    expect(status.lagBytes).toBeGreaterThan(times(150_000, 3_000_000));
    expect(status.lagRecords).toBe(Math.ceil(status.lagBytes / 144));
    expect(status.behindUs).toBeGreaterThan(3_500_000_000);
    expect(notices.length).toBe(1);
    // It asks seldom while nobody answers.
    expect(far.calls).toBeLessThan(400);
    far.mode = 'here';
    for (let i = 0; i < 20_000 && role.status().state !== 'current'; i++) await turn();
    expect(role.status()).toMatchObject({ state: 'current', lagBytes: 0, behindUs: 0, error: '' });
    expect(notices[1]).toContain('works again');
    expect(far.mostOpen).toBe(1);
    expect(far.mostItems).toBeLessThanOrEqual(64);
    await run.end();
    const expected = new OverlayStore();
    await feed(expected, folder);
    await feed(far.inner, folder);
    expect(await digestOf(far.inner)).toEqual(await digestOf(expected));
  });

  it('G5: and does what it is told without saying so: nothing is there twice', async () => {
    const folder = temporaryFolder();
    const run = startRun(folder, tablesOf(1, INSTRUMENTS, ['grid-1', 'arb-1']));
    trade(run, 60);
    run.writer.flushNow(0);
    const far = new FarStore();
    const role = new StoreFeed({ store: far.asStore(), journal: run.journal, stepItems: 16 });
    for (let nowUs = 0, i = 0; role.status().state !== 'current' && i < 2_000; i++, nowUs += 20_000_000) {
      far.mode = i % 3 === 1 ? 'does it and fails' : 'here';
      role.step(nowUs, 64);
      await settle();
    }
    far.mode = 'here';
    await run.end();
    const expected = new OverlayStore();
    await feed(expected, folder);
    await feed(far.inner, folder);
    expect(await digestOf(far.inner)).toEqual(await digestOf(expected));
  });

  it('G5: and is killed between the parts of a batch: every part may be there or not, and all is counted once', async () => {
    const { folder } = await journalOf(3, 20);
    const far = new FarStore();
    const end = journalEnd(folder);
    const role = new StoreFeed({ store: far.asStore(), journal: { folder, position: end, durable: end }, stepItems: 40 });
    for (let nowUs = 0, i = 0; role.status().state !== 'current' && i < 4_000; i++, nowUs += 20_000_000) {
      far.mode = i % 9 === 8 ? 'here' : 'does a part';
      role.step(nowUs, 64);
      await settle();
    }
    const expected = new OverlayStore();
    await feed(expected, folder);
    expect(role.status().state).toBe('current');
    expect(await digestOf(far.inner)).toEqual(await digestOf(expected));
  });

  it('holds up neither a step nor the end of the engine when it says nothing at all', async () => {
    const folder = temporaryFolder();
    const run = startRun(folder, tablesOf(1, INSTRUMENTS, ['grid-1', 'arb-1']));
    trade(run, 20);
    run.writer.flushNow(0);
    const far = new FarStore();
    far.mode = 'silent';
    const late: (() => void)[] = [];
    const timers = {
      after: (_ms: number, then: () => void) => ({ id: late.push(then) }),
      every: () => ({ id: 0 }),
      cancel: () => undefined,
    };
    const notices: string[] = [];
    const role = new StoreFeed({
      store: far.asStore(),
      journal: run.journal,
      onNotice: (text) => notices.push(text),
      close: { timers, withinMs: 2_000 },
    });
    expect(role.step(0, 64)).toBe(1);
    for (let i = 1; i < 10; i++) expect(role.step(i * 1_000_000, 64)).toBe(0);
    const closing = role.close();
    await settle();
    late.shift()?.();
    await closing;
    expect(notices).toEqual([expect.stringMatching(/has not taken everything \(\d+ bytes\)/)]);
    await run.end();
  });
});
