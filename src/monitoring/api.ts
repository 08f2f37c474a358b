/**
 * The engine over HTTP: page, metrics, health, API, live push, and what a person may change (admin.ts). Gives handlers; the host puts them into a server (core/ports/http.ts).
 * Service lane.
 */
import type { HttpReply, HttpRequest, HttpServerHandlers } from '../core/ports/http.js';
import type { LivePush } from './live.js';
import type { PanelFile } from './panel/files.js';
import { DEPTH_MAX } from './book-rows.js';
import { AUDIT_KEPT, FILLS_KEPT } from './journal-view.js';
import { answerAdmin, isChange, type AdminPort } from './admin.js';
import { health, readiness } from './readiness.js';
import type { EngineView } from './state.js';
import { jsonReply, refusal, withHeaders, writeRefusal } from './web-guard.js';

export const LIVE_PATH = '/api/v1/live';
const NO_TOKEN = 'name="thor-token" content=""';
const LIMIT_MAX = 2_000;

export interface ApiDeps {
  readonly view: EngineView;
  readonly live: LivePush;
  readonly panel: ReadonlyMap<string, PanelFile>;
  /** Text of a scrape and its content type. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  /** Absent: nothing can be changed, and nobody gets a token. */
  readonly admin?: AdminPort;
  /** Names besides addresses and localhost under which this server may be asked, lower case. */
  readonly allowedHosts: readonly string[];
  onError(error: unknown): void;
}

/** A wrong question, answered with 400 or 404. */
class BadQuestion extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export class Api implements HttpServerHandlers {
  readonly #deps: ApiDeps;
  readonly #routes: ReadonlyMap<string, (query: URLSearchParams) => unknown>;

