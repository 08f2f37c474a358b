/** The demo engine behind a real server on loopback, for tests of API, push and page. */
import type { AdminPort } from '../../src/monitoring/admin.js';
import { Api } from '../../src/monitoring/api.js';
import { LivePush } from '../../src/monitoring/live.js';
import { Metrics } from '../../src/monitoring/metrics.js';
import { loadPanel } from '../../src/monitoring/panel/files.js';
import { createHttpServer, type HttpServerImpl } from '../../src/net/http-server.js';
import { SystemTimers } from '../../src/workers/clock.js';
import { DemoEngine, type DemoOptions } from './demo-engine.js';

export interface DemoServer {
  readonly engine: DemoEngine;
  readonly live: LivePush;
  readonly url: string;
  readonly errors: unknown[];
  close(): Promise<void>;
}

export async function startDemoServer(
  options: DemoOptions & {
    readonly impl?: HttpServerImpl;
    readonly panelFolder?: string;
    readonly isTicking?: boolean;
    readonly port?: number;
    readonly admin?: AdminPort;
  } = {},
): Promise<DemoServer> {
  const engine = new DemoEngine(options);
  const timers = new SystemTimers(1);
  const live = new LivePush(engine.view, timers);
  const errors: unknown[] = [];
  const api = new Api({
    view: engine.view,
    live,
    panel: loadPanel(options.panelFolder ?? '/nonexistent'),
    metrics: new Metrics(engine.view),
    ...(options.admin === undefined ? {} : { admin: options.admin }),
    allowedHosts: ['desk.example'],
    onError: (error) => errors.push(error),
  });
  const server = createHttpServer({ handlers: api }, options.impl ?? 'node', timers);
  const port = await server.listen('127.0.0.1', options.port ?? 0);
  if (options.isTicking === true) live.start();
  return {
    engine,
    live,
    url: `http://127.0.0.1:${port}`,
    errors,
    close: async () => {
      live.stop();
      await server.close();
      timers.stop();
    },
  };
}
