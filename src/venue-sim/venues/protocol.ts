/** What the `venues` process needs of a simulated venue: its handlers for one listener, a turn after each step of the world, and what it counted. */
import type { HttpReply, HttpRequest, HttpServerHandlers } from '../../core/ports/http.js';
import type { Exchange, FaultGate, FaultRefusal, Operation } from '../exchange/contract.js';
import type { FlowRandom } from '../flow/random.js';
import { MONTH_MS } from '../market/intervals.js';
import type { Market } from '../market/market.js';
import type { VenueId } from '../market/spec.js';

/** Counted for the admin address: what clients asked for and did not get is the list of what to build next. */
export class VenueCounters {
  requests = 0;
  socketsOpened = 0;
  socketsOpen = 0;
  messagesOut = 0;
  messagesIn = 0;
  /** Sockets cut because they read too slowly. */
  slowClients = 0;
  badMessages = 0;
  readonly unknownPaths = new Map<string, number>();
  readonly unknownTopics = new Map<string, number>();

  unknownPath(path: string): void {
    count(this.unknownPaths, path);
  }

  unknownTopic(topic: string): void {
    count(this.unknownTopics, topic);
  }
}

/** Names come from clients: the tables stay small whatever they send. */
const MOST_NAMES = 200;
const MOST_NAME_LENGTH = 200;

function count(table: Map<string, number>, name: string): void {
  const key = table.has(name) || table.size < MOST_NAMES ? name.slice(0, MOST_NAME_LENGTH) : '(others)';
  table.set(key, (table.get(key) ?? 0) + 1);
}

export interface VenueContext {
  readonly id: VenueId;
  readonly markets: readonly Market[];
  /** The venue's wall clock, microseconds: market time plus the clock skew of a scripted fault. */
  nowUs(): number;
  /** For connection ids and the like; never for prices. */
  readonly random: FlowRandom;
  readonly counters: VenueCounters;
  /** Accounts, orders, money: what the trading half stands on. */
  readonly exchange: Exchange;
  /** Where scripted faults act on socket requests, private messages and batch items. */
  readonly faults: FaultGate;
}

export interface VenueProtocol {
  readonly id: VenueId;
  readonly handlers: HttpServerHandlers;
  readonly counters: VenueCounters;
  /** After each step of the world: sends what is due to everybody who asked for it. */
  publish(nowUs: number): void;
  /** What a request is about, before it is handled; scripted faults choose by it. Absent: by method, path and the parameter `symbol` only. */
  operationOf?(request: HttpRequest): Operation | null;
  /** A refusal that a scripted fault asks for, in the venue's shape. Absent: a plain one. */
  faultReply?(refusal: FaultRefusal, request: HttpRequest): HttpReply;
}

export function jsonReply(status: number, body: string, headers: Readonly<Record<string, string>> = {}): HttpReply {
  return { status, headers: { 'content-type': 'application/json;charset=UTF-8', ...headers }, body };
}

/** Query and form body together; a JSON object body counts as parameters too. The first of equal names wins. */
export function paramsOf(request: HttpRequest): Map<string, string> {
  const params = new Map<string, string>();
  const add = (name: string, value: string): void => {
    if (!params.has(name)) params.set(name, value);
  };
  for (const [name, value] of new URLSearchParams(request.query)) add(name, value);
  if (request.body.length === 0) return params;
  const text = new TextDecoder().decode(request.body);
  if (!(request.headers['content-type'] ?? '').includes('json')) {
    for (const [name, value] of new URLSearchParams(text)) add(name, value);
    return params;
  }
  for (const [name, value] of Object.entries(objectOf(text) ?? {})) add(name, typeof value === 'string' ? value : JSON.stringify(value));
  return params;
}

/** The object a JSON text holds; null for anything else. */
export function objectOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Interval names to milliseconds, as most venues write them. */
export const INTERVALS_MS: Readonly<Record<string, number>> = {
  '1m': 60_000,
  '3m': 180_000,
  '5m': 300_000,
  '15m': 900_000,
  '30m': 1_800_000,
  '1h': 3_600_000,
  '2h': 7_200_000,
  '4h': 14_400_000,
  '6h': 21_600_000,
  '8h': 28_800_000,
  '12h': 43_200_000,
  '1d': 86_400_000,
  '3d': 259_200_000,
  '1w': 604_800_000,
  '1M': MONTH_MS,
};
