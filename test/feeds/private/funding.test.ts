/** Funding payments: by the stream, by the venue's list, each told once, none missed. */
import { describe, expect, it } from 'vitest';
import type { HttpAnswer, HttpClient } from '../../../src/core/ports/http.js';
import { FundingWatch } from '../../../src/feeds/private/funding-watch.js';
import { findVenue } from '../../../src/feeds/registry.js';
import { ManualTime } from '../../support/manual-host.js';
import { instrumentsOf, Told } from './told.js';

const SINCE_MS = 1_700_000_000_000;
const SYMBOLS: Readonly<Record<string, string>> = {
  'binance-usdm': 'BTCUSDT',
  'binance-coinm': 'BTCUSD_PERP',
  bybit: 'linear:BTCUSDT',
  bitmex: 'XBTUSD',
};
const PAGES: Readonly<Record<string, number>> = { 'binance-usdm': 1000, 'binance-coinm': 1000, bybit: 100, bitmex: 500 };

interface Payment {
  readonly id: string;
  readonly timeMs: number;
  /** Received when positive. */
  readonly amount: number;
}

/** A venue's list of payments in its own words. */
class Lists implements HttpClient {
  readonly asked: string[] = [];
  payments: Payment[] = [];
  before: () => HttpAnswer | null = () => null;
  constructor(readonly venue: string) {}

  request(_method: string, url: string): Promise<HttpAnswer> {
    this.asked.push(url);
    const instead = this.before();
    return Promise.resolve(instead ?? { status: 200, headers: {}, text: JSON.stringify(this.#answer(new URL(url))) });
  }
  close(): void {
    this.payments = [];
  }

  #answer({ searchParams, pathname }: URL): unknown {
    const from = searchParams.get('startTime') ?? '';
    const fromMs = /^\d+$/.test(from) ? Number(from) : Date.parse(from);
    const toMs = Number(searchParams.get('endTime') ?? Infinity);
    const rows = this.payments.filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs);
    const limit = PAGES[this.venue] ?? 1;
    if (this.venue === 'bybit') {
      const start = Number((searchParams.get('cursor') ?? '0').split(',')[0]);
      const list = rows.toReversed().slice(start, start + limit);
      const category = searchParams.get('category');
      return {
        retCode: 0,
        result: {
          category,
          nextPageCursor: start + limit < rows.length ? `${start + limit}%2C` : '',
          list: list.map(({ id, timeMs, amount }) => ({
            symbol: 'BTCUSDT',
            execType: 'Funding',
            execId: id,
            execTime: String(timeMs),
            execFee: String(-amount),
            feeCurrency: 'USDT',
          })),
        },
      };
    }
    if (this.venue === 'bitmex') {
      expect(searchParams.get('filter')).toBe('{"execType":"Funding"}');
      const start = Number(searchParams.get('start'));
      return rows.slice(start, start + limit).map(({ id, timeMs, amount }) => ({
        execID: id,
        symbol: 'XBTUSD',
        execType: 'Funding',
        execComm: -amount * 1e8,
        settlCurrency: 'XBt',
        timestamp: new Date(timeMs).toISOString(),
      }));
    }
    expect(pathname).toBe(this.venue === 'binance-usdm' ? '/fapi/v1/income' : '/dapi/v1/income');
    const symbol = SYMBOLS[this.venue];
    return rows.slice(0, limit).map(({ id, timeMs, amount }) => ({
      symbol,
      incomeType: 'FUNDING_FEE',
      income: String(amount),
      asset: 'USDT',
      time: timeMs,
      tranId: Number(id),
    }));
  }
}

class World {
  readonly time = new ManualTime();
  readonly told = new Told();
  readonly lists: Lists;
  readonly watch: FundingWatch;
  readonly notes: string[] = [];
  nowMs = SINCE_MS + 86_400_000;

