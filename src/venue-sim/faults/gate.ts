/**
 * The place where scripted faults act on one simulated venue: around its request handlers, around its sockets, at private messages and batch items. Without
 * faults everything passes straight through. Wraps the protocol's handlers (`venue.ts`); protocols call it where requests and private messages come by socket.
 */
import type { HttpReply, HttpRequest, HttpServerHandlers, ServerSocket } from '../../core/ports/http.js';
import type { ExchangeEvent, FaultGate, FaultKind, FaultRefusal, Operation, Order } from '../exchange/contract.js';
import type { VenueExchange } from '../exchange/exchange.js';
import { GateSocket } from './gate-socket.js';
import { numberParam, textParam, type Fault, type FaultScript, type Occasion } from './script.js';

/** How a protocol answers, once it is there. */
export interface GateHooks {
  operationOf(request: HttpRequest): Operation | null;
  refuse(refusal: FaultRefusal, request: HttpRequest): HttpReply;
}

/** Something that waits for a time, or for an order. */
interface Held {
  readonly untilUs: number;
  readonly isReady: (() => boolean) | null;
  run(): void;
}

const USUAL_DELAY_MS = 1_000;
const FILL_PATIENCE_MS = 5_000;
const ACK_LAG_MS = 50;
const SWAP_PATIENCE_MS = 100;
const REPEATED_IN_LISTS_MS = 5_000;
const MOST_REPEATED = 10_000;
const MOST_UNANSWERED = 10_000;

export class VenueFaultGate implements FaultGate {
  readonly #venue: string;
  readonly #script: FaultScript;
  readonly #exchange: VenueExchange;
  readonly #nowUs: () => number;
  readonly #sockets = new Map<number, GateSocket>();
  #held: Held[] = [];
  /** Answers that a fault lost; at the end they are told that nobody will answer. */
  #unanswered: ((reply: HttpReply) => void)[] = [];
  readonly #swapped = new Map<GateSocket, () => void>();
  /** Fills that lists name twice, and until when. */
  readonly #repeatedFills = new Map<number, number>();
  readonly #toRepeat = { order: 0, fill: 0 };

