/** Whether a store was fed from this journal: looks for the frame that the store read last. Called before a store is fed, and by the verb `store`. Never writes. */
import { type Disk, nodeDisk } from './disk.js';
import { isBefore, type JournalPosition } from './journal.js';
import { type Damage, type FrameMark, JournalReader } from './journal-reader.js';
import { segmentNumber } from './segment.js';

/**
 * `same`: the frame is there. `compacted`: its segment is older than all that are kept. `damaged`: the journal lost that place after the store had read it.
 * `ahead`: the journal ends before that place. `other`: another frame stands there: another journal, or one that was put back to an earlier state and went on.
 */
export type Kinship = 'same' | 'compacted' | 'damaged' | 'ahead' | 'other';

export function kinshipOf(
  folder: string,
  end: JournalPosition,
  position: JournalPosition & { readonly last?: FrameMark },
  disk: Disk = nodeDisk,
): Kinship {
  if (isBefore(end, position)) return 'ahead';
  const { last } = position;
  if (last === undefined) return 'same';
  const numbers = disk
    .list(folder)
    .map(segmentNumber)
    .filter((number) => number >= 0);
  if (!numbers.includes(last.segment)) return numbers.some((number) => number < last.segment) ? 'damaged' : 'compacted';
  const damages: Damage[] = [];
  const reader = new JournalReader({ folder, disk, from: { segment: last.segment, offset: 0 } });
  try {
    // Frame by frame from the segment's start: only so is a damaged place told from one where other frames stand.
    while (reader.read({ onDamage: (damage) => damages.push(damage) }, 1) > 0) {
      const seen = reader.last;
      if (seen === null || seen.segment > last.segment || seen.offset > last.offset) break;
      if (seen.segment === last.segment && seen.offset === last.offset) return seen.crc === last.crc ? 'same' : 'other';
    }
  } finally {
    reader.close();
  }
  const isDamaged = damages.some(({ segment, from, to }) => segment === last.segment && from <= last.offset && last.offset < to);
  if (isDamaged) return 'damaged';
  const seen = reader.last;
  return seen === null || (seen.segment === last.segment && seen.offset < last.offset) || damages.some(({ kind }) => kind === 'missing')
    ? 'ahead'
    : 'other';
}
