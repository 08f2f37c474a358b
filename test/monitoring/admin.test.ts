/** What changes something: who may ask for it, and how it is answered. Over real servers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadUws } from '../../src/net/uws.js';
import { DemoAdmin, TOKEN } from './demo-admin.js';
import { startDemoServer, type DemoServer } from './demo-server.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const GOOD = { ...JSON_TYPE, 'x-thor-token': TOKEN };

let server: DemoServer | null = null;
let admin = new DemoAdmin();
afterEach(async () => {
  await server?.close();
  server = null;
});

async function start(options: Parameters<typeof startDemoServer>[0] = {}): Promise<void> {
  admin = new DemoAdmin();
  server = await startDemoServer({ admin, ...options });
}

/** Any header may be sent, also those that fetch keeps to itself. */
function send(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const call = request(new URL(path, server?.url), { method, headers }, (answer) => {
      let text = '';
      answer.on('data', (part: Buffer) => (text += part.toString()));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown> }));
    });
    call.on('error', reject);
    call.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  });
}

const IMPLS: readonly ('node' | 'uws')[] = loadUws(false) === null ? ['node'] : ['node', 'uws'];

describe.each(IMPLS)('changes over %s', (impl) => {
  it('D13: the kill switch is pressed with the token of the run', async () => {
    await start({ impl });
    const { status, body } = await send('POST', '/api/v1/halt', GOOD, { level: 'halted', cancel: true });
    expect([status, body]).toEqual([200, { level: 'halted', cancel: true, ordersOpen: 3 }]);
    expect(admin.calls).toEqual([['halt', { level: 'halted', cancel: true }]]);
  });

  it.each<[string, number, Record<string, string>]>([
    ['without a token', 401, JSON_TYPE],
    ['with an empty token', 401, { ...GOOD, 'x-thor-token': '' }],
    ['with a token of the same length', 401, { ...GOOD, 'x-thor-token': 'a-token-of-that-run' }],
    ['by a page of another site', 403, { ...GOOD, origin: 'http://evil.example' }],
    ['by a page of another site that hides its origin', 403, { ...GOOD, origin: 'null' }],
    ['by a browser that says it is from another site', 403, { ...GOOD, 'sec-fetch-site': 'cross-site' }],
    ['as a form of another page could send it', 415, { ...GOOD, 'content-type': 'text/plain' }],
    ['under a name that somebody else controls', 421, { ...GOOD, host: 'evil.example' }],
  ])('nothing is changed %s', async (_, expected, headers) => {
    await start({ impl });
    const asked = [
      send('POST', '/api/v1/halt', headers, { level: 'halted' }),
      send('PUT', '/api/v1/strategies/g/params', headers, { count: 3 }),
      send('POST', '/api/v1/strategies/g/rollback', headers, {}),
      send('POST', '/api/v1/preview', headers, { strategy: 'g' }),
    ];
    for (const { status } of await Promise.all(asked)) expect(status).toBe(expected);
    expect(admin.calls).toEqual([]);
  });

  it('a wrong question is refused with what was expected', async () => {
    await start({ impl });
    const refused = async (body: unknown): Promise<string> => {
      const answer = await send('POST', '/api/v1/halt', GOOD, body);
      expect(answer.status).toBe(422);
      return String(answer.body['message']);
    };
    expect(await refused({ level: 'stop' })).toBe('halt.level: expected one of active, reducing, halted, was "stop"');
    expect(await refused({})).toContain('was nothing');
    expect(await refused({ level: 'halted', cancel: 'yes' })).toContain('halt.cancel: expected true or false');
    expect(await refused({ level: 'halted', all: true })).toContain("'all' is not known");
    expect(await refused('{')).toBe('the body is no JSON');
    expect(await refused([])).toContain('expected an object');
    expect(await refused(`{"level":"${'x'.repeat(70_000)}"}`)).toContain('65536 bytes');
    expect(admin.calls).toEqual([]);
  });

  it('parameters are previewed, set and rolled back by the name of the strategy', async () => {
    await start({ impl });
    expect((await send('GET', '/api/v1/preview?strategy=g', {}, undefined)).status).toBe(200);
    expect((await send('POST', '/api/v1/preview', GOOD, { strategy: 'g', params: { count: 3 } })).body).toMatchObject({ isChange: true });
    expect(await send('POST', '/api/v1/preview', GOOD, { strategy: 'g', params: { step: '0' } })).toMatchObject({
      status: 422,
      body: { error: 'REFUSED', message: 'g: step below cost' },
    });
    expect((await send('PUT', '/api/v1/strategies/g/params', GOOD, { count: 3 })).status).toBe(200);
    expect(await send('PUT', '/api/v1/strategies/g/params', GOOD, { busy: 1 })).toMatchObject({
      status: 409,
      body: { error: 'CHANGE_UNDER_WAY' },
    });
    expect((await send('POST', '/api/v1/strategies/g/rollback', GOOD, {})).status).toBe(200);
    expect(admin.calls.map(([what]) => what)).toEqual(['preview', 'preview', 'preview', 'set', 'set', 'rollback']);
  });

  it('everything else is read-only, and all of it where nobody may change anything', async () => {
    await start({ impl });
    expect((await send('PUT', '/api/v1/halt', GOOD, { level: 'halted' })).status).toBe(405);
    expect((await send('POST', '/api/v1/strategies/../params', GOOD, {})).status).toBe(405);
    expect((await send('DELETE', '/api/v1/strategies/g/params', GOOD, undefined)).status).toBe(405);
    await server?.close();
    server = await startDemoServer({ impl });
    expect((await send('POST', '/api/v1/halt', GOOD, { level: 'halted' })).status).toBe(405);
  });
});

describe('the page', () => {
  it('carries the token of the run, which nothing else that is served does', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'thor-token-'));
    try {
      writeFileSync(join(folder, 'index.html'), '<head><meta name="thor-token" content="" /></head>');
      await start({ panelFolder: folder });
      const text = async (path: string): Promise<string> => (await fetch(new URL(path, server?.url))).text();
      for (const path of ['/', '/index.html']) expect(await text(path)).toContain(`content="${TOKEN}"`);
      for (const path of ['/api/v1/status', '/api/v1/config', '/api/v1/params', '/metrics', '/readyz'])
        expect(await text(path)).not.toContain(TOKEN);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
