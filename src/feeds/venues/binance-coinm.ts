/** Binance COIN-M futures: as USD-M, on a host of its own that was not split, with `ps` beside `s`; quantities in contracts of 10 or 100 dollars. */
import { decimalOf, listOf, recordOf, textOf } from '../json.js';
import { binanceFuturesPrivate } from '../private/binance-futures.js';
import type { InstrumentPage, Venue } from '../venue.js';
import { filtersOf, futuresShapes, mapBinance, mapBinanceSnapshot, planConnections, symbolOfDepthPath } from './binance-common.js';

export const binanceCoinm: Venue = {
  id: 'binance-coinm',
  exchange: 'binance',
  matchesMarket: (market) => market.startsWith('coinm'),
  endpoints: {
    rest: 'https://dapi.binance.com',
    wsPublic: 'wss://dstream.binance.com',
    wsPrivate: 'wss://dstream.binance.com',
    wsApi: 'wss://ws-dapi.binance.com',
  },
  sequence: 'prev-chain',
  snapshot: 'rest',
  spliceByPrev: true,
  shapes: futuresShapes(true),
  map: mapBinance,
  mapSnapshot: mapBinanceSnapshot,

  connections: (instruments, endpoints) =>
    planConnections(instruments, [
      {
        name: 'public',
        url: `${endpoints.wsPublic}/stream`,
        streams: (s) => [`${s}@depth@100ms`, `${s}@bookTicker`, `${s}@trade`, `${s}@markPrice@1s`],
        carriesBooks: true,
      },
    ]),
  resubscribe: () => [],
  subscribeGapMs: 150,
  heartbeat: { everyMs: 15_000, text: null },
  staleAfterMs: 60_000,
  reconnectAfterMs: 23.5 * 3_600_000,

  instrumentPaths: () => ['/dapi/v1/exchangeInfo'],
  parseInstruments: parse,
  private: binanceFuturesPrivate('/dapi/v1', (endpoints, key) => `${endpoints.wsPrivate ?? endpoints.wsPublic}/ws/${key}`),
  depth: {
    path: (name) => `/dapi/v1/depth?symbol=${encodeURIComponent(name)}&limit=1000`,
    symbolOf: symbolOfDepthPath,
    concurrency: 2,
    gapMs: 250,
  },
};

function parse(body: string): InstrumentPage {
  const symbols = listOf(recordOf(JSON.parse(body))['symbols']).map(recordOf);
  return {
    next: null,
    instruments: symbols
      .filter((info) => info['contractStatus'] === 'TRADING')
      .map((info) => {
        const name = textOf(info['symbol']);
        const settle = textOf(info['marginAsset']);
        return {
          id: `binance-coinm:${name}`,
          venue: 'binance-coinm',
          symbol: name,
          kind: 'inverse' as const,
          base: textOf(info['baseAsset']),
          quote: textOf(info['quoteAsset']),
          settle,
          multiplier: decimalOf(info['contractSize']),
          ...filtersOf(info),
          /** Regular user; the rates of USD-M as a public fee index lists them (checked there 2026-10-12), taken to hold for COIN-M too. */
          makerFee: '0.0002',
          takerFee: '0.0005',
          feeAssetBuy: settle,
          feeAssetSell: settle,
          source: 'venue' as const,
        };
      }),
  };
}
