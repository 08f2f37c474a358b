/**
 * Backups of a data directory, taken while it is traded on: the newest checkpoint, the journal behind it up to one position (the cut), the embedded store's documents
 * where a checkpoint stands for older segments, run.json, and what else the host adds. Called by the verb `backup`, in a process of its own. A restored directory is
 * one that an engine left by a crash at the cut: it recovers from it and asks its venues for what came after.
 *
 * Inside of the sealed stream: gzip of entries, each `length u32, name, size f64, bytes`; the last is `manifest.json` with the hash of every other.
 */
import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  openSync,
  fsyncSync,
  closeSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { EngineError, UsageError } from '../core/numbers/errors.js';
import { type Cost, Input, opened, sealed } from './backup-cipher.js';
import { checkpointsIn, readCheckpoint } from './checkpoint.js';
import { readRunFile, type RunFile } from './data-dir.js';
import { writeAtomically } from './directory-lock.js';
import { codeOf, nodeDisk } from './disk.js';
import type { JournalPosition } from './journal.js';
import { type Damage, JournalReader, readJournal } from './journal-reader.js';
import { LMDB_NAME, LmdbStore } from './lmdb.js';
import type { StoreReader } from './schema.js';
import { checkpointName, HEADER_BYTES, segmentName, segmentNumber } from './segment.js';
import { storeFromLines, storeLines } from './backup-store.js';

export const BACKUP_SUFFIX = '.thorbackup';
const MANIFEST = 'manifest.json';
const STORE = 'store.lines';
const RUN_FILE = 'run.json';
const PIECE_BYTES = 1 << 20;
const MOST_NAME_BYTES = 1024;
/** A segment or a checkpoint that was compacted away while it was being listed: everything is begun again. */
const TRIES = 5;

export interface BackupOptions {
  readonly data: string;
  readonly passphrase: string;
  /** Where the file is written; its name tells directory, time and cut. */
  readonly folder: string;
  readonly wallUs: number;
  /** Files below `data` that belong to it without being the engine's: simulated exchanges. Taken after the cut. */
  readonly others?: readonly string[];
  readonly cost?: Cost;
}

