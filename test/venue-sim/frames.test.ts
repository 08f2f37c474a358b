/**
 * The simulated venues' messages against recorded ones: same keys in the same order, same kinds of values, same decimals. The shapes below were taken from
 * the named recordings; where the recordings are present they are taken again and compared.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import type { VenueId } from '../../src/venue-sim/market/spec.js';
import { needRecordings, recordingPath } from '../support/recordings.js';
import { frameShape } from './support/frame-shape.js';
import { TestVenue } from './support/venue-client.js';

interface Case {
  readonly name: string;
  readonly venue: VenueId;
  readonly connect: string;
  readonly subscribe?: object;
  /** Which frames, ours and recorded, this is about. */
  readonly select: RegExp;
  /** Symbols are equal only where the recording holds ours; elsewhere they are taken away before comparing. */
  readonly symbols?: RegExp;
  readonly recording: string;
  /** Bybit spot and BitMEX print numbers without zeros at the end. */
  readonly isExact: boolean;
  readonly shapes: readonly string[];
}

const SPOT = 'binance/spot-btcusdt-2024-08-08.ndjson.gz';
const USDM = 'binance/usdm-ethusdt-2024-08-08.ndjson.gz';
const COINM = 'binance/coinm-btcusd_perp-2024-08-08.ndjson.gz';
const BYBIT = 'bybit/v5-linear-spot-btc-eth-2026-08-09.ndjson.gz';
const BITMEX = 'bitmex/l2-10sym-2021-07-22.ndjson.gz';

const bybit = (path: string, topic: string): Pick<Case, 'venue' | 'connect' | 'subscribe'> => ({
  venue: 'bybit',
  connect: `/v5/public/${path}`,
  subscribe: { op: 'subscribe', args: [topic] },
});
const bitmex = (topic: string): Pick<Case, 'venue' | 'connect'> => ({ venue: 'bitmex', connect: `/realtime?subscribe=${topic}` });

