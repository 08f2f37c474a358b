/** Klines, tickers and their streams beyond the everyday ones, as the documents of the three Binance venues shape them. */
import { describe, expect, it } from 'vitest';
import type { VenueId } from '../../../src/venue-sim/market/spec.js';
import { createVenueWorld, type VenueWorld } from '../../../src/venue-sim/world.js';
import { TestVenue } from '../support/venue-client.js';

type Row = (string | number)[];
type Json = Record<string, unknown>;
const DAY_MS = 86_400_000;

function venueAfter(id: VenueId, seconds: number): TestVenue {
  const venue = new TestVenue(id);
  venue.run(seconds);
  return venue;
}

function rows(venue: TestVenue, target: string): Row[] {
  const { status, json, body } = venue.get(target);
  if (status !== 200) throw new Error(`${target}: ${status} ${String(body)}`);
  return json as Row[];
}

describe('binance klines', () => {
  it('come by the second on spot, without holes, and add up to the minute', () => {
    const venue = venueAfter('binance-spot', 20);
    const seconds = rows(venue, '/api/v3/klines?symbol=BTCUSDT&interval=1s&limit=1000');
    const [minute = []] = rows(venue, '/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1');
    expect(seconds.length).toBeGreaterThan(15);
    for (const [index, [start, , , , , , end]] of seconds.entries()) {
      expect(start).toBe(Number(seconds[0]?.[0]) + index * 1_000);
      expect(end).toBe(Number(start) + 999);
    }
    const last = seconds.filter(([start]) => Number(start) >= Number(minute[0]));
    const sum = (column: number): number => last.reduce((total, row) => total + Number(row[column]), 0);
    expect(sum(8)).toBe(minute[8]);
    expect(sum(5)).toBeCloseTo(Number(minute[5]), 5);
    expect(seconds.at(-1)?.[4]).toBe(minute[4]);
    expect(venue.get('/api/v3/klines?symbol=BTCUSDT&interval=2s').json).toEqual({ code: -1120, msg: 'Invalid interval.' });
    const futures = venueAfter('binance-usdm', 0.1);
    expect(futures.get('/fapi/v1/klines?symbol=BTCUSDT&interval=1s').json).toEqual({ code: -1120, msg: 'Invalid interval.' });
  });

  it('of a month are as long as the month, of a week begin on Monday, of a day at midnight of the zone', () => {
    const venue = venueAfter('binance-spot', 2);
    const first = (query: string): Row => rows(venue, `/api/v3/uiKlines?symbol=BTCUSDT&${query}&limit=1`)[0] ?? [];
    const [month, , , , , , monthEnd] = first('interval=1M');
    expect([month, monthEnd]).toEqual([Date.UTC(2026, 7, 1), Date.UTC(2026, 8, 1) - 1]);
    const [week] = first('interval=1w');
    expect(new Date(Number(week)).getUTCDay()).toBe(1);
    const [day, , , , , , dayEnd] = first('interval=1d&timeZone=-5:30');
    expect([(Number(day) - 5.5 * 3_600_000) % DAY_MS, Number(dayEnd) - Number(day)]).toEqual([0, DAY_MS - 1]);
    expect(venue.get('/api/v3/klines?symbol=BTCUSDT&interval=1d&timeZone=15').status).toBe(400);
  });

  it.each([
    ['binance-usdm', '/fapi/v1', 'BTCUSDT', 'BTCUSDT'],
    ['binance-coinm', '/dapi/v1', 'BTCUSD_PERP', 'BTCUSD'],
  ] as const)('of %s exist by pair, and of mark price, index price and premium', (id, root, symbol, pair) => {
    const venue = venueAfter(id, 3);
    const continuous = rows(venue, `${root}/continuousKlines?pair=${pair}&contractType=PERPETUAL&interval=1m`);
    expect(continuous).toEqual(rows(venue, `${root}/klines?symbol=${symbol}&interval=1m`));
    const [mark = []] = rows(venue, `${root}/markPriceKlines?symbol=${symbol}&interval=1m&limit=1`);
    const [index = []] = rows(venue, `${root}/indexPriceKlines?pair=${pair}&interval=1m&limit=1`);
    const [premium = []] = rows(venue, `${root}/premiumIndexKlines?symbol=${symbol}&interval=1m&limit=1`);
    for (const row of [mark, index, premium]) {
      expect(row).toHaveLength(12);
      expect(Number(row[3])).toBeLessThanOrEqual(Number(row[2]));
    }
    const listed = venue.get(`${root}/premiumIndex?symbol=${symbol}`).json as Json | Json[];
    const now = Array.isArray(listed) ? listed[0] : listed;
    expect(Math.abs(Number(mark[4]) / Number(now?.['markPrice']) - 1)).toBeLessThan(0.01);
    expect(Math.abs(Number(mark[4]) / Number(index[4]) - 1 - Number(premium[4]))).toBeLessThan(0.001);
    expect(venue.get(`${root}/indexPriceKlines?symbol=${symbol}&interval=1m`).json).toMatchObject({ code: -1102 });
  });

  it('of marks survive a restart', () => {
    const { world } = venueAfter('binance-usdm', 3);
    const again = createVenueWorld({ seed: 7, startUs: world.nowUs, only: ['binance-usdm'] }, world.save());
    const stretch = { intervalMs: 60_000, toMs: world.nowUs / 1_000, limit: 1 };
    const marks = (of: VenueWorld): unknown => of.markets.map((market) => market.prices.mark.page(stretch));
    expect(marks(again)).toEqual(marks(world));
    expect(marks(world)).toMatchObject([[{ samples: 3 }], [{ samples: 3 }]]);
  });
});

