/**
 * Opens the embedded store so that no damage of its file can take the engine down or be read as truth. Called by the host at start, before anything trades, by the
 * verbs that read a store, and at the end, to seal it. lmdb maps the file and trusts it: garbage, a cut file or a flipped bit in a page ended the process (tried with
 * 3.5.6). So a file is looked at first:
 *
 * - its head pages and length, always;
 * - after a clean stop: the seal, a hash over the whole file;
 * - after a crash: a child process reads every table and writes it anew, and the new file takes the place of the old one; then every document's own
 *   checksum is read. (lmdb's own copy of a file was empty when it was opened to write.)
 *
 * What fails is renamed, never removed, and the store is made again from the journal (store-feed.ts says what a compacted journal cannot tell).
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EngineError, messageOf } from '../core/numbers/errors.js';
import { writeAtomically } from './directory-lock.js';
import { codeOf } from './disk.js';
import type { JournalPosition } from './journal.js';
import { kinshipOf } from './journal-identity.js';
import { isWholeFile, LmdbStore, TABLES } from './lmdb.js';

export interface EmbeddedOptions {
  readonly path: string;
  /** The journal that it is fed from: a store of another one, or ahead of it, is put aside. */
  readonly journal: { readonly folder: string; readonly position: JournalPosition };
  readonly onNotice?: (text: string) => void;
}

/** To write: the seal is broken, see `sealEmbedded`. */
export async function openEmbedded(options: EmbeddedOptions): Promise<LmdbStore> {
  const { path, journal } = options;
  const aside = (word: string, why: string): void => {
    const name = freeName(`${path}.${word}`);
    renameSync(path, name);
    for (const beside of [`${path}-lock`, sealPath(path)]) rmSync(beside, { force: true });
    options.onNotice?.(`${path} ${why}: it was renamed to ${name} and is made again from the journal`);
  };
  const flaw = await examine(path, true);
  if (flaw !== null) aside(flaw.word, flaw.why);
  let store = openOr(path, (why) => aside('damaged', damaged(why).why));
  const position = await store.position();
  const kinship = position === null || position.segment === 0 ? 'same' : kinshipOf(journal.folder, journal.position, position);
  if (kinship === 'ahead' || kinship === 'other') {
    await store.close();
    aside(kinship, kinship === 'ahead' ? 'knows more than the journal' : 'was fed from another journal');
    store = new LmdbStore(path);
  }
  rmSync(sealPath(path), { force: true });
  return store;
}

/**
 * Null when there is no file, or none that can be trusted: readers of another process neither create nor repair.
 * @param isCalm an engine writes it now, or closed it: a seal is checked, but no page by page
 */
export async function openEmbeddedToRead(path: string, isCalm: boolean): Promise<LmdbStore | null> {
  if (!existsSync(path) || statSync(path).size === 0) return null;
  if ((!isCalm || existsSync(sealPath(path))) && (await examine(path, false)) !== null) return null;
  return LmdbStore.openToRead(path);
}

/** After the store was closed for good: the next start need not look at every page. */
export function sealEmbedded(path: string): void {
  if (existsSync(path)) writeAtomically(sealPath(path), `${JSON.stringify(hashOf(path))}\n`);
}

function openOr(path: string, onDamage: (why: string) => void): LmdbStore {
  try {
    return new LmdbStore(path);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    onDamage(messageOf(error));
    return new LmdbStore(path);
  }
}

/** Why a file is not used: a word for its new name, and the sentence. */
interface Flaw {
  readonly word: 'damaged' | 'v1';
  readonly why: string;
}

function damaged(why: string): Flaw {
  return { word: 'damaged', why: `is damaged (${why})` };
}

/** Null when the file may be opened. */
async function examine(path: string, isWriter: boolean): Promise<Flaw | null> {
  if (!existsSync(path) || statSync(path).size === 0) return null;
  if (!isWholeFile(path)) return damaged('it is no whole LMDB file');
  const seal = readSeal(path);
  if (seal !== null) return seal.hash === hashOf(path).hash ? null : damaged('its bytes are not those of the clean stop');
  return walk(path, isWriter);
}

