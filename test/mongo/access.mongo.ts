/** Who is let in and how: a standalone server, user and password, TLS. No message shows a password. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { messageOf } from '../../src/core/numbers/errors.js';
import { MongoStore } from '../../src/storage/mongo.js';
import { OverlayStore } from '../../src/storage/overlay.js';
import { digestOf } from '../../src/storage/store-compare.js';
import { TEST_CERT, TEST_KEY } from '../net/certificate.js';
import { removeTemporaryFolders } from '../storage/journal-fixture.js';
import { admin, direct, haveMongo, Mongod } from './mongod.js';
import { feed, journalOf } from '../storage/story.js';

const isHere = haveMongo();
const servers: Mongod[] = [];
const stores: MongoStore[] = [];
const folder = mkdtempSync(join(tmpdir(), 'thor-mongo-tls-'));

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const server of servers.splice(0)) await server.remove();
  removeTemporaryFolders();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function serverOf(...args: string[]): Promise<Mongod> {
  const server = await Mongod.start({ args });
  servers.push(server);
  return server;
}

function storeAt(url: string): MongoStore {
  const store = new MongoStore({ url, tag: 'one' });
  stores.push(store);
  return store;
}

async function holdsAll(store: MongoStore): Promise<void> {
  const journal = await journalOf(1, 80);
  const memory = new OverlayStore();
  await feed(memory, journal.folder);
  await feed(store, journal.folder);
  expect(await digestOf(store)).toEqual(await digestOf(memory));
}

describe.skipIf(!isHere)('G3: access to MongoDB', () => {
  it('works with a standalone server', async () => {
    await holdsAll(storeAt(direct((await serverOf()).port)));
  });

  it('works with user and password, and shows neither a wrong one nor the right one', async () => {
    const server = await serverOf('--auth');
    const roles = [
      { role: 'readWrite', db: 'thor' },
      { role: 'root', db: 'admin' },
    ];
    await admin(direct(server.port), { createUser: 'root', pwd: 's3cret/root', roles: [roles[1]] });
    const asRoot = `mongodb://root:${encodeURIComponent('s3cret/root')}@127.0.0.1:${server.port}/?directConnection=true`;
    // No more rights than these are needed.
    await admin(asRoot, { createUser: 'thor', pwd: 'p@ss word!', roles: [roles[0]] });
    const urlOf = (password: string): string =>
      `mongodb://thor:${encodeURIComponent(password)}@127.0.0.1:${server.port}/thor?authSource=admin&directConnection=true`;
    const right = storeAt(urlOf('p@ss word!'));
    await holdsAll(right);
    expect(right.place).toBe(`mongodb://thor:***@127.0.0.1:${server.port}/thor`);
    const wrong = storeAt(urlOf('not-this-one'));
    const text = await wrong.position().then(
      () => 'let in',
      (error: unknown) => messageOf(error),
    );
    expect(text).toMatch(/STORE_FAILED.*Authentication failed/);
    expect(text).not.toMatch(/not-this-one/);
  });

  it('works over TLS, and not with a certificate that nobody vouches for', async () => {
    const pem = join(folder, 'server.pem');
    writeFileSync(pem, `${TEST_KEY}${TEST_CERT}`, { mode: 0o600 });
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, TEST_CERT);
    const server = await serverOf('--tlsMode', 'requireTLS', '--tlsCertificateKeyFile', pem);
    const url = `mongodb://localhost:${server.port}/thor?directConnection=true&tls=true&serverSelectionTimeoutMS=2000`;
    await holdsAll(storeAt(`${url}&tlsCAFile=${encodeURIComponent(ca)}`));
    await expect(storeAt(url).position()).rejects.toThrow(/self-signed|certificate/i);
  });
});
