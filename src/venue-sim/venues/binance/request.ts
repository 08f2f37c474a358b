/**
 * What a signed Binance request says: its parameters in the order they came, the exact text its signature is over, and checks that answer in the venue's
 * words. REST joins query and form body without a character between them (document "Request security", 2026-11); the request socket signs its parameters
 * sorted by name. Called for each request by the trading half.
 */
import type { HttpRequest } from '../../../core/ports/http.js';
import { refusals } from './refusal.js';

const INTEGER = '^[0-9]{1,20}$';
const DECIMAL = '^([0-9]{1,20})(\\.[0-9]{1,20})?$';
const CLIENT_ID = '^[\\.A-Z\\:/a-z0-9_-]{1,36}$';
const DECIMAL_TEXT = new RegExp(DECIMAL);
const CLIENT_ID_TEXT = new RegExp(CLIENT_ID);

/** A decimal as it was sent: `units` of 10^-decimals, without zeros at the end. */
export interface SentDecimal {
  readonly units: bigint;
  readonly decimals: number;
}

export class BinanceParams {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  get names(): Iterable<string> {
    return this.#values.keys();
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  raw(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** Absent is undefined; present and empty is refused. */
  optional(name: string): string | undefined {
    const value = this.#values.get(name);
    if (value === '') throw refusals.empty(name);
    return value;
  }

  text(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined || value === '') throw refusals.missing(name);
    return value;
  }

  optionalInteger(name: string): number | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    if (!/^[0-9]{1,20}$/.test(value)) throw refusals.illegal(name, INTEGER);
    return Number(value);
  }

  integer(name: string): number {
    this.text(name);
    return this.optionalInteger(name) ?? 0;
  }

  optionalDecimal(name: string): SentDecimal | undefined {
    const value = this.optional(name);
    return value === undefined ? undefined : sentDecimal(name, value);
  }

  decimal(name: string): SentDecimal {
    return sentDecimal(name, this.text(name));
  }

  optionalBoolean(name: string): boolean | undefined {
    const value = this.optional(name)?.toLowerCase();
    if (value === undefined) return undefined;
    if (value !== 'true' && value !== 'false') throw refusals.badData(name);
    return value === 'true';
  }

  optionalClientId(name: string): string | undefined {
    const value = this.optional(name);
    if (value !== undefined && !CLIENT_ID_TEXT.test(value)) throw refusals.illegal(name, CLIENT_ID);
    return value;
  }

  /** An upper-case word out of a list; undefined when absent. */
  optionalWord<Word extends string>(
    name: string,
    words: readonly Word[],
    refuse: () => Error = () => refusals.badData(name),
  ): Word | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) throw refuse();
    return word;
  }

  word<Word extends string>(name: string, words: readonly Word[], refuse?: () => Error): Word {
    this.text(name);
    const word = this.optionalWord(name, words, refuse);
    if (word === undefined) throw refusals.missing(name);
    return word;
  }

  /** From 1 to `most`; more than the venue gives is cut to what it gives. */
  limit(standard: number, most: number): number {
    return Math.max(1, Math.min(most, this.optionalInteger('limit') ?? standard));
  }
}

function sentDecimal(name: string, value: string): SentDecimal {
  if (!DECIMAL_TEXT.test(value)) throw refusals.illegal(name, DECIMAL);
  const [whole = '0', rest = ''] = value.split('.');
  const fraction = rest.replace(/0+$/, '');
  return { units: BigInt(whole + fraction), decimals: fraction.length };
}

export interface SignedText {
  readonly params: BinanceParams;
  /** What the signature must be over. */
  readonly payload: string;
  /** Undefined when none was sent. */
  readonly signature: string | undefined;
}

/** A parameter sent in both query and body counts as the query has it. */
export function readRestRequest(request: HttpRequest): SignedText {
  const body = request.body.length === 0 ? '' : new TextDecoder().decode(request.body);
  const values = new Map<string, string>();
  let signature: string | undefined;
  const stripped = [request.query, body].map((text) => {
    const kept: string[] = [];
    const here = new Set<string>();
    for (const pair of text.split('&')) {
      if (pair === '') continue;
      const [[name, value] = ['', '']] = [...new URLSearchParams(pair)];
      if (here.has(name)) throw refusals.duplicate();
      here.add(name);
      if (name === 'signature') {
        signature ??= value;
        continue;
      }
      kept.push(pair);
      if (!values.has(name)) values.set(name, value);
    }
    return kept.join('&');
  });
  return { params: new BinanceParams(values), payload: stripped.join(''), signature };
}

/** Parameters of a request socket's message, signed as `name=value` pairs sorted by name. */
export function readSocketParams(sent: unknown): SignedText {
  const values = new Map<string, string>();
  let signature: string | undefined;
  if (typeof sent === 'object' && sent !== null && !Array.isArray(sent)) {
    for (const [name, value] of Object.entries(sent)) {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      if (name === 'signature') signature = text;
      else values.set(name, text);
    }
  }
  const payload = [...values.keys()]
    .toSorted()
    .map((name) => `${name}=${values.get(name) ?? ''}`)
    .join('&');
  return { params: new BinanceParams(values), payload, signature };
}

/** The object or list that a parameter carries as JSON text. */
export function jsonOf(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw refusals.illegal(name, 'JSON');
    throw error;
  }
}
