/**
 * One ccxt instance for one account: ccxt builds, signs and reads; time, addresses and transport are ours. Between a call here and the bytes in the socket
 * nothing is awaited, so the halt word is read after everything else. Used by dialects and `prepareCcxt`, on the gateway's event-loop lane.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { parseExactJson } from '../../../core/numbers/exact-json.js';
import { EngineError, messageOf } from '../../../core/numbers/errors.js';
import { Reason, reasonName } from '../../../core/orders/reasons.js';
import type { HttpAnswer, HttpClient } from '../../../core/ports/http.js';
import type { Credentials } from '../../../core/ports/private-events.js';
import type { CallTag } from './budget.js';
import { exchangeIdOf, type ExchangeClass, type ExchangeInstance } from './exchange-class.js';
import { redactorOf, type Redact } from './redact.js';
import { MalformedAnswer } from './rows.js';
import { refusedBy, UNKNOWN, verdictOfFailure, wordsOf, type Family, type Verdict } from './verdict.js';

/** The most that Binance takes. */
const LONG_WINDOW_MS = 60_000;
/**
 * Requests to simulated venues are signed for a little earlier. Their clock stands still while their process waits for the processor, at speed 20 for seconds of
 * market time, and venues refuse what is a second ahead of them; what is behind they take as long as the window lasts.
 */
const SIMULATED_BACK_MS = 20_000;

/** What happens around a request; all of it on the gateway's lane. */
export interface ExchangeHooks {
  /** Read last before the send: why it must not leave, Reason.NONE when it may. */
  permit(tag: CallTag): number;
  onSent(flight: Flight): void;
  onAnswer(flight: Flight, answer: HttpAnswer): void;
  onFailure(flight: Flight, verdict: Verdict): void;
}

/** One request from the call to its answer. */
export class Flight {
  status = 0;
  text = '';
  headers: Readonly<Record<string, string>> = {};
  wasNeverSent = false;
  refusal: number = Reason.NONE;

  constructor(
    readonly tag: CallTag,
    /** When the oldest request in it was decided; 0 = not an order of ours. */
    readonly decidedUs: number,
  ) {}
}

/** A call that did not succeed, with what that means for the order; its message has no secrets. */
export class VenueError extends Error {
  constructor(
    readonly verdict: Verdict,
    message: string,
    readonly flight: Flight | null,
  ) {
    super(message);
    this.name = 'VenueError';
  }
}

export interface ExchangeSettings {
  readonly venue: string;
  readonly exchangeClass: ExchangeClass;
  readonly credentials: Credentials | null;
  /** Base address in place of the venue's own hosts, without a path; null = the real ones. */
  readonly address: string | null;
  readonly http: HttpClient;
  readonly timeoutMs: number;
  /** Our market time, in microseconds since 1970. */
  readonly wallUs: () => number;
  readonly hooks: ExchangeHooks;
}

export class Exchange {
  readonly family: Family;
  readonly redact: Redact;
  readonly instance: ExchangeInstance;
  /** Venue's clock minus ours, added to every time that ccxt signs. */
  skewMs = 0;
  readonly #settings: ExchangeSettings;
  /** Set while a call is made, so that the request it causes is known as its own; classes that await first are followed by the storage. */
  #flight: Flight | null = null;
  #storage: AsyncLocalStorage<Flight> | null = null;

  constructor(settings: ExchangeSettings) {
    const { venue, credentials, address, wallUs } = settings;
    this.#settings = settings;
    this.family = venue.startsWith('binance') ? 'binance' : venue === 'bybit' ? 'bybit' : venue === 'bitmex' ? 'bitmex' : 'other';
    this.redact = redactorOf(credentials);
    const instance = new settings.exchangeClass({
      enableRateLimit: false,
      apiKey: credentials?.apiKey ?? '',
      secret: credentials?.secret ?? '',
      password: credentials?.passphrase ?? '',
    });
    const backMs = address === null ? 0 : SIMULATED_BACK_MS;
    const milliseconds = (): number => Math.floor(wallUs() / 1_000) + this.skewMs - backMs;
    instance.milliseconds = milliseconds;
    instance.seconds = () => Math.floor(milliseconds() / 1_000);
    instance.microseconds = () => milliseconds() * 1_000;
    // Numbers stay what the venue wrote: ids beyond 2^53 and long decimals would lose digits.
    if (this.family !== 'other') instance.parseJson = exactJson;
    instance.fetch = (url, method, headers, body) => this.#fetch(url, method, headers, body);
    // BitMEX tells no time to measure ourselves by; simulated time may run so fast that seconds of it pass on a busy machine between signature and check.
    if (this.family === 'bitmex' || address !== null) instance.options['recvWindow'] = LONG_WINDOW_MS;
    // It takes any.
    if (this.family === 'bitmex' && address !== null) instance.options['recvWindow'] = 10 * LONG_WINDOW_MS;
    if (address !== null) instance.urls.api = atAddress(instance.urls.api, address);
    this.instance = instance;
  }