/** In another process, because what it looks for may end that process. */
const WALK = `
import { open } from 'lmdb';
const [path, copy, ...names] = process.argv.slice(1);
const root = open({ path, noSubdir: true, readOnly: true, maxDbs: 16 });
const target = copy === '' ? null : open({ path: copy, noSubdir: true, maxDbs: 16, eventTurnBatching: false });
const later = ['positions', 'parameters', 'candles'];
let missing = 0;
for (const name of names) {
  const from = root.openDB({ name, encoding: 'binary' });
  const to = target?.openDB({ name, encoding: 'binary' });
  if (from === undefined) {
    if (!later.includes(name)) throw new Error('error: table ' + name + ' is gone');
    missing++;
    continue;
  }
  let count = 0;
  const read = () => {
    for (const { key, value } of from.getRange({})) {
      count++;
      to?.putSync(key, value);
    }
  };
  if (target === null) read();
  else target.transactionSync(read);
  const { entryCount } = from.getStats();
  if (count !== entryCount) throw new Error('error: table ' + name + ' has ' + entryCount + ' entries, ' + count + ' can be read');
}
if (missing !== 0 && missing !== later.length) throw new Error('error: a table is gone');
await target?.close();
await root.close();
// Format 1 lacked all of the later ones.
if (missing !== 0) process.stdout.write('oldest');
`;
const WALK_WITHIN_MS = 600_000;

async function walk(path: string, isWriter: boolean): Promise<Flaw | null> {
  const copy = isWriter ? `${path}.copy` : '';
  rmSync(`${path}.copy`, { force: true });
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', WALK, path, copy, ...TABLES], {
    cwd: dirname(fileURLToPath(import.meta.url)),
    timeout: WALK_WITHIN_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (done.status !== 0 || done.stdout.toString() === 'oldest') {
    for (const name of [`${path}.copy`, `${path}.copy-lock`]) rmSync(name, { force: true });
    if (done.status === 0) return { word: 'v1', why: 'is of an older version' };
    return damaged(done.signal === null ? `reading it failed: ${firstLine(done.stderr.toString())}` : `reading it ended in ${done.signal}`);
  }
  if (isWriter) {
    for (const name of [`${path}-lock`, `${path}.copy-lock`]) rmSync(name, { force: true });
    renameSync(copy, path);
  }
  const why = await documentDamage(path);
  return why === null ? null : damaged(why);
}

/** Structure is whole now; the documents have checksums of their own. */
async function documentDamage(path: string): Promise<string | null> {
  let store: LmdbStore | null = null;
  try {
    store = new LmdbStore(path, { readOnly: true });
    store.check();
    return null;
  } catch (error) {
    if (error instanceof EngineError) return messageOf(error);
    throw error;
  } finally {
    await store?.close();
  }
}

function firstLine(text: string): string {
  return (text.split('\n').find((line) => /error/i.test(line)) ?? '').slice(0, 120);
}

function freeName(wanted: string): string {
  let name = wanted;
  for (let count = 2; existsSync(name); count++) name = `${wanted}-${count}`;
  return name;
}

function sealPath(path: string): string {
  return `${path}.seal`;
}

interface Seal {
  readonly bytes: number;
  readonly hash: string;
}

function readSeal(path: string): Seal | null {
  try {
    const value: unknown = JSON.parse(readFileSync(sealPath(path), 'utf8'));
    const isSeal = typeof value === 'object' && value !== null && 'hash' in value && typeof value.hash === 'string';
    return isSeal ? (value as Seal) : null;
  } catch (error) {
    // No seal, or none that can be read: the file itself is looked at.
    if (error instanceof SyntaxError || codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function hashOf(path: string): Seal {
  const hash = createHash('sha256');
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(1 << 20);
    let bytes = 0;
    for (;;) {
      const got = readSync(file, chunk, 0, chunk.length, bytes);
      if (got === 0) return { bytes: fstatSync(file).size, hash: hash.digest('hex') };
      hash.update(chunk.subarray(0, got));
      bytes += got;
    }
  } finally {
    closeSync(file);
  }
}
