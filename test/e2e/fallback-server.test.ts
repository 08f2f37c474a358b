/** Where uWebSockets.js does not load: engine and simulated venues over node:http and ws, with everything that the other server serves. */
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { EngineProcess, temporaryData } from './engine-process.js';

const LIMIT_MS = 60_000;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** With a Host header of our own choice, which fetch does not allow. */
function get(url: URL, host = url.host): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { host } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => (text += piece));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

function firstPush(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/live`);
    socket.once('message', (data) => {
      resolve((data as Buffer).toString('utf8'));
      socket.close();
    });
    socket.once('error', reject);
  });
}

describe.each(['node', 'auto'])('engine and venues with THOR_HTTP=%s', (server) => {
  it('trade, show and stop', { timeout: LIMIT_MS }, async () => {
    const data = temporaryData();
    try {
      const engine = new EngineProcess(['--data', data.path, '--duration', '4', '--port', '0', '--json'], {
        limitMs: LIMIT_MS,
        env: { THOR_HTTP: server },
      });
      const { url } = JSON.parse(await engine.line((line) => line.includes('"url"'))) as { url: string };
      const page = await get(new URL('/', url));
      expect(page).toMatchObject({
        status: 200,
        headers: { 'content-type': 'text/html; charset=utf-8', 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' },
      });
      expect(page.headers['content-security-policy']).toContain("default-src 'none'");
      // A page of another origin may point its own name at this address: only ours is answered.
      expect((await get(new URL('/api/v1/status', url), 'example.org')).status).toBe(421);
      expect((await get(new URL('/metrics', url))).text).toMatch(/^thor_build_info\{.*\} 1$/m);
      const status = JSON.parse((await get(new URL('/api/v1/status', url))).text) as { http: string; label: string };
      expect(status.label).toBe('SIMULATED');
      if (server === 'node') expect(status.http).toBe('node');
      expect(JSON.parse(await firstPush(url))).toBeTypeOf('object');
      const { code, stdout, stderr } = await engine.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
      const summary = JSON.parse(stdout.at(-1) ?? '{}') as {
        orders: { accepted: number; unknown: number };
        books: { live: number };
        pnl: { unexplained: string; residual: string }[];
      };
      expect(summary.books.live).toBeGreaterThanOrEqual(5);
      expect(summary.orders.accepted).toBeGreaterThan(0);
      expect(summary.orders.unknown).toBe(0);
      for (const part of summary.pnl) expect(part).toMatchObject({ unexplained: '0', residual: '0' });
    } finally {
      data.remove();
    }
  });
});
