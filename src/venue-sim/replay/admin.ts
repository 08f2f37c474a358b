/** The admin address of a replay: start, status, counters, stop, and the recording's clock on `/clock`. Requests that a browser page sends are refused. */
import type { HttpReply, HttpServerHandlers } from '../../core/ports/http.js';
import { jsonReply } from '../venues/protocol.js';
import type { MarketTimeFeed } from './market-time.js';
import type { Player } from './player.js';
import type { ReplayVenue } from './replay-venue.js';

export interface ReplayAdmin {
  readonly speed: number | 'max';
  readonly files: readonly string[];
  readonly venues: readonly ReplayVenue[];
  readonly time: MarketTimeFeed;
  readonly player: Player;
  isStarted(): boolean;
  start(): void;
  stop(): void;
}

const NOT_FOR_BROWSERS = jsonReply(403, '{"error":"not for browsers"}');

export function replayAdminHandlers(admin: ReplayAdmin): HttpServerHandlers {
  return {
    onRequest: (request, respond) => {
      const name = `${request.method} ${request.path}`;
      if (request.headers['origin'] !== undefined) return respond(NOT_FOR_BROWSERS);
      respond(answer(admin, name));
      // The answer leaves before anything else happens.
      if (name === 'POST /start') admin.start();
      if (name === 'POST /stop') admin.stop();
      return undefined;
    },
    onUpgrade: (request) => {
      if (request.headers['origin'] !== undefined) return NOT_FOR_BROWSERS;
      return request.path === '/clock' ? null : jsonReply(404, '{"error":"sockets are on /clock"}');
    },
    onOpen: (socket) => admin.time.open(socket),
    onPong: (socket) => admin.player.barrier.onPong(socket),
    onClose: (socket) => {
      admin.time.close(socket);
      admin.player.barrier.onClose(socket);
    },
  };
}

function answer(admin: ReplayAdmin, name: string): HttpReply {
  switch (name) {
    case 'GET /status':
      return jsonReply(200, JSON.stringify(status(admin)));
    case 'GET /counters':
      return jsonReply(200, JSON.stringify(Object.fromEntries(admin.venues.map((venue) => [venue.id, counted(venue)]))));
    case 'POST /start':
      return jsonReply(200, '{"starting":true}');
    case 'POST /stop':
      return jsonReply(200, '{"stopping":true}');
    default:
      return jsonReply(
        404,
        JSON.stringify({ error: `no ${name}`, known: ['GET /status', 'GET /counters', 'POST /start', 'POST /stop', 'WS /clock'] }),
      );
  }
}

function status(admin: ReplayAdmin): object {
  return {
    simulated: true,
    replay: admin.files,
    speed: admin.speed,
    marketUs: admin.time.nowUs,
    started: admin.isStarted(),
    ended: admin.time.isEnded,
    venues: Object.fromEntries(
      admin.venues.map(({ id, counters }) => [
        id,
        {
          sockets: counters.socketsOpen,
          requests: counters.requests,
          messagesOut: counters.messagesOut,
          slowClients: counters.slowClients,
        },
      ]),
    ),
  };
}

function counted({ counters }: ReplayVenue): object {
  const { requests, socketsOpened, socketsOpen, messagesOut, messagesIn, slowClients, badMessages } = counters;
  const unknown = { paths: Object.fromEntries(counters.unknownPaths), topics: Object.fromEntries(counters.unknownTopics) };
  return { requests, socketsOpened, socketsOpen, messagesOut, messagesIn, slowClients, badMessages, unknown };
}
