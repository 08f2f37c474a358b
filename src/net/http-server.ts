/**
 * The HTTP and WebSocket server that hosts inject: uWebSockets.js where it loads, node:http with `ws` elsewhere; one behaviour, described in `core/ports/http.ts`.
 * Event-loop lanes. The worker that owns a server must await `close()` before its thread is terminated: a live uWebSockets.js listener aborts the process.
 */
import { assert } from '../core/numbers/errors.js';
import type { Timers } from '../core/ports/clock.js';
import type { HttpServer, HttpServerOptions } from '../core/ports/http.js';
import { NodeHttpServer } from './http-server-node.js';
import { UwsHttpServer } from './http-server-uws.js';
import { loadUws } from './uws.js';

export type HttpServerImpl = 'auto' | 'uws' | 'node';

/**
 * `auto` prefers uWebSockets.js, but serves TLS by Node: uWebSockets.js reads keys from files only, and a private key stays off the disk unless `uws` is asked for.
 * `timers` (of the wall) let peers answer the closing handshake and carry the idle timeout; without them `close()` says goodbye and cuts at once.
 */
export function createHttpServer(options: HttpServerOptions, impl: HttpServerImpl = 'auto', timers?: Timers): HttpServer {
  assert((options.idleTimeoutSeconds ?? 0) === 0 || timers !== undefined, 'an idle timeout needs timers');
  const uws = impl === 'node' || (impl === 'auto' && options.tls !== undefined) ? null : loadUws(impl === 'uws');
  return uws === null ? new NodeHttpServer(options, timers) : new UwsHttpServer(uws, options, timers);
}