  constructor(venue: string, script: FaultScript, exchange: VenueExchange, nowUs: () => number) {
    this.#venue = venue;
    this.#script = script;
    this.#exchange = exchange;
    this.#nowUs = nowUs;
    exchange.repeatsFill = (fill) => (this.#repeatedFills.get(fill.id) ?? 0) > this.#nowUs();
    exchange.listen((event) => this.#onEvent(event));
  }

  get skewUs(): number {
    const fault = this.#script.active(this.#venue, 'clock-skew', {}, this.#nowUs());
    return fault === undefined ? 0 : Math.round(numberParam(fault, 'ms', -USUAL_DELAY_MS) * 1_000);
  }

  wrap(handlers: HttpServerHandlers, hooks: GateHooks): HttpServerHandlers {
    const socketOf = (socket: ServerSocket): ServerSocket => this.#sockets.get(socket.id) ?? socket;
    return {
      onRequest: (request, respond) => this.#onRequest(handlers, hooks, request, respond),
      onUpgrade: (request) => {
        const refusal = this.#refusalOf({ method: 'WS', path: request.path });
        if (refusal !== null) return hooks.refuse(refusal, request);
        if (handlers.onUpgrade === undefined) return { status: 404, body: '' };
        return handlers.onUpgrade(request);
      },
      onOpen: (socket) => {
        const gated = new GateSocket(socket, (from, data) => this.#sendPublic(from, data));
        this.#sockets.set(socket.id, gated);
        handlers.onOpen?.(gated);
      },
      onMessage: (socket, bytes, isText) => {
        handlers.onMessage?.(socketOf(socket), bytes, isText);
        this.#exchange.deliver();
      },
      onPong: (socket) => handlers.onPong?.(socketOf(socket)),
      onDrain: (socket) => handlers.onDrain?.(socketOf(socket)),
      onClose: (socket, code, reason) => {
        const gated = socketOf(socket);
        this.#sockets.delete(socket.id);
        if (gated instanceof GateSocket) this.#swapped.delete(gated);
        handlers.onClose?.(gated, code, reason);
      },
    };
  }

  /** After each step of the world. */
  onStep(): void {
    if (this.#held.length > 0) this.#release();
    if (this.#script.isEmpty) {
      this.#flushStalled();
      return;
    }
    this.#cutStreams();
    this.#flushStalled();
  }

  /** Nobody will answer these any more: the listener closes. */
  close(): void {
    const gone: HttpReply = { status: 504, headers: { 'content-type': 'text/plain' }, body: 'SIMULATED exchange stopped' };
    for (const respond of this.#unanswered.splice(0)) respond(gone);
    this.#held = [];
  }

  onSocketRequest(
    socket: ServerSocket,
    operation: Operation,
    handle: () => string | null,
    refuse: (refusal: FaultRefusal) => string,
    send?: (text: string) => void,
  ): void {
    const occasion: Occasion = { method: 'WS', path: socket.request.path, ...operation };
    const answer = (text: string | null): void => {
      if (text !== null) this.#pass(socket, text, send);
    };
    const refusal = this.#refusalOf(occasion);
    if (refusal !== null && !refusal.isAccepted) return answer(refuse(refusal));
    this.#exchange.takeTouched();
    const text = handle();
    if (refusal !== null) return answer(refuse(refusal));
    this.#answer(occasion, this.#exchange.takeTouched(), {
      run: () => answer(text),
      lose: () => undefined,
    });
  }

  sendPrivate(
    socket: ServerSocket,
    text: string,
    about: { readonly type: ExchangeEvent['type']; readonly symbol?: string },
    send?: (text: string) => void,
  ): void {
    const occasion: Occasion = { path: socket.request.path, stream: 'private', ...about };
    const deliver = (): void => this.#pass(socket, text, send);
    if (this.#script.isEmpty && !(socket instanceof GateSocket && socket.isStalled)) return deliver();
    if (this.#isKept(socket, occasion, deliver)) return undefined;
    const isRepeated = this.#takeRepeat(about.type);
    if (socket instanceof GateSocket) {
      const before = this.#swapped.get(socket);
      if (before !== undefined) {
        this.#swapped.delete(socket);
        deliver();
        before();
        return undefined;
      }
      if (this.#strike('wrong-order', occasion) !== null) {
        this.#swapped.set(socket, deliver);
        this.#hold(SWAP_PATIENCE_MS, () => {
          if (this.#swapped.get(socket) !== deliver) return;
          this.#swapped.delete(socket);
          deliver();
        });
        return undefined;
      }
    }
    deliver();
    if (isRepeated) deliver();
    return undefined;
  }

  batchItem(operation: Operation, index: number): FaultRefusal | null {
    const fault = this.#script.active(this.#venue, 'partial-batch-failure', operation, this.#nowUs());
    const only = fault?.params?.['index'];
    if (typeof only === 'number' && only !== index) return null;
    const struck = this.#strike('partial-batch-failure', operation);
    return struck === null ? null : refusalOf(struck, 'status', 400);
  }

  #onRequest(handlers: HttpServerHandlers, hooks: GateHooks, request: HttpRequest, respond: (reply: HttpReply) => void): void {
    if (this.#script.isEmpty) {
      handlers.onRequest(request, respond);
      this.#exchange.deliver();
      return;
    }
    const operation = hooks.operationOf(request);
    const symbol = operation?.symbol ?? new URLSearchParams(request.query).get('symbol') ?? undefined;
    const occasion: Occasion = {
      method: request.method,
      path: request.path,
      ...(operation === null ? {} : { op: operation.op }),
      ...(symbol === undefined ? {} : { symbol }),
    };
    const refusal = this.#refusalOf(occasion);
    if (refusal !== null && !refusal.isAccepted) return respond(hooks.refuse(refusal, request));
    const handle = (): void => {
      this.#exchange.takeTouched();
      handlers.onRequest(request, (reply) => {
        if (refusal !== null) return respond(hooks.refuse(refusal, request));
        this.#answer(occasion, this.#exchange.takeTouched(), {
          run: () => respond(reply),
          lose: () => this.#unanswered.length < MOST_UNANSWERED && this.#unanswered.push(respond),
        });
      });
      this.#exchange.deliver();
    };
    const late = this.#script.active(this.#venue, 'delay', occasion, this.#nowUs());
    if (late?.params?.['before'] !== true) return handle();
    const struck = this.#strike('delay', occasion);
    return struck === null ? handle() : this.#hold(numberParam(struck, 'ms', USUAL_DELAY_MS), handle);
  }

  /** Faults of an answer that is ready: lost, late, after the fill, after the private message of the fill. */
  #answer(occasion: Occasion, touched: readonly Order[], answer: { run(): void; lose(): unknown }): void {
    if (this.#strike('lose-answer', occasion) !== null) {
      answer.lose();
      return;
    }
    if (touched.length > 0) {
      const late = this.#strike('answer-after-fill', occasion);
      if (late !== null) {
        const isReady = (): boolean => touched.every((order) => order.state !== 'new');
        this.#hold(numberParam(late, 'ms', FILL_PATIENCE_MS), () => answer.run(), isReady);
        return;
      }
      if (touched.some((order) => order.filledLots > 0)) {
        const lagged = this.#strike('fill-before-ack', occasion);
        if (lagged !== null) {
          // The events of the request are told when it returns; its answer comes after them.
          this.#hold(numberParam(lagged, 'ms', ACK_LAG_MS), () => answer.run());
          return;
        }
      }
    }
    const delay = this.#strike('delay', occasion);
    if (delay !== null && delay.params?.['before'] !== true) this.#hold(numberParam(delay, 'ms', USUAL_DELAY_MS), () => answer.run());
    else answer.run();
  }

