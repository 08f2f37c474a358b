/**
 * Puts aside what a reader found damaged, before a new run begins: a torn tail is cut off and kept beside the segment, a hole is copied for whoever wants to
 * look into it. Called by recovery at start, on the service thread. Doing it twice changes nothing.
 */
import { join } from 'node:path';
import { messageOf } from '../core/numbers/errors.js';
import type { Disk } from './disk.js';
import type { Damage, PreparedSpace } from './journal-reader.js';
import { segmentName } from './segment.js';

/** Returns what was done, in words; damage that was put aside by an earlier start is not told again. */
export function repairJournal(folder: string, disk: Disk, damages: readonly Damage[]): string[] {
  const notes: string[] = [];
  const names = new Set(disk.list(folder));
  for (const damage of damages) {
    const name = segmentName(damage.segment);
    const bytes = damage.to - damage.from;
    if (damage.kind === 'missing') {
      notes.push(`journal segment ${name} is missing: what it said of orders and fills is unknown`);
      continue;
    }
    const aside = asideName(damage);
    if (damage.kind !== 'tail' && names.has(aside)) continue;
    try {
      keep(folder, disk, damage, aside);
    } catch (error) {
      notes.push(
        `journal segment ${name}: ${bytes} damaged bytes at ${damage.from} could not be put aside (${messageOf(error)}); they are not read`,
      );
      continue;
    }
    if (damage.kind === 'tail')
      notes.push(`journal segment ${name}: ${bytes} bytes of a torn tail at ${damage.from} were cut off and kept in ${aside}`);
    else notes.push(`journal segment ${name}: ${bytes} damaged bytes at ${damage.from} were not read; a copy is in ${aside}`);
  }
  return notes;
}

/**
 * Cuts off the zeros that a killed process left behind its last record, before a newer segment is begun: a finished one ends with its last frame, so that zeros at its end
 * are known for what they are, a loss.
 */
export function cutPrepared(folder: string, disk: Disk, { segment, from }: PreparedSpace): string[] {
  const name = segmentName(segment);
  try {
    const file = disk.open(join(folder, name), 'r+');
    try {
      disk.truncate(file, from);
      disk.syncNow(file);
    } finally {
      disk.close(file);
    }
    return [];
  } catch (error) {
    return [`journal segment ${name}: the empty space behind its last record could not be cut off (${messageOf(error)})`];
  }
}

/** Whether a start has seen this damage: then a copy of it stands beside the segment. A missing segment has none: nothing can be done for it. */
export function isPutAside(folder: string, disk: Disk, damage: Damage): boolean {
  if (damage.kind === 'missing') return true;
  return disk.list(folder).includes(asideName(damage));
}

function asideName({ segment, from, kind }: Damage): string {
  return `${segmentName(segment).replace(/\..*$/, '')}-${from}.${kind === 'tail' ? 'torn' : 'quarantine'}`;
}

function keep(folder: string, disk: Disk, damage: Damage, aside: string): void {
  const segment = disk.open(join(folder, segmentName(damage.segment)), 'r+');
  try {
    disk.remove(join(folder, aside));
    const copy = disk.open(join(folder, aside), 'wx');
    try {
      const chunk = new Uint8Array(65_536);
      for (let at = damage.from; at < damage.to;) {
        const got = disk.read(segment, chunk, 0, Math.min(chunk.length, damage.to - at), at);
        if (got === 0) break;
        for (let done = 0; done < got;) done += disk.write(copy, chunk, done, got - done, at - damage.from + done);
        at += got;
      }
      disk.syncNow(copy);
    } finally {
      disk.close(copy);
    }
    // The copy is safe before the original is cut.
    if (damage.kind === 'tail') {
      disk.truncate(segment, damage.from);
      disk.syncNow(segment);
    }
  } finally {
    disk.close(segment);
  }
}
