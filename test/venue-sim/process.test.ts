import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock, TimerHandle, Timers } from '../../src/core/ports/clock.js';
import type { CreateHttpServer, HttpReply, HttpServerHandlers } from '../../src/core/ports/http.js';
import { runVenues, type RunningVenues, type VenueAddresses, type VenuesOptions } from '../../src/venue-sim/process.js';
import { START_US } from './support/venue-client.js';

/** Clock, timers and listeners by hand. */
class Bench implements Clock, Timers {
  us = START_US;
  readonly listeners = new Map<number, HttpServerHandlers>();
  readonly lines: string[] = [];
  readonly #timers = new Map<number, { dueUs: number; everyUs: number; run: () => void }>();
  #nextTimer = 1;
  #nextPort = 40_001;

  nowUs(): number {
    return this.us - START_US;
  }

  wallUs(): number {
    return this.us;
  }

  after(delayMs: number, run: () => void): TimerHandle {
    this.#timers.set(this.#nextTimer, { dueUs: this.us + delayMs * 1_000, everyUs: 0, run });
    return { id: this.#nextTimer++ };
  }

  every(periodMs: number, run: () => void): TimerHandle {
    this.#timers.set(this.#nextTimer, { dueUs: this.us + periodMs * 1_000, everyUs: periodMs * 1_000, run });
    return { id: this.#nextTimer++ };
  }

  cancel(timer: TimerHandle): void {
    this.#timers.delete(timer.id);
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  pass(ms: number): void {
    for (const untilUs = this.us + ms * 1_000; this.us < untilUs;) {
      this.us += 1_000;
      for (const [id, timer] of this.#timers) {
        if (timer.dueUs > this.us) continue;
        if (timer.everyUs === 0) this.#timers.delete(id);
        else timer.dueUs += timer.everyUs;
        timer.run();
      }
    }
  }

  readonly createHttpServer: CreateHttpServer = ({ handlers }) => {
    let bound = 0;
    return {
      impl: 'node',
      listen: (_, port) => {
        bound = port === 0 ? this.#nextPort++ : port;
        this.listeners.set(bound, handlers);
        return Promise.resolve(bound);
      },
      close: () => {
        this.listeners.delete(bound);
        return Promise.resolve();
      },
    };
  };

  ask(address: string, method: string, headers: Record<string, string> = {}, body = ''): Promise<HttpReply> {
    const url = new URL(address);
    const request = {
      method,
      path: url.pathname,
      query: url.search.slice(1),
      headers,
      body: new TextEncoder().encode(body),
      remoteAddress: '127.0.0.1',
    };
    return new Promise((resolve, reject) => {
      const handlers = this.listeners.get(Number(url.port));
      if (handlers === undefined) reject(new Error(`nobody listens at ${address}`));
      else handlers.onRequest(request, resolve);
    });
  }
}

let folder = '';
let bench = new Bench();

const start = (options: Partial<VenuesOptions> = {}): Promise<RunningVenues> =>
  runVenues(
    { seed: 1, speed: 1, port: 0, ...options },
    { createHttpServer: bench.createHttpServer, clock: bench, timers: bench, writeLine: (line) => void bench.lines.push(line) },
  );

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'venues-'));
  bench = new Bench();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('venues process', () => {
  it('writes the addresses for its owner only, labels what it serves, and takes the file away at the end', async () => {
    const file = join(folder, 'addresses.json');
    const running = await start({ addresses: file });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const addresses = JSON.parse(readFileSync(file, 'utf8')) as VenueAddresses;
    expect(addresses).toEqual(JSON.parse(JSON.stringify(running.addresses)));
    expect(addresses).toMatchObject({
      simulated: true,
      seed: 1,
      pid: process.pid,
      clock: { wallUs: START_US, marketUs: START_US, speed: 1 },
    });
    expect(Object.keys(addresses.venues)).toEqual(['binance-spot', 'binance-usdm', 'binance-coinm', 'bybit', 'bitmex']);
    for (const venue of Object.values(addresses.venues)) {
      expect(
        [venue.rest, venue.wsPublic, venue.wsPrivate, venue.wsApi].every((address) => /^(http|ws):\/\/127\.0\.0\.1:\d+$/.test(address)),
      ).toBe(true);
      expect(venue.apiKey).toMatch(/^[a-zA-Z0-9]{64}$/);
      expect((await bench.ask(`${venue.rest}/nothing`, 'GET')).status).toBe(404);
    }
    expect(bench.lines.length).toBe(7);
    expect(bench.lines.every((line) => line.startsWith('SIMULATED'))).toBe(true);
    expect(bench.lines.join('\n')).not.toContain(Object.values(addresses.venues)[0]?.secret);
    await running.stop();
    await running.ended;
    expect([existsSync(file), bench.listeners.size, bench.timerCount]).toEqual([false, 0, 0]);
  });

  it('uses the ports that follow the given one, the same for a venue whichever others run', async () => {
    const running = await start({ port: 20_000, only: ['bybit', 'binance-spot'] });
    expect(running.addresses.admin).toBe('http://127.0.0.1:20000');
    expect(Object.entries(running.addresses.venues).map(([id, { rest }]) => [id, rest])).toEqual([
      ['binance-spot', 'http://127.0.0.1:20001'],
      ['bybit', 'http://127.0.0.1:20004'],
    ]);
    await running.stop();
  });

  it('refuses a venue it does not have and names those it has', async () => {
    await expect(start({ only: ['bybit', 'okx'] })).rejects.toThrow("--only: no simulated venue 'okx', there are binance-spot");
    expect(bench.listeners.size).toBe(0);
  });

  it('lives with its clock and answers the admin address', async () => {
    const running = await start({ only: ['bitmex'] });
    bench.pass(1_000);
    const status = JSON.parse(String((await bench.ask(`${running.addresses.admin}/status`, 'GET')).body)) as {
      marketUs: number;
      simulated: boolean;
    };
    expect(status.simulated).toBe(true);
    expect(START_US + 1_000_000 - status.marketUs).toBeLessThan(15_000);
    await bench.ask(`${running.addresses.venues['bitmex']?.rest}/api/v1/dance`, 'GET');
    const counters = JSON.parse(String((await bench.ask(`${running.addresses.admin}/counters`, 'GET')).body)) as object;
    expect(counters).toMatchObject({ bitmex: { requests: 1, unknown: { paths: { 'GET /api/v1/dance': 1 } } } });
    expect((await bench.ask(`${running.addresses.admin}/stop`, 'POST', { origin: 'http://elsewhere' })).status).toBe(403);
    expect((await bench.ask(`${running.addresses.admin}/dance`, 'GET')).status).toBe(404);
    expect((await bench.ask(`${running.addresses.admin}/stop`, 'POST')).status).toBe(200);
    bench.pass(5);
    await running.ended;
    expect(bench.listeners.size).toBe(0);
  });

  it('is found as it was left: book, sequences, prices and time go on', async () => {
    const state = join(folder, 'state');
    const first = await start({ state, only: ['binance-coinm'] });
    bench.pass(3_000);
    const saved = first.world.save();
    await first.stop();
    const second = await start({ state, only: ['binance-coinm'] });
    expect(second.world.save()).toEqual(saved);
    expect(bench.lines.at(-2)).toContain('resumed');
    bench.pass(500);
    expect(second.world.markets[0]?.engine.sequence).toBeGreaterThan(
      saved.markets['binance-coinm:inverse:BTCUSD_PERP']?.book.sequence ?? 0,
    );
    await second.stop();
  });

  it('never goes back in market time when the saved exchange was ahead of the wall', async () => {
    const state = join(folder, 'state');
    bench.us = START_US + 3_600_000_000;
    await (await start({ state, only: ['bitmex'] })).stop();
    bench.us = START_US;
    const late = await start({ state, only: ['bitmex'] });
    expect(late.addresses.clock.marketUs).toBe(START_US + 3_600_000_000);
    bench.pass(100);
    expect(late.world.steps).toBeGreaterThan(8);
    await late.stop();
  });

  it('keeps its state now and then, so that a kill loses seconds', async () => {
    const state = join(folder, 'state');
    const running = await start({ state, only: ['bitmex'] });
    bench.pass(20_010);
    await bench.ask(`${running.addresses.admin}/save`, 'POST');
    expect(existsSync(join(state, 'exchanges.json'))).toBe(true);
    expect(statSync(join(state, 'exchanges.json')).mode & 0o777).toBe(0o600);
    await running.stop();
  });

  it('keeps what a client did a fifth of a second later, not with the next save of everything', async () => {
    const state = join(folder, 'state');
    const running = await start({ state, only: ['bitmex'] });
    const exchange = running.world.exchangeOf('bitmex');
    const [account] = exchange.testAccounts;
    const [market] = exchange.markets;
    if (account === undefined || market === undefined) throw new Error('no account');
    const placed = exchange.place(account, { market, side: 'buy', ticks: market.engine.bids.bestTicks - 40, lots: 3, clientId: 'kept' });
    if (!placed.ok) throw new Error('refused');
    expect(existsSync(join(state, 'exchanges.quick.json'))).toBe(false);
    bench.pass(210);
    // Saves are written one after the other: when this one is answered, the quick one is there.
    await bench.ask(`${running.addresses.admin}/save`, 'POST');
    expect(readFileSync(join(state, 'exchanges.quick.json'), 'utf8')).toContain('"clientId":"kept"');
    await running.stop();
    const again = await start({ state, only: ['bitmex'] });
    const [open] = again.world.exchangeOf('bitmex').openOrders(account);
    expect(open).toMatchObject({ id: placed.order.id, clientId: 'kept', lots: 3, state: 'new' });
    await again.stop();
  });

  it('takes faults, lists them, takes them away, and adds up the money when asked', async () => {
    const running = await start({ only: ['bitmex', 'binance-spot'] });
    const { admin, venues } = running.addresses;
    const json = async (method: string, path: string, body = ''): Promise<unknown> =>
      JSON.parse(String((await bench.ask(`${admin}${path}`, method, {}, body)).body));
    expect(await json('GET', '/audit')).toMatchObject({ right: true, breaks: 0, venues: { bitmex: [], 'binance-spot': [] } });
    expect((await bench.ask(`${admin}/faults`, 'POST', {}, '{"kind":"quake"}')).status).toBe(400);
    expect((await bench.ask(`${admin}/faults`, 'POST', {}, '[')).status).toBe(400);
    const body = JSON.stringify([
      { venue: 'bitmex', kind: 'status', match: { path: '/instrument' }, params: { status: 502 } },
      { kind: 'maintenance', venue: 'binance-spot' },
    ]);
    expect(await json('POST', '/faults', body)).toMatchObject({
      faults: [
        { id: 1, left: 1 },
        { id: 2, left: null, untilUs: null },
      ],
    });
    const instruments = `${venues['bitmex']?.rest}/api/v1/instrument/active`;
    expect((await bench.ask(instruments, 'GET')).status).toBe(502);
    expect((await bench.ask(instruments, 'GET')).status).toBe(200);
    expect((await bench.ask(`${venues['binance-spot']?.rest}/api/v3/time`, 'GET')).status).toBe(503);
    expect(await json('GET', '/faults')).toMatchObject({ faults: [{ hits: 1, left: 0 }, { hits: 1 }] });
    expect(await json('DELETE', '/faults?id=2')).toEqual({ removed: 1 });
    expect((await bench.ask(`${venues['binance-spot']?.rest}/api/v3/time`, 'GET')).status).toBe(200);
    expect(await json('DELETE', '/faults')).toEqual({ removed: 1 });
    await running.stop();
  });

  it('makes another key of an account: other rights, or the public part of a pair', async () => {
    const running = await start({ only: ['bybit'] });
    const add = async (key: object): Promise<HttpReply> =>
      bench.ask(`${running.addresses.admin}/keys`, 'POST', {}, JSON.stringify({ venue: 'bybit', ...key }));
    expect((await add({ apiKey: 'mine', publicKey: 'PEM', canWithdraw: true })).status).toBe(200);
    const exchange = running.world.exchangeOf('bybit');
    expect(exchange.keyOf('mine')).toMatchObject({ account: { name: 'spare' }, publicKey: 'PEM', canTrade: true, canWithdraw: true });
    for (const wrong of [
      { apiKey: 'x' },
      { apiKey: 'x', secret: 's', account: 'flow 1' },
      { apiKey: 'x', secret: 's', venue: 'nyse' },
      { secret: 's' },
    ])
      expect((await add(wrong)).status).toBe(400);
    expect(exchange.keyOf('x')).toBeUndefined();
    await running.stop();
  });

  it('says once that money does not add up, counts it, and shows where', async () => {
    const running = await start({ only: ['bitmex'] });
    const exchange = running.world.exchangeOf('bitmex');
    const saved = exchange.save();
    const robbed = JSON.parse(
      JSON.stringify(saved).replace(/"fees":"(\d+)"/, (_, fees: string) => `"fees":"${BigInt(fees) + 1n}"`),
    ) as typeof saved;
    exchange.load(robbed);
    bench.pass(20_100);
    expect(bench.lines.filter((line) => line.includes('does not add up'))).toHaveLength(1);
    const audit = JSON.parse(String((await bench.ask(`${running.addresses.admin}/audit`, 'GET')).body)) as {
      right: boolean;
      venues: Record<string, unknown[]>;
    };
    expect(audit).toMatchObject({ right: false, venues: { bitmex: [{ asset: 'XBt' }] } });
    await running.stop();
  });

  it('says what is wrong with a state it cannot use, and leaves it alone', async () => {
    const state = join(folder, 'state');
    await (await start({ state, only: ['bitmex'] })).stop();
    await expect(start({ state, seed: 2 })).rejects.toThrow('STATE_SEED');
    const file = join(state, 'exchanges.json');
    writeFileSync(file, '{broken');
    await expect(start({ state })).rejects.toThrow('STATE_UNREADABLE');
    expect(readFileSync(file, 'utf8')).toBe('{broken');
    expect(bench.listeners.size).toBe(0);
  });

  it('ends by itself after ten minutes without clients, not while one asks', async () => {
    const running = await start({ only: ['bitmex'], idleExit: true });
    let isEnded = false;
    void running.ended.then(() => (isEnded = true));
    bench.pass(300_000);
    await bench.ask(`${running.addresses.venues['bitmex']?.rest}/api/v1/instrument/active`, 'GET');
    bench.pass(590_000);
    await Promise.resolve();
    expect(isEnded).toBe(false);
    bench.pass(20_000);
    await running.ended;
    expect(bench.listeners.size).toBe(0);
  });
});
