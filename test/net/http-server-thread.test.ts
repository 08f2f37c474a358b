/** A server in a worker thread, as lanes run it: after `close()` the thread may be terminated, and it ends by itself. Runs the built files, in a process of its own: a mistake here aborts the process. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadUws } from '../../src/net/uws.js';

const BUILT = new URL('../../dist/net/http-server.js', import.meta.url);
const IMPLS = loadUws(false) === null ? (['node'] as const) : (['uws', 'node'] as const);

/** `terminate`: the main thread kills the lane once it said that it closed. `leave`: the lane must run out of work by itself. */
const program = (impl: string, ending: 'terminate' | 'leave'): string => `
import { Worker } from 'node:worker_threads';
const lane = \`
  (async () => {
    const { parentPort } = await import('node:worker_threads');
    const { createHttpServer } = await import(${JSON.stringify(BUILT.href)});
    const timers = { after: (ms, run) => ({ id: setTimeout(run, ms)[Symbol.toPrimitive]() }), every: () => ({ id: 0 }), cancel: ({ id }) => clearTimeout(id) };
    const server = createHttpServer({ handlers: { onRequest: (r, respond) => respond({ status: 200, body: 'x' }), onUpgrade: () => null } }, '${impl}', timers);
    parentPort.postMessage(await server.listen('127.0.0.1', 0));
    parentPort.once('message', async () => { await server.close(); parentPort.postMessage('closed'); });
  })();
\`;
const { WebSocket } = await import('ws');
for (let i = 0; i < 3; i++) {
  const worker = new Worker(lane, { eval: true, execArgv: [] });
  const said = () => new Promise((resolve, reject) => { worker.once('message', resolve); worker.once('error', reject); });
  const port = await said();
  const client = new WebSocket('ws://127.0.0.1:' + port + '/');
  const code = new Promise((resolve) => client.once('close', resolve));
  await new Promise((resolve) => client.once('open', resolve));
  const closed = said();
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  worker.postMessage('close');
  await closed;
  if ('${ending}' === 'terminate') await worker.terminate();
  console.log(await exited >= 0 ? 'ended' : '', await code);
}
`;

describe.each(IMPLS)('http server in a thread, %s', (impl) => {
  it.each(['terminate', 'leave'] as const)('frees its thread: %s', (ending) => {
    expect(existsSync(BUILT), 'the project must be built first').toBe(true);
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', program(impl, ending)], {
      encoding: 'utf8',
      timeout: 20_000,
      cwd: new URL('../..', import.meta.url),
    });
    expect({ status: run.status, signal: run.signal, stderr: run.stderr, lines: run.stdout.trim().split('\n') }).toEqual({
      status: 0,
      signal: null,
      stderr: '',
      lines: ['ended 1001', 'ended 1001', 'ended 1001'],
    });
  });
});
