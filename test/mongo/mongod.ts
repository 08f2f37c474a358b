/**
 * A real MongoDB for tests: THOR_TEST_MONGODB_URL, else `mongod` on the PATH, else the server that scripts/ci-mongod.sh put into the cache. Without any, tests say
 * so and are skipped, and fail where THOR_REQUIRE names `mongodb`. Servers are children on loopback with their data in a temporary folder.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';

const CACHED = join(tmpdir(), 'thor-mongod-0.4.0', 'fiftyone', 'db', 'bin', 'mongod');

export const GIVEN_URL = process.env['THOR_TEST_MONGODB_URL'] ?? null;
export const MONGOD = spawnSync('mongod', ['--version']).status === 0 ? 'mongod' : existsSync(CACHED) ? CACHED : null;

/** True when a server can be started here; throws where one is required. `given`: a server that somebody else runs will do. */
export function haveMongo({ given }: { given: boolean } = { given: false }): boolean {
  if (MONGOD !== null || (given && GIVEN_URL !== null)) return true;
  if ((process.env['THOR_REQUIRE'] ?? '').split(',').includes('mongodb'))
    throw new Error('mongodb is required and absent: run scripts/ci-mongod.sh, or put mongod on the PATH');
  console.log('MongoDB absent: nothing was tried against a real server');
  return false;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export interface MongodOptions {
  /** Name of the replica set; a standalone server without. */
  readonly replSet?: string;
  /** Further arguments. */
  readonly args?: readonly string[];
}

/** One server process, which can be killed, frozen and started again on its data. */
export class Mongod {
  readonly port: number;
  readonly #folder: string;
  readonly #options: MongodOptions;
  #child: ChildProcess | null = null;

  private constructor(port: number, options: MongodOptions) {
    this.port = port;
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), 'thor-mongod-data-'));
  }

  static async start(options: MongodOptions = {}): Promise<Mongod> {
    const server = new Mongod(await freePort(), options);
    await server.start();
    return server;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    if (MONGOD === null) throw new Error('no mongod');
    const db = join(this.#folder, 'db');
    mkdirSync(db, { recursive: true });
    const { replSet, args = [] } = this.#options;
    const settings = ['ttlMonitorSleepSecs=1', 'enableTestCommands=1', 'diagnosticDataCollectionEnabled=false'];
    this.#child = spawn(
      MONGOD,
      [
        '--dbpath',
        db,
        '--port',
        String(this.port),
        '--bind_ip',
        '127.0.0.1',
        '--nounixsocket',
        '--wiredTigerCacheSizeGB',
        '0.25',
        '--logpath',
        join(this.#folder, 'log'),
        ...(replSet === undefined ? [] : ['--replSet', replSet, '--oplogSize', '64']),
        ...settings.flatMap((setting) => ['--setParameter', setting]),
        ...args,
      ],
      { stdio: 'ignore' },
    );
    await this.#untilListening();
  }

  async #untilListening(): Promise<void> {
    const { connect } = await import('node:net');
    for (let tries = 0; tries < 300; tries++) {
      if (this.#child?.exitCode !== null) throw new Error(`mongod ended with ${this.#child?.exitCode}: see ${this.#folder}/log`);
      const socket = connect(this.port, '127.0.0.1');
      const isOpen = await new Promise<boolean>((resolve) =>
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
      );
      socket.destroy();
      if (isOpen) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('mongod does not listen');
  }

  /** SIGKILL: nothing is flushed. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async remove(): Promise<void> {
    this.thaw();
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export const direct = (port: number, more = ''): string => `mongodb://127.0.0.1:${port}/?directConnection=true${more}`;

/** Runs a command on the admin database of one server. */
export async function admin(url: string, command: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 5_000 });
  try {
    return await client.db('admin').command(command);
  } finally {
    await client.close(true);
  }
}

/** Servers as one replica set; resolves when it has a primary. */
export class ReplicaSet {
  readonly members: readonly Mongod[];
  readonly name: string;

  private constructor(name: string, members: readonly Mongod[]) {
    this.name = name;
    this.members = members;
  }

  static async start(count: number): Promise<ReplicaSet> {
    const name = 'rs0';
    const members: Mongod[] = [];
    for (let i = 0; i < count; i++) members.push(await Mongod.start({ replSet: name }));
    const config = {
      _id: name,
      members: members.map(({ port }, index) => ({ _id: index, host: `127.0.0.1:${port}` })),
      settings: { electionTimeoutMillis: 1_000, heartbeatIntervalMillis: 200 },
    };
    await admin(direct(members[0]?.port ?? 0), { replSetInitiate: config });
    const set = new ReplicaSet(name, members);
    await set.primary();
    return set;
  }

  get url(): string {
    return `mongodb://${this.members.map(({ port }) => `127.0.0.1:${port}`).join(',')}/thor?replicaSet=${this.name}`;
  }

  /** The member that answers as a writable primary. */
  async primary(): Promise<Mongod> {
    for (let tries = 0; tries < 200; tries++) {
      for (const member of this.members) {
        const hello = await admin(`${direct(member.port)}&serverSelectionTimeoutMS=300&connectTimeoutMS=300&socketTimeoutMS=500`, {
          hello: 1,
        }).catch(() => null);
        if (hello?.['isWritablePrimary'] === true) return member;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('the set has no primary');
  }

  async remove(): Promise<void> {
    for (const member of this.members) await member.remove();
  }
}