  constructor(deps: ApiDeps) {
    this.#deps = deps;
    const { view } = deps;
    const { journal, shared } = view;
    this.#routes = new Map<string, (query: URLSearchParams) => unknown>([
      ['status', () => view.status()],
      ['books', () => ({ books: view.books.rows() })],
      ['book', (query) => this.#book(query)],
      ['orders', (query) => ({ seq: journal.seq, counts: journal.orderCounts(), orders: journal.orders(limitOf(query, LIMIT_MAX)) })],
      ['fills', (query) => ({ seq: journal.seq, counts: journal.fillCounts(), fills: journal.fills(limitOf(query, FILLS_KEPT)) })],
      ['levels', () => ({ seq: journal.seq, levels: journal.levels() })],
      ['positions', () => ({ positions: shared.positions(), balances: shared.balances() })],
      ['pnl', () => ({ pnl: view.deps.pnl(), strategies: view.deps.strategyPnl?.() ?? [] })],
      ['latency', () => ({ latencyUs: view.summaryCounts().latencyUs, lanes: view.lanes() })],
      ['audit', (query) => ({ seq: journal.seq, audit: journal.audit(limitOf(query, AUDIT_KEPT)) })],
      ['config', () => ({ config: withoutSecrets(view.deps.config()) })],
      ['refusals', () => view.refusals()],
      ['history', () => view.history()],
      ['summary', () => view.summaryCounts()],
    ]);
  }

  onRequest(request: HttpRequest, respond: (reply: HttpReply) => void): void {
    const { admin, allowedHosts } = this.#deps;
    const refused =
      admin !== undefined && isChange(request) ? writeRefusal(request, allowedHosts, admin.token) : refusal(request, allowedHosts);
    if (refused !== null) return respond(refused);
    try {
      const answer = admin === undefined ? null : answerAdmin(admin, request);
      if (answer !== null) return void answer.then(respond, (error: unknown) => this.#failed(error, respond));
      if (request.path === '/metrics') return this.#metrics(respond);
      respond(this.#answer(request));
    } catch (error) {
      if (error instanceof BadQuestion) {
        respond(jsonReply(error.status, { error: error.status === 404 ? 'NOT_FOUND' : 'BAD_REQUEST', message: error.message }));
        return;
      }
      this.#failed(error, respond);
    }
  }

  onUpgrade(request: HttpRequest): HttpReply | null {
    const refused = refusal(request, this.#deps.allowedHosts);
    if (refused !== null) return refused;
    if (request.path !== LIVE_PATH) return jsonReply(404, { error: 'NOT_FOUND', message: `live push is at ${LIVE_PATH}` });
    if (this.#deps.live.isFull) return jsonReply(503, { error: 'TOO_MANY_CLIENTS', message: 'as many watch already as are served' });
    return null;
  }

  onOpen(socket: Parameters<NonNullable<HttpServerHandlers['onOpen']>>[0]): void {
    this.#deps.live.open(socket);
  }

  /** Nothing that a client says is listened to. */
  onMessage(): void {}

  onClose(socket: Parameters<NonNullable<HttpServerHandlers['onClose']>>[0]): void {
    this.#deps.live.closed(socket);
  }

  #answer({ path, query }: HttpRequest): HttpReply {
    const { view, panel } = this.#deps;
    if (path === '/healthz') {
      const { isOk, reasons } = health(view);
      return jsonReply(isOk ? 200 : 503, { ...view.envelope(), status: isOk ? 'ok' : 'stuck', reasons });
    }
    if (path === '/readyz') {
      const { isReady, checks } = readiness(view);
      return jsonReply(isReady ? 200 : 503, { ...view.envelope(), ready: isReady, checks });
    }
    if (path.startsWith('/api/v1/')) {
      const route = this.#routes.get(path.slice('/api/v1/'.length));
      if (route === undefined) throw new BadQuestion(404, `no such resource; there are: ${[...this.#routes.keys(), 'live'].join(', ')}`);
      return jsonReply(200, { ...view.envelope(), ...(route(new URLSearchParams(query)) as object) });
    }
    const file = panel.get(path);
    if (file !== undefined && (path === '/' || path === '/index.html'))
      return withHeaders(200, file.type, this.#pageText(file), file.cache);
    if (file !== undefined) return withHeaders(200, file.type, file.body, file.cache);
    if (path === '/') return withHeaders(200, 'text/plain; charset=utf-8', this.#plainPage());
    throw new BadQuestion(404, 'no such page');
  }

  #book(query: URLSearchParams): object {
    const id = query.get('instrument');
    const { view } = this.#deps;
    const known = (): string => view.deps.tables.instruments.map((instrument) => instrument.id).join(', ');
    if (id === null) throw new BadQuestion(400, `instrument: expected one of ${known()}`);
    const instrument = view.instrument(id);
    if (instrument === null) throw new BadQuestion(404, `instrument: expected one of ${known()}; was '${id.slice(0, 80)}'`);
    const depth = integerOf(query, 'depth', 25, DEPTH_MAX);
    return { book: view.books.row(instrument), ...view.books.depth(instrument, depth) };
  }

  #metrics(respond: (reply: HttpReply) => void): void {
    const { metrics } = this.#deps;
    metrics.text().then(
      (text) => respond(withHeaders(200, metrics.contentType, text)),
      (error: unknown) => this.#failed(error, respond),
    );
  }

  #failed(error: unknown, respond: (reply: HttpReply) => void): void {
    this.#deps.onError(error);
    respond(jsonReply(500, { error: 'FAILED', message: 'the answer could not be made; the log says why' }));
  }

  /** The page gets the run's token with itself: another site can load neither. */
  #pageText(file: PanelFile): string {
    return Buffer.from(file.body)
      .toString('utf8')
      .replace(NO_TOKEN, `name="thor-token" content="${this.#deps.admin?.token ?? ''}"`);
  }

  /** What stands at `/` when the page was not built. */
  #plainPage(): string {
    const { mode, label } = this.#deps.view.envelope();
    const routes = [...this.#routes.keys()].map((name) => `  /api/v1/${name}`).join('\n');
    return `Thor, mode ${mode}${label === null ? '' : `, ${label}`}. The page was not built (npm run build).\n\n  /metrics\n  /healthz\n  /readyz\n${routes}\n`;
  }
}

function limitOf(query: URLSearchParams, most: number): number {
  return integerOf(query, 'limit', Math.min(200, most), most);
}

function integerOf(query: URLSearchParams, key: string, otherwise: number, most: number): number {
  const text = query.get(key);
  if (text === null) return otherwise;
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 1 && value <= most))
    throw new BadQuestion(400, `${key}: expected a whole number from 1 to ${most}, was '${text.slice(0, 40)}'`);
  return value;
}

const SECRET_KEY = /secret|password|passphrase|token|api_?key|private_?key/i;
const REFERENCE = /^(?:env|file):/;

/** The configuration holds references only; should a secret have been written into it all the same, it goes no further. */
function withoutSecrets(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, key));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutSecrets(inner, name)]));
  }
  return typeof value === 'string' && SECRET_KEY.test(key) && !REFERENCE.test(value) ? '[redacted]' : value;
}
