/** Which HTTP server carries this process: uWebSockets.js where it loads, unless THOR_HTTP=node asks for the other (tests run over both). */
import type { Timers } from '../core/ports/clock.js';
import type { CreateHttpServer } from '../core/ports/http.js';
import { createHttpServer, type HttpServerImpl } from '../net/http-server.js';

function wantedServer(): HttpServerImpl {
  return process.env['THOR_HTTP'] === 'node' ? 'node' : 'auto';
}

/** @param timers of the wall: sockets do not run faster when market time does */
export function serverFactory(timers: Timers): CreateHttpServer {
  return (options) => createHttpServer(options, wantedServer(), timers);
}
