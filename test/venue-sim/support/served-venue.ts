/**
 * One simulated venue on a loopback port, for clients that know nothing of us. Market time follows the wall and can be sent ahead, so that a test waits for
 * fills without waiting; a still one moves by `venue.run` alone.
 */
import type { HttpServer } from '../../../src/core/ports/http.js';
import { createHttpServer } from '../../../src/net/http-server.js';
import { credentialsOf } from '../../../src/venue-sim/exchange/accounts.js';
import type { VenueId } from '../../../src/venue-sim/market/spec.js';
import { TestVenue } from './venue-client.js';

const SEED = 7;
const TURN_MS = 20;

export class ServedVenue {
  readonly venue: TestVenue;
  readonly rest: string;
  readonly ws: string;
  readonly apiKey: string;
  readonly secret: string;
  readonly #server: HttpServer;
  readonly #timer: NodeJS.Timeout;

  private constructor(venue: TestVenue, server: HttpServer, port: number, turn: () => void) {
    this.venue = venue;
    this.#server = server;
    this.rest = `http://127.0.0.1:${port}`;
    this.ws = `ws://127.0.0.1:${port}`;
    const { apiKey, secret } = credentialsOf(SEED, venue.venue.id, 'test');
    this.apiKey = apiKey;
    this.secret = secret;
    this.#timer = setInterval(turn, TURN_MS);
  }

  static async start(id: VenueId, isStill = false): Promise<ServedVenue> {
    const venue = new TestVenue(id, SEED);
    let last = performance.now();
    let owedMs = 0;
    const turn = (): void => {
      if (isStill) return;
      const now = performance.now();
      owedMs += now - last;
      last = now;
      const steps = Math.floor(owedMs / 10);
      owedMs -= steps * 10;
      venue.run(steps / 100);
    };
    const { handlers } = venue;
    const server = createHttpServer({
      handlers: {
        ...handlers,
        onRequest: (request, respond) => {
          turn();
          handlers.onRequest(request, respond);
        },
      },
    });
    return new ServedVenue(venue, server, await server.listen('127.0.0.1', 0), turn);
  }

  /** Sends market time ahead until `isDone`, at most this many seconds. */
  passUntil(isDone: () => boolean, mostSeconds: number): boolean {
    for (let seconds = 0; seconds < mostSeconds && !isDone(); seconds += 0.1) this.venue.run(0.1);
    return isDone();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#server.close();
  }
}
