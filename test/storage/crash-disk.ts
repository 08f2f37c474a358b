/**
 * A disk in memory that can lose its power: what was written and not synced is then there or not, page by page and size by size, in any combination and any of its
 * versions. Pages are small, so that a record stands on several.
 */
import { basename, dirname } from 'node:path';
import type { Disk, SyncDone } from '../../src/storage/disk.js';

const PAGE = 64;

interface Change {
  /** -1: the file had this size. */
  readonly page: number;
  readonly bytes: Uint8Array;
  readonly size: number;
}

interface CrashFile {
  readonly path: string;
  bytes: Uint8Array;
  /** What the device has, and what it may have. */
  durable: Uint8Array;
  changes: Change[];
  isNameDurable: boolean;
}

/** Below which number a random one is drawn. */
export type Draw = (below: number) => number;

export function draws(seed: number): Draw {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export class CrashDisk implements Disk {
  readonly #files = new Map<string, CrashFile>();
  readonly #open = new Map<number, CrashFile>();
  #next = 3;
  readonly pendingSyncs: (() => void)[] = [];
  holdSyncs = false;
  /** Most bytes of one write call. */
  mostPerWrite = Infinity;
  /** Called before and after whatever changes a file or the device, and before whatever reads one. What it throws is kept: a journal would take it for the disk's. */
  onStep: () => void = () => undefined;
  readonly #thrown: unknown[] = [];

  /** Throws what the steps threw first. */
  rethrow(): void {
    if (this.#thrown.length > 0) throw this.#thrown[0];
  }

  #step(): void {
    try {
      this.onStep();
    } catch (error) {
      this.#thrown.push(error);
    }
  }

  makeFolder(): void {
    // names of files are whole paths here
  }

  list(path: string): string[] {
    this.#step();
    return [...this.#files.keys()]
      .filter((name) => dirname(name) === path)
      .map((name) => basename(name))
      .sort();
  }

  open(path: string, mode: 'r' | 'r+' | 'wx'): number {
    let file = this.#files.get(path);
    if ((file === undefined) === (mode !== 'wx')) throw new Error(`${path}: ${mode}`);
    if (file === undefined) {
      file = { path, bytes: new Uint8Array(0), durable: new Uint8Array(0), changes: [], isNameDurable: false };
      this.#files.set(path, file);
      this.#step();
    }
    this.#open.set(this.#next, file);
    return this.#next++;
  }

  close(file: number): void {
    this.#open.delete(file);
  }

  size(file: number): number {
    this.#step();
    return this.#at(file).bytes.length;
  }

  read(file: number, into: Uint8Array, at: number, bytes: number, position: number): number {
    this.#step();
    const piece = this.#at(file).bytes.subarray(position, position + bytes);
    into.set(piece, at);
    return piece.length;
  }

  write(file: number, from: Uint8Array, at: number, bytes: number, position: number): number {
    this.#step();
    const to = this.#at(file);
    const done = Math.min(bytes, this.mostPerWrite);
    const end = position + done;
    if (end > to.bytes.length) this.#resize(to, end);
    to.bytes.set(from.subarray(at, at + done), position);
    for (let page = Math.floor(position / PAGE); page * PAGE < end; page++)
      to.changes.push({ page, bytes: to.bytes.slice(page * PAGE, (page + 1) * PAGE), size: to.bytes.length });
    this.#step();
    return done;
  }

  truncate(file: number, bytes: number): void {
    this.#step();
    this.#resize(this.#at(file), bytes);
    this.#step();
  }

  remove(path: string): void {
    this.#files.delete(path);
  }

  sync(file: number, done: SyncDone): void {
    const of = this.#at(file);
    const covered = of.changes.length;
    const finish = (): void => {
      this.#harden(of, covered);
      done(null);
    };
    if (this.holdSyncs) this.pendingSyncs.push(finish);
    else finish();
  }

  syncNow(file: number): void {
    const of = this.#at(file);
    this.#harden(of, of.changes.length);
  }

  syncFolder(path: string, done: SyncDone): void {
    for (const file of this.#files.values()) if (dirname(file.path) === path) file.isNameDurable = true;
    done(null);
  }

  overwritesInPlace(): boolean {
    return true;
  }

  /** What a start finds after kill -9: all that was written. */
  killed(): CrashDisk {
    return this.#left(({ bytes }) => bytes.slice());
  }

  /** What a start finds after a power cut. */
  crashed(draw: Draw): CrashDisk {
    return this.#left((file) => {
      if (!file.isNameDurable && draw(2) === 0) return null;
      const { durable, changes } = file;
      const size = [durable.length, ...changes.map((change) => change.size)][draw(changes.length + 1)] ?? 0;
      const bytes = new Uint8Array(size);
      bytes.set(durable.subarray(0, size));
      const pages = grouped(changes);
      for (const [page, versions] of pages) {
        const version = versions[draw(versions.length + 1)];
        if (page >= 0 && version !== undefined)
          bytes.set(version.bytes.subarray(0, Math.max(0, size - page * PAGE)), Math.min(size, page * PAGE));
      }
      return bytes;
    });
  }

  #left(bytesOf: (file: CrashFile) => Uint8Array | null): CrashDisk {
    const left = new CrashDisk();
    for (const [path, file] of this.#files) {
      const bytes = bytesOf(file);
      if (bytes !== null) left.#files.set(path, { path, bytes, durable: bytes.slice(), changes: [], isNameDurable: true });
    }
    return left;
  }

  #at(file: number): CrashFile {
    const found = this.#open.get(file);
    if (found === undefined) throw new Error(`EBADF: ${file}`);
    return found;
  }

  #resize(file: CrashFile, size: number): void {
    file.bytes = resized(file.bytes, size);
    file.changes.push({ page: -1, bytes: new Uint8Array(0), size });
  }

  /** The first `count` changes since the last time are on the device. */
  #harden(file: CrashFile, count: number): void {
    for (const { page, bytes, size } of file.changes.splice(0, count)) {
      if (file.durable.length !== size) file.durable = resized(file.durable, size);
      if (page >= 0) file.durable.set(bytes, page * PAGE);
    }
    this.#step();
  }
}

function resized(bytes: Uint8Array, size: number): Uint8Array {
  const to = new Uint8Array(size);
  to.set(bytes.subarray(0, size));
  return to;
}

function grouped(changes: readonly Change[]): Map<number, Change[]> {
  const pages = new Map<number, Change[]>();
  for (const change of changes) {
    const versions = pages.get(change.page);
    if (versions === undefined) pages.set(change.page, [change]);
    else versions.push(change);
  }
  return pages;
}
