/**
 * The work of the verb `store`: bring a store up to its journal, compare stores, make one again. In a process of its own, on a directory that no engine has; only
 * `check` may look at one that is traded on.
 */
import { join } from 'node:path';
import type { JournalPosition } from './journal.js';
import { type Disk, nodeDisk } from './disk.js';
import { catchUp } from './export.js';
import { OverlayStore } from './overlay.js';
import type { Store, StoreReader } from './schema.js';
import { segmentName, segmentNumber } from './segment.js';
import { differences, digestOf, type DigestOptions, type StoreDigest } from './store-compare.js';
import { StoreFeed } from './store-feed.js';

/** Behind the last byte of a journal that nobody writes; a torn tail or prepared space counts, a reader stops before it. */
export function journalEnd(folder: string, disk: Disk = nodeDisk): JournalPosition {
  const segment = Math.max(0, ...disk.list(folder).map(segmentNumber));
  if (segment === 0) return { segment: 0, offset: 0 };
  const file = disk.open(join(folder, segmentName(segment)), 'r');
  try {
    return { segment, offset: disk.size(file) };
  } finally {
    disk.close(file);
  }
}

export interface SyncOptions {
  /** The journal's folder. */
  readonly folder: string;
  readonly store: Store;
  /** A store with everything, for what a compacted journal does not say any more. */
  readonly elder?: StoreReader;
  readonly onNotice?: (text: string) => void;
}

/** Feeds the store what it lacks; resolves with the records that were. */
export async function syncStore({ folder, store, elder, onNotice }: SyncOptions): Promise<number> {
  const end = journalEnd(folder);
  const feed = new StoreFeed({
    store,
    journal: { folder, position: end, durable: end },
    ...(elder === undefined ? {} : { elder }),
    ...(onNotice === undefined ? {} : { onNotice }),
  });
  await feed.catchUp();
  return feed.status().records;
}

/** Takes everything out of the store and makes it again. The journal is the truth, and another store where the journal begins late. */
export async function rebuildStore(options: SyncOptions): Promise<number> {
  await options.store.clear();
  return syncStore(options);
}

export interface StoreCheck {
  readonly stores: readonly { readonly name: string; readonly position: JournalPosition | null; readonly digest: StoreDigest }[];
  /** Empty when all hold the same. */
  readonly differences: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Reads each store with what it lacks of the journal projected over it, so that one that is behind is no different for that; and the journal alone, where it still
 * has its first segment.
 */
export async function checkStores(
  folder: string,
  stores: readonly { readonly name: string; readonly reader: StoreReader }[],
  options: DigestOptions = {},
): Promise<StoreCheck> {
  const first = Math.min(
    ...nodeDisk
      .list(folder)
      .map(segmentNumber)
      .filter((number) => number > 0),
  );
  const notes = first === 1 ? [] : [`the journal begins with segment ${first}: it is not compared by itself`];
  const sides = [...stores, ...(first === 1 ? [{ name: 'journal', reader: null }] : [])];
  const found = [];
  for (const { name, reader } of sides) {
    const overlay = new OverlayStore(reader);
    await catchUp(overlay, folder);
    const seen = await readerOf(overlay, reader);
    found.push({ name, position: (await reader?.position()) ?? null, digest: await digestOf(seen, options) });
  }
  const [one, ...others] = found;
  const all = one === undefined ? [] : others.flatMap((other) => differences(one, other));
  return { stores: found, differences: all, notes };
}

/** A store that has everything is read as it is, with its own ledger; one that is behind is read through the overlay. */
async function readerOf(overlay: OverlayStore, reader: StoreReader | null): Promise<StoreReader> {
  if (reader === null) return overlay;
  const [whole, own] = [await overlay.position(), await reader.position()];
  return whole !== null && own !== null && whole.segment === own.segment && whole.offset === own.offset ? reader : overlay;
}