const CASES: readonly Case[] = [
  {
    name: 'binance-spot depth',
    venue: 'binance-spot',
    connect: '/stream?streams=btcusdt@depth@100ms',
    select: /depthUpdate/,
    recording: SPOT,
    isExact: true,
    shapes: [
      '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":#,"s":"BTCUSDT","U":#,"u":#,"b":[["n.8","n.8"]],"a":[["n.8","n.8"]]}}',
    ],
  },
  {
    name: 'binance-spot bookTicker',
    venue: 'binance-spot',
    connect: '/stream?streams=btcusdt@bookTicker',
    select: /@bookTicker/,
    recording: SPOT,
    isExact: true,
    shapes: ['{"stream":"btcusdt@bookTicker","data":{"u":#,"s":"BTCUSDT","b":"n.8","B":"n.8","a":"n.8","A":"n.8"}}'],
  },
  {
    name: 'binance-spot trade',
    venue: 'binance-spot',
    connect: '/stream?streams=btcusdt@trade',
    select: /@trade/,
    recording: SPOT,
    isExact: true,
    shapes: ['{"stream":"btcusdt@trade","data":{"e":"trade","E":#,"s":"BTCUSDT","t":#,"p":"n.8","q":"n.8","T":#,"m":bool,"M":bool}}'],
  },
  {
    name: 'binance-spot aggTrade',
    venue: 'binance-spot',
    connect: '/stream?streams=btcusdt@aggTrade',
    select: /@aggTrade/,
    symbols: /NKNUSDT|LRCBTC|BTCUSDT/gi,
    recording: 'binance/spot-4sym-2021-10-12.ndjson.gz',
    isExact: true,
    shapes: [
      '{"stream":"SYM@aggTrade","data":{"e":"aggTrade","E":#,"s":"SYM","a":#,"p":"n.8","q":"n.8","f":#,"l":#,"T":#,"m":bool,"M":bool}}',
    ],
  },
  {
    name: 'binance-spot kline',
    venue: 'binance-spot',
    connect: '/stream?streams=btcusdt@kline_1m',
    select: /@kline/,
    symbols: /NKNUSDT|LRCBTC|BTCUSDT/gi,
    recording: 'binance/spot-4sym-2021-10-12.ndjson.gz',
    isExact: true,
    shapes: [
      '{"stream":"SYM@kline_1m","data":{"e":"kline","E":#,"s":"SYM","k":{"t":#,"T":#,"s":"SYM","i":"1m","f":#,"L":#,"o":"n.8","c":"n.8","h":"n.8","l":"n.8",' +
        '"v":"n.8","n":#,"x":bool,"q":"n.8","V":"n.8","Q":"n.8","B":"n"}}}',
    ],
  },
  {
    name: 'binance-usdm depth',
    venue: 'binance-usdm',
    connect: '/public/stream?streams=ethusdt@depth@0ms',
    select: /depthUpdate/,
    recording: USDM,
    isExact: true,
    shapes: [
      '{"stream":"ethusdt@depth@0ms","data":{"e":"depthUpdate","E":#,"T":#,"s":"ETHUSDT","U":#,"u":#,"pu":#,"b":[["n.2","n.3"]],"a":[["n.2","n.3"]]}}',
    ],
  },
  {
    name: 'binance-usdm bookTicker',
    venue: 'binance-usdm',
    connect: '/public/stream?streams=ethusdt@bookTicker',
    select: /@bookTicker/,
    recording: USDM,
    isExact: true,
    shapes: [
      '{"stream":"ethusdt@bookTicker","data":{"e":"bookTicker","u":#,"s":"ETHUSDT","b":"n.2","B":"n.3","a":"n.2","A":"n.3","T":#,"E":#}}',
    ],
  },
  {
    name: 'binance-usdm trade',
    venue: 'binance-usdm',
    connect: '/public/stream?streams=ethusdt@trade',
    select: /@trade.*"X":"MARKET"/,
    recording: USDM,
    isExact: true,
    shapes: ['{"stream":"ethusdt@trade","data":{"e":"trade","E":#,"T":#,"s":"ETHUSDT","t":#,"p":"n.2","q":"n.3","X":"MARKET","m":bool}}'],
  },
  {
    name: 'binance-usdm aggTrade',
    venue: 'binance-usdm',
    connect: '/market/stream?streams=ethusdt@aggTrade',
    select: /@aggTrade/,
    symbols: /ethusdt|[A-Z]{3,5}USDT|[a-z]{3,5}usdt/g,
    recording: 'binance/usdm-4sym-2021-07-22.ndjson.gz',
    isExact: false,
    shapes: ['{"stream":"SYM@aggTrade","data":{"e":"aggTrade","E":#,"a":#,"s":"SYM","p":"n","q":"n","f":#,"l":#,"T":#,"m":bool}}'],
  },
  {
    name: 'binance-coinm depth',
    venue: 'binance-coinm',
    connect: '/stream?streams=btcusd_perp@depth@0ms',
    select: /depthUpdate/,
    recording: COINM,
    isExact: true,
    shapes: [
      '{"stream":"btcusd_perp@depth@0ms","data":{"e":"depthUpdate","E":#,"T":#,"s":"BTCUSD_PERP","ps":"BTCUSD","U":#,"u":#,"pu":#,"b":[["n.1","n"]],"a":[["n.1","n"]]}}',
    ],
  },
  {
    name: 'binance-coinm bookTicker',
    venue: 'binance-coinm',
    connect: '/stream?streams=btcusd_perp@bookTicker',
    select: /@bookTicker/,
    recording: COINM,
    isExact: true,
    shapes: [
      '{"stream":"btcusd_perp@bookTicker","data":{"u":#,"e":"bookTicker","s":"BTCUSD_PERP","ps":"BTCUSD","b":"n.1","B":"n","a":"n.1","A":"n","T":#,"E":#}}',
    ],
  },
  {
    name: 'binance-coinm trade',
    venue: 'binance-coinm',
    connect: '/stream?streams=btcusd_perp@trade',
    select: /@trade.*"X":"MARKET"/,
    recording: COINM,
    isExact: true,
    shapes: [
      '{"stream":"btcusd_perp@trade","data":{"e":"trade","E":#,"T":#,"s":"BTCUSD_PERP","t":#,"p":"n.1","q":"n","X":"MARKET","m":bool}}',
    ],
  },
  {
    name: 'bybit linear orderbook',
    ...bybit('linear', 'orderbook.200.BTCUSDT'),
    select: /"orderbook\.200\.BTCUSDT","type".*"b":\[\[.*"a":\[\[/,
    recording: BYBIT,
    isExact: true,
    shapes: [
      '{"topic":"orderbook.200.BTCUSDT","type":"snapshot","ts":#,"data":{"s":"BTCUSDT","b":[["n.2","n.3"]],"a":[["n.2","n.3"]],"u":#,"seq":#},"cts":#}',
      '{"topic":"orderbook.200.BTCUSDT","type":"delta","ts":#,"data":{"s":"BTCUSDT","b":[["n.2","n.3"]],"a":[["n.2","n.3"]],"u":#,"seq":#},"cts":#}',
    ],
  },
  {
    name: 'bybit spot orderbook',
    ...bybit('spot', 'orderbook.200.BTCUSDT'),
    select: /"orderbook\.200\.BTCUSDT","ts".*"b":\[\[.*"a":\[\[/,
    recording: BYBIT,
    isExact: false,
    shapes: [
      '{"topic":"orderbook.200.BTCUSDT","ts":#,"type":"snapshot","data":{"s":"BTCUSDT","b":[["n","n"]],"a":[["n","n"]],"u":#,"seq":#},"cts":#}',
      '{"topic":"orderbook.200.BTCUSDT","ts":#,"type":"delta","data":{"s":"BTCUSDT","b":[["n","n"]],"a":[["n","n"]],"u":#,"seq":#},"cts":#}',
    ],
  },
  {
    name: 'bybit linear publicTrade',
    ...bybit('linear', 'publicTrade.ETHUSDT'),
    select: /"publicTrade\.ETHUSDT","type"/,
    recording: BYBIT,
    isExact: true,
    shapes: [
      '{"topic":"publicTrade.ETHUSDT","type":"snapshot","ts":#,"data":[{"T":#,"s":"ETHUSDT","S":"side","v":"n.2","p":"n.2","L":"direction","i":"uuid","BT":bool,"RPI":bool,"seq":#}]}',
    ],
  },
  {
    name: 'bybit spot publicTrade',
    ...bybit('spot', 'publicTrade.BTCUSDT'),
    select: /"publicTrade\.BTCUSDT","ts"/,
    recording: BYBIT,
    isExact: false,
    shapes: [
      '{"topic":"publicTrade.BTCUSDT","ts":#,"type":"snapshot","data":[{"i":"n","T":#,"p":"n","v":"n","S":"side","seq":#,"s":"BTCUSDT","BT":bool,"RPI":bool}]}',
    ],
  },
  {
    name: 'bybit linear tickers snapshot',
    ...bybit('linear', 'tickers.BTCUSDT'),
    select: /"tickers\.BTCUSDT","type":"snapshot"/,
    recording: BYBIT,
    isExact: false,
    shapes: [
      '{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT","tickDirection":"direction","price24hPcnt":"n","lastPrice":"n","prevPrice24h":"n",' +
        '"highPrice24h":"n","lowPrice24h":"n","prevPrice1h":"n","markPrice":"n","indexPrice":"n","openInterest":"n","openInterestValue":"n","turnover24h":"n","volume24h":"n",' +
        '"fundingIntervalHour":"n","fundingCap":"n","singleOpenInterest":"n","singleOpenInterestValue":"n","nextFundingTime":"n","fundingRate":"n","bid1Price":"n","bid1Size":"n",' +
        '"ask1Price":"n","ask1Size":"n","preOpenPrice":"","preQty":"","curPreListingPhase":""},"cs":#,"ts":#}',
    ],
  },
  {
    name: 'bybit spot tickers',
    ...bybit('spot', 'tickers.BTCUSDT'),
    select: /"tickers\.BTCUSDT","ts"/,
    recording: BYBIT,
    isExact: false,
    shapes: [
      '{"topic":"tickers.BTCUSDT","ts":#,"type":"snapshot","cs":#,"data":{"symbol":"BTCUSDT","lastPrice":"n","highPrice24h":"n","lowPrice24h":"n","prevPrice24h":"n",' +
        '"volume24h":"n","turnover24h":"n","price24hPcnt":"n","usdIndexPrice":"n"}}',
    ],
  },
  {
    name: 'bybit linear kline',
    ...bybit('linear', 'kline.1.BTCUSDT'),
    select: /^\{"topic":"kline\.1\.BTCUSDT"/,
    recording: BYBIT,
    isExact: false,
    shapes: [
      '{"topic":"kline.1.BTCUSDT","data":[{"start":#,"end":#,"interval":"n","open":"n","close":"n","high":"n","low":"n","volume":"n","turnover":"n","confirm":bool,' +
        '"timestamp":#}],"ts":#,"type":"snapshot"}',
    ],
  },
  {
    name: 'bybit spot kline',
    ...bybit('spot', 'kline.1.BTCUSDT'),
    select: /^\{"type":"snapshot","topic":"kline\.1\.BTCUSDT"/,
    recording: BYBIT,
    isExact: false,
    shapes: [
      '{"type":"snapshot","topic":"kline.1.BTCUSDT","data":[{"start":#,"end":#,"interval":"n","open":"n","close":"n","high":"n","low":"n","volume":"n","turnover":"n",' +
        '"confirm":bool,"timestamp":#}],"ts":#}',
    ],
  },
  {
    name: 'bitmex orderBookL2',
    ...bitmex('orderBookL2:XBTUSD'),
    select: /^\{"table":"orderBookL2","action":"[^"]+".*"symbol":"XBTUSD"/,
    recording: BITMEX,
    isExact: false,
    shapes: [
      '{"table":"orderBookL2","action":"partial","keys":["symbol","id","side"],"types":{"symbol":"symbol","id":"long","side":"symbol","size":"long","price":"float"},' +
        '"foreignKeys":{"symbol":"instrument","side":"side"},"attributes":{"symbol":"parted","id":"sorted"},"filter":{"symbol":"XBTUSD"},' +
        '"data":[{"symbol":"XBTUSD","id":#,"side":"side","size":#,"price":#}]}',
      '{"table":"orderBookL2","action":"insert","data":[{"symbol":"XBTUSD","id":#,"side":"side","size":#,"price":#}]}',
      '{"table":"orderBookL2","action":"update","data":[{"symbol":"XBTUSD","id":#,"side":"side","size":#}]}',
      '{"table":"orderBookL2","action":"delete","data":[{"symbol":"XBTUSD","id":#,"side":"side"}]}',
    ],
  },
  {
    name: 'bitmex trade and quote',
    ...bitmex('trade:XBTUSD,quote:XBTUSD'),
    select: /^\{"table":"(trade|quote)","action":"insert".*"symbol":"XBTUSD"/,
    recording: BITMEX,
    isExact: false,
    shapes: [
      '{"table":"trade","action":"insert","data":[{"timestamp":"time","symbol":"XBTUSD","side":"side","size":#,"price":#,"tickDirection":"direction","trdMatchID":"uuid",' +
        '"grossValue":#,"homeNotional":#,"foreignNotional":#}]}',
      '{"table":"quote","action":"insert","data":[{"timestamp":"time","symbol":"XBTUSD","bidSize":#,"bidPrice":#,"askPrice":#,"askSize":#}]}',
    ],
  },
];

function shapesOf(texts: Iterable<string>, { select, symbols, isExact }: Case): Set<string> {
  const shapes = new Set<string>();
  for (const text of texts) {
    if (!select.test(text)) continue;
    const shape = frameShape(text, isExact);
    // A side without changes says nothing about its levels.
    if (!/"[ba]":\[\]/.test(shape)) shapes.add(symbols === undefined ? shape : shape.replaceAll(symbols, 'SYM'));
  }
  return shapes;
}

describe.each(CASES)('frames of $name', (entry) => {
  it('have the recorded shape', () => {
    const venue = new TestVenue(entry.venue);
    const client = venue.open(entry.connect);
    if (entry.subscribe !== undefined) client.send(entry.subscribe as Record<string, unknown>);
    venue.run(20);
    expect([...shapesOf(client.received, entry)].toSorted()).toEqual(entry.shapes.toSorted());
  });
});

describe('recorded frames', () => {
  const texts = new Map<string, string[]>();

  beforeAll(() => {
    if (!needRecordings()) return;
    for (const name of new Set(CASES.map(({ recording }) => recording))) {
      const lines = gunzipSync(readFileSync(recordingPath(name)))
        .toString('utf8')
        .trimEnd()
        .split('\n');
      texts.set(
        name,
        lines.map((line) => (JSON.parse(line) as { raw: string }).raw),
      );
    }
  });

  it.each(CASES)('of $name are what the shapes above say', (entry) => {
    const recorded = texts.get(entry.recording);
    if (recorded === undefined) return;
    const shapes = shapesOf(recorded, entry);
    for (const shape of entry.shapes) expect([...shapes]).toContain(shape);
  });
});
