/**
 * Who listens to what on one simulated venue. A topic makes its messages once and every listener gets the same text; a listener that reads too slowly is
 * cut by the server's bound and counted. Called by the venue protocols on the thread of the `venues` process.
 */
import type { ServerSocket } from '../../core/ports/http.js';
import type { VenueCounters } from './protocol.js';

/** Makes the messages of one topic, from its first listener to its last. */
export interface TopicSource {
  /** Texts due now, in order; `variant` 0 of each. Called after each step of the world. */
  produce(nowUs: number): readonly string[];
  /** What a new listener gets first. */
  greeting?(nowUs: number): readonly string[];
  stop?(): void;
}

export interface Client {
  readonly socket: ServerSocket;
  readonly openedUs: number;
  readonly topics: Set<string>;
  /** True when messages carry the wrapper of a combined connection. */
  isWrapped: boolean;
  lastPingUs: number;
  lastLifeUs: number;
  /** Everything after the host, as connected: which group of streams this connection may carry. */
  readonly path: string;
}

interface Topic {
  readonly source: TopicSource;
  readonly clients: Set<Client>;
}

export class Hub {
  readonly #counters: VenueCounters;
  readonly #make: (topic: string) => TopicSource | null;
  readonly #wrap: (topic: string, text: string) => string;
  readonly #clients = new Map<number, Client>();
  readonly #topics = new Map<string, Topic>();

  constructor(
    counters: VenueCounters,
    make: (topic: string) => TopicSource | null,
    wrap: (topic: string, text: string) => string = (_, text) => text,
  ) {
    this.#counters = counters;
    this.#make = make;
    this.#wrap = wrap;
  }

  /** A copy: clients may be closed while it is walked. */
  get clients(): Client[] {
    return [...this.#clients.values()];
  }

  open(socket: ServerSocket, nowUs: number): Client {
    const path = socket.request.path;
    const client: Client = { socket, openedUs: nowUs, topics: new Set(), isWrapped: false, lastPingUs: nowUs, lastLifeUs: nowUs, path };
    this.#clients.set(socket.id, client);
    this.#counters.socketsOpened++;
    this.#counters.socketsOpen = this.#clients.size;
    return client;
  }

  client(socket: ServerSocket): Client | undefined {
    return this.#clients.get(socket.id);
  }

  close(socket: ServerSocket): void {
    const client = this.#clients.get(socket.id);
    if (client === undefined) return;
    for (const topic of client.topics) this.unsubscribe(client, topic);
    this.#clients.delete(socket.id);
    this.#counters.socketsOpen = this.#clients.size;
  }

  /** False when there is no such topic. The greeting is sent at once unless `isQuiet`. */
  subscribe(client: Client, name: string, nowUs: number, isQuiet = false): boolean {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      const source = this.#make(name);
      if (source === null) return false;
      topic = { source, clients: new Set() };
      this.#topics.set(name, topic);
    }
    topic.clients.add(client);
    client.topics.add(name);
    if (!isQuiet) this.greet(client, name, nowUs);
    return true;
  }

  greet(client: Client, name: string, nowUs: number): void {
    for (const text of this.#topics.get(name)?.source.greeting?.(nowUs) ?? []) {
      this.send(client, client.isWrapped ? this.#wrap(name, text) : text);
    }
  }

  unsubscribe(client: Client, name: string): boolean {
    client.topics.delete(name);
    const topic = this.#topics.get(name);
    if (topic === undefined || !topic.clients.delete(client)) return false;
    if (topic.clients.size === 0) {
      topic.source.stop?.();
      this.#topics.delete(name);
    }
    return true;
  }

  publish(nowUs: number): void {
    for (const [name, topic] of this.#topics) {
      for (const text of topic.source.produce(nowUs)) {
        let wrapped: string | undefined;
        for (const client of topic.clients) {
          if (client.isWrapped) wrapped ??= this.#wrap(name, text);
          this.send(client, client.isWrapped && wrapped !== undefined ? wrapped : text);
        }
      }
    }
  }

  send(client: Client, text: string): void {
    this.#counters.messagesOut++;
    if (client.socket.send(text) === 'dropped' && this.#clients.has(client.socket.id)) {
      this.#counters.slowClients++;
      this.close(client.socket);
    }
  }
}
