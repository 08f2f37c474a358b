/** Signed GET requests to one venue: the judge's own small client. Only reads, so that whatever fails may be asked again. */
import { EngineError, messageOf } from '../core/numbers/errors.js';
import { parseExactJson } from '../core/numbers/exact-json.js';
import type { Clock, Timers } from '../core/ports/clock.js';
import type { HttpAnswer, HttpClient } from '../core/ports/http.js';
import type { Credentials } from '../core/ports/private-events.js';

export interface RestWorld {
  readonly rest: string;
  readonly credentials: Credentials;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** What differs between venues. */
export interface RestDialect {
  /** The request as it is sent. */
  sign(
    path: string,
    query: string,
    nowMs: number,
    credentials: Credentials,
  ): { readonly url: string; readonly headers: Readonly<Record<string, string>> };
  /** Tells the venue's clock, milliseconds. Asked first, or (`isPatient`: signatures live long) only when one was refused for its time. */
  readonly timePath: string;
  readonly isPatient: boolean;
  timeOf(json: unknown): number;
  /** Null: the answer is good. */
  problemOf(status: number, json: unknown): Problem | null;
}

export interface Problem {
  readonly code: string;
  readonly text: string;
  /** `again`: busy, limited, down. `clock`: our time is off. `no`: it will not change. */
  readonly kind: 'again' | 'clock' | 'no';
}

const TRIES = 8;
const WAIT_FIRST_MS = 250;
const WAIT_MOST_MS = 8_000;
const TIMEOUT_MS = 10_000;

export class SignedRest {
  readonly #world: RestWorld;
  readonly #dialect: RestDialect;
  readonly #venue: string;
  /** Their clock minus ours; measured before the first signed request or when a signature is refused for its time. */
  #offsetMs: number | null = null;

  constructor(venue: string, world: RestWorld, dialect: RestDialect) {
    this.#venue = venue;
    this.#world = world;
    this.#dialect = dialect;
    if (dialect.isPatient) this.#offsetMs = 0;
  }

  /** The venue's time, milliseconds. */
  async nowMs(): Promise<number> {
    this.#offsetMs ??= await this.#measure();
    return Math.floor(this.#world.clock.wallUs() / 1000) + this.#offsetMs;
  }

  async wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => this.#world.timers.after(ms, resolve));
  }

  /** Throws EngineError VENUE_REFUSED with the venue's code when it says no, VENUE_SILENT when it did not answer in several tries. */
  async get(path: string, params: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const query = new URLSearchParams(params).toString().replaceAll('+', '%20');
    let last = '';
    for (let tries = 0; tries < TRIES; tries++) {
      const { url, headers } = this.#dialect.sign(path, query, await this.nowMs(), this.#world.credentials);
      const result = await this.#ask(url, headers);
      if (result.problem === null) return result.json;
      last = this.#redacted(`${result.problem.code} ${result.problem.text}`);
      if (result.problem.kind === 'no')
        throw new EngineError('VENUE_REFUSED', 'give-up', { venue: this.#venue, path, code: result.problem.code, text: last });
      if (result.problem.kind === 'clock') this.#offsetMs = null;
      await this.wait(result.waitMs ?? Math.min(WAIT_FIRST_MS * 2 ** tries, WAIT_MOST_MS));
    }
    throw new EngineError('VENUE_SILENT', 'retry', { venue: this.#venue, path, tries: TRIES, last });
  }

  async #measure(): Promise<number> {
    for (let tries = 0; tries < TRIES; tries++) {
      const before = this.#world.clock.wallUs();
      const { problem, json } = await this.#ask(this.#world.rest + this.#dialect.timePath, {});
      const after = this.#world.clock.wallUs();
      if (problem === null) return Math.round(this.#dialect.timeOf(json) - (before + after) / 2000);
      // A venue that does not tell its time takes ours.
      if (problem.kind === 'no') return 0;
      await this.wait(Math.min(WAIT_FIRST_MS * 2 ** tries, WAIT_MOST_MS));
    }
    throw new EngineError('VENUE_SILENT', 'retry', { venue: this.#venue, path: this.#dialect.timePath, tries: TRIES });
  }

  async #ask(
    url: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ readonly json: unknown; readonly problem: Problem | null; readonly waitMs: number | null }> {
    let answer: HttpAnswer;
    try {
      answer = await this.#world.http.request('GET', url, { headers, timeoutMs: TIMEOUT_MS });
    } catch (error) {
      return { json: null, problem: { code: 'no answer', text: messageOf(error), kind: 'again' }, waitMs: null };
    }
    const waitMs = retryAfterMs(answer);
    let json: unknown;
    try {
      json = parseExactJson(answer.text);
    } catch (error) {
      return { json: null, problem: { code: String(answer.status), text: `no JSON, ${messageOf(error)}`, kind: 'again' }, waitMs };
    }
    if (answer.status >= 500 || answer.status === 429 || answer.status === 418) {
      return { json, problem: { code: String(answer.status), text: answer.text.slice(0, 200), kind: 'again' }, waitMs };
    }
    return { json, problem: this.#dialect.problemOf(answer.status, json), waitMs };
  }

  #redacted(text: string): string {
    const { apiKey, secret, passphrase } = this.#world.credentials;
    let clean = text;
    for (const word of [secret, apiKey, passphrase ?? '']) if (word !== '') clean = clean.replaceAll(word, '***');
    return clean;
  }
}

/** Seconds, as all venues write it. */
function retryAfterMs(answer: HttpAnswer): number | null {
  const seconds = Number(answer.headers['retry-after'] ?? 'none');
  return Number.isFinite(seconds) && seconds >= 0 ? Math.max(seconds * 1000, WAIT_FIRST_MS) : null;
}
