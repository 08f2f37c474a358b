/** The books of a Binance account (spot, USD-M, COIN-M), read by signed REST. Trades are paged by their ids, so no window of time can hide one. */
import { createHmac } from 'node:crypto';
import { EngineError } from '../../core/numbers/errors.js';
import type { Instrument } from '../../core/orders/instrument.js';
import { Amount } from '../exact.js';
import { decimalOf, isZero, rowOf, rowsOf, sideOf, textOf, type Row } from '../json.js';
import { SignedRest, type Problem, type RestDialect, type RestWorld } from '../signed-rest.js';
import type { TradeCursor, VenueBooks, VenueOrder, VenuePosition, VenueTrade } from '../venue-books.js';

interface Paths {
  readonly time: string;
  readonly openOrders: string;
  readonly order: string;
  readonly trades: string;
  readonly wallets: string;
  /** Null on spot. */
  readonly positions: string | null;
}

const PATHS: Readonly<Record<string, Paths>> = {
  'binance-spot': {
    time: '/api/v3/time',
    openOrders: '/api/v3/openOrders',
    order: '/api/v3/order',
    trades: '/api/v3/myTrades',
    wallets: '/api/v3/account',
    positions: null,
  },
  'binance-usdm': {
    time: '/fapi/v1/time',
    openOrders: '/fapi/v1/openOrders',
    order: '/fapi/v1/order',
    trades: '/fapi/v1/userTrades',
    wallets: '/fapi/v3/balance',
    positions: '/fapi/v3/positionRisk',
  },
  'binance-coinm': {
    time: '/dapi/v1/time',
    openOrders: '/dapi/v1/openOrders',
    order: '/dapi/v1/order',
    trades: '/dapi/v1/userTrades',
    wallets: '/dapi/v1/balance',
    positions: '/dapi/v1/positionRisk',
  },
};

/** The longest that the venue takes: market time may run twenty times as fast as the machine. */
const RECEIVE_WINDOW_MS = 60_000;
const PAGE = 1000;
/** Bound of one reading: a million trades of one instrument. */
const MOST_PAGES = 1000;
const OPEN_STATES = new Set(['NEW', 'PARTIALLY_FILLED', 'PENDING_NEW', 'PENDING_CANCEL']);
/** "Order does not exist." */
const NO_SUCH_ORDER = '-2013';
/** Time, and what passes by itself: unknown error, disconnected, too many requests, time-out, busy. */
const CLOCK = new Set(['-1021']);
const AGAIN = new Set(['-1000', '-1001', '-1003', '-1006', '-1007', '-1008', '-1016']);

function dialectOf(paths: Paths, rest: string): RestDialect {
  return {
    sign: (path, query, nowMs, { apiKey, secret }) => {
      const signed = `${query}${query === '' ? '' : '&'}recvWindow=${RECEIVE_WINDOW_MS}&timestamp=${nowMs}`;
      const signature = createHmac('sha256', secret).update(signed).digest('hex');
      return { url: `${rest}${path}?${signed}&signature=${signature}`, headers: { 'X-MBX-APIKEY': apiKey } };
    },
    timePath: paths.time,
    isPatient: false,
    timeOf: (json) => Number(textOf(rowOf(json), 'serverTime')),
    problemOf: (status, json): Problem | null => {
      if (status === 200) return null;
      const { code, msg } = rowOf(json);
      const text = typeof code === 'string' ? code : String(status);
      return { code: text, text: typeof msg === 'string' ? msg : '', kind: CLOCK.has(text) ? 'clock' : AGAIN.has(text) ? 'again' : 'no' };
    },
  };
}

export class BinanceBooks implements VenueBooks {
  readonly #rest: SignedRest;
  readonly #paths: Paths;
  readonly #instruments: readonly Instrument[];
  readonly #idOf: ReadonlyMap<string, string>;
  readonly #trades: VenueTrade[] = [];
  /** Next trade id to ask for, by instrument. */
  readonly #next = new Map<string, bigint>();
  readonly #clientIds = new Map<string, string>();

  constructor(venue: string, world: RestWorld, instruments: readonly Instrument[]) {
    const paths = PATHS[venue];
    if (paths === undefined) throw new Error(`${venue} is no market of Binance`);
    this.#paths = paths;
    this.#rest = new SignedRest(venue, world, dialectOf(paths, world.rest));
    this.#instruments = instruments;
    this.#idOf = new Map(instruments.map(({ symbol, id }) => [symbol, id]));
  }