describe('binance tickers', () => {
  it('of a window, a trading day and the small kind leave out what the documents leave out', () => {
    const venue = venueAfter('binance-spot', 3);
    const window = venue.get('/api/v3/ticker?symbol=BTCUSDT&windowSize=1h').json as Json;
    const day = venue.get('/api/v3/ticker/tradingDay?symbols=["BTCUSDT","ETHUSDT"]').json as Json[];
    const small = venue.get('/api/v3/ticker/24hr?symbol=BTCUSDT&type=MINI').json as Json;
    const whole = venue.get('/api/v3/ticker?symbol=BTCUSDT&windowSize=1d').json as Json;
    const keys =
      'symbol priceChange priceChangePercent weightedAvgPrice openPrice highPrice lowPrice lastPrice volume quoteVolume openTime closeTime firstId lastId count';
    expect(Object.keys(window).join(' ')).toBe(keys);
    expect(day.map((ticker) => Object.keys(ticker).join(' '))).toEqual([keys, keys]);
    expect(Object.keys(small)).toEqual(keys.split(' ').filter((key) => !/^(priceChange|priceChangePercent|weightedAvgPrice)$/.test(key)));
    expect(Number(day[0]?.['closeTime']) - Number(day[0]?.['openTime'])).toBe(DAY_MS - 1);
    expect(Number(window['count'])).toBeLessThan(Number(small['count']));
    expect(Number(whole['count'])).toBeGreaterThanOrEqual(Number(small['count']));
    expect(venue.get('/api/v3/ticker').json).toMatchObject({ code: -1102 });
    expect(venue.get('/api/v3/ticker?symbol=BTCUSDT&windowSize=60m').json).toMatchObject({ code: -1130 });
  });

  it.each([
    [
      'binance-spot',
      '/stream',
      [
        'btcusdt@miniTicker',
        '!miniTicker@arr',
        '!miniTicker@arr@1000ms',
        'btcusdt@ticker_1h',
        '!ticker_4h@arr',
        'btcusdt@avgPrice',
        'btcusdt@kline_1s',
        'btcusdt@kline_1d@+08:00',
      ],
    ],
    ['binance-usdm', '/market/stream', ['btcusdt@miniTicker', '!miniTicker@arr', 'btcusdt_perpetual@continuousKline_1m', '!markPrice@arr']],
    [
      'binance-coinm',
      '/stream',
      ['btcusd_perp@miniTicker', 'btcusd@indexPrice@1s', 'btcusd@markPrice@1s', 'btcusd_perpetual@continuousKline_5m'],
    ],
  ] as const)('of %s stream', (id, path, streams) => {
    const venue = venueAfter(id, 0.1);
    const client = venue.open(`${path}?streams=${streams.join('/')}`);
    venue.run(3.5);
    const seen = new Map(client.take().map((message) => [message['stream'], message['data']]));
    expect(new Set(seen.keys())).toEqual(new Set(streams));
    for (const [stream, data] of seen) {
      const one = (Array.isArray(data) ? data[0] : data) as Json;
      expect(one['e'], String(stream)).toBe(eventOf(String(stream)));
      expect(one['E'], String(stream)).toBeGreaterThan(0);
    }
    expect(venue.protocol.counters.unknownTopics.size).toBe(0);
  });
});

function eventOf(stream: string): string {
  if (stream.includes('miniTicker')) return '24hrMiniTicker';
  const window = /ticker_(\w+)/.exec(stream)?.[1];
  if (window !== undefined) return `${window}Ticker`;
  if (stream.includes('continuousKline')) return 'continuous_kline';
  if (stream.includes('kline')) return 'kline';
  if (stream.includes('markPrice')) return 'markPriceUpdate';
  return stream.includes('indexPrice') ? 'indexPriceUpdate' : 'avgPrice';
}
