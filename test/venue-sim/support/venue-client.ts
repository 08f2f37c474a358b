/** One simulated venue without sockets: requests and connections as direct calls, market time by hand. */
import type { HttpReply, HttpRequest, ServerSocket } from '../../../src/core/ports/http.js';
import { FlowRandom } from '../../../src/venue-sim/flow/random.js';
import type { VenueId } from '../../../src/venue-sim/market/spec.js';
import { FaultScript } from '../../../src/venue-sim/faults/script.js';
import { createVenue, type Venue } from '../../../src/venue-sim/venue.js';
import { VenueCounters } from '../../../src/venue-sim/venues/protocol.js';
import { createVenueWorld, type VenueWorld } from '../../../src/venue-sim/world.js';

/** 2026-08-09 00:00:00 UTC: far from minute and funding edges it is not. */
export const START_US = 1_786_233_600_000_000;

type Json = Record<string, unknown>;

export class VenueClient {
  readonly received: string[] = [];
  closed: number | undefined;
  pings = 0;
  /** What `send` says: a reader that is too slow is 'dropped'. */
  outcome: 'sent' | 'dropped' = 'sent';
  readonly socket: ServerSocket;
  readonly #venue: TestVenue;

  constructor(venue: TestVenue, id: number, request: Omit<HttpRequest, 'body'>) {
    this.#venue = venue;
    this.socket = {
      id,
      request,
      data: null,
      send: (text) => {
        if (this.outcome === 'sent') this.received.push(String(text));
        return this.outcome;
      },
      bufferedBytes: () => 0,
      ping: () => void this.pings++,
      close: (code) => void (this.closed = code ?? 1000),
      terminate: () => void (this.closed = 1006),
    };
  }

  send(message: Json | string): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    this.#venue.handlers.onMessage?.(this.socket, new TextEncoder().encode(text), true);
  }

  pong(): void {
    this.#venue.handlers.onPong?.(this.socket);
  }

  leave(): void {
    this.#venue.handlers.onClose?.(this.socket, 1000, '');
  }

  /** Messages so far, parsed, and forgotten. */
  take(): Json[] {
    return this.received.splice(0).map((text) => JSON.parse(text) as Json);
  }
}

export class TestVenue {
  readonly world: VenueWorld;
  readonly venue: Venue;
  readonly protocol: Venue['protocol'];
  readonly handlers: Venue['handlers'];
  readonly script: FaultScript;
  #nextSocket = 1;

  constructor(id: VenueId, seed = 7, startUs = START_US) {
    this.world = createVenueWorld({ seed, startUs, only: [id] });
    this.script = new FaultScript(FlowRandom.of(seed, 'faults'));
    this.venue = createVenue(this.world, id, this.script, new VenueCounters(), FlowRandom.of(seed, 'test'));
    this.protocol = this.venue.protocol;
    this.handlers = this.venue.handlers;
  }

  get(target: string, headers: Record<string, string> = {}, method = 'GET'): HttpReply & { readonly json: unknown } {
    let reply: HttpReply | undefined;
    this.handlers.onRequest({ ...this.#request(target, headers), method, body: new Uint8Array() }, (answer) => (reply = answer));
    if (reply === undefined) throw new Error(`no answer to ${target}`);
    const text = String(reply.body);
    return { ...reply, json: /^[[{]/.test(text) ? JSON.parse(text) : undefined };
  }

  /** Null when the upgrade was refused. */
  connect(target: string): VenueClient | null {
    const request = this.#request(target, {});
    const refusal = this.handlers.onUpgrade?.({ ...request, body: new Uint8Array() });
    if (refusal !== null) return null;
    const client = new VenueClient(this, this.#nextSocket++, request);
    this.handlers.onOpen?.(client.socket);
    return client;
  }

  open(target: string): VenueClient {
    const client = this.connect(target);
    if (client === null) throw new Error(`${target} refused the upgrade`);
    return client;
  }

  run(seconds: number): void {
    for (let step = 0; step < seconds * 100; step++) this.world.step();
  }

  #request(target: string, headers: Record<string, string>): Omit<HttpRequest, 'body'> {
    const [path = '', query = ''] = target.split('?');
    return { method: 'GET', path, query, headers, remoteAddress: '127.0.0.1' };
  }
}
