/**
 * Bybit v5's `/v5/private` socket: login, topics of the account (order, execution, execution.fast, position, wallet, and dcp for the dead man's switch), and
 * what the exchange's events look like on them. Called by `BybitServer` and by the exchange's events, on the one thread of the `venues` process.
 */
import type { ServerSocket } from '../../../core/ports/http.js';
import type { Account, ApiKey, Exchange, ExchangeEvent, FaultGate } from '../../exchange/contract.js';
import { BYBIT_CATEGORIES } from './public-messages.js';
import { objectOf, type VenueCounters } from '../protocol.js';
import { accountRow, positionStreamRow } from './account-rows.js';
import { signerOfLogin, type FindKey } from './auth.js';
import { DEAD_MAN_TOPICS, type DeadMan } from './dead-man.js';
import { textOf } from './items.js';
import { executionStreamRow, fastExecutionRow, fundingStreamRow, orderStreamRow, type Row } from './order-rows.js';

/** A connection that says nothing for this long is cut (Bybit v5, "Connect": ten minutes at most). */
const SILENCE_US = 600_000_000;
const TOPICS: ReadonlySet<string> = new Set([
  ...['order', 'execution', 'execution.fast', 'position'].flatMap((name) => [name, ...BYBIT_CATEGORIES.map((kind) => `${name}.${kind}`)]),
  'wallet',
  'greeks',
  ...Object.keys(DEAD_MAN_TOPICS),
]);

interface Session {
  readonly socket: ServerSocket;
  readonly connectionId: string;
  readonly topics: Set<string>;
  account: Account | null;
  lastLifeUs: number;
}

export interface PrivateStreamsDeps {
  readonly exchange: Exchange;
  readonly faults: FaultGate;
  readonly counters: VenueCounters;
  readonly deadMan: DeadMan;
  readonly findKey: FindKey<ApiKey>;
  nowUs(): number;
}

export class BybitPrivateStreams {
  readonly #deps: PrivateStreamsDeps;
  readonly #sessions = new Map<number, Session>();

  constructor(deps: PrivateStreamsDeps) {
    this.#deps = deps;
    deps.exchange.listen((event) => this.#onEvent(event));
  }

  get openCount(): number {
    return this.#sessions.size;
  }

  open(socket: ServerSocket, connectionId: string): void {
    const session: Session = { socket, connectionId, topics: new Set(), account: null, lastLifeUs: this.#deps.nowUs() };
    this.#sessions.set(socket.id, session);
  }

  close(socket: ServerSocket): void {
    const session = this.#sessions.get(socket.id);
    if (session === undefined) return;
    this.#sessions.delete(socket.id);
    for (const topic of session.topics) this.#leave(session, topic);
  }

  message(socket: ServerSocket, text: string): void {
    const session = this.#sessions.get(socket.id);
    if (session === undefined) return;
    session.lastLifeUs = this.#deps.nowUs();
    const message = objectOf(text);
    const operation = message?.['op'];
    const id = message === null ? '' : textOf(message, 'req_id');
    if (message === null || typeof operation !== 'string') {
      this.#deps.counters.badMessages++;
      return this.#answer(session, false, 'Request error', id, '');
    }
    switch (operation) {
      case 'ping': {
        const nowMs = Math.floor(this.#deps.nowUs() / 1_000);
        return this.#send(session, JSON.stringify({ req_id: id, op: 'pong', args: [String(nowMs)], conn_id: session.connectionId }));
      }
      case 'auth':
        return this.#login(session, message['args'], id);
      case 'subscribe':
      case 'unsubscribe':
        return this.#changeTopics(session, operation, message['args'], id);
      default:
        this.#deps.counters.badMessages++;
        return this.#answer(session, false, `error:${operation.slice(0, 40)} is not a valid operation`, id, operation.slice(0, 40));
    }
  }

  /** Cuts who has been silent for too long. */
  step(nowUs: number): void {
    for (const session of this.#sessions.values()) {
      if (nowUs - session.lastLifeUs <= SILENCE_US) continue;
      this.close(session.socket);
      session.socket.close(1000, '');
    }
  }

  #login(session: Session, args: unknown, id: string): void {
    const signer = signerOfLogin(args, this.#deps.findKey, Math.floor(this.#deps.nowUs() / 1_000));
    if ('refusal' in signer) return this.#answer(session, false, signer.refusal.message, id, 'auth');
    session.account = signer.account.account;
    this.#answer(session, true, '', id, 'auth');
  }

  /** All topics of a request or none. */
  #changeTopics(session: Session, operation: 'subscribe' | 'unsubscribe', args: unknown, id: string): void {
    if (session.account === null) return this.#answer(session, false, 'Request not authorized', id, operation);
    const topics = Array.isArray(args) && args.every((topic) => typeof topic === 'string') ? args : [];
    if (topics.length === 0) return this.#answer(session, false, 'error:args is empty or malformed', id, operation);
    const stranger = topics.find((topic) => !TOPICS.has(topic));
    if (stranger !== undefined) {
      this.#deps.counters.unknownTopic(`/v5/private ${stranger}`);
      return this.#answer(session, false, `error:handler not found,topic:${stranger}`, id, operation);
    }
    const known = operation === 'subscribe' ? topics.find((topic) => session.topics.has(topic)) : undefined;
    if (known !== undefined) return this.#answer(session, false, `error:already subscribed,topic:${known}`, id, operation);
    for (const topic of topics) {
      if (operation === 'subscribe') {
        session.topics.add(topic);
        const product = DEAD_MAN_TOPICS[topic];
        if (product !== undefined) this.#deps.deadMan.listen(session.account, product);
      } else if (session.topics.delete(topic)) this.#leave(session, topic);
    }
    this.#answer(session, true, '', id, operation);
  }

  #leave(session: Session, topic: string): void {
    const product = DEAD_MAN_TOPICS[topic];
    if (product !== undefined && session.account !== null) this.#deps.deadMan.leave(session.account, product, this.#deps.nowUs());
  }

  #answer(session: Session, isDone: boolean, text: string, id: string, op: string): void {
    this.#send(session, JSON.stringify({ success: isDone, ret_msg: text, conn_id: session.connectionId, req_id: id, op }));
  }