export interface Manifest {
  readonly version: 1;
  readonly tag: string;
  readonly mode: string;
  readonly takenUs: number;
  readonly cut: JournalPosition;
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

export interface BackupMade {
  readonly path: string;
  readonly bytes: number;
  readonly manifest: Manifest;
}

export async function createBackup(options: BackupOptions): Promise<BackupMade> {
  const { data, folder, passphrase, wallUs } = options;
  const run = readRunFile(data);
  if (run === null) throw new UsageError(`${data} is not a data directory: it has no run.json that can be read`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (let tries = 1; ; tries++) {
    const draft = join(folder, `.${run.tag}-${process.pid}.draft`);
    const seen: { manifest: Manifest | null } = { manifest: null };
    try {
      const entries = archive(options, run, (manifest) => (seen.manifest = manifest));
      await pipeline(sealed(gzipped(entries), passphrase, options.cost), createWriteStream(draft, { mode: 0o600 }));
      if (seen.manifest === null) throw new Error('a backup ended without its manifest');
      syncFile(draft);
      const { cut } = seen.manifest;
      const path = join(folder, `thor-${run.tag}-${stampOf(wallUs)}-${cut.segment}-${cut.offset}${BACKUP_SUFFIX}`);
      renameSync(draft, path);
      return { path, bytes: statSync(path).size, manifest: seen.manifest };
    } catch (error) {
      rmSync(draft, { force: true });
      if (codeOf(error) !== 'ENOENT' || tries === TRIES) throw error;
    }
  }
}

/** Into a directory that does not exist or is empty. Nothing of an unfinished or damaged backup stays. */
export async function restoreBackup(path: string, passphrase: string, data: string): Promise<Manifest> {
  if (existsSync(data) && readdirSync(data).length > 0)
    throw new UsageError(`${data} is not empty: a backup is restored into a new directory only`);
  const isNew = !existsSync(data);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  try {
    const manifest = await unpack(path, passphrase, data);
    const lines = join(data, STORE);
    if (existsSync(lines)) {
      const store = new LmdbStore(join(data, LMDB_NAME));
      try {
        await storeFromLines(lines, store);
      } finally {
        await store.close();
      }
      rmSync(lines);
    }
    return manifest;
  } catch (error) {
    for (const name of readdirSync(data)) rmSync(join(data, name), { recursive: true, force: true });
    if (isNew) rmSync(data, { recursive: true, force: true });
    throw error;
  }
}

export interface Verified {
  readonly manifest: Manifest;
  readonly records: number;
}

/** Restores into a scratch directory, which it removes, and reads all of the journal: not only that the bytes are those written, but that an engine can use them. */
export async function verifyBackup(path: string, passphrase: string, scratch: string): Promise<Verified> {
  try {
    const manifest = await restoreBackup(path, passphrase, scratch);
    const folder = join(scratch, 'journal');
    const [segment] = checkpointsIn(folder, nodeDisk);
    if (segment !== undefined && readCheckpoint(folder, nodeDisk, segment).kind !== 'whole')
      throw new EngineError('BACKUP_INVALID', 'give-up', { reason: 'its checkpoint cannot be read' });
    const damages: Damage[] = [];
    let records = 0;
    const end = readJournal(
      { folder, ...(segment === undefined ? {} : { from: { segment, offset: 0 } }) },
      { onHot: () => void records++, onDamage: (damage) => damages.push(damage) },
    );
    const isAtCut = end.segment === manifest.cut.segment && end.offset === manifest.cut.offset;
    if (!isAtCut)
      throw new EngineError('BACKUP_INVALID', 'give-up', {
        reason: 'its journal does not end at the cut',
        segment: end.segment,
        offset: end.offset,
      });
    return { manifest, records };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Removes the oldest backups of this directory beyond `keep`; returns their names. */
export function pruneBackups(folder: string, tag: string, keep: number): string[] {
  const own = backupsIn(folder, tag);
  const old = own.slice(0, Math.max(0, own.length - keep));
  for (const name of old) rmSync(join(folder, name), { force: true });
  return old;
}

/** Names of a directory's backups, the oldest first. */
export function backupsIn(folder: string, tag: string): string[] {
  return nodeDisk.list(folder).filter((name) => name.startsWith(`thor-${tag}-`) && name.endsWith(BACKUP_SUFFIX));
}

interface Source {
  readonly name: string;
  readonly size: number;
  bytes(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

async function* archive(options: BackupOptions, run: RunFile, onManifest: (manifest: Manifest) => void): AsyncGenerator<Uint8Array> {
  const { data, wallUs } = options;
  const journal = join(data, 'journal');
  const files: Record<string, { bytes: number; sha256: string }> = {};
  async function* put(source: Source): AsyncGenerator<Uint8Array> {
    const { name, size } = source;
    yield entryHead(name, size);
    const hash = createHash('sha256');
    let done = 0;
    for await (const piece of source.bytes()) {
      hash.update(piece);
      done += piece.length;
      yield piece;
    }
    if (done !== size) throw new Error(`${name} had ${size} bytes and gave ${done}`);
    files[name] = { bytes: size, sha256: hash.digest('hex') };
  }
  // The documents first: what the store learns after this is told again by the journal, whose end is looked for later.
  const checkpoint = checkpointsIn(journal, nodeDisk).find((segment) => readCheckpoint(journal, nodeDisk, segment).kind === 'whole');
  if (checkpoint !== undefined) {
    const store: StoreReader | null = LmdbStore.openToRead(join(data, LMDB_NAME));
    if (store !== null) {
      const scratch = join(options.folder, `.${run.tag}-${process.pid}.store`);
      try {
        await pipeline(Readable.from(storeLines(store)), createWriteStream(scratch, { mode: 0o600 }));
        yield* put(fileSource(STORE, scratch, statSync(scratch).size));
      } finally {
        await store.close();
        rmSync(scratch, { force: true });
      }
    }
    const name = checkpointName(checkpoint);
    yield* put(fileSource(`journal/${name}`, join(journal, name), statSync(join(journal, name)).size));
  }
  const segments = nodeDisk
    .list(journal)
    .map(segmentNumber)
    .filter((number) => number > 0 && number >= (checkpoint ?? 0));
  const last = segments.at(-1);
  if (last === undefined) throw new UsageError(`${data} has no journal to back up`);
  const cut = endOf(journal, last);
  for (const number of segments) {
    const path = join(journal, segmentName(number));
    yield* put(fileSource(`journal/${segmentName(number)}`, path, number === last ? cut.offset : statSync(path).size));
  }
  // A restored directory has no engine and no venues' process; its simulated exchanges are started from their saved state.
  const { venuesPid: _pid, addresses: _addresses, url: _url, ...kept } = run;
  const text = Buffer.from(`${JSON.stringify({ ...kept, pid: 0, isStopped: false }, null, 2)}\n`);
  yield* put({ name: RUN_FILE, size: text.length, bytes: () => [text] });
  for (const name of options.others ?? []) {
    const path = join(data, name);
    const bytes = readWhole(path);
    if (bytes !== null) yield* put({ name, size: bytes.length, bytes: () => [bytes] });
  }
  const manifest: Manifest = { version: 1, tag: run.tag, mode: run.mode, takenUs: wallUs, cut, files };
  onManifest(manifest);
  const json = Buffer.from(JSON.stringify(manifest));
  yield entryHead(MANIFEST, json.length);
  yield json;
}

/** The end of the last whole frame of a segment that may be written to at this moment. */
function endOf(folder: string, segment: number): JournalPosition {
  const reader = new JournalReader({ folder, from: { segment, offset: 0 } });
  try {
    let end = reader.position;
    while (reader.read({}, 65_536, { segment: segment + 1, offset: 0 }) > 0) if (reader.position.segment === segment) end = reader.position;
    return { segment, offset: Math.max(end.segment === segment ? end.offset : 0, HEADER_BYTES) };
  } finally {
    reader.close();
  }
}

function fileSource(name: string, path: string, size: number): Source {
  return {
    name,
    size,
    *bytes() {
      const file = openSync(path, 'r');
      try {
        for (let at = 0; at < size;) {
          const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, size - at));
          const got = readSync(file, piece, 0, piece.length, at);
          if (got === 0) return;
          at += got;
          yield piece.subarray(0, got);
        }
      } finally {
        closeSync(file);
      }
    },
  };
}

/** Null when it went away: the other process replaces its files whole. */
function readWhole(path: string): Buffer | null {
  try {
    const file = openSync(path, 'r');
    try {
      const pieces: Buffer[] = [];
      for (let at = 0; ;) {
        const piece = Buffer.allocUnsafe(PIECE_BYTES);
        const got = readSync(file, piece, 0, piece.length, at);
        if (got === 0) return Buffer.concat(pieces);
        at += got;
        pieces.push(piece.subarray(0, got));
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function entryHead(name: string, size: number): Buffer {
  const text = Buffer.from(name);
  const head = Buffer.alloc(12 + text.length);
  head.writeUInt32LE(text.length, 0);
  text.copy(head, 4);
  head.writeDoubleLE(size, 4 + text.length);
  return head;
}

/** Level 1: the journal shrinks to a sixth, at the price of a tenth of a core's second per 10 MB. */
function gzipped(entries: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const gzip = createGzip({ level: 1 });
  const source = Readable.from(entries);
  source.on('error', (error) => gzip.destroy(error));
  return source.pipe(gzip);
}

async function unpack(path: string, passphrase: string, data: string): Promise<Manifest> {
  const gunzip = createGunzip();
  const source = Readable.from(opened(createReadStream(path), passphrase));
  source.on('error', (error) => gunzip.destroy(error));
  const input = new Input(source.pipe(gunzip));
  const found = new Map<string, { bytes: number; sha256: string }>();
  for (;;) {
    const length = (await input.need(4)).readUInt32LE(0);
    if (length > MOST_NAME_BYTES) throw new EngineError('BACKUP_INVALID', 'give-up', { reason: 'a name is too long' });
    const name = (await input.need(length)).toString('utf8');
    const size = (await input.need(8)).readDoubleLE(0);
    if (name === MANIFEST) return finish(JSON.parse((await input.need(size)).toString('utf8')) as Manifest, found);
    found.set(name, await unpackFile(input, name, size, data));
  }
}

async function unpackFile(input: Input, name: string, size: number, data: string): Promise<{ bytes: number; sha256: string }> {
  // Names are ours, and the file was sealed by us; a slip here would still write outside of the directory.
  if (name.startsWith('/') || name.split('/').some((part) => part === '..' || part === ''))
    throw new EngineError('BACKUP_INVALID', 'give-up', { reason: 'a name leads outside' });
  const path = join(data, ...name.split('/'));
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let done = 0; done < size;) {
      const piece = await input.some(Math.min(PIECE_BYTES, size - done));
      hash.update(piece);
      done += piece.length;
      yield piece;
    }
  }
  await pipeline(Readable.from(pieces()), createWriteStream(path, { mode: 0o600, flags: 'wx' }));
  syncFile(path);
  return { bytes: size, sha256: hash.digest('hex') };
}

function finish(manifest: Manifest, found: ReadonlyMap<string, { bytes: number; sha256: string }>): Manifest {
  const names = Object.keys(manifest.files);
  const wrong = names.find((name) => found.get(name)?.sha256 !== manifest.files[name]?.sha256);
  if (wrong !== undefined || names.length !== found.size)
    throw new EngineError('BACKUP_INVALID', 'give-up', { reason: 'its files are not those of its manifest', file: wrong ?? '' });
  return manifest;
}

function syncFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** `20261123T094500Z`: names sort by time. */
function stampOf(wallUs: number): string {
  return new Date(Math.floor(wallUs / 1000)).toISOString().replace(/[-:]|\.\d+/g, '');
}

/** Where the last backup stands, beside the directory's run.json, for `status` and alerts. */
export function noteBackup(data: string, made: { readonly path: string; readonly takenUs: number; readonly error: string }): void {
  writeAtomically(join(data, 'backup.json'), `${JSON.stringify(made)}\n`);
}
