/**
 * One simulated venue on a loopback port, its market time turned by hand: real HTTP and WebSocket clients talk to it, nothing happens while nobody steps.
 */
import type { HttpServer } from '../../../src/core/ports/http.js';
import { createHttpServer } from '../../../src/net/http-server.js';
import { credentialsOf } from '../../../src/venue-sim/exchange/accounts.js';
import type { VenueId } from '../../../src/venue-sim/market/spec.js';
import { TestVenue } from './venue-client.js';

export class SteppedVenue {
  readonly venue: TestVenue;
  readonly apiKey: string;
  readonly secret: string;
  readonly #server: HttpServer;
  #port = 0;

  private constructor(id: VenueId, seed: number) {
    this.venue = new TestVenue(id, seed);
    const { apiKey, secret } = credentialsOf(seed, id, 'test');
    this.apiKey = apiKey;
    this.secret = secret;
    this.#server = createHttpServer({ handlers: this.venue.handlers, maxBufferedBytes: 8 * 1024 * 1024 });
  }

  static async start(id: VenueId, seed = 7): Promise<SteppedVenue> {
    const served = new SteppedVenue(id, seed);
    served.#port = await served.#server.listen('127.0.0.1', 0);
    return served;
  }

  get rest(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get socket(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /** Lives through market time and lets the sockets deliver what was sent. */
  async run(seconds: number): Promise<void> {
    this.venue.run(seconds);
    for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Steps until something is true; fails when it never is. */
  async until(what: string, isTrue: () => boolean, mostSeconds: number): Promise<void> {
    for (let elapsed = 0; elapsed < mostSeconds; elapsed += 0.1) {
      if (isTrue()) return;
      await this.run(0.1);
    }
    if (!isTrue()) throw new Error(`${what}: not within ${mostSeconds} s of market time`);
  }

  stop(): Promise<void> {
    return this.#server.close();
  }
}
