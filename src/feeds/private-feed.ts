/**
 * One venue's private stream: orders, fills, balances, positions and funding of our account, told to a sink as they come. Made by a host beside the gateway that
 * listens, on the same event-loop lane; sockets and timers drive it. Its connection is a `Line`; what is said on it is the venue's `PrivateStream`.
 *
 * It is up when the venue has proved that we are authenticated and subscribed, and down the moment that anything casts doubt on it: a silent line, a refusal, an
 * expired key, a message that cannot be read. A message lost is not noticed otherwise, so each time it comes up its listener compares with the venue's books.
 */
import { EngineError, messageOf } from '../core/numbers/errors.js';
import { parseExactJson } from '../core/numbers/exact-json.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { Clock, Random, TimerHandle, Timers } from '../core/ports/clock.js';
import type { FrameSource } from '../core/ports/frame-source.js';
import type { HttpClient } from '../core/ports/http.js';
import type { Credentials, PrivateSink } from '../core/ports/private-events.js';
import { Line } from './line.js';
import { Expectations } from './private/expectations.js';
import { FundingWatch } from './private/funding-watch.js';
import type { FundingRest, ListenKey, PrivateOpening, PrivateReader, PrivateStream } from './private/private-stream.js';
import { signed } from './private/signed.js';
import type { Endpoints, Venue } from './venue.js';

/** Time from the open socket to the last proof, before the attempt is given up. */
const PROOF_WITHIN_MS = 10_000;
/** A listen key that could not be prolonged is tried again after this. */
const KEEP_ALIVE_AGAIN_MS = 60_000;
const HTTP_TIMEOUT_MS = 10_000;
const ABANDONED = 'given up: the executor does not turn, and the venue is to see it';
/** How long signatures are good for; venues take at most 60 s. */
const WINDOW_MS = 10_000;
const WINDOW_MOST_MS = 60_000;
/** Market time may run faster than the wall, machines do not: above this speed deadlines grow with it, so that none is shorter than 3 s of wall time. */
const FULL_SPEED = 5;

export interface PrivateFeedOptions {
  readonly venue: Venue;
  /** This venue's instruments of the run. */
  readonly instruments: readonly Instrument[];
  readonly endpoints: Endpoints;
  readonly credentials: Credentials;
  readonly source: FrameSource;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly sink: PrivateSink;
  /** A line for the log; no secret is ever in it. */
  readonly note: (text: string) => void;
  /** The venue's clock minus ours as measured, milliseconds; none when absent. */
  readonly offsetMs?: () => number;
  /** How much faster than the wall the clock runs; 1 when absent. */
  readonly speed?: number;
  /** Given when the venue's dead-man switch is on. Where that watches this connection, it is given up while nobody is alive behind it. */
  readonly isAlive?: () => boolean;
  /** Funding paid from this moment on (wall time) is told; from the start of the feed when absent. */
  readonly fundingSinceUs?: number;
}

export class PrivateFeed {
  readonly name: string;
  isUp = false;
  /** Messages read, and those that could not be. */
  messages = 0;
  bad = 0;
  readonly #options: PrivateFeedOptions;
  readonly #sink: Expectations;
  readonly #stream: PrivateStream;
  readonly #bySymbol: ReadonlyMap<string, Instrument>;
  /** Factor of all deadlines. */
  readonly #patience: number;
  readonly #line: Line;
  /** Whether the sink was told that it is down: not again until it was up. */
  #isToldDown = false;
  #isStopped = false;
  #proofs = new Set<string>();
  #reader: PrivateReader | null = null;
  #listenKey = '';
  #keepAlive: TimerHandle | null = null;
  #prolongedUs = 0;
  readonly #funding: FundingWatch | null;

