/** Open orders of a Binance account, spot, USD-M or COIN-M, for the supervisor: signed by HMAC over the query, at the venue's own time. */
import {
  hmac,
  Late,
  parseAnswer,
  RateLimited,
  retryAfterMs,
  rowsOf,
  textOf,
  TIMEOUT_MS,
  VenueRefusal,
  VenueTime,
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
const LATE = '-1021';

export class BinanceOrders implements VenueOrders {
  readonly batch: number;
  readonly #access: VenueAccess;
  readonly #time: VenueTime;
  readonly #path: string;

  constructor(access: VenueAccess) {
    this.#access = access;
    this.#time = new VenueTime(access, () => this.#askTime());
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

  #call(method: string, path: string, params: Readonly<Record<string, string>>): Promise<unknown> {
    return this.#time.signed((timestamp) => this.#send(method, path, { ...params, recvWindow: String(RECEIVE_WINDOW_MS), timestamp }));
  }

  async #send(method: string, path: string, params: Readonly<Record<string, string>>): Promise<unknown> {
    const { http, venue } = this.#access;
    const text = new URLSearchParams(params).toString();
    const url = `${venue.rest}${path}?${text}&signature=${hmac(venue.secret, text)}`;
    const answer = await http.request(method, url, { headers: { 'x-mbx-apikey': venue.apiKey }, timeoutMs: TIMEOUT_MS });
    const value = parseAnswer(answer, venue);
    if (answer.status === 200) return value;
    const code = textOf(value, 'code');
    if (code === UNKNOWN_ORDER) return [];
    const said = `status ${answer.status}, ${code} ${textOf(value, 'msg')}`;
    if (code === LATE) throw new Late(said, venue);
    if (answer.status === 429 || answer.status === 418) throw new RateLimited(said, venue, retryAfterMs(answer));
    throw new VenueRefusal(said, venue);
  }

  async #askTime(): Promise<number> {
    const { http, venue } = this.#access;
    const answer = await http.request('GET', `${venue.rest}${this.#path}/time`, { timeoutMs: TIMEOUT_MS });
    const text = textOf(parseAnswer(answer, venue), 'serverTime');
    if (text === '') throw new VenueRefusal(`status ${answer.status}, no server time`, venue);
    return Number(text);
  }
}
