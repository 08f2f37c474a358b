/** Signed requests to the simulated Bybit without sockets, as its documents describe them. Time is the market's. */
import { createHmac } from 'node:crypto';
import type { HttpReply } from '../../../src/core/ports/http.js';
import { credentialsOf } from '../../../src/venue-sim/exchange/accounts.js';
import { TestVenue, type VenueClient } from './venue-client.js';

export type Json = Record<string, unknown>;
export interface BybitAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly retCode: number;
  readonly retMsg: string;
  readonly result: Json;
  readonly retExtInfo: Json;
}

const SEED = 7;

export class BybitClient {
  readonly venue: TestVenue;
  apiKey: string;
  secret: string;

  constructor(venue: TestVenue = new TestVenue('bybit', SEED), name: 'test' | 'spare' = 'test') {
    this.venue = venue;
    const { apiKey, secret } = credentialsOf(SEED, 'bybit', name);
    this.apiKey = apiKey;
    this.secret = secret;
  }

  nowMs(): number {
    return Math.floor(this.venue.world.nowUs / 1_000);
  }

  sign(text: string): string {
    return createHmac('sha256', this.secret).update(text).digest('hex');
  }

  get(path: string, query: Readonly<Record<string, string>> = {}): BybitAnswer {
    const text = new URLSearchParams(query).toString();
    return this.send('GET', path, text, '', this.headers(text));
  }

  post(path: string, body: Json): BybitAnswer {
    const text = JSON.stringify(body);
    return this.send('POST', path, '', text, this.headers(text));
  }

  headers(payload: string, timestamp = String(this.nowMs())): Record<string, string> {
    return {
      'x-bapi-api-key': this.apiKey,
      'x-bapi-timestamp': timestamp,
      'x-bapi-recv-window': '5000',
      'x-bapi-sign': this.sign(`${timestamp}${this.apiKey}5000${payload}`),
    };
  }

  send(method: string, path: string, query: string, body: string, headers: Record<string, string>): BybitAnswer {
    let reply: HttpReply | undefined;
    const request = { method, path: `/v5/${path}`, query, headers, body: new TextEncoder().encode(body), remoteAddress: '127.0.0.1' };
    this.venue.handlers.onRequest(request, (answer) => (reply = answer));
    if (reply === undefined) throw new Error(`no answer to ${method} ${path}`);
    const text = String(reply.body);
    const parsed = text.startsWith('{') ? (JSON.parse(text) as Omit<BybitAnswer, 'status' | 'headers'>) : undefined;
    return { status: reply.status, headers: reply.headers ?? {}, retCode: 0, retMsg: text, result: {}, retExtInfo: {}, ...parsed };
  }

  /** Logged in on the private or the trade socket; what was answered is thrown away. */
  socket(path: '/v5/private' | '/v5/trade', ...topics: string[]): VenueClient {
    const socket = this.venue.open(path);
    const expires = this.nowMs() + 10_000;
    socket.send({ op: 'auth', args: [this.apiKey, expires, this.sign(`GET/realtime${expires}`)] });
    if (topics.length > 0) socket.send({ op: 'subscribe', args: topics });
    socket.take();
    return socket;
  }
}

export function rowsOf(answer: BybitAnswer): Json[] {
  return answer.result['list'] as Json[];
}

/** Rows of one topic among messages. */
export function dataOf(messages: readonly Json[], topic: string): Json[] {
  return messages.filter((message) => message['topic'] === topic).flatMap((message) => message['data'] as Json[]);
}

/** A limit order far below the market. */
export function far(category: string, more: Json = {}): Json {
  const symbol = category === 'inverse' ? 'BTCUSD' : 'BTCUSDT';
  return { category, symbol, side: 'Buy', orderType: 'Limit', qty: category === 'inverse' ? '100' : '0.01', price: '60000', ...more };
}

export function crossing(category: string, more: Json = {}): Json {
  return { ...far(category), orderType: 'Market', price: undefined, marketUnit: 'baseCoin', ...more };
}