  /** Throws when the venue declares no private stream. */
  constructor(options: PrivateFeedOptions) {
    const { venue } = options;
    if (venue.private === undefined) throw new Error(`${venue.id} declares no private stream`);
    this.name = `private ${venue.id}`;
    this.#options = options;
    this.#patience = Math.max(1, (options.speed ?? 1) / FULL_SPEED);
    this.#sink = new Expectations(options.sink, this.#patience);
    this.#stream = venue.private;
    this.#bySymbol = new Map(options.instruments.map((instrument) => [instrument.symbol, instrument]));
    this.#funding = this.#stream.funding === null ? null : this.#fundingWatch(this.#stream.funding);
    this.#line = new Line({
      address: (ready, failed) => this.#address(ready, failed),
      heartbeat: { ...this.#stream.heartbeat, everyMs: this.#stream.heartbeat.everyMs * this.#patience },
      provenBy: 'messages',
      reconnectAfterMs: this.#stream.reconnectAfterMs,
      gapMs: this.#stream.gapMs,
      source: options.source,
      clock: options.clock,
      timers: options.timers,
      random: options.random,
      hooks: {
        onOpen: () => this.#opened(),
        onFrame: (bytes, start, end) => this.#frame(bytes, start, end),
        onWatch: (nowUs) => this.#watch(nowUs),
        onEnded: (reason) => this.#ended(reason),
      },
    });
  }

  get reconnects(): number {
    return this.#line.reconnects;
  }

  start(): void {
    this.#line.start();
  }

  /** No word is said of it: it was asked for. */
  stop(): void {
    this.#isStopped = true;
    this.#funding?.stop();
    this.#line.stop();
  }

  /** The venue took this order by another way: its event must follow here, or the stream is dead. */
  expect(clientId: string): void {
    if (this.isUp) this.#sink.expect(clientId, this.#options.clock.nowUs());
  }

  /** Command: a fresh connection now. */
  reconnect(): void {
    this.#line.reconnect('command');
  }

  #address(ready: (url: string) => void, failed: (reason: string) => void): void {
    const { listenKey } = this.#stream;
    if (this.#isAbandoned()) {
      failed(ABANDONED);
      return;
    }
    if (listenKey === null) {
      ready(this.#stream.url(this.#options.endpoints, ''));
      return;
    }
    this.#ask('POST', listenKey)
      .then((json) => {
        this.#listenKey = listenKey.keyOf(json);
        this.#prolongedUs = this.#options.clock.nowUs();
        ready(this.#stream.url(this.#options.endpoints, this.#listenKey));
      })
      .catch((error: unknown) => failed(`no listen key: ${messageOf(error)}`));
  }

  #opened(): void {
    const { timers } = this.#options;
    this.#proofs = new Set(this.#stream.proofs);
    this.#reader = this.#stream.makeReader({
      sink: this.#sink,
      instrumentOf: (symbol) => this.#bySymbol.get(symbol),
      proved: (step) => this.#proved(step),
      lost: (reason) => this.#line.reconnect(reason),
      funding: (event) => this.#funding?.tell(event),
      fundingPaid: () => this.#funding?.ask(),
      note: (text) => this.#options.note(`${this.name}: ${this.#redacted(text)}`),
    });
    const { listenKey } = this.#stream;
    if (listenKey !== null) this.#keepAlive = timers.after(listenKey.keepAliveMs, () => this.#prolong(listenKey));
    this.#line.say(this.#stream.opening(this.#opening()), () => undefined);
  }

  #opening(): PrivateOpening {
    const { credentials, clock, instruments, isAlive } = this.#options;
    return {
      apiKey: credentials.apiKey,
      sign: (text) => signed(credentials.secret, text),
      windowMs: Math.min(WINDOW_MS * this.#patience, WINDOW_MOST_MS),
      nowMs: Math.floor(clock.wallUs() / 1000) + Math.round(this.#options.offsetMs?.() ?? 0),
      guarded: isAlive === undefined ? [] : instruments.map(({ kind }) => kind),
    };
  }

  #fundingWatch(rest: FundingRest): FundingWatch {
    const { endpoints, instruments, http, timers, clock, sink } = this.#options;
    return new FundingWatch({
      rest,
      base: endpoints.rest,
      instruments,
      http,
      timers,
      sinceUs: this.#options.fundingSinceUs ?? clock.wallUs(),
      opening: () => this.#opening(),
      context: { instrumentOf: (symbol) => this.#bySymbol.get(symbol) },
      tell: (event) => sink.onPrivateFunding(event),
      note: (text) => this.#options.note(`${this.name}: ${this.#redacted(text)}`),
    });
  }

  #frame(bytes: Uint8Array, start: number, end: number): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
    if (this.#stream.isAliveText?.(text) === true) return;
    this.messages++;
    try {
      this.#reader?.read(parseExactJson(text));
    } catch (error) {
      if (!(error instanceof EngineError) && !(error instanceof SyntaxError)) throw error;
      // It may have been a fill: what we know is no longer all there is.
      this.bad++;
      this.#line.reconnect(`unreadable message, ${messageOf(error)}`);
    }
  }

  /** Kept up, the connection would tell the venue's dead-man switch that we are well. */
  #isAbandoned(): boolean {
    return this.#stream.isDeadMan === true && this.#options.isAlive?.() === false;
  }

  #watch(nowUs: number): string | null {
    if (this.#isAbandoned()) return ABANDONED;
    if (!this.isUp) return nowUs - this.#line.openUs <= PROOF_WITHIN_MS * 1000 * this.#patience ? null : 'not authenticated in time';
    const untold = this.#sink.overdue(nowUs);
    return untold === null ? null : `order ${untold} was taken and not told`;
  }

  #proved(step: string): void {
    if (!this.#proofs.delete(step) || this.#proofs.size > 0 || this.isUp) return;
    this.isUp = true;
    this.#isToldDown = false;
    this.#options.note(`${this.name}: up`);
    this.#options.sink.onPrivateUp(this.#options.clock.nowUs());
    this.#funding?.start();
  }

  #ended(reason: string): void {
    if (this.#keepAlive !== null) this.#options.timers.cancel(this.#keepAlive);
    this.#keepAlive = null;
    this.#reader = null;
    this.#sink.forget();
    this.#funding?.stop();
    this.isUp = false;
    const clean = this.#isStopped ? '' : this.#redacted(reason);
    if (!this.#isStopped) this.#options.note(`${this.name}: connection ended, ${clean}`);
    if (this.#isToldDown) return;
    this.#isToldDown = true;
    this.#options.sink.onPrivateDown(this.#options.clock.nowUs(), clean);
  }

  /** A key that cannot be prolonged is tried again each minute, and replaced when it is gone or too old to trust. */
  #prolong(listenKey: ListenKey): void {
    const { clock, timers } = this.#options;
    const epoch = this.#line.opened;
    const again = (ms: number): void => {
      if (this.#line.isOpen && epoch === this.#line.opened) this.#keepAlive = timers.after(ms, () => this.#prolong(listenKey));
    };
    this.#keepAlive = null;
    this.#ask('PUT', listenKey).then(
      () => {
        this.#prolongedUs = clock.nowUs();
        again(listenKey.keepAliveMs);
      },
      (error: unknown) => {
        if (!this.#line.isOpen || epoch !== this.#line.opened) return;
        const isOld = clock.nowUs() - this.#prolongedUs > listenKey.livesMs * 1000;
        if (isOld || error instanceof KeyGone) this.#line.reconnect(`listen key not prolonged: ${messageOf(error)}`);
        else again(KEEP_ALIVE_AGAIN_MS);
      },
    );
  }

  async #ask(method: 'POST' | 'PUT', listenKey: ListenKey): Promise<unknown> {
    const { http, endpoints, credentials } = this.#options;
    const answer = await http.request(method, endpoints.rest + listenKey.path, {
      headers: { [listenKey.header]: credentials.apiKey },
      timeoutMs: HTTP_TIMEOUT_MS,
    });
    const json = jsonIn(answer.text);
    if (listenKey.isGone(json)) throw new KeyGone('the venue does not know it');
    if (answer.status !== 200) throw new Error(`answer ${answer.status}: ${answer.text.slice(0, 200)}`);
    return json;
  }

  /** Whatever the venue or the transport said, without what must not be seen. */
  #redacted(text: string): string {
    const { apiKey, secret, passphrase } = this.#options.credentials;
    let clean = text;
    for (const word of [secret, apiKey, passphrase ?? '', this.#listenKey]) if (word !== '') clean = clean.replaceAll(word, '***');
    return clean;
  }
}

class KeyGone extends Error {}

/** Null for what is no JSON: a busy venue answers with a page. */
function jsonIn(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    return null;
  }
}
