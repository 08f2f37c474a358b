/**
 * Binance USD-M futures: diffs chained by `pu`, spliced to a REST snapshot. Since 2026-04-23 depth, best quotes and trades are on `/public`, aggregated
 * trades and mark prices on `/market` (announced 2026-03-06).
 */
import { listOf, recordOf, textOf } from '../json.js';
import { binanceFuturesPrivate } from '../private/binance-futures.js';
import type { InstrumentPage, Venue } from '../venue.js';
import { filtersOf, futuresShapes, mapBinance, mapBinanceSnapshot, planConnections, symbolOfDepthPath } from './binance-common.js';

export const binanceUsdm: Venue = {
  id: 'binance-usdm',
  feeAssets: ['BNB'],
  exchange: 'binance',
  matchesMarket: (market) => market.startsWith('usdm'),
  endpoints: {
    rest: 'https://fapi.binance.com',
    wsPublic: 'wss://fstream.binance.com',
    wsPrivate: 'wss://fstream.binance.com',
    wsApi: 'wss://ws-fapi.binance.com',
  },
  sequence: 'prev-chain',
  snapshot: 'rest',
  spliceByPrev: true,
  shapes: futuresShapes(false),
  map: mapBinance,
  mapSnapshot: mapBinanceSnapshot,

  connections: (instruments, endpoints) =>
    planConnections(instruments, [
      {
        name: 'public',
        url: `${endpoints.wsPublic}/public/stream`,
        streams: (s) => [`${s}@depth@100ms`, `${s}@bookTicker`],
        carriesBooks: true,
      },
      {
        name: 'market',
        url: `${endpoints.wsPublic}/market/stream`,
        streams: (s) => [`${s}@aggTrade`, `${s}@markPrice@1s`],
        carriesBooks: false,
      },
    ]),
  resubscribe: () => [],
  /** Ten messages a second are taken from a client ("Websocket Market Streams", read 2026-11). */
  subscribeGapMs: 150,
  /** The server pings every 3 minutes; ours proves the line in between. */
  heartbeat: { everyMs: 15_000, text: null },
  staleAfterMs: 30_000,
  reconnectAfterMs: 23.5 * 3_600_000,

  instrumentPaths: () => ['/fapi/v1/exchangeInfo'],
  parseInstruments: parse,
  private: binanceFuturesPrivate(
    '/fapi/v1',
    (endpoints, key) => `${endpoints.wsPrivate ?? endpoints.wsPublic}/private/ws?listenKey=${key}`,
  ),
  depth: {
    path: (name) => `/fapi/v1/depth?symbol=${encodeURIComponent(name)}&limit=1000`,
    symbolOf: symbolOfDepthPath,
    /** 20 of 2,400 weight a minute each ("Order Book", read 2026-11). */
    concurrency: 2,
    gapMs: 250,
  },
};

function parse(body: string): InstrumentPage {
  const symbols = listOf(recordOf(JSON.parse(body))['symbols']).map(recordOf);
  return {
    next: null,
    instruments: symbols
      .filter((info) => info['status'] === 'TRADING')
      .map((info) => {
        const name = textOf(info['symbol']);
        const settle = textOf(info['marginAsset']);
        return {
          id: `binance-usdm:${name}`,
          venue: 'binance-usdm',
          symbol: name,
          kind: 'linear' as const,
          base: textOf(info['baseAsset']),
          quote: textOf(info['quoteAsset']),
          settle,
          multiplier: '1',
          ...filtersOf(info),
          /** Regular user, without BNB discount, as a public fee index lists them (checked there 2026-10-12). */
          makerFee: '0.0002',
          takerFee: '0.0005',
          feeAssetBuy: settle,
          feeAssetSell: settle,
          source: 'venue' as const,
        };
      }),
  };
}
