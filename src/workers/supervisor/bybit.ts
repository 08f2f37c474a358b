/** Open orders of a Bybit account in all categories, for the supervisor: v5 REST, signed by HMAC at the venue's own time. */
import {
  hmac,
  Late,
  parseAnswer,
  RateLimited,
  rowsOf,
  textOf,
  TIMEOUT_MS,
  VenueRefusal,
  VenueTime,
  type OpenOrder,
  type VenueAccess,
  type VenueOrders,
} from './venue-orders.js';

const RECEIVE_WINDOW_MS = '5000';
const LATE = '10002';
const LIMITS: readonly string[] = ['10006', '10018', '10429'];
const PAGE = 50;
/** Pages of one list: far more than the venue lets an account have open. */
const PAGES_MOST = 40;
/** Linear orders are listed by the coin that they settle in. */
const LISTS: readonly Readonly<Record<string, string>>[] = [
  { category: 'linear', settleCoin: 'USDT' },
  { category: 'linear', settleCoin: 'USDC' },
  { category: 'inverse' },
  { category: 'spot' },
];

export class BybitOrders implements VenueOrders {
  readonly batch = 10;
  readonly #access: VenueAccess;
  readonly #time: VenueTime;

  constructor(access: VenueAccess) {
    this.#access = access;
    this.#time = new VenueTime(access, () => this.#askTime());
  }

  async open(): Promise<OpenOrder[]> {
    const orders: OpenOrder[] = [];
    for (const list of LISTS) {
      let cursor = '';
      for (let page = 0; page < PAGES_MOST; page++) {
        const query = new URLSearchParams({ ...list, limit: String(PAGE), ...(cursor === '' ? {} : { cursor }) }).toString();
        const result = await this.#call('GET', `/v5/order/realtime?${query}`, query, '');
        const rows = rowsOf(partOf(result, 'list'), this.#access.venue);
        const market = list['category'] ?? '';
        orders.push(...rows.map((row) => ({ clientId: textOf(row, 'orderLinkId'), symbol: textOf(row, 'symbol'), market })));
        cursor = textOf(result, 'nextPageCursor');
        if (rows.length < PAGE || cursor === '') break;
      }
    }
    return orders;
  }

  async cancel(orders: readonly OpenOrder[]): Promise<void> {
    const request = orders.map(({ symbol, clientId }) => ({ symbol, orderLinkId: clientId }));
    const body = JSON.stringify({ category: orders[0]?.market, request });
    await this.#call('POST', '/v5/order/cancel-batch', body, body);
  }

  #call(method: string, target: string, payload: string, body: string): Promise<unknown> {
    return this.#time.signed((timestamp) => this.#send(method, target, body, timestamp, payload));
  }

  async #send(method: string, target: string, body: string, timestamp: string, payload: string): Promise<unknown> {
    const { http, venue } = this.#access;
    const answer = await http.request(method, `${venue.rest}${target}`, {
      timeoutMs: TIMEOUT_MS,
      headers: {
        'content-type': 'application/json',
        'x-bapi-api-key': venue.apiKey,
        'x-bapi-timestamp': timestamp,
        'x-bapi-recv-window': RECEIVE_WINDOW_MS,
        'x-bapi-sign': hmac(venue.secret, `${timestamp}${venue.apiKey}${RECEIVE_WINDOW_MS}${payload}`),
      },
      ...(body === '' ? {} : { body }),
    });
    const value = parseAnswer(answer, venue);
    const code = textOf(value, 'retCode');
    if (code === '0') return partOf(value, 'result');
    const said = `status ${answer.status}, ${code} ${textOf(value, 'retMsg')}`;
    if (code === LATE) throw new Late(said, venue);
    if (LIMITS.includes(code)) {
      const resetMs = Number(answer.headers['x-bapi-limit-reset-timestamp'] ?? 'none');
      throw new RateLimited(said, venue, resetMs - (await this.#time.nowMs()));
    }
    throw new VenueRefusal(said, venue);
  }

  async #askTime(): Promise<number> {
    const { http, venue } = this.#access;
    const answer = await http.request('GET', `${venue.rest}/v5/market/time`, { timeoutMs: TIMEOUT_MS });
    const text = textOf(parseAnswer(answer, venue), 'time');
    if (text === '') throw new VenueRefusal(`status ${answer.status}, no server time`, venue);
    return Number(text);
  }
}

function partOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