  async cursor(): Promise<TradeCursor> {
    const cursor: Record<string, string> = {};
    for (const { id, symbol } of this.#instruments) {
      const last = rowsOf(await this.#rest.get(this.#paths.trades, { symbol, limit: '1' })).at(-1);
      cursor[id] = last === undefined ? '0' : String(BigInt(textOf(last, 'id')) + 1n);
    }
    return cursor;
  }

  async openOrders(): Promise<readonly VenueOrder[]> {
    return rowsOf(await this.#rest.get(this.#paths.openOrders)).map((row) => this.#order(row));
  }

  async orderOf(clientId: string, instrument: Instrument): Promise<VenueOrder | null> {
    return this.#find({ symbol: instrument.symbol, origClientOrderId: clientId });
  }

  async clientIdOf(trade: VenueTrade, instrument: Instrument): Promise<string> {
    const key = `${instrument.id} ${trade.venueOrderId}`;
    const known = this.#clientIds.get(key);
    if (known !== undefined) return known;
    const order = await this.#find({ symbol: instrument.symbol, orderId: trade.venueOrderId });
    const clientId = order?.clientId ?? '';
    this.#clientIds.set(key, clientId);
    return clientId;
  }

  async trades(from: TradeCursor): Promise<readonly VenueTrade[]> {
    for (const { id, symbol } of this.#instruments) {
      for (let page = 0; page < MOST_PAGES; page++) {
        const fromId = this.#next.get(id) ?? BigInt(from[id] ?? '0');
        const rows = rowsOf(await this.#rest.get(this.#paths.trades, { symbol, fromId: String(fromId), limit: String(PAGE) }));
        for (const row of rows) this.#take(row, id);
        if (rows.length < PAGE) break;
      }
    }
    return this.#trades;
  }

  async wallets(): Promise<ReadonlyMap<string, string>> {
    const answer = await this.#rest.get(this.#paths.wallets);
    if (this.#paths.positions === null) {
      return new Map(
        rowsOf(rowOf(answer)['balances']).map((row) => [
          textOf(row, 'asset'),
          Amount.of(textOf(row, 'free'))
            .plus(Amount.of(textOf(row, 'locked')))
            .toString(),
        ]),
      );
    }
    return new Map(rowsOf(answer).map((row) => [textOf(row, 'asset'), textOf(row, 'balance')]));
  }

  async positions(): Promise<readonly VenuePosition[]> {
    if (this.#paths.positions === null) return [];
    return rowsOf(await this.#rest.get(this.#paths.positions))
      .filter((row) => !isZero(textOf(row, 'positionAmt')))
      .map((row) => ({
        instrument: this.#nameOf(row),
        qty: textOf(row, 'positionAmt'),
        mark: textOf(row, 'markPrice'),
        unrealised: textOf(row, 'unRealizedProfit'),
      }));
  }

  #nameOf(row: Row): string {
    const symbol = textOf(row, 'symbol');
    return this.#idOf.get(symbol) ?? symbol;
  }

  #take(row: Row, instrument: string): void {
    const tradeId = textOf(row, 'id');
    const next = BigInt(tradeId) + 1n;
    const before = this.#next.get(instrument);
    // A venue that repeats a trade says nothing new.
    if (before !== undefined && next <= before) return;
    this.#next.set(instrument, next);
    this.#trades.push({
      instrument,
      tradeId,
      venueOrderId: textOf(row, 'orderId'),
      clientId: null,
      side: row['side'] === undefined ? (row['isBuyer'] === true ? 'buy' : 'sell') : sideOf(row),
      price: textOf(row, 'price'),
      qty: textOf(row, 'qty'),
      fee: textOf(row, 'commission'),
      feeAsset: textOf(row, 'commissionAsset'),
    });
  }

  async #find(params: Readonly<Record<string, string>>): Promise<VenueOrder | null> {
    try {
      return this.#order(rowOf(await this.#rest.get(this.#paths.order, params)));
    } catch (error) {
      if (error instanceof EngineError && error.facts['code'] === NO_SUCH_ORDER) return null;
      throw error;
    }
  }

  #order(row: Row): VenueOrder {
    const state = textOf(row, 'status');
    return {
      clientId: textOf(row, 'clientOrderId'),
      venueOrderId: textOf(row, 'orderId'),
      instrument: this.#nameOf(row),
      side: sideOf(row),
      price: decimalOf(row, 'price'),
      qty: textOf(row, 'origQty'),
      filled: textOf(row, 'executedQty'),
      isOpen: OPEN_STATES.has(state),
      state,
    };
  }
}
