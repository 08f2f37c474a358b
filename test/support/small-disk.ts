/** A file system of a few megabytes for tests of a full disk: a tmpfs of its own. Absent (null, and said) where this user may not mount. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, rmdirSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PIECE = new Uint8Array(1 << 16);

export interface SmallDisk {
  readonly path: string;
  /** Takes every byte that is left. */
  fill(): void;
  /** Gives them back. */
  free(): void;
  remove(): void;
}

export function smallDisk(megabytes: number): SmallDisk | null {
  const path = mkdtempSync(join(tmpdir(), 'thor-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { encoding: 'utf8' });
  if (mounted.status !== 0) {
    rmdirSync(path);
    console.log(`no small disk (${(mounted.stderr ?? mounted.error?.message ?? '').trim()}): nothing tried`);
    return null;
  }
  const filler = join(path, 'filler');
  return {
    path,
    fill() {
      const file = openSync(filler, 'a');
      try {
        // A short write comes first, then the error: not a byte is left.
        for (;;) writeSync(file, PIECE);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        closeSync(file);
      }
    },
    free() {
      rmSync(filler);
    },
    remove() {
      spawnSync('umount', [path]);
      rmdirSync(path);
    },
  };
}
