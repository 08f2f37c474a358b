/** An HttpClient without a network: the test says what each request is answered with, and reads what was sent. */
import { EngineError } from '../../../../src/core/numbers/errors.js';
import type { HttpAnswer, HttpClient } from '../../../../src/core/ports/http.js';

export interface Sent {
  readonly method: string;
  readonly path: string;
  /** Query and form body together, or the JSON body. */
  readonly params: Readonly<Record<string, string>>;
  readonly json: unknown;
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type Script = (sent: Sent) => HttpAnswer | Promise<HttpAnswer>;

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, text: JSON.stringify(value) };
}

export class ScriptedHttp implements HttpClient {
  readonly sent: Sent[] = [];
  script: Script;

  constructor(script: Script = () => json({})) {
    this.script = script;
  }

  request(
    method: string,
    url: string,
    options: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string } = {},
  ): Promise<HttpAnswer> {
    const target = new URL(url);
    const body = options.body ?? '';
    const isJson = body.startsWith('{') || body.startsWith('[');
    const params = Object.fromEntries([...target.searchParams, ...(isJson ? [] : new URLSearchParams(body))]);
    const sent = {
      method,
      path: target.pathname,
      params,
      json: isJson ? (JSON.parse(body) as unknown) : null,
      url,
      body,
      headers: { ...options.headers },
    };
    this.sent.push(sent);
    return Promise.resolve(sent).then((one) => this.script(one));
  }

  close(): void {
    this.sent.length = 0;
  }

  of(method: string, path: string): Sent[] {
    return this.sent.filter((one) => one.method === method && one.path === path);
  }
}

/** The request may have arrived, its answer did not. */
export function noAnswer(): never {
  throw new EngineError('HTTP_TIMEOUT', 'reconcile', { reason: 'no whole answer in 5000 ms' });
}

/** Nothing listens there. */
export function refusedConnection(): never {
  throw new EngineError('HTTP_FAILED', 'retry', { reason: 'ECONNREFUSED' });
}