  #send(session: Session, text: string): void {
    this.#deps.counters.messagesOut++;
    if (session.socket.send(text) !== 'dropped' || !this.#sessions.has(session.socket.id)) return;
    this.#deps.counters.slowClients++;
    this.close(session.socket);
  }

  #onEvent(event: ExchangeEvent): void {
    const listeners = [...this.#sessions.values()].filter((session) => session.account?.id === event.account.id && session.topics.size > 0);
    if (listeners.length === 0) return;
    const { exchange } = this.#deps;
    switch (event.type) {
      case 'order':
        return this.#publish(listeners, event, 'order', event.order.market.spec.kind, () => orderStreamRow(exchange, event.order));
      case 'fill': {
        const { kind } = event.fill.market.spec;
        this.#publish(listeners, event, 'execution', kind, () => executionStreamRow(exchange, event.fill, event.order));
        return this.#publish(listeners, event, 'execution.fast', kind, () => fastExecutionRow(event.fill));
      }
      case 'funding':
        return this.#publish(listeners, event, 'execution', event.position.market.spec.kind, () => fundingStreamRow(exchange, event));
      case 'position':
        return this.#publish(listeners, event, 'position', event.position.market.spec.kind, () =>
          positionStreamRow(exchange, event.position),
        );
      case 'wallet':
        return this.#publish(listeners, event, 'wallet', '', () => accountRow(exchange, event.account, event.wallets));
      case 'liquidation':
        return undefined;
    }
  }

  #publish(listeners: readonly Session[], event: ExchangeEvent, name: string, category: string, make: () => Row | null): void {
    const symbol = symbolOf(event);
    const about = symbol === undefined ? { type: event.type } : { type: event.type, symbol };
    const nowMs = Math.floor(event.timeUs / 1_000);
    let data: string | null = null;
    for (const topic of category === '' ? [name] : [name, `${name}.${category}`]) {
      for (const session of listeners) {
        if (!session.topics.has(topic)) continue;
        if (data === null) {
          const row = make();
          if (row === null) return;
          data = JSON.stringify([row]);
        }
        const text = `{"id":"${event.account.id}_${event.uuid}","topic":"${topic}","creationTime":${nowMs},"data":${data}}`;
        this.#deps.faults.sendPrivate(session.socket, text, about, (late) => this.#send(session, late));
      }
    }
  }
}

function symbolOf(event: ExchangeEvent): string | undefined {
  switch (event.type) {
    case 'order':
    case 'fill':
      return event.order.market.spec.symbol;
    case 'position':
    case 'funding':
      return event.position.market.spec.symbol;
    case 'liquidation':
      return event.market.spec.symbol;
    default:
      return undefined;
  }
}
