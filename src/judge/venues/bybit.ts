/** The books of a Bybit unified account (linear, inverse, spot), read by signed REST. Executions come by time, newest first, in windows of at most 7 days. */
import { createHmac } from 'node:crypto';
import type { Instrument } from '../../core/orders/instrument.js';
import { decimalOf, isZero, rowOf, rowsOf, sideOf, textOf, type Row } from '../json.js';
import { SignedRest, type Problem, type RestDialect, type RestWorld } from '../signed-rest.js';
import type { TradeCursor, VenueBooks, VenueOrder, VenuePosition, VenueTrade } from '../venue-books.js';

/** As long as a signature may be good for: market time may run twenty times as fast as the machine. */
const RECEIVE_WINDOW_MS = 60_000;
const WINDOW_MS = 7 * 24 * 3_600_000;
/** What is asked for again behind the newest execution known: rows may appear a little late. */
const OVERLAP_MS = 10_000;
const ORDERS_PER_PAGE = 50;
const TRADES_PER_PAGE = 100;
const MOST_PAGES = 2000;
const OPEN_STATES = new Set(['Created', 'New', 'PartiallyFilled', 'Untriggered', 'Triggered', 'Active']);
const TRADE_TYPES = new Set(['Trade', 'AdlTrade', 'BustTrade', 'Delivery', 'Settle']);
const CLOCK = new Set(['10002']);
/** Time-out at the server, too many visits, server error, busy. */
const AGAIN = new Set(['10000', '10006', '10016', '10018', '10429']);

function dialectOf(rest: string): RestDialect {
  return {
    sign: (path, query, nowMs, { apiKey, secret }) => ({
      url: `${rest}${path}${query === '' ? '' : '?'}${query}`,
      headers: {
        'X-BAPI-API-KEY': apiKey,
        'X-BAPI-TIMESTAMP': String(nowMs),
        'X-BAPI-RECV-WINDOW': String(RECEIVE_WINDOW_MS),
        'X-BAPI-SIGN': createHmac('sha256', secret).update(`${nowMs}${apiKey}${RECEIVE_WINDOW_MS}${query}`).digest('hex'),
      },
    }),
    timePath: '/v5/market/time',
    isPatient: false,
    timeOf: (json) => Number(textOf(rowOf(rowOf(json)['result']), 'timeNano')) / 1e6,
    problemOf: (status, json): Problem | null => {
      const { retCode, retMsg } = rowOf(json);
      const code = typeof retCode === 'string' ? retCode : String(status);
      if (status === 200 && code === '0') return null;
      return { code, text: typeof retMsg === 'string' ? retMsg : '', kind: CLOCK.has(code) ? 'clock' : AGAIN.has(code) ? 'again' : 'no' };
    },
  };
}

export class BybitBooks implements VenueBooks {
  readonly #rest: SignedRest;
  readonly #instruments: readonly Instrument[];
  readonly #idOf: ReadonlyMap<string, string>;
  readonly #trades = new Map<string, VenueTrade>();
  /** Time of the newest execution known, by instrument. */
  readonly #newestMs = new Map<string, number>();

  constructor(world: RestWorld, instruments: readonly Instrument[]) {
    this.#rest = new SignedRest('bybit', world, dialectOf(world.rest));
    this.#instruments = instruments;
    this.#idOf = new Map(instruments.map(({ symbol, id }) => [symbol, id]));
  }

