/**
 * Bybit v5's `/v5/trade` socket: the order operations of REST with the same parameters, limits and refusals, answered by request id. Called by `BybitServer`
 * on the one thread of the `venues` process.
 */
import type { ServerSocket } from '../../../core/ports/http.js';
import type { ApiKey, FaultGate, FaultRefusal, Operation } from '../../exchange/contract.js';
import { objectOf, type VenueCounters } from '../protocol.js';
import { signerOfLogin, windowRefusal } from './auth.js';
import { isItem, textOf, type Item } from './items.js';
import type { BybitDesk } from './private-rest.js';
import { limitHeaders, type Allowance } from './rate-limits.js';
import { KEY_MAY_NOT, SERVER_ERROR, TOO_MANY_VISITS, badParameter, type BybitRefusal } from './refusals.js';
import { categoryOf, type Answer } from './trading.js';

const SILENCE_US = 600_000_000;
/** Request ids a connection remembers: one that comes twice is refused (Bybit v5, "Websocket Trade Guideline"). */
const REMEMBERED_IDS = 1_000;
const MOST_ID_LENGTH = 36;

const OPERATIONS: Readonly<
  Record<string, { readonly endpoint: string; readonly op: string; readonly batch?: 'create' | 'amend' | 'cancel' }>
> = {
  'order.create': { endpoint: 'order/create', op: 'place' },
  'order.amend': { endpoint: 'order/amend', op: 'amend' },
  'order.cancel': { endpoint: 'order/cancel', op: 'cancel' },
  'order.create-batch': { endpoint: 'order/create-batch', op: 'batch', batch: 'create' },
  'order.amend-batch': { endpoint: 'order/amend-batch', op: 'batch', batch: 'amend' },
  'order.cancel-batch': { endpoint: 'order/cancel-batch', op: 'batch', batch: 'cancel' },
};

interface Session {
  readonly socket: ServerSocket;
  readonly connectionId: string;
  readonly seenIds: Set<string>;
  key: ApiKey | null;
  lastLifeUs: number;
}

export interface TradeSocketDeps {
  readonly desk: BybitDesk;
  readonly faults: FaultGate;
  readonly counters: VenueCounters;
  nowUs(): number;
}

export class BybitTradeSocket {
  readonly #deps: TradeSocketDeps;
  readonly #sessions = new Map<number, Session>();

  constructor(deps: TradeSocketDeps) {
    this.#deps = deps;
  }

  get openCount(): number {
    return this.#sessions.size;
  }

  open(socket: ServerSocket, connectionId: string): void {
    this.#sessions.set(socket.id, { socket, connectionId, seenIds: new Set(), key: null, lastLifeUs: this.#deps.nowUs() });
  }

  close(socket: ServerSocket): void {
    this.#sessions.delete(socket.id);
  }

  step(nowUs: number): void {
    for (const session of this.#sessions.values()) {
      if (nowUs - session.lastLifeUs <= SILENCE_US) continue;
      this.close(session.socket);
      session.socket.close(1000, '');
    }
  }

