/**
 * The few file operations that the journal needs, behind an interface, so that a full, slow or lying disk can be put in its place. Service thread only.
 * Reads and writes are synchronous: they end in the page cache. Syncs reach the device and are asynchronous.
 */
import {
  close,
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsync,
  ftruncateSync,
  mkdirSync,
  open,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';

export type SyncDone = (error: Error | null) => void;

export interface Disk {
  makeFolder(path: string): void;
  /** Names in a folder, sorted; none when the folder does not exist. */
  list(path: string): string[];
  /** `r`: read. `r+`: read and write. `wx`: create, failing when it exists. */
  open(path: string, mode: 'r' | 'r+' | 'wx'): number;
  close(file: number): void;
  size(file: number): number;
  read(file: number, into: Uint8Array, at: number, bytes: number, position: number): number;
  /** Returns the bytes written, which may be fewer than asked; throws with `code` ENOSPC when there is no room at all. */
  write(file: number, from: Uint8Array, at: number, bytes: number, position: number): number;
  truncate(file: number, bytes: number): void;
  remove(path: string): void;
  sync(file: number, done: SyncDone): void;
  syncNow(file: number): void;
  /** Makes new names in a folder durable; systems that cannot do it say nothing. */
  syncFolder(path: string, done: SyncDone): void;
  /** Whether writing over bytes of a file writes over their blocks, so that no metadata changes; false where that is not known. */
  overwritesInPlace(path: string): boolean;
}

/** As Linux numbers them (linux/magic.h, read 2026-11-23): ext2 to ext4, XFS. Those that copy on write (btrfs, ZFS, f2fs), or have no device (tmpfs), are not among them. */
const IN_PLACE: ReadonlySet<number> = new Set([0xef53, 0x58465342]);

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

export const nodeDisk: Disk = {
  makeFolder: (path) => void mkdirSync(path, { recursive: true }),
  list(path) {
    try {
      return readdirSync(path).sort();
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  },
  open: (path, mode) => openSync(path, mode, 0o600),
  close: (file) => closeSync(file),
  size: (file) => fstatSync(file).size,
  read: (file, into, at, bytes, position) => readSync(file, into, at, bytes, position),
  write: (file, from, at, bytes, position) => writeSync(file, from, at, bytes, position),
  truncate: (file, bytes) => ftruncateSync(file, bytes),
  remove: (path) => rmSync(path, { force: true }),
  sync: (file, done) => fdatasync(file, done),
  syncNow: (file) => fdatasyncSync(file),
  syncFolder(path, done) {
    // Windows opens no folders: its file system journals names by itself.
    open(path, 'r', (openError, file) => {
      if (openError !== null) done(null);
      else fsync(file, () => close(file, () => done(null)));
    });
  },
  overwritesInPlace(path) {
    if (process.platform !== 'linux') return false;
    try {
      return IN_PLACE.has(statfsSync(path).type);
    } catch {
      return false; // a file system that does not say what it is
    }
  },
};
