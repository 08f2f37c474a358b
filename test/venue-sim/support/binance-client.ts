/** Signed requests to one simulated Binance venue without sockets, as its documents describe them. Time is the market's. */
import { createHmac } from 'node:crypto';
import type { HttpReply } from '../../../src/core/ports/http.js';
import { credentialsOf } from '../../../src/venue-sim/exchange/accounts.js';
import type { VenueId } from '../../../src/venue-sim/market/spec.js';
import { TestVenue } from './venue-client.js';

export type Json = Record<string, unknown>;
export interface Answer extends HttpReply {
  readonly json: unknown;
}

const SEED = 7;

export class BinanceClient {
  readonly venue: TestVenue;
  readonly apiKey: string;
  readonly secret: string;

  constructor(venue: TestVenue, name: 'test' | 'spare' = 'test') {
    this.venue = venue;
    const { apiKey, secret } = credentialsOf(SEED, venue.venue.id, name);
    this.apiKey = apiKey;
    this.secret = secret;
  }

  static at(id: VenueId): BinanceClient {
    const client = new BinanceClient(new TestVenue(id, SEED));
    client.venue.run(0.1);
    return client;
  }

  nowMs(): number {
    return Math.floor(this.venue.world.nowUs / 1_000);
  }

  sign(text: string): string {
    return createHmac('sha256', this.secret).update(text).digest('hex');
  }

  /** As most clients do it: everything in the query for GET and DELETE, a form for the rest. */
  call(method: string, path: string, params: Readonly<Record<string, string | number | boolean>> = {}): Answer {
    const text = new URLSearchParams({
      ...Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)])),
      timestamp: String(this.nowMs()),
    }).toString();
    const signed = `${text}&signature=${this.sign(text)}`;
    const isQuery = method === 'GET' || method === 'DELETE';
    return this.send(method, path, isQuery ? signed : '', isQuery ? '' : signed);
  }

  send(
    method: string,
    path: string,
    query: string,
    body: string,
    headers: Record<string, string> = { 'x-mbx-apikey': this.apiKey },
  ): Answer {
    let reply: HttpReply | undefined;
    const request = { method, path, query, headers, body: new TextEncoder().encode(body), remoteAddress: '127.0.0.1' };
    this.venue.handlers.onRequest(request, (answer) => (reply = answer));
    if (reply === undefined) throw new Error(`no answer to ${method} ${path}`);
    const text = String(reply.body);
    return { ...reply, json: /^[[{]/.test(text) ? JSON.parse(text) : undefined };
  }

  /** The answer's object; throws with the venue's words when it was refused. */
  ok(method: string, path: string, params: Readonly<Record<string, string | number | boolean>> = {}): Json {
    const answer = this.call(method, path, params);
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${String(answer.body)}`);
    return answer.json as Json;
  }

  list(method: string, path: string, params: Readonly<Record<string, string | number | boolean>> = {}): Json[] {
    return this.ok(method, path, params) as unknown as Json[];
  }

  /** `[status, code, text]` of a refusal. */
  refusal(
    method: string,
    path: string,
    params: Readonly<Record<string, string | number | boolean>> = {},
  ): readonly [number, unknown, unknown] {
    const { status, json } = this.call(method, path, params);
    const { code, msg } = json as { readonly code: unknown; readonly msg: unknown };
    return [status, code, msg];
  }
}
