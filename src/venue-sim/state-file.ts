/** The saved exchanges of `--state DIR`: one file, replaced whole, readable by its owner only. Called by the `venues` process at start, now and then, and at the end. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, messageOf } from '../core/numbers/errors.js';
import { STATE_VERSION, type SavedWorld } from './world.js';

const FILE = 'exchanges.json';

/** Undefined when nothing was saved yet. */
export async function loadState(directory: string, seed: number): Promise<SavedWorld | undefined> {
  const file = join(directory, FILE);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new EngineError('STATE_UNREADABLE', 'give-up', { file, reason: messageOf(error) });
  }
  let saved: SavedWorld;
  try {
    saved = JSON.parse(text) as SavedWorld;
  } catch (error) {
    throw new EngineError('STATE_UNREADABLE', 'give-up', { file, reason: messageOf(error) });
  }
  if (saved.version !== STATE_VERSION)
    throw new EngineError('STATE_VERSION', 'give-up', { file, expected: STATE_VERSION, found: saved.version ?? 'none' });
  if (saved.seed !== seed) throw new EngineError('STATE_SEED', 'give-up', { file, expected: seed, found: saved.seed });
  return saved;
}

export async function saveState(directory: string, saved: SavedWorld): Promise<void> {
  await mkdir(directory, { recursive: true });
  await replaceFile(join(directory, FILE), JSON.stringify(saved));
}

/** Readers see the old file or the new one, never a part. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const fresh = `${file}.${process.pid}.new`;
  await writeFile(fresh, text, { mode: 0o600 });
  await rename(fresh, file);
}
