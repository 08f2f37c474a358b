/** HttpClient on node:http and node:https: kept-alive connections, every wait and every size bounded. Called by sessions, gateways and the command line; event-loop lanes. */
import { Agent, type IncomingMessage, request as requestPlain } from 'node:http';
import { Agent as TlsAgent, request as requestTls } from 'node:https';
import { gunzip, inflate } from 'node:zlib';
import { EngineError, messageOf, type Recovery } from '../core/numbers/errors.js';
import type { Timers } from '../core/ports/clock.js';
import type { HttpAnswer, HttpClient } from '../core/ports/http.js';
import { trustOf } from './trust.js';

export const REQUEST_TIMEOUT_MS = 10_000;
/** Exchange information of the largest venue is about 20 MB as text. */
export const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const SOCKETS_PER_HOST = 32;
const SOCKETS_KEPT = 8;
const HEAD_BYTES_MAX = 32 * 1024;

type RequestOptions = NonNullable<Parameters<HttpClient['request']>[2]>;

export interface HttpClientOptions {
  /** Timers of the wall. */
  readonly timers: Timers;
  /** Extra certificate authority (PEM). Certificate checks are always on. */
  readonly ca?: string;
}

export class NodeHttpClient implements HttpClient {
  readonly #timers: Timers;
  readonly #plain = new Agent({ keepAlive: true, maxSockets: SOCKETS_PER_HOST, maxFreeSockets: SOCKETS_KEPT });
  readonly #secure: TlsAgent;
  readonly #running = new Set<(error: EngineError) => void>();
  #isClosed = false;

  constructor(options: HttpClientOptions) {
    this.#timers = options.timers;
    const trust = options.ca === undefined ? {} : { secureContext: trustOf(options.ca) };
    this.#secure = new TlsAgent({
      keepAlive: true,
      maxSockets: SOCKETS_PER_HOST,
      maxFreeSockets: SOCKETS_KEPT,
      minVersion: 'TLSv1.2',
      // Said, so that no environment variable says otherwise.
      rejectUnauthorized: true,
      ...trust,
    });
  }

  async request(method: string, url: string, options: RequestOptions = {}): Promise<HttpAnswer> {
    const call = new Call(method, url, options);
    if (this.#isClosed) throw call.failed('HTTP_FAILED', 'the client is closed');
    if (call.target === null) throw call.failed('HTTP_FAILED', 'not an http: or https: address');
    try {
      return await this.#once(call, call.target);
    } catch (error) {
      // A kept connection that the server had closed meanwhile: nothing was read, and asking twice changes nothing.
      if (!(error instanceof StaleConnection)) throw error;
      if (!call.isSafe) throw error.cause;
    }
    return this.#once(call, call.target, true);
  }

  close(): void {
    this.#isClosed = true;
    for (const stop of this.#running) stop(new EngineError('HTTP_FAILED', 'retry', { reason: 'the client was closed' }));
    this.#plain.destroy();
    this.#secure.destroy();
  }

  #once(call: Call, target: URL, isSecondTry = false): Promise<HttpAnswer> {
    return new Promise<HttpAnswer>((resolve, reject) => {
      const isSecure = target.protocol === 'https:';
      let isDone = false;
      /** Bytes may have left: a connection was there, over TLS a secure one. Before that nothing is sent. */
      let mayHaveLeft = false;
      const done = (outcome: HttpAnswer | Error): void => {
        if (isDone) return;
        isDone = true;
        this.#timers.cancel(timer);
        this.#running.delete(stop);
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      const request = (isSecure ? requestTls : requestPlain)(target, {
        method: call.method,
        headers: call.headers(),
        agent: isSecure ? this.#secure : this.#plain,
        maxHeaderSize: HEAD_BYTES_MAX,
      });
      const stop = (error: Error): void => {
        done(error);
        request.destroy();
      };
      const timer = this.#timers.after(call.timeoutMs, () =>
        stop(call.failed('HTTP_TIMEOUT', `no whole answer in ${call.timeoutMs} ms`, !mayHaveLeft)),
      );
      this.#running.add(stop);
      request.once('socket', (socket) => {
        if (request.reusedSocket) mayHaveLeft = true;
        else socket.once(isSecure ? 'secureConnect' : 'connect', () => (mayHaveLeft = true));
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        const failure = call.failed('HTTP_FAILED', error.code ?? error.message, !mayHaveLeft);
        const isStale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE') && !isSecondTry;
        done(isStale ? new StaleConnection(failure) : failure);
      });
      request.on('response', (response) => this.#collect(call, response, stop, done));
      request.end(call.body);
    });
  }

  #collect(call: Call, response: IncomingMessage, stop: (error: Error) => void, done: (outcome: HttpAnswer | Error) => void): void {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > call.maxBytes) stop(call.failed('HTTP_TOO_LARGE', `answer over ${call.maxBytes} bytes`));
      else chunks.push(chunk);
    });
    response.on('error', (error) => done(call.failed('HTTP_FAILED', error.message)));
    response.on('end', () => {
      const raw = Buffer.concat(chunks, size);
      const answer = (body: Buffer): HttpAnswer => ({
        status: response.statusCode ?? 0,
        headers: flatHeaders(response),
        text: body.toString('utf8'),
      });
      const coding = (response.headers['content-encoding'] ?? '').toLowerCase();
      if (size === 0 || coding === '' || coding === 'identity') return done(answer(raw));
      const decode = coding === 'gzip' || coding === 'x-gzip' ? gunzip : coding === 'deflate' ? inflate : null;
      if (decode === null) return done(call.failed('HTTP_FAILED', `unknown content coding ${coding}`));
      decode(raw, { maxOutputLength: call.maxBytes }, (error: NodeJS.ErrnoException | null, body) => {
        if (error === null) done(answer(body));
        else if (error.code === 'ERR_BUFFER_TOO_LARGE')
          done(call.failed('HTTP_TOO_LARGE', `answer over ${call.maxBytes} bytes when unpacked`));
        else done(call.failed('HTTP_FAILED', messageOf(error)));
      });
    });
  }
}

