/** Binance spot, and Binance US, which speaks the same: depth diffs spliced to a REST snapshot, chained by U = u + 1. */
import {
  ACTION_DELTA,
  ASK,
  BID,
  FIELD_ACTION,
  FIELD_FIRST,
  FIELD_KIND,
  FIELD_ID,
  FIELD_LAST,
  FIELD_SIDE,
  FIELD_TIME,
  FIELD_UNUSED,
} from '../../core/kernel/message.js';
import { MESSAGE_DEPTH, MESSAGE_QUOTE, MESSAGE_TRADE, NUMBER_PRICE, NUMBER_QTY, TRADE_KIND_TRADE } from '../../core/kernel/message.js';
import { listOf, recordOf, textOf } from '../json.js';
import { binanceSpotPrivate } from '../private/binance-spot.js';
import { choice, decimal, int, levels, set, symbol, text, type Part } from '../shape.js';
import type { InstrumentPage, Venue } from '../venue.js';
import {
  aggParts,
  bothWays,
  filtersOf,
  mapBinance,
  mapBinanceSnapshot,
  planConnections,
  quoteParts,
  symbolOfDepthPath,
} from './binance-common.js';

const DEPTH: readonly Part[] = [
  text('{"e":"depthUpdate","E":'),
  int(FIELD_TIME),
  text(',"s":"'),
  symbol(),
  text('","U":'),
  int(FIELD_FIRST),
  text(',"u":'),
  int(FIELD_LAST),
  text(',"b":'),
  levels(BID),
  text(',"a":'),
  levels(ASK),
  set(FIELD_ACTION, ACTION_DELTA),
];

const TICKER: readonly Part[] = [text('{"u":'), int(FIELD_LAST), text(',"s":"'), symbol(), ...quoteParts()];

const TRADE: readonly Part[] = [
  text('{"e":"trade","E":'),
  int(FIELD_UNUSED),
  text(',"s":"'),
  symbol(),
  text('","t":'),
  int(FIELD_ID),
  text(',"p":"'),
  decimal(NUMBER_PRICE),
  text('","q":"'),
  decimal(NUMBER_QTY),
  text('","T":'),
  int(FIELD_TIME),
  text(',"m":'),
  choice(FIELD_SIDE, { true: 1, false: 0 }),
  set(FIELD_KIND, TRADE_KIND_TRADE),
];

/** `M` follows `m` and means nothing (Binance: "ignore"). */
const IGNORED_M = choice(FIELD_UNUSED, { ',"M":true': 0, ',"M":false': 0 });

export const binanceSpot: Venue = {
  id: 'binance-spot',
  feeAssets: ['BNB'],
  exchange: 'binance',
  matchesMarket: (market) => market.startsWith('spot'),
  endpoints: {
    rest: 'https://api.binance.com',
    wsPublic: 'wss://stream.binance.com:9443',
    wsPrivate: 'wss://stream.binance.com:9443',
    wsApi: 'wss://ws-api.binance.com:443',
  },
  sequence: 'range-chain',
  snapshot: 'rest',
  spliceByPrev: false,
  shapes: [
    ...bothWays('depth', MESSAGE_DEPTH, DEPTH, '}'),
    ...bothWays('bookTicker', MESSAGE_QUOTE, TICKER, '"}'),
    ...bothWays('trade', MESSAGE_TRADE, [...TRADE, IGNORED_M], '}'),
    ...bothWays('aggTrade', MESSAGE_TRADE, [...aggParts(false), IGNORED_M], '}'),
  ],
  map: mapBinance,
  mapSnapshot: mapBinanceSnapshot,

  connections: (instruments, endpoints) =>
    planConnections(instruments, [
      {
        name: 'public',
        url: `${endpoints.wsPublic}/stream`,
        streams: (s) => [`${s}@depth@100ms`, `${s}@trade`, `${s}@bookTicker`],
        carriesBooks: true,
      },
    ]),
  resubscribe: () => [],
  /** Five messages a second are taken from a client ("WebSocket Streams, Limits", read 2026-11). */
  subscribeGapMs: 250,
  /** The server pings every 20 s and wants its pong; ours proves the line in between. */
  heartbeat: { everyMs: 15_000, text: null },
  staleAfterMs: 30_000,
  /** The server cuts after 24 h; half an hour before, at a moment of our choice, is better. */
  reconnectAfterMs: 23.5 * 3_600_000,

  instrumentPaths: () => ['/api/v3/exchangeInfo'],
  parseInstruments: parse,
  private: binanceSpotPrivate,
  depth: {
    path: (name) => `/api/v3/depth?symbol=${encodeURIComponent(name)}&limit=5000`,
    symbolOf: symbolOfDepthPath,
    /** 250 of 6,000 weight a minute each ("Order book", read 2026-11): 20 a minute leave room for everything else. */
    concurrency: 2,
    gapMs: 500,
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
        const base = textOf(info['baseAsset']);
        const quote = textOf(info['quoteAsset']);
        return {
          id: `binance-spot:${name}`,
          venue: 'binance-spot',
          symbol: name,
          kind: 'spot' as const,
          base,
          quote,
          settle: quote,
          multiplier: '1',
          ...filtersOf(info),
          /** Tier VIP 0, without BNB discount: commonly known, not checked against the venue. */
          makerFee: '0.001',
          takerFee: '0.001',
          feeAssetBuy: base,
          feeAssetSell: quote,
          source: 'venue' as const,
        };
      }),
  };
}