  message(socket: ServerSocket, text: string): void {
    const session = this.#sessions.get(socket.id);
    if (session === undefined) return;
    session.lastLifeUs = this.#deps.nowUs();
    const message = objectOf(text);
    const op = message?.['op'];
    if (message === null || typeof op !== 'string') {
      this.#deps.counters.badMessages++;
      return this.#refuse(session, '', '', { code: 10_001, message: 'Params Error' });
    }
    const id = textOf(message, 'reqId');
    if (op === 'ping') {
      const nowMs = Math.floor(this.#deps.nowUs() / 1_000);
      return this.#send(
        session,
        JSON.stringify({ ...idOf(id), retCode: 0, retMsg: 'OK', op: 'pong', data: [String(nowMs)], connId: session.connectionId }),
      );
    }
    if (op === 'auth') return this.#login(session, id, message['args']);
    const operation = OPERATIONS[op];
    if (operation === undefined) {
      this.#deps.counters.badMessages++;
      return this.#refuse(session, id, op, { code: 10_404, message: 'op type is not found' });
    }
    const [raw] = Array.isArray(message['args']) ? (message['args'] as unknown[]) : [];
    const item = isItem(raw) ? raw : {};
    const symbol = textOf(item, 'symbol');
    const about: Operation = symbol === '' ? { op: operation.op } : { op: operation.op, symbol };
    const header = isItem(message['header']) ? message['header'] : {};
    this.#deps.faults.onSocketRequest(
      socket,
      about,
      () => this.#handle(session, id, op, header, item),
      (refusal) => this.#refusalText(session, id, op, faultOf(refusal)),
      (answer) => this.#send(session, answer),
    );
  }

  #login(session: Session, id: string, args: unknown): void {
    if (session.key !== null) return this.#refuse(session, id, 'auth', { code: 20_001, message: 'Repeat auth' });
    const signer = signerOfLogin(args, this.#deps.desk.findKey, Math.floor(this.#deps.nowUs() / 1_000));
    if ('refusal' in signer) return this.#refuse(session, id, 'auth', signer.refusal);
    session.key = signer.account;
    this.#send(session, JSON.stringify({ ...idOf(id), retCode: 0, retMsg: 'OK', op: 'auth', connId: session.connectionId }));
  }

  #handle(session: Session, id: string, op: string, header: Item, item: Item): string {
    const { desk } = this.#deps;
    const nowMs = Math.floor(this.#deps.nowUs() / 1_000);
    const { key } = session;
    if (key === null) return this.#refusalText(session, id, op, { code: 10_005, message: 'Request not authorized' });
    if (id.length > MOST_ID_LENGTH) return this.#refusalText(session, id, op, badParameter('reqId'));
    if (id !== '' && session.seenIds.has(id)) return this.#refusalText(session, id, op, { code: 20_006, message: 'Duplicate reqId' });
    if (id !== '') remember(session.seenIds, id);
    const late = windowRefusal(textOf(header, 'X-BAPI-TIMESTAMP'), textOf(header, 'X-BAPI-RECV-WINDOW') || '5000', nowMs);
    if (late !== null) return this.#refusalText(session, id, op, late);
    const operation = OPERATIONS[op];
    const category = categoryOf(item);
    if (operation === undefined || category === undefined) {
      return this.#refusalText(session, id, op, { code: 10_404, message: 'category is not correct' });
    }
    const requests = item['request'];
    const units = operation.batch !== undefined && Array.isArray(requests) ? Math.max(1, requests.length) : 1;
    const allowance = desk.limits.take(key.account.id, operation.endpoint, category, units, nowMs);
    if (allowance.granted === 0) return this.#refusalText(session, id, op, TOO_MANY_VISITS, allowance);
    if (!key.canTrade) return this.#refusalText(session, id, op, KEY_MAY_NOT, allowance);
    const answer = this.#do(key, op, item, allowance);
    if ('refusal' in answer) return this.#refusalText(session, id, op, answer.refusal, allowance);
    return JSON.stringify({
      ...idOf(id),
      retCode: 0,
      retMsg: 'OK',
      op,
      data: answer.result,
      ...(answer.ext === undefined ? {} : { retExtInfo: answer.ext }),
      header: { ...limitHeaders(allowance), Timenow: String(nowMs) },
      connId: session.connectionId,
    });
  }

  #do(key: ApiKey, op: string, item: Item, allowance: Allowance): Answer {
    const { trading } = this.#deps.desk;
    const batch = OPERATIONS[op]?.batch;
    if (batch !== undefined) return trading.batch(key.account, batch, item, allowance.granted);
    if (op === 'order.create') return trading.create(key.account, item);
    return op === 'order.amend' ? trading.amend(key.account, item) : trading.cancel(key.account, item);
  }

  #refuse(session: Session, id: string, op: string, refusal: BybitRefusal): void {
    this.#send(session, this.#refusalText(session, id, op, refusal));
  }

  #refusalText(session: Session, id: string, op: string, refusal: BybitRefusal, allowance?: Allowance): string {
    return JSON.stringify({
      ...idOf(id),
      retCode: refusal.code,
      retMsg: refusal.message,
      op,
      data: {},
      ...(allowance === undefined
        ? {}
        : { header: { ...limitHeaders(allowance), Timenow: String(Math.floor(this.#deps.nowUs() / 1_000)) } }),
      connId: session.connectionId,
    });
  }

  #send(session: Session, text: string): void {
    this.#deps.counters.messagesOut++;
    if (session.socket.send(text) !== 'dropped' || !this.#sessions.has(session.socket.id)) return;
    this.#deps.counters.slowClients++;
    this.close(session.socket);
  }
}

function idOf(id: string): { reqId?: string } {
  return id === '' ? {} : { reqId: id };
}

function remember(ids: Set<string>, id: string): void {
  ids.add(id);
  if (ids.size <= REMEMBERED_IDS) return;
  const [oldest] = ids;
  if (oldest !== undefined) ids.delete(oldest);
}

/** The venue's refusal for what a fault asks for. */
export function faultOf(refusal: FaultRefusal): BybitRefusal {
  const usual = refusal.kind === 'rate-limit' ? TOO_MANY_VISITS : SERVER_ERROR;
  return { code: refusal.code ?? usual.code, message: refusal.message ?? usual.message };
}