/** Carries the failure of a kept connection to the one place that decides about a second try. */
class StaleConnection extends Error {
  constructor(override readonly cause: EngineError) {
    super(cause.message);
  }
}

class Call {
  readonly target: URL | null;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly body: string | undefined;
  /** Repeating it changes nothing at the server. */
  readonly isSafe: boolean;
  readonly #options: RequestOptions;

  constructor(
    readonly method: string,
    url: string,
    options: RequestOptions,
  ) {
    const parsed = URL.canParse(url) ? new URL(url) : null;
    this.target = parsed?.protocol === 'http:' || parsed?.protocol === 'https:' ? parsed : null;
    this.timeoutMs = options.timeoutMs ?? REQUEST_TIMEOUT_MS;
    this.maxBytes = options.maxBytes ?? ANSWER_BYTES_MAX;
    this.body = options.body;
    this.isSafe = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
    this.#options = options;
  }

  headers(): Record<string, string> {
    const length: Record<string, string> = this.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(this.body)) };
    return { 'accept-encoding': 'gzip, deflate', ...length, ...this.#options.headers };
  }

  /** Never the query, which may carry keys and signatures. A request that may have reached the venue has an unknown outcome. */
  failed(code: string, reason: string, neverSent = false): EngineError {
    const recovery: Recovery = code === 'HTTP_TOO_LARGE' ? 'give-up' : this.isSafe || neverSent ? 'retry' : 'reconcile';
    const facts = { method: this.method, host: this.target?.host ?? '', path: this.target?.pathname ?? '', reason };
    return new EngineError(code, recovery, facts);
  }
}

function flatHeaders(response: IncomingMessage): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers))
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  return flat;
}
