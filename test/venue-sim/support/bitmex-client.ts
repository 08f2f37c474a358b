/** Signed requests to the simulated BitMEX without sockets, as its documents describe them. Time is the market's. */
import { createHmac } from 'node:crypto';
import type { HttpReply } from '../../../src/core/ports/http.js';
import { credentialsOf } from '../../../src/venue-sim/exchange/accounts.js';
import { TestVenue, VenueClient } from './venue-client.js';

export type Row = Record<string, unknown>;
export interface BitmexAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json: unknown;
}

const SEED = 7;

export class BitmexClient {
  readonly venue: TestVenue;
  apiKey: string;
  secret: string;

  constructor(venue: TestVenue = new TestVenue('bitmex', SEED), name: 'test' | 'spare' = 'test') {
    this.venue = venue;
    const { apiKey, secret } = credentialsOf(SEED, 'bitmex', name);
    this.apiKey = apiKey;
    this.secret = secret;
  }

  nowSeconds(): number {
    return Math.floor(this.venue.world.nowUs / 1e6);
  }

  sign(text: string): string {
    return createHmac('sha256', this.secret).update(text).digest('hex');
  }

  headers(method: string, target: string, body: string, expires = this.nowSeconds() + 5): Record<string, string> {
    return {
      'content-type': 'application/json',
      'api-key': this.apiKey,
      'api-expires': String(expires),
      'api-signature': this.sign(`${method}/api/v1/${target}${expires}${body}`),
    };
  }

  call(method: string, target: string, body?: Row): BitmexAnswer {
    const text = body === undefined ? '' : JSON.stringify(body);
    return this.send(method, target, text, this.headers(method, target, text));
  }

  get(target: string): BitmexAnswer {
    return this.call('GET', target);
  }

  send(method: string, target: string, body: string, headers: Record<string, string>): BitmexAnswer {
    const [path = '', query = ''] = target.split('?');
    let reply: HttpReply | undefined;
    const request = { method, path: `/api/v1/${path}`, query, headers, body: new TextEncoder().encode(body), remoteAddress: '127.0.0.1' };
    this.venue.handlers.onRequest(request, (answer) => (reply = answer));
    if (reply === undefined) throw new Error(`no answer to ${method} ${target}`);
    return { status: reply.status, headers: reply.headers ?? {}, json: JSON.parse(String(reply.body)) };
  }

  /** Logged in; what was answered is thrown away. */
  socket(...topics: string[]): VenueClient {
    const socket = this.venue.open('/realtime');
    const expires = this.nowSeconds() + 5;
    socket.send({ op: 'authKeyExpires', args: [this.apiKey, expires, this.sign(`GET/realtime${expires}`)] });
    if (topics.length > 0) socket.send({ op: 'subscribe', args: topics });
    socket.take();
    return socket;
  }
}

export function rowsOf(answer: BitmexAnswer): Row[] {
  return answer.json as Row[];
}

/** Rows of one table and action among messages. */
export function dataOf(messages: readonly Row[], table: string, action?: string): Row[] {
  const wanted = messages.filter((message) => message['table'] === table && (action === undefined || message['action'] === action));
  return wanted.flatMap((message) => message['data'] as Row[]);
}
