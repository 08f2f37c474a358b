/** The past of a simulated exchange: candles, marks and funding rates of before it was opened, drawn from the seed. */
import { describe, expect, it } from 'vitest';
import { pastGrid } from '../../src/venue-sim/flow/past-grid.js';
import { PastPath } from '../../src/venue-sim/flow/past-path.js';
import { PricePath } from '../../src/venue-sim/flow/price-path.js';
import { FlowRandom } from '../../src/venue-sim/flow/random.js';
import type { Candle } from '../../src/venue-sim/market/candles.js';
import type { Market } from '../../src/venue-sim/market/market.js';
import type { VenueId } from '../../src/venue-sim/market/spec.js';
import { createVenueWorld, type VenueWorld } from '../../src/venue-sim/world.js';
import { TestVenue } from './support/venue-client.js';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A Wednesday at 09:17:31.5, so that no interval but the second is at its edge. */
const START_MS = Date.UTC(2026, 8, 16, 9, 17, 31, 500);
const START_US = START_MS * 1_000;

const mean = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0) / values.length;

function fresh(seed: number, only: readonly VenueId[]): VenueWorld {
  return createVenueWorld({ seed, startUs: START_US, only });
}

const VENUES: readonly VenueId[] = ['binance-spot', 'binance-usdm', 'binance-coinm', 'bybit', 'bitmex'];
const opened = new Map<VenueId, TestVenue>();

/** A venue that was just opened; shared by tests, none of which lets its time pass. */
function still(id: VenueId): TestVenue {
  const venue = opened.get(id) ?? new TestVenue(id, 7, START_US);
  opened.set(id, venue);
  return venue;
}

function rows(venue: TestVenue, target: string): readonly (readonly [number, ...unknown[]])[] {
  const { json, status } = venue.get(target);
  if (status !== 200) throw new Error(`${target}: ${JSON.stringify(json)}`);
  return json as [number, ...unknown[]][];
}

/** The longer candle that these make. */
function foldOf(candles: readonly Candle[]): Record<string, number> {
  const sum = (pick: (candle: Candle) => number): number => candles.reduce((total, candle) => total + pick(candle), 0);
  return {
    startMs: candles[0]?.startMs ?? 0,
    open: candles[0]?.open ?? 0,
    close: candles.at(-1)?.close ?? 0,
    high: Math.max(...candles.map(({ high }) => high)),
    low: Math.min(...candles.map(({ low }) => low)),
    lots: sum(({ lots }) => lots),
    trades: sum(({ trades }) => trades),
    tickLots: sum(({ tickLots }) => tickLots),
    buyLots: sum(({ buyLots }) => buyLots),
    buyTickLots: sum(({ buyTickLots }) => buyTickLots),
    firstTradeId: candles[0]?.firstTradeId ?? 0,
    lastTradeId: candles.at(-1)?.lastTradeId ?? 0,
  };
}

function isWhole({ high, low, open, close, lots, trades, tickLots, buyLots }: Candle): boolean {
  const isSpanned = high >= Math.max(open, close) && low <= Math.min(open, close) && low > 0;
  return isSpanned && lots >= trades && trades > 0 && tickLots >= low * lots && tickLots <= high * lots && buyLots <= lots;
}

function minutesOf(market: Market, limit = 1_000): Candle[] {
  return market.candles.page({ intervalMs: MINUTE, toMs: START_MS, limit });
}

