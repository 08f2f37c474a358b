/** What a restart finds: the newer snapshot, history up to its mark, nothing of what a crash left behind it. */
import { appendFileSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateFolder } from '../../../src/venue-sim/state-file.js';
import { createVenueWorld, type VenueWorld } from '../../../src/venue-sim/world.js';
import { START_US } from '../support/venue-client.js';
import { TestExchange } from './support.js';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'exchange-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const trader = (): TestExchange => new TestExchange('bybit', 'BTCUSDT', { kind: 'linear', keepsHistory: true });

async function reloaded(directory = folder): Promise<VenueWorld> {
  const loaded = await new StateFolder(directory).load(5);
  const world = createVenueWorld({ seed: 5, startUs: START_US, only: ['bybit'], keepsHistory: true }, loaded?.saved);
  world.loadHistory(loaded?.history ?? []);
  return world;
}

/** Everything a client can ask about. */
function past(world: VenueWorld): unknown {
  const exchange = world.exchangeOf('bybit');
  return exchange.testAccounts.map((account) => ({
    orders: exchange.orders(account).map(({ id, clientId, state, endReason, filledLots, filledUnits, feeUnits, updatedUs, extra }) => ({
      id,
      clientId,
      state,
      endReason,
      filledLots,
      filledUnits,
      feeUnits,
      updatedUs,
      extra,
    })),
    fills: exchange.fills(account).map(({ market, account: owner, ...fill }) => ({ ...fill, symbol: market.spec.symbol, owner: owner.id })),
    ledger: exchange.ledger(account).map(({ market, asset, ...entry }) => ({ ...entry, symbol: market?.spec.symbol, asset: asset.asset })),
    wallets: exchange.wallets(account),
    position: exchange.markets.map((market) => exchange.position(account, market).lots),
  }));
}

describe('state of a simulated exchange', () => {
  it('is whole after a quick save: orders, fills, statement, wallets, positions, keys, notes', async () => {
    const test = trader();
    const state = new StateFolder(folder);
    await state.save(test.world);
    test.placed({ side: 'buy', lots: 30, clientId: 'taken', extra: { word: 'kept' } });
    test.placed({ side: 'buy', ticks: test.bid - 90, lots: 7, clientId: 'resting' });
    test.exchange.cancel(test.account, test.placed({ side: 'sell', ticks: test.ask + 90, lots: 2 }));
    test.exchange.notes.set('listen', 'key');
    test.exchange.registerKey({
      apiKey: 'k',
      secret: '',
      publicKey: 'PEM',
      account: test.account,
      canTrade: false,
      canWithdraw: false,
      createdUs: 1,
    });
    test.run(20);
    await state.save(test.world, true);
    const again = await reloaded();
    expect(past(again)).toEqual(past(test.world));
    const exchange = again.exchangeOf('bybit');
    expect(exchange.notes.get('listen')).toBe('key');
    expect(exchange.keyOf('k')).toMatchObject({ account: { id: test.account.id }, canTrade: false, publicKey: 'PEM' });
    expect(exchange.audit()).toEqual([]);
    const resting = exchange.find(test.account, { clientId: 'resting' });
    if (resting === undefined) throw new Error('lost');
    expect(exchange.cancel(test.account, resting)).toMatchObject({ ok: true, order: { state: 'cancelled' } });
  });

  it('never counts what a crash wrote behind the snapshot, and writes over it', async () => {
    const test = trader();
    const state = new StateFolder(folder);
    await state.save(test.world);
    test.placed({ side: 'buy', lots: 30 });
    await state.save(test.world, true);
    const before = past(test.world);
    const crashed = join(folder, 'crashed');
    mkdirSync(crashed);
    for (const name of readdirSync(folder)) if (name !== 'crashed') copyFileSync(join(folder, name), join(crashed, name));
    appendFileSync(join(crashed, 'history.1.ndjson'), '["bybit",1000,"fill",{"half of a li');
    const again = await reloaded(crashed);
    expect(past(again)).toEqual(before);
    const second = new StateFolder(crashed);
    await second.load(5);
    const exchange = again.exchangeOf('bybit');
    exchange.place(test.account, { market: exchange.markets[0] ?? test.market, side: 'sell', ticks: null, lots: 5 });
    await second.save(again);
    expect(past(await reloaded(crashed))).toEqual(past(again));
  });

  it('prefers the newer snapshot, whichever kind it is', async () => {
    const test = trader();
    const state = new StateFolder(folder);
    await state.save(test.world);
    test.placed({ side: 'buy', lots: 1, clientId: 'one' });
    await state.save(test.world, true);
    test.placed({ side: 'buy', lots: 1, clientId: 'two' });
    await state.save(test.world);
    const again = await reloaded();
    expect(again.exchangeOf('bybit').find(test.account, { clientId: 'two' })).toBeDefined();
    expect(past(again)).toEqual(past(test.world));
  });

  it('begins a new history file when the old one has grown, without losing what is remembered', async () => {
    const test = trader();
    const state = new StateFolder(folder, 2_000);
    for (let count = 0; count < 4; count++) {
      test.placed({ side: count % 2 === 0 ? 'buy' : 'sell', lots: 3 });
      await state.save(test.world);
      await state.save(test.world, true);
    }
    expect(existsSync(join(folder, 'history.1.ndjson'))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.startsWith('history'))).toHaveLength(1);
    expect(past(await reloaded())).toEqual(past(test.world));
  });
});
