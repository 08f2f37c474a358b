/** The books of a BitMEX account, read by signed REST. Money comes in satoshi and millionths of a tether. */
import { createHmac } from 'node:crypto';
import type { Instrument } from '../../core/orders/instrument.js';
import { formatDecimal, parseDecimal } from '../../core/numbers/decimal.js';
import { decimalOf, isZero, rowOf, rowsOf, sideOf, textOf, type Row } from '../json.js';
import { SignedRest, type Problem, type RestDialect, type RestWorld } from '../signed-rest.js';
import type { TradeCursor, VenueBooks, VenueOrder, VenuePosition, VenueTrade } from '../venue-books.js';

const BASE = '/api/v1';
/** How long a signature is good for, seconds. */
const VALID_S = 60;
const PAGE = 500;
const MOST_PAGES = 2000;
/** What is asked for again behind the newest execution known: rows may appear a little late. */
const OVERLAP_MS = 10_000;
const OPEN_STATES = new Set(['New', 'PartiallyFilled']);
const UNITS: Readonly<Record<string, { readonly asset: string; readonly decimals: number }>> = {
  XBt: { asset: 'XBT', decimals: 8 },
  USDt: { asset: 'USDT', decimals: 6 },
};

function dialectOf(rest: string): RestDialect {
  return {
    sign: (path, query, nowMs, { apiKey, secret }) => {
      const target = `${BASE}${path}${query === '' ? '' : '?'}${query}`;
      const expires = String(Math.floor(nowMs / 1000) + VALID_S);
      const signature = createHmac('sha256', secret).update(`GET${target}${expires}`).digest('hex');
      return { url: rest + target, headers: { 'api-expires': expires, 'api-key': apiKey, 'api-signature': signature } };
    },
    timePath: BASE,
    isPatient: true,
    timeOf: (json) => Number(textOf(rowOf(json), 'timestamp')),
    problemOf: (status, json): Problem | null => {
      if (status === 200) return null;
      const error = typeof json === 'object' && json !== null && 'error' in json ? rowOf(json.error) : {};
      const text = typeof error['message'] === 'string' ? error['message'] : '';
      return { code: String(status), text, kind: /expired/i.test(text) ? 'clock' : 'no' };
    },
  };
}

export class BitmexBooks implements VenueBooks {
  readonly #rest: SignedRest;
  readonly #instruments: readonly Instrument[];
  readonly #idOf: ReadonlyMap<string, string>;
  readonly #trades = new Map<string, VenueTrade>();
  #newestMs = 0;

  constructor(world: RestWorld, instruments: readonly Instrument[]) {
    this.#rest = new SignedRest('bitmex', world, dialectOf(world.rest));
    this.#instruments = instruments;
    this.#idOf = new Map(instruments.map(({ symbol, id }) => [symbol, id]));
  }

