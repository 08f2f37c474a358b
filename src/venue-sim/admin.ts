/** The admin address of the `venues` process: status, counters, save, stop. Loopback only; requests that a browser page sends (they carry an origin) are refused. */
import type { HttpReply, HttpRequest, HttpServerHandlers } from '../core/ports/http.js';
import { jsonReply, type VenueCounters } from './venues/protocol.js';
import type { VenueWorld } from './world.js';

export interface AdminActions {
  readonly world: VenueWorld;
  readonly speed: number;
  readonly counters: ReadonlyMap<string, VenueCounters>;
  save(): Promise<void>;
  stop(): void;
}

export function adminHandlers(actions: AdminActions): HttpServerHandlers {
  return {
    onRequest: (request, respond) => {
      const name = `${request.method} ${request.path}`;
      if (request.headers['origin'] !== undefined) return respond(jsonReply(403, '{"error":"not for browsers"}'));
      if (name === 'POST /save') {
        actions.save().then(
          () => respond(jsonReply(200, '{"saved":true}')),
          (error: unknown) => respond(jsonReply(500, JSON.stringify({ saved: false, error: String(error) }))),
        );
        return undefined;
      }
      respond(answer(actions, name, request));
      // The answer leaves before the listener closes.
      if (name === 'POST /stop') actions.stop();
      return undefined;
    },
  };
}

function answer(actions: AdminActions, name: string, request: HttpRequest): HttpReply {
  switch (name) {
    case 'GET /status':
      return jsonReply(200, JSON.stringify(status(actions)));
    case 'GET /counters':
      return jsonReply(200, JSON.stringify(Object.fromEntries([...actions.counters].map(([id, counters]) => [id, counted(counters)]))));
    case 'POST /stop':
      return jsonReply(200, '{"stopping":true}');
    default:
      return jsonReply(
        404,
        JSON.stringify({
          error: `no ${request.method} ${request.path}`,
          known: ['GET /status', 'GET /counters', 'POST /save', 'POST /stop'],
        }),
      );
  }
}

function status(actions: AdminActions): object {
  const { world } = actions;
  return {
    simulated: true,
    seed: world.seed,
    speed: actions.speed,
    marketUs: world.nowUs,
    steps: world.steps,
    skippedUs: world.skippedUs,
    venues: Object.fromEntries(
      [...actions.counters].map(([id, counters]) => [
        id,
        { sockets: counters.socketsOpen, requests: counters.requests, messagesOut: counters.messagesOut },
      ]),
    ),
    markets: world.markets.map((market) => ({
      venue: market.spec.venue,
      symbol: market.spec.symbol,
      kind: market.spec.kind,
      bid: market.trimmedPrice(market.engine.bids.best()?.ticks ?? 0),
      ask: market.trimmedPrice(market.engine.asks.best()?.ticks ?? 0),
      orders: market.engine.orderCount,
      sequence: market.engine.sequence,
    })),
  };
}

function counted(counters: VenueCounters): object {
  const { requests, socketsOpened, socketsOpen, messagesOut, messagesIn, slowClients, badMessages } = counters;
  const unknown = { paths: Object.fromEntries(counters.unknownPaths), topics: Object.fromEntries(counters.unknownTopics) };
  return { requests, socketsOpened, socketsOpen, messagesOut, messagesIn, slowClients, badMessages, unknown };
}