  get exchangeId(): string {
    return exchangeIdOf(this.#settings.venue);
  }

  /** One endpoint method of ccxt (`privatePostV5OrderCreate`). Rejects with VenueError only. */
  call(method: string, params: Readonly<Record<string, unknown>>, tag: CallTag, decidedUs = 0): Promise<unknown> {
    const endpoint: unknown = Reflect.get(this.instance, method);
    if (typeof endpoint !== 'function') {
      const text = `ccxt class ${this.exchangeId} has no ${method}`;
      return Promise.reject(new VenueError(refusedBy(Reason.VENUE_REJECTED), text, null));
    }
    // ccxt writes into the parameters it is given.
    return this.run(() => endpoint.call(this.instance, { ...params }) as Promise<unknown>, tag, decidedUs);
  }

  /** Any use of the instance that makes one request. */
  async run(use: () => Promise<unknown>, tag: CallTag, decidedUs = 0): Promise<unknown> {
    const flight = new Flight(tag, decidedUs);
    this.#flight = flight;
    let pending: Promise<unknown>;
    try {
      pending = this.#storage === null ? use() : this.#storage.run(flight, use);
    } catch (error) {
      throw this.#failed(error, flight);
    } finally {
      this.#flight = null;
    }
    try {
      return await pending;
    } catch (error) {
      throw this.#failed(error, flight);
    }
  }

  /** For classes whose unified methods await before they send. Costs a little on every promise of the thread, so it is off unless asked for. */
  followCalls(): void {
    this.#storage ??= new AsyncLocalStorage<Flight>();
  }

  /** A dialect could not make sense of an answer, or anything else went wrong after the send. */
  asVenueError(error: unknown): VenueError {
    return error instanceof VenueError ? error : this.#failed(error, null);
  }

  async #fetch(url: string, method: string, headers: unknown, body: unknown): Promise<unknown> {
    const { hooks, http, timeoutMs } = this.#settings;
    const flight = this.#flight ?? this.#storage?.getStore() ?? new Flight(READ, 0);
    const refusal = hooks.permit(flight.tag);
    if (refusal !== Reason.NONE) {
      flight.refusal = refusal;
      throw new Error(`not sent: ${reasonName(refusal)}`);
    }
    const pending = http.request(method, url, {
      headers: { ...(headers as Record<string, string> | undefined) },
      timeoutMs,
      ...(typeof body === 'string' ? { body } : {}),
    });
    hooks.onSent(flight);
    let answer: HttpAnswer;
    try {
      answer = await pending;
    } catch (error) {
      flight.wasNeverSent = error instanceof EngineError && error.recovery === 'retry' && method !== 'GET';
      throw error;
    }
    flight.status = answer.status;
    flight.text = answer.text;
    flight.headers = answer.headers;
    hooks.onAnswer(flight, answer);
    const response = { status: answer.status, statusText: '', headers: answer.headers, text: () => Promise.resolve(answer.text) };
    return this.instance.handleRestResponse(response, url, method, headers, body);
  }

  #failed(error: unknown, flight: Flight | null): VenueError {
    const { hooks } = this.#settings;
    const message = this.redact(messageOf(error)).slice(0, 500);
    let verdict: Verdict;
    if (flight === null || error instanceof MalformedAnswer) verdict = UNKNOWN;
    else if (flight.refusal !== Reason.NONE) verdict = refusedBy(flight.refusal);
    else {
      const { code, text } = wordsOf(this.family, flight.text);
      const { status, wasNeverSent } = flight;
      verdict = verdictOfFailure(this.family, { status, code, text, classes: classesOf(error), wasNeverSent });
    }
    if (flight !== null) hooks.onFailure(flight, verdict);
    return new VenueError(verdict, message, flight);
  }
}

const READ: CallTag = { kind: 'read', items: 0, weight: 1, group: '' };

/** The venue's paths at another host: `https://api.binance.com/api/v3` becomes `http://127.0.0.1:1/api/v3`. */
function atAddress(api: unknown, address: string): unknown {
  if (typeof api === 'string') return address.replace(/\/$/, '') + api.replace(/^[a-z]+:\/\/[^/]*/, '');
  if (typeof api !== 'object' || api === null) return api;
  return Object.fromEntries(Object.entries(api).map(([name, value]) => [name, atAddress(value, address)]));
}

/** As ccxt's own: undefined for what is no JSON object or list. */
function exactJson(text: string): unknown {
  if (!/^[{[]/.test(text)) return undefined;
  try {
    return parseExactJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function classesOf(error: unknown): string[] {
  const names: string[] = [];
  for (let type: unknown = Object(error).constructor; typeof type === 'function'; type = Object.getPrototypeOf(type)) {
    if (type.name === '' || type.name === 'Error') break;
    names.push(type.name);
  }
  return names;
}
