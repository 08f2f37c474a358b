import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { LMDB_NAME, LmdbStore } from '../../src/storage/lmdb.js';
import type { AuditDoc, StoreBatch } from '../../src/storage/schema.js';
import { emptyBatch } from './run-fixture.js';
import { smallDisk, type SmallDisk } from '../support/small-disk.js';

let disk: SmallDisk | null = null;
afterEach(() => disk?.remove());

/** Far more than what is left of a page. */
function batch(segment: number): StoreBatch {
  const doc = { at: { segment, offset: 1 }, tsUs: segment, text: 'x'.repeat(50_000) };
  return { ...emptyBatch, audit: [doc as unknown as AuditDoc], position: { segment, offset: 1 } };
}

describe('the store on a full disk', () => {
  it('says why a batch was not committed, keeps the one before, and takes it when there is space', async () => {
    disk = smallDisk(2);
    if (disk === null) return;
    const store = new LmdbStore(join(disk.path, LMDB_NAME));
    await store.write(batch(1));
    disk.fill();
    // Not only the batch fails: every put in it does, and an error that nobody takes would end this process.
    await expect(store.write(batch(2))).rejects.toThrow(/No space left/);
    expect(await store.position()).toEqual({ segment: 1, offset: 1 });
    disk.free();
    await store.write(batch(2));
    expect(await store.position()).toEqual({ segment: 2, offset: 1 });
    await store.close();
  });
});
