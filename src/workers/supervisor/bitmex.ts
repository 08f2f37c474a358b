/** Open orders of a BitMEX account, for the supervisor: signed by HMAC over verb, path, expiry and body. The venue has no clock to ask: ours must do. */
import {
  hmac,
  parseAnswer,
  RateLimited,
  retryAfterMs,
  rowsOf,
  textOf,
  TIMEOUT_MS,
  VenueRefusal,
  type OpenOrder,
  type VenueAccess,
  type VenueOrders,
} from './venue-orders.js';

/** How long a request stays valid: clocks may differ, and market time may run faster than the wall. */
const VALID_SECONDS = 600;
const MOST_ROWS = 500;

export class BitmexOrders implements VenueOrders {
  readonly batch = 20;
  readonly #access: VenueAccess;

  constructor(access: VenueAccess) {
    this.#access = access;
  }

  async open(): Promise<OpenOrder[]> {
    const query = new URLSearchParams({ filter: '{"open":true}', count: String(MOST_ROWS), reverse: 'true' }).toString();
    const rows = rowsOf(await this.#call('GET', `/api/v1/order?${query}`, ''), this.#access.venue);
    return rows.map((row) => ({ clientId: textOf(row, 'clOrdID'), symbol: textOf(row, 'symbol'), market: '' }));
  }

  async cancel(orders: readonly OpenOrder[]): Promise<void> {
    await this.#call('DELETE', '/api/v1/order', JSON.stringify({ clOrdID: orders.map((order) => order.clientId) }));
  }

  async #call(method: string, target: string, body: string): Promise<unknown> {
    const { http, venue } = this.#access;
    const expires = String(Math.floor(this.#access.nowMs() / 1000) + VALID_SECONDS);
    const answer = await http.request(method, `${venue.rest}${target}`, {
      timeoutMs: TIMEOUT_MS,
      headers: {
        'content-type': 'application/json',
        'api-key': venue.apiKey,
        'api-expires': expires,
        'api-signature': hmac(venue.secret, `${method}${target}${expires}${body}`),
      },
      ...(body === '' ? {} : { body }),
    });
    const value = parseAnswer(answer, venue);
    if (answer.status === 200) return value;
    const error = typeof value === 'object' && value !== null && 'error' in value ? value.error : value;
    const said = `status ${answer.status}, ${textOf(error, 'message')}`;
    if (answer.status === 429) throw new RateLimited(said, venue, retryAfterMs(answer));
    throw new VenueRefusal(said, venue);
  }
}