describe('the past of a simulated exchange', () => {
  it.each([
    ['binance-spot', '/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1000', 1_000],
    ['binance-spot', '/api/v3/klines?symbol=ETHBTC&interval=1s&limit=1000', 1_000],
    ['binance-usdm', '/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1500', 1_500],
    ['binance-usdm', '/fapi/v1/markPriceKlines?symbol=BTCUSDT&interval=15m&limit=1500', 1_500],
    ['binance-usdm', '/fapi/v1/premiumIndexKlines?symbol=ETHUSDT&interval=1h&limit=1500', 1_500],
    ['binance-coinm', '/dapi/v1/klines?symbol=BTCUSD_PERP&interval=30m&limit=1000', 1_000],
    ['binance-coinm', '/dapi/v1/indexPriceKlines?pair=ETHUSD&interval=4h&limit=1000', 1_000],
    ['binance-spot', '/api/v3/klines?symbol=SOLUSDT&interval=1d&limit=350', 350],
  ] as const)('fills whole lists of %s: %s', (id, target, count) => {
    const venue = still(id);
    const list = rows(venue, target);
    expect(list).toHaveLength(count);
    const stepMs = Number(list[1]?.[0]) - Number(list[0]?.[0]);
    expect(list.map(([start]) => start)).toEqual(list.map((_, index) => Number(list[0]?.[0]) + index * stepMs));
    expect(START_MS - Number(list.at(-1)?.[0])).toBeLessThanOrEqual(stepMs * 1.5);
  });

  it('fills whole lists of Bybit and BitMEX in their own order', () => {
    const bybit = still('bybit');
    const listed = (query: string): string[][] => (bybit.get(`/v5/market/${query}`).json as { result: { list: string[][] } }).result.list;
    for (const path of ['kline', 'mark-price-kline', 'index-price-kline']) {
      const list = listed(`${path}?category=linear&symbol=BTCUSDT&interval=1&limit=1000`);
      expect(list).toHaveLength(1_000);
      expect(Number(list[0]?.[0]) - Number(list.at(-1)?.[0])).toBe(999 * MINUTE);
    }
    const bitmex = still('bitmex');
    const bins = (query: string): { timestamp: string }[] => bitmex.get(`/api/v1/trade/bucketed?symbol=XBTUSD&${query}`).json as never;
    const newest = bins('binSize=1m&count=1000&reverse=true');
    expect(newest).toHaveLength(1_000);
    expect(newest[0]?.timestamp).toBe('2026-09-16T09:17:00.000Z');
    const older = bins('binSize=1m&count=10&start=990&reverse=true');
    expect(older).toEqual(newest.slice(990));
    const all = bitmex.get('/api/v1/trade/bucketed?binSize=1h&count=6&reverse=true').json as { timestamp: string; symbol: string }[];
    expect(all.map(({ timestamp }) => timestamp.slice(11, 16))).toEqual(['09:00', '09:00', '09:00', '08:00', '08:00', '08:00']);
    const from = bins('binSize=1m&count=3&startTime=2026-09-16T09:00:00.000Z');
    expect(from.map(({ timestamp }) => timestamp.slice(11, 16))).toEqual(['09:00', '09:01', '09:02']);
  });

  it('ends at the price that each market opens with', () => {
    for (const market of VENUES.flatMap((id) => still(id).world.markets)) {
      const last = minutesOf(market, 1)[0];
      const { bestTicks: bid } = market.engine.bids;
      expect([bid, bid + 1]).toContain(last?.close);
      expect(last?.startMs).toBe(START_MS - (START_MS % MINUTE));
    }
  });

  it('folds exactly: longer candles are made of the minutes, of the seconds on spot', () => {
    for (const market of still('binance-spot').world.markets) {
      const minutes = minutesOf(market, 3 * 1_440);
      for (const intervalMs of [5 * MINUTE, HOUR, DAY]) {
        const [longer] = market.candles.page({ intervalMs, fromMs: START_MS - 2 * DAY, toMs: START_MS, limit: 1 });
        const startMs = longer?.startMs ?? 0;
        expect(foldOf(minutes.filter((minute) => minute.startMs >= startMs && minute.startMs < startMs + intervalMs))).toEqual(longer);
      }
      const seconds = market.seconds?.page({ intervalMs: 1_000, toMs: START_MS, limit: 1_000 });
      const minute = minutes.at(-3);
      const own = seconds?.filter(({ startMs }) => startMs >= (minute?.startMs ?? 0) && startMs < (minute?.startMs ?? 0) + MINUTE) ?? [];
      if (seconds !== undefined) expect({ ...foldOf(own), firstTradeId: 0 }).toEqual({ ...minute, firstTradeId: 0 });
      expect(minutes.filter((minute) => !isWhole(minute))).toEqual([]);
    }
  });

  it('joins what is traded from then on: the minute of the opening is one candle', () => {
    const world = fresh(7, ['binance-usdm']);
    const [market] = world.markets;
    if (market === undefined) throw new Error('no market');
    const [before] = minutesOf(market, 1);
    const printed: number[] = [];
    world.afterStep(() => printed.push(...market.freshTrades.map(({ ticks }) => ticks)));
    for (let step = 0; step < 300; step++) world.step();
    const [after] = market.candles.page({ intervalMs: MINUTE, toMs: world.nowUs / 1_000, limit: 1 });
    expect(after).toMatchObject({ startMs: before?.startMs, open: before?.open, close: printed.at(-1) });
    expect(after?.trades).toBe((before?.trades ?? 0) + printed.length);
    expect(after?.high).toBe(Math.max(before?.high ?? 0, ...printed));
    const startMs = START_MS - (START_MS % DAY);
    const minutes = market.candles.page({ intervalMs: MINUTE, fromMs: startMs, toMs: world.nowUs / 1_000, limit: 1_000 });
    for (const asked of ['first', 'again']) {
      const [day] = market.candles.grouped(DAY, world.nowUs / 1_000, world.nowUs / 1_000);
      expect([asked, day]).toEqual([asked, foldOf(minutes)]);
    }
  });

  it('moves all markets of a coin together, whatever their venue', () => {
    const all = VENUES.flatMap((id) => still(id).world.markets);
    const markets = all.filter(({ spec }) => spec.asset === 'BTC' && spec.quoteAsset === undefined);
    const [first = [], ...others] = markets.map((market) => minutesOf(market).map(({ close }) => close * market.tickSize));
    expect(others.length).toBeGreaterThan(5);
    for (const closes of others) {
      const apart = closes.map((close, index) => Math.abs(close / (first[index] ?? 1) - 1));
      expect(Math.max(...apart)).toBeLessThan(0.003);
      expect(mean(apart)).toBeGreaterThan(0);
    }
  });

  it('is the same for a seed, whoever asks for what first, and another for another', () => {
    const [hoursFirst, minutesFirst, other] = [7, 7, 8].map((seed) => fresh(seed, ['binance-coinm']).markets[0]);
    if (hoursFirst === undefined || minutesFirst === undefined || other === undefined) throw new Error('no market');
    const hours = (market: Market): unknown => market.candles.page({ intervalMs: 12 * HOUR, toMs: START_MS, limit: 700 });
    const long = hours(hoursFirst);
    const short = minutesOf(minutesFirst);
    expect(minutesOf(hoursFirst)).toEqual(short);
    expect(hours(minutesFirst)).toEqual(long);
    for (const pick of [({ close }: Candle) => close, ({ lots }: Candle) => lots])
      expect(minutesOf(other).map(pick)).not.toEqual(short.map(pick));
    const grid = pastGrid(START_MS);
    const [far, near] = [0, 1].map(() => new PastPath(grid, 100, 0.001, FlowRandom.of(3, 'past')));
    near?.reach(0, 10);
    near?.reach(1, 500);
    for (const path of [far, near]) path?.reach(2, 50);
    for (const [tier, boundary] of [
      [0, 900],
      [1, 30_000],
      [2, 51],
    ] as const)
      expect(far?.level(tier, boundary)).toBe(near?.level(tier, boundary));
    expect(far?.level(1, 0)).toBe(far?.level(0, grid[0].count));
  });

  it('stays as it was over a restart', () => {
    const world = fresh(7, ['bybit']);
    for (let step = 0; step < 20; step++) world.step();
    const saved = JSON.parse(JSON.stringify(world.save())) as ReturnType<VenueWorld['save']>;
    const again = createVenueWorld({ seed: 7, startUs: world.nowUs + 5_000_000, only: ['bybit'] }, saved);
    for (const [index, market] of world.markets.entries()) {
      const other = again.markets[index];
      const stretch = { intervalMs: HOUR, toMs: START_MS, limit: 72 };
      expect(other?.candles.page(stretch)).toEqual(market.candles.page(stretch));
      expect(other?.prices.mark.page(stretch)).toEqual(market.prices.mark.page(stretch));
    }
    const [market] = world.markets;
    const [other] = again.markets;
    if (market === undefined || other === undefined) throw new Error('no market');
    expect(again.exchangeOf('bybit').fundings(other)).toEqual(world.exchangeOf('bybit').fundings(market));
  });

  it('is as lively as what comes after: as far a minute, as many trades, as much volume', () => {
    const path = new PricePath(100, FlowRandom.of(3, 'path'));
    const ranges: number[] = [];
    for (let minute = 0; minute < 120; minute++) {
      const prices = Array.from({ length: 600 }, () => {
        for (let step = 0; step < 10; step++) path.step(0.01);
        return path.price();
      });
      ranges.push(Math.log(Math.max(...prices) / Math.min(...prices)));
    }
    const world = fresh(7, ['binance-coinm']);
    const pasts = world.markets.map((market) => minutesOf(market));
    for (let step = 0; step < 9_000; step++) world.step();
    for (const [index, market] of world.markets.entries()) {
      const past = pasts[index] ?? [];
      const [live] = market.candles.page({ intervalMs: MINUTE, toMs: START_MS + MINUTE, limit: 1 });
      expect(mean(past.map(({ high, low }) => Math.log(high / low))) / mean(ranges)).toBeGreaterThan(0.85);
      expect(mean(past.map(({ high, low }) => Math.log(high / low))) / mean(ranges)).toBeLessThan(1.25);
      for (const pick of [({ trades }: Candle) => trades, ({ lots }: Candle) => lots]) {
        const ratio = mean(past.map(pick)) / pick(live as Candle);
        expect(ratio).toBeGreaterThan(0.6);
        expect(ratio).toBeLessThan(1.6);
      }
    }
  });

  it('has a rate for every hour of payment, which nobody paid', () => {
    const venue = still('binance-usdm');
    const rates = venue.get('/fapi/v1/fundingRate?symbol=BTCUSDT&limit=1000').json as {
      fundingTime: number;
      fundingRate: string;
      markPrice: string;
    }[];
    expect(rates).toHaveLength(1_000);
    expect(rates.at(-1)?.fundingTime).toBe(Date.UTC(2026, 8, 16, 8));
    expect(rates.map(({ fundingTime }) => fundingTime)).toEqual(rates.map((_, index) => Number(rates[0]?.fundingTime) + index * 8 * HOUR));
    expect(rates.every(({ fundingRate, markPrice }) => Math.abs(Number(fundingRate)) <= 0.003 && Number(markPrice) > 0)).toBe(true);
    const both = venue.get('/fapi/v1/fundingRate?limit=4').json as { symbol: string; fundingTime: number }[];
    const lastTwo = rates.slice(-2).flatMap(({ fundingTime }) => ['BTCUSDT', 'ETHUSDT'].map((symbol) => `${symbol} ${fundingTime}`));
    expect(both.map(({ symbol, fundingTime }) => `${symbol} ${fundingTime}`)).toEqual(lastTwo);
    const at = Number(rates.at(-1)?.fundingTime);
    const [mark] = rows(venue, `/fapi/v1/markPriceKlines?symbol=BTCUSDT&interval=1m&startTime=${at}&limit=1`);
    expect(Number(mark?.[1])).toBeCloseTo(Number(rates.at(-1)?.markPrice), 6);
    const exchange = venue.world.exchangeOf('binance-usdm');
    for (const account of exchange.testAccounts) expect(exchange.ledger(account, { kind: 'funding' })).toEqual([]);
    expect(exchange.audit()).toEqual([]);
  });

  it('is paged by start and end as each venue does, and was nothing before it began', () => {
    const binance = still('binance-spot');
    const starts = (query: string): number[] =>
      rows(binance, `/api/v3/klines?symbol=BTCUSDT&interval=1h&${query}`).map(([start]) => start - Date.UTC(2026, 8, 15));
    const middle = Date.UTC(2026, 8, 15) + 30 * MINUTE;
    expect(starts(`startTime=${middle}&limit=2`)).toEqual([HOUR, 2 * HOUR]);
    expect(starts(`endTime=${middle}&limit=2`)).toEqual([-HOUR, 0]);
    expect(starts(`startTime=${middle - HOUR}&endTime=${middle}`)).toEqual([0]);
    expect(starts(`startTime=0&endTime=${Date.UTC(2020, 0, 1)}`)).toEqual([]);
    const [oldest] = rows(binance, '/api/v3/klines?symbol=BTCUSDT&interval=1d&startTime=0&limit=1');
    expect(oldest?.[0]).toBe(Date.UTC(2025, 8, 1));
    const bybit = still('bybit');
    const listed = (query: string): number[] => {
      const answer = bybit.get(`/v5/market/kline?category=linear&symbol=BTCUSDT&interval=60&${query}`).json;
      return (answer as { result: { list: string[][] } }).result.list.map(([start]) => Number(start) - Date.UTC(2026, 8, 15));
    };
    expect(listed(`start=${middle}&limit=2`)).toEqual([HOUR, 0]);
    expect(listed(`start=${middle - 5 * HOUR}&end=${middle}&limit=2`)).toEqual([0, -HOUR]);
    expect(listed(`start=${middle}&end=${middle}`)).toEqual([0]);
    expect(listed(`end=${Date.UTC(2020, 0, 1)}`)).toEqual([]);
    const bitmex = still('bitmex');
    expect(bitmex.get('/api/v1/trade/bucketed?symbol=XBTUSD&binSize=1h&endTime=2020-01-01&reverse=true').json).toEqual([]);
  });

  it('makes the day before the opening part of 24-hour figures', () => {
    const venue = still('binance-usdm');
    const day = venue.get('/fapi/v1/ticker/24hr?symbol=BTCUSDT').json as Record<string, string>;
    const minutes = rows(venue, '/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1440');
    expect(day['openPrice']).toBe(minutes[0]?.[1]);
    expect(Number(day['highPrice'])).toBe(Math.max(...minutes.map((row) => Number(row[2]))));
    expect(Number(day['volume'])).toBeCloseTo(
      minutes.reduce((total, row) => total + Number(row[5]), 0),
      3,
    );
  });
});