  constructor(venue: string) {
    this.lists = new Lists(venue);
    const instruments = instrumentsOf(venue, [SYMBOLS[venue] ?? '']);
    const rest = findVenue(venue)?.private?.funding;
    if (rest === undefined || rest === null) throw new Error(`no funding at ${venue}`);
    this.watch = new FundingWatch({
      rest,
      base: 'http://rest',
      instruments,
      http: this.lists,
      timers: this.time,
      sinceUs: SINCE_MS * 1000,
      opening: () => ({ apiKey: 'key', sign: () => 'signature', nowMs: this.nowMs, windowMs: 5_000, guarded: [] }),
      context: { instrumentOf: (symbol) => instruments.find((instrument) => instrument.symbol === symbol) },
      tell: (event) => this.told.onPrivateFunding(event),
      note: (text) => this.notes.push(text),
    });
    this.watch.start();
  }

  async pass(ms: number): Promise<void> {
    this.time.advance(ms);
    for (let i = 0; i < 200; i++) await Promise.resolve();
  }
}

const payment = (id: number, afterMs: number, amount = -0.25): Payment => ({ id: String(id), timeMs: SINCE_MS + afterMs, amount });

describe.each(Object.keys(SYMBOLS))('%s', (venue) => {
  const asset = venue === 'bitmex' ? 'XBT' : 'USDT';

  it('C9: tells payments that the stream lost once it is up again, and none of before', async () => {
    const world = new World(venue);
    world.lists.payments = [payment(1, -1), payment(2, 0), payment(3, 3_600_000, 0.5)];
    await world.pass(1_000);
    const lines = [`funding 0 -0.25 ${asset} #2 at ${SINCE_MS * 1000}`, `funding 0 0.5 ${asset} #3 at ${(SINCE_MS + 3_600_000) * 1000}`];
    expect(world.told.take().toSorted()).toEqual(lines);
    world.watch.stop();
    world.lists.payments.push(payment(4, 7_200_000));
    await world.pass(3_600_000);
    expect(world.told.take()).toEqual([]);
    world.watch.start();
    await world.pass(1_000);
    expect(world.told.take()).toEqual([`funding 0 -0.25 ${asset} #4 at ${(SINCE_MS + 7_200_000) * 1000}`]);
  });

  it('C9: a payment that both stream and list name is told once', async () => {
    const world = new World(venue);
    world.watch.tell({ instrument: 0, asset, amount: '-0.25', id: '2', tsUs: SINCE_MS * 1000 });
    world.lists.payments = [payment(2, 0)];
    world.watch.ask();
    await world.pass(1_000);
    expect(world.told.take()).toHaveLength(1);
  });

  it('reads every page of a long absence', async () => {
    const world = new World(venue);
    const count = (PAGES[venue] ?? 0) * 2 + 7;
    // Two and two at one moment: the cut between pages may fall between them.
    world.lists.payments = Array.from({ length: count }, (_, at) => payment(10 + at, Math.floor((at + 1) / 2) * 1_000));
    world.nowMs = SINCE_MS + 20 * 86_400_000;
    await world.pass(1_000);
    expect(world.told.take()).toHaveLength(count);
    expect(world.lists.asked.length).toBeGreaterThan(2);
  });

  it('a refusal or silence is asked again, ever later, and what was missed meanwhile is told', async () => {
    const world = new World(venue);
    let asked = 0;
    world.lists.before = () =>
      ++asked <= 3
        ? { status: 429, headers: {}, text: '{"code":-1003,"msg":"Too many requests","retCode":10006,"error":{"message":"Rate limit"}}' }
        : null;
    world.lists.payments = [payment(2, 0)];
    await world.pass(1_000);
    await world.pass(10_000);
    expect(asked).toBe(2);
    await world.pass(10_000);
    expect(asked).toBe(2);
    await world.pass(10_000);
    await world.pass(40_000);
    expect(asked).toBe(4);
    expect(world.told.take()).toHaveLength(1);
    expect(world.notes).toHaveLength(3);
  });

  it('asks now and then without any reason', async () => {
    const world = new World(venue);
    await world.pass(1_000);
    expect(world.lists.asked).toHaveLength(1);
    for (let minute = 0; minute < 31; minute++) await world.pass(60_000);
    expect(world.lists.asked).toHaveLength(4);
  });
});