  #refusalOf(occasion: Occasion): (FaultRefusal & { readonly isAccepted: boolean }) | null {
    const maintenance = this.#strike('maintenance', occasion);
    if (maintenance !== null) return { ...refusalOf(maintenance, 'maintenance', 503), isAccepted: false };
    if (occasion.method === 'WS' && occasion.op === undefined) return null;
    const storm = this.#strike('rate-limit-storm', occasion);
    if (storm !== null) return { ...refusalOf(storm, 'rate-limit', 429), isAccepted: false };
    const status = this.#strike('status', occasion);
    if (status === null) return null;
    // The venue did what it was asked and says that it failed.
    return { ...refusalOf(status, 'status', 503), isAccepted: status.params?.['accepted'] === true };
  }

  #sendPublic(socket: GateSocket, data: string | Uint8Array): 'sent' | 'queued' | 'dropped' {
    if (this.#script.isEmpty && !socket.isStalled) return socket.pass(data);
    const occasion: Occasion = { path: socket.request.path, stream: 'public' };
    return this.#isKept(socket, occasion, () => void socket.pass(data)) ? 'sent' : socket.pass(data);
  }

  /** Stalled or lost on the way. */
  #isKept(socket: ServerSocket, occasion: Occasion, deliver: () => void): boolean {
    if (!(socket instanceof GateSocket)) return false;
    const stall = this.#script.active(this.#venue, 'stream-stall', occasion, this.#nowUs());
    if (socket.isStalled || stall !== undefined) {
      if (stall !== undefined) stall.hits++;
      if (!socket.stall(deliver, occasion)) socket.terminate();
      return true;
    }
    return this.#strike('stream-gap', occasion) !== null;
  }

  #flushStalled(): void {
    for (const socket of this.#sockets.values()) {
      if (!socket.isStalled) continue;
      const isOver = socket.stalledFor.every(
        (occasion) => this.#script.active(this.#venue, 'stream-stall', occasion, this.#nowUs()) === undefined,
      );
      if (isOver) socket.flush();
    }
  }

  #cutStreams(): void {
    const nowUs = this.#nowUs();
    const fault = this.#script.all.find((candidate) => candidate.kind === 'stream-cut');
    if (fault === undefined) return;
    const cut = [...this.#sockets.values()].filter(
      (socket) => this.#script.active(this.#venue, 'stream-cut', { path: socket.request.path }, nowUs) !== undefined,
    );
    const first = cut[0];
    if (first === undefined || this.#strike('stream-cut', { path: first.request.path }) === null) return;
    for (const socket of cut) socket.terminate();
  }

  /** Through the protocol's own sender, past the gate's faults of public messages. */
  #pass(socket: ServerSocket, text: string, send: ((text: string) => void) | undefined): void {
    if (!(socket instanceof GateSocket)) {
      if (send === undefined) socket.send(text);
      else send(text);
      return;
    }
    socket.openly(() => (send === undefined ? void socket.send(text) : send(text)));
  }

  #onEvent(event: ExchangeEvent): void {
    if (this.#script.isEmpty || event.type !== 'order' || event.fill === null) return;
    const fault = this.#strike('repeat-fill', { symbol: event.fill.market.spec.symbol, stream: 'private' });
    if (fault === null) return;
    this.#toRepeat.order++;
    this.#toRepeat.fill++;
    if (this.#repeatedFills.size > MOST_REPEATED) this.#repeatedFills.clear();
    this.#repeatedFills.set(event.fill.id, this.#nowUs() + numberParam(fault, 'listMs', REPEATED_IN_LISTS_MS) * 1_000);
  }

  #takeRepeat(type: ExchangeEvent['type']): boolean {
    if ((type !== 'order' && type !== 'fill') || this.#toRepeat[type] === 0) return false;
    this.#toRepeat[type]--;
    return true;
  }

  #hold(ms: number, run: () => void, isReady: (() => boolean) | null = null): void {
    this.#held.push({ untilUs: this.#nowUs() + ms * 1_000, isReady, run });
  }

  #release(): void {
    const nowUs = this.#nowUs();
    const due = this.#held.filter((held) => nowUs >= held.untilUs || held.isReady?.() === true);
    if (due.length === 0) return;
    this.#held = this.#held.filter((held) => !due.includes(held));
    for (const held of due) held.run();
  }

  #strike(kind: FaultKind, occasion: Occasion): Fault | null {
    return this.#script.strike(this.#venue, kind, occasion, this.#nowUs());
  }
}

function refusalOf(fault: Fault, kind: FaultRefusal['kind'], usualStatus: number): FaultRefusal {
  const code = fault.params?.['code'];
  return {
    kind,
    status: numberParam(fault, 'status', usualStatus),
    code: typeof code === 'number' ? code : null,
    message: textParam(fault, 'message'),
    retryAfterSeconds: numberParam(fault, 'retryAfterSeconds', 1),
  };
}
