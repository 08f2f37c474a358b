/**
 * What a person may change while the engine runs: trading state, parameters of strategies. The port that the host implements, and the routes that ask it. Every
 * change needs the run's token (web-guard.ts), and every change is journaled before it is answered. Service lane.
 */
import { EngineError, UsageError } from '../core/numbers/errors.js';
import type { HttpReply, HttpRequest } from '../core/ports/http.js';
import type { HaltAnswer, HaltOrder, ParamsAnswer, ParamsPayload, PreviewPayload, TradingLevel } from './payload-admin.js';
import { jsonReply } from './web-guard.js';

export const TRADING_LEVELS: readonly TradingLevel[] = ['active', 'reducing', 'halted'];
const PREFIX = '/api/v1/';
/** No answer of ours needs a longer question. */
const BODY_MAX_BYTES = 64 * 1024;
const NAME = /^[a-z0-9-]{1,64}$/;

export interface AdminPort {
  /** Of this run; a request that changes something must carry it. */
  readonly token: string;
  halt(order: HaltOrder): HaltAnswer;
  /** @param changes over what runs; null for what runs. Throws UsageError with the numbers when it cannot work. */
  preview(strategy: string, changes: Readonly<Record<string, unknown>> | null): PreviewPayload;
  params(): ParamsPayload[];
  setParams(strategy: string, changes: Readonly<Record<string, unknown>>): Promise<ParamsAnswer>;
  rollback(strategy: string): Promise<ParamsAnswer>;
}

/** Null where this is no question for the admin. */
export function answerAdmin(admin: AdminPort, request: HttpRequest): Promise<HttpReply> | null {
  const route = routeOf(request);
  return route === null ? null : answerBy(route, admin, request);
}

async function answerBy(route: Route, admin: AdminPort, request: HttpRequest): Promise<HttpReply> {
  try {
    return jsonReply(200, await route(admin, request));
  } catch (error) {
    if (error instanceof UsageError) return jsonReply(422, { error: 'REFUSED', message: error.message });
    if (error instanceof EngineError) return jsonReply(409, { error: error.code, message: error.message });
    throw error;
  }
}

type Route = (admin: AdminPort, request: HttpRequest) => Promise<object>;

/** Whether a request would change something. */
export function isChange(request: Pick<HttpRequest, 'method' | 'path'>): boolean {
  return (request.method === 'POST' || request.method === 'PUT') && routeOf(request) !== null;
}

function routeOf({ method, path }: Pick<HttpRequest, 'method' | 'path'>): Route | null {
  if (!path.startsWith(PREFIX)) return null;
  const parts = path.slice(PREFIX.length).split('/');
  const [first = '', name = '', what = ''] = parts;
  if (parts.length === 1 && first === 'halt' && method === 'POST') return halt;
  if (parts.length === 1 && first === 'preview' && method === 'GET') return previewAsRunning;
  if (parts.length === 1 && first === 'preview' && method === 'POST') return previewChanged;
  if (parts.length === 1 && first === 'params' && method === 'GET') return async (admin) => Promise.resolve({ strategies: admin.params() });
  if (parts.length !== 3 || first !== 'strategies' || !NAME.test(name)) return null;
  if (what === 'params' && method === 'PUT') return async (admin, request) => admin.setParams(name, objectOf(bodyOf(request), 'the body'));
  if (what === 'rollback' && method === 'POST') return async (admin) => admin.rollback(name);
  return null;
}

const halt: Route = async (admin, request) => {
  const { level, cancel = false, ...rest } = bodyOf(request);
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw new UsageError(`halt: '${unknown.slice(0, 40)}' is not known; expected level and cancel`);
  const found = TRADING_LEVELS.find((one) => one === level);
  if (found === undefined) throw new UsageError(`halt.level: expected one of ${TRADING_LEVELS.join(', ')}, was ${shown(level)}`);
  if (typeof cancel !== 'boolean') throw new UsageError(`halt.cancel: expected true or false, was ${shown(cancel)}`);
  return Promise.resolve(admin.halt({ level: found, cancel }));
};

const previewAsRunning: Route = async (admin, request) => {
  const strategy = new URLSearchParams(request.query).get('strategy') ?? '';
  return Promise.resolve(admin.preview(nameOf(strategy), null));
};

const previewChanged: Route = async (admin, request) => {
  const { strategy, params = {} } = bodyOf(request);
  return Promise.resolve(admin.preview(nameOf(strategy), objectOf(params, 'params')));
};

function nameOf(value: unknown): string {
  if (typeof value === 'string' && NAME.test(value)) return value;
  throw new UsageError(`strategy: expected the name of one, was ${shown(value)}`);
}

function bodyOf(request: HttpRequest): Record<string, unknown> {
  if (request.body.byteLength > BODY_MAX_BYTES) throw new UsageError(`the body may have ${BODY_MAX_BYTES} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(request.body));
  } catch {
    throw new UsageError('the body is no JSON');
  }
  return objectOf(value, 'the body');
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError(`${what}: expected an object, was ${shown(value)}`);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 60);
}