  async cursor(): Promise<TradeCursor> {
    const nowMs = String(await this.#rest.nowMs());
    return Object.fromEntries(this.#instruments.map(({ id }) => [id, nowMs]));
  }

  async openOrders(): Promise<readonly VenueOrder[]> {
    return (await this.#pages('/order', { filter: '{"open":true}' })).map((row) => this.#order(row)).filter(({ isOpen }) => isOpen);
  }

  async orderOf(clientId: string, instrument: Instrument): Promise<VenueOrder | null> {
    const filter = JSON.stringify({ clOrdID: clientId });
    const row = rowsOf(await this.#rest.get('/order', { symbol: instrument.symbol, filter, count: '1', reverse: 'true' }))[0];
    return row === undefined ? null : this.#order(row);
  }

  async clientIdOf(trade: VenueTrade): Promise<string> {
    return Promise.resolve(trade.clientId ?? '');
  }

  async trades(from: TradeCursor): Promise<readonly VenueTrade[]> {
    const openings = Object.values(from).map(Number);
    const startMs = Math.max(openings.length === 0 ? 0 : Math.min(...openings), this.#newestMs - OVERLAP_MS);
    for (const row of await this.#pages('/execution/tradeHistory', { startTime: new Date(startMs).toISOString() })) {
      this.#newestMs = Math.max(this.#newestMs, Date.parse(textOf(row, 'timestamp')));
      const trade = this.#trade(row);
      if (trade !== null) this.#trades.set(`${trade.instrument} ${trade.tradeId} ${trade.side}`, trade);
    }
    return [...this.#trades.values()];
  }

  async wallets(): Promise<ReadonlyMap<string, string>> {
    const wallets = new Map<string, string>();
    for (const row of rowsOf(await this.#rest.get('/user/margin', { currency: 'all' }))) {
      const units = UNITS[textOf(row, 'currency')];
      if (units !== undefined) wallets.set(units.asset, moneyText(textOf(row, 'walletBalance'), units.decimals));
    }
    return wallets;
  }

  async positions(): Promise<readonly VenuePosition[]> {
    const positions: VenuePosition[] = [];
    for (const row of rowsOf(await this.#rest.get('/position', {}))) {
      const qty = decimalOf(row, 'currentQty');
      const units = UNITS[textOf(row, 'currency')];
      if (isZero(qty) || units === undefined) continue;
      positions.push({
        instrument: this.#nameOf(row),
        qty,
        mark: textOf(row, 'markPrice'),
        unrealised: moneyText(decimalOf(row, 'unrealisedPnl'), units.decimals),
      });
    }
    return positions;
  }

  /** Oldest first, until a page is not full. */
  async #pages(path: string, params: Readonly<Record<string, string>>): Promise<readonly Row[]> {
    const rows: Row[] = [];
    for (let page = 0; page < MOST_PAGES; page++) {
      const list = rowsOf(await this.#rest.get(path, { ...params, count: String(PAGE), start: String(page * PAGE), reverse: 'false' }));
      rows.push(...list);
      if (list.length < PAGE) break;
    }
    return rows;
  }

  #nameOf(row: Row): string {
    const symbol = textOf(row, 'symbol');
    return this.#idOf.get(symbol) ?? symbol;
  }

  /** Null for funding, and for instruments that are not ours. */
  #trade(row: Row): VenueTrade | null {
    const type = textOf(row, 'execType');
    const instrument = this.#idOf.get(textOf(row, 'symbol'));
    if (instrument === undefined || (type !== 'Trade' && type !== 'Settlement') || isZero(decimalOf(row, 'lastQty'))) return null;
    const units = UNITS[textOf(row, 'settlCurrency')] ?? { asset: '', decimals: 0 };
    return {
      instrument,
      tradeId: textOf(row, type === 'Trade' ? 'trdMatchID' : 'execID'),
      venueOrderId: textOf(row, 'orderID'),
      clientId: typeof row['clOrdID'] === 'string' ? row['clOrdID'] : '',
      side: sideOf(row),
      price: textOf(row, 'lastPx'),
      qty: textOf(row, 'lastQty'),
      fee: moneyText(decimalOf(row, 'execComm'), units.decimals),
      feeAsset: units.asset,
    };
  }

  #order(row: Row): VenueOrder {
    const state = textOf(row, 'ordStatus');
    return {
      clientId: typeof row['clOrdID'] === 'string' ? row['clOrdID'] : '',
      venueOrderId: textOf(row, 'orderID'),
      instrument: this.#nameOf(row),
      side: sideOf(row),
      price: decimalOf(row, 'price'),
      qty: decimalOf(row, 'orderQty'),
      filled: decimalOf(row, 'cumQty'),
      isOpen: OPEN_STATES.has(state),
      state,
    };
  }
}

function moneyText(units: string, decimals: number): string {
  const { mantissa, scale } = parseDecimal(units);
  return formatDecimal(mantissa, scale + decimals);
}
