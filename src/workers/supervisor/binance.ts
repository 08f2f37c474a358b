/** Open orders of a Binance account, spot, USD-M or COIN-M, for the supervisor: signed by HMAC over the query, at the venue's own time. */
import {
  hmac,
  parseAnswer,
  rowsOf,
  textOf,
  TIMEOUT_MS,
  VenueRefusal,
  type OpenOrder,
  type VenueAccess,
  type VenueOrders,
} from './venue-orders.js';

const PREFIX: Readonly<Record<string, string>> = { 'binance-spot': '/api/v3', 'binance-usdm': '/fapi/v1', 'binance-coinm': '/dapi/v1' };
const RECEIVE_WINDOW_MS = 5_000;
/** Of one batch on contracts; spot has none. */
const BATCH = 10;
/** "Unknown order sent": it is gone. */
const UNKNOWN_ORDER = '-2011';

export class BinanceOrders implements VenueOrders {
  readonly batch: number;
  readonly #access: VenueAccess;
  readonly #path: string;

  constructor(access: VenueAccess) {
    this.#access = access;
    this.#path = PREFIX[access.venue.id] ?? '/api/v3';
    this.batch = access.venue.id === 'binance-spot' ? 1 : BATCH;
  }

  async open(): Promise<OpenOrder[]> {
    const rows = rowsOf(await this.#call('GET', `${this.#path}/openOrders`, {}), this.#access.venue);
    return rows.map((row) => ({ clientId: textOf(row, 'clientOrderId'), symbol: textOf(row, 'symbol'), market: '' }));
  }

  async cancel(orders: readonly OpenOrder[]): Promise<void> {
    const [first] = orders;
    if (first === undefined) return;
    if (this.batch === 1) await this.#call('DELETE', `${this.#path}/order`, { symbol: first.symbol, origClientOrderId: first.clientId });
    else {
      const origClientOrderIdList = JSON.stringify(orders.map((order) => order.clientId));
      await this.#call('DELETE', `${this.#path}/batchOrders`, { symbol: first.symbol, origClientOrderIdList });
    }
  }

  async #call(method: string, path: string, params: Readonly<Record<string, string>>): Promise<unknown> {
    const { http, venue } = this.#access;
    const timestamp = await this.#timeMs();
    const text = new URLSearchParams({ ...params, recvWindow: String(RECEIVE_WINDOW_MS), timestamp }).toString();
    const url = `${venue.rest}${path}?${text}&signature=${hmac(venue.secret, text)}`;
    const answer = await http.request(method, url, { headers: { 'x-mbx-apikey': venue.apiKey }, timeoutMs: TIMEOUT_MS });
    const value = parseAnswer(answer, venue);
    if (answer.status === 200) return value;
    const code = textOf(value, 'code');
    if (code === UNKNOWN_ORDER) return [];
    throw new VenueRefusal(`status ${answer.status}, ${code} ${textOf(value, 'msg')}`, venue);
  }

  async #timeMs(): Promise<string> {
    const { http, venue } = this.#access;
    const answer = await http.request('GET', `${venue.rest}${this.#path}/time`, { timeoutMs: TIMEOUT_MS });
    const text = textOf(parseAnswer(answer, venue), 'serverTime');
    if (text === '') throw new VenueRefusal(`status ${answer.status}, no server time`, venue);
    return text;
  }
}