  async cursor(): Promise<TradeCursor> {
    const nowMs = String(await this.#rest.nowMs());
    return Object.fromEntries(this.#instruments.map(({ id }) => [id, nowMs]));
  }

  async openOrders(): Promise<readonly VenueOrder[]> {
    const orders: VenueOrder[] = [];
    for (const scope of this.#scopes()) {
      for (const row of await this.#pages('/v5/order/realtime', { ...scope, limit: String(ORDERS_PER_PAGE) })) {
        const order = this.#order(row, scope['category'] ?? '');
        if (order.isOpen) orders.push(order);
      }
    }
    return orders;
  }

  async orderOf(clientId: string, instrument: Instrument): Promise<VenueOrder | null> {
    const { category, symbol } = namesOf(instrument);
    for (const path of ['/v5/order/realtime', '/v5/order/history']) {
      const row = listIn(await this.#rest.get(path, { category, symbol, orderLinkId: clientId }))[0];
      if (row !== undefined) return this.#order(row, category);
    }
    return null;
  }

  async clientIdOf(trade: VenueTrade): Promise<string> {
    return Promise.resolve(trade.clientId ?? '');
  }

  async trades(from: TradeCursor): Promise<readonly VenueTrade[]> {
    const nowMs = await this.#rest.nowMs();
    for (const instrument of this.#instruments) {
      const { category, symbol } = namesOf(instrument);
      const openingMs = Number(from[instrument.id] ?? nowMs);
      const newest = this.#newestMs.get(instrument.id);
      let startMs = Math.max(openingMs, newest === undefined ? 0 : newest - OVERLAP_MS);
      // The end is left open: their clock may be ahead.
      for (; nowMs - startMs > WINDOW_MS; startMs += WINDOW_MS) {
        await this.#executions(instrument, { category, symbol, startTime: String(startMs), endTime: String(startMs + WINDOW_MS) });
      }
      await this.#executions(instrument, { category, symbol, startTime: String(startMs) });
    }
    return [...this.#trades.values()];
  }

  async wallets(): Promise<ReadonlyMap<string, string>> {
    const account = listIn(await this.#rest.get('/v5/account/wallet-balance', { accountType: 'UNIFIED' }))[0];
    const coins = account === undefined ? [] : rowsOf(account['coin']);
    return new Map(coins.map((row) => [textOf(row, 'coin'), decimalOf(row, 'walletBalance')]));
  }

  async positions(): Promise<readonly VenuePosition[]> {
    const positions: VenuePosition[] = [];
    for (const scope of this.#scopes()) {
      const category = scope['category'] ?? '';
      if (category === 'spot') continue;
      for (const row of await this.#pages('/v5/position/list', { ...scope, limit: '200' })) {
        const size = decimalOf(row, 'size');
        if (isZero(size)) continue;
        positions.push({
          instrument: this.#nameOf(row, category),
          qty: row['side'] === 'Sell' ? `-${size}` : size,
          mark: textOf(row, 'markPrice'),
          unrealised: decimalOf(row, 'unrealisedPnl'),
        });
      }
    }
    return positions;
  }

  /** One per category in use; linear ones are told apart by their settle coin. */
  #scopes(): readonly Readonly<Record<string, string>>[] {
    const scopes = new Map<string, Readonly<Record<string, string>>>();
    for (const instrument of this.#instruments) {
      const { category } = namesOf(instrument);
      const scope: Readonly<Record<string, string>> = category === 'linear' ? { category, settleCoin: instrument.settle } : { category };
      scopes.set(JSON.stringify(scope), scope);
    }
    return [...scopes.values()];
  }

  async #pages(path: string, params: Readonly<Record<string, string>>): Promise<readonly Row[]> {
    const rows: Row[] = [];
    let cursor = '';
    for (let page = 0; page < MOST_PAGES; page++) {
      const result = rowOf(rowOf(await this.#rest.get(path, cursor === '' ? params : { ...params, cursor: decoded(cursor) }))['result']);
      const list = rowsOf(result['list']);
      rows.push(...list);
      cursor = typeof result['nextPageCursor'] === 'string' ? result['nextPageCursor'] : '';
      if (cursor === '' || list.length === 0) break;
    }
    return rows;
  }

  async #executions(instrument: Instrument, params: Readonly<Record<string, string>>): Promise<void> {
    for (const row of await this.#pages('/v5/execution/list', { ...params, limit: String(TRADES_PER_PAGE) })) {
      const timeMs = Number(textOf(row, 'execTime'));
      this.#newestMs.set(instrument.id, Math.max(timeMs, this.#newestMs.get(instrument.id) ?? 0));
      if (!TRADE_TYPES.has(textOf(row, 'execType'))) continue;
      const side = sideOf(row);
      const named = typeof row['feeCurrency'] === 'string' ? row['feeCurrency'] : '';
      const tradeId = textOf(row, 'execId');
      this.#trades.set(`${instrument.id} ${tradeId} ${side}`, {
        instrument: instrument.id,
        tradeId,
        venueOrderId: textOf(row, 'orderId'),
        clientId: textOf(row, 'orderLinkId'),
        side,
        price: textOf(row, 'execPrice'),
        qty: textOf(row, 'execQty'),
        fee: decimalOf(row, 'execFee'),
        feeAsset: named === '' ? (side === 'buy' ? instrument.feeAssetBuy : instrument.feeAssetSell) : named,
      });
    }
  }

  #nameOf(row: Row, category: string): string {
    const symbol = `${category}:${textOf(row, 'symbol')}`;
    return this.#idOf.get(symbol) ?? symbol;
  }

  #order(row: Row, category: string): VenueOrder {
    const state = textOf(row, 'orderStatus');
    return {
      clientId: textOf(row, 'orderLinkId'),
      venueOrderId: textOf(row, 'orderId'),
      instrument: this.#nameOf(row, category),
      side: sideOf(row),
      price: decimalOf(row, 'price'),
      qty: textOf(row, 'qty'),
      filled: decimalOf(row, 'cumExecQty'),
      isOpen: OPEN_STATES.has(state),
      state,
    };
  }
}

function namesOf(instrument: Instrument): { readonly category: string; readonly symbol: string } {
  const colon = instrument.symbol.indexOf(':');
  return { category: instrument.symbol.slice(0, colon), symbol: instrument.symbol.slice(colon + 1) };
}

function listIn(answer: unknown): readonly Row[] {
  return rowsOf(rowOf(rowOf(answer)['result'])['list']);
}

/** Cursors come encoded or plain; the query encodes them once. */
function decoded(cursor: string): string {
  return cursor.includes('%') ? decodeURIComponent(cursor) : cursor;
}
