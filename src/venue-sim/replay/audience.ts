/**
 * Who listens to which recorded stream of one venue. A subscription names what the client wants; the recorded stream that answers it may have another name
 * (the same depth at another pace). A recorded message goes to a connection once, however many of its subscriptions it answers.
 * Called by the replayed venues on the thread of the `venues` process.
 */
import type { ServerSocket } from '../../core/ports/http.js';
import type { VenueCounters } from '../venues/protocol.js';

export interface Listener {
  readonly socket: ServerSocket;
  readonly path: string;
  /** Messages carry the wrapper of a combined connection. */
  isWrapped: boolean;
  /** What it asked for, and the recorded stream that answers; null when nothing was recorded of it. */
  readonly wishes: Map<string, string | null>;
  /** Something was sent since the last barrier. */
  isTouched: boolean;
}

export class Audience {
  readonly #counters: VenueCounters;
  readonly #listeners = new Map<number, Listener>();
  /** Recorded stream to its listeners, each with the name by which it asked. */
  readonly #streams = new Map<string, Map<Listener, string>>();
  /** Rises whenever a client does something: when it stands still, clients are ready. */
  activity = 0;

  constructor(counters: VenueCounters) {
    this.#counters = counters;
  }

  /** A copy: clients may be closed while it is walked. */
  get listeners(): Listener[] {
    return [...this.#listeners.values()];
  }

  open(socket: ServerSocket): Listener {
    const listener: Listener = { socket, path: socket.request.path, isWrapped: false, wishes: new Map(), isTouched: false };
    this.#listeners.set(socket.id, listener);
    this.activity++;
    this.#counters.socketsOpened++;
    this.#counters.socketsOpen = this.#listeners.size;
    return listener;
  }

  of(socket: ServerSocket): Listener | undefined {
    return this.#listeners.get(socket.id);
  }

  close(socket: ServerSocket): void {
    const listener = this.#listeners.get(socket.id);
    if (listener === undefined) return;
    for (const wish of listener.wishes.keys()) this.unsubscribe(listener, wish);
    this.#listeners.delete(socket.id);
    this.activity++;
    this.#counters.socketsOpen = this.#listeners.size;
  }

  subscribe(listener: Listener, wish: string, stream: string | null): void {
    this.activity++;
    listener.wishes.set(wish, stream);
    if (stream === null) return;
    let listeners = this.#streams.get(stream);
    if (listeners === undefined) {
      listeners = new Map();
      this.#streams.set(stream, listeners);
    }
    if (!listeners.has(listener)) listeners.set(listener, wish);
  }

  unsubscribe(listener: Listener, wish: string): boolean {
    this.activity++;
    const stream = listener.wishes.get(wish);
    if (stream === undefined) return false;
    listener.wishes.delete(wish);
    if (stream === null) return true;
    const other = [...listener.wishes].find(([, answered]) => answered === stream)?.[0];
    if (other === undefined) this.#streams.get(stream)?.delete(listener);
    else this.#streams.get(stream)?.set(listener, other);
    return true;
  }

  listenersOf(stream: string): ReadonlyMap<Listener, string> | undefined {
    return this.#streams.get(stream);
  }

  send(listener: Listener, text: string): void {
    listener.isTouched = true;
    this.#counters.messagesOut++;
    if (listener.socket.send(text) === 'dropped' && this.#listeners.has(listener.socket.id)) {
      this.#counters.slowClients++;
      this.close(listener.socket);
    }
  }
}
