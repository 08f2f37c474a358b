/** Trading reacts in memory: what is stored comes behind, and nobody asks it anything. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RecordKind, SIDE_BUY } from '../../src/core/memory/record.js';
import { Rig } from './rig.js';

const BUY = { instrument: 1, side: SIDE_BUY, priceTicks: 599_000, qtyLots: 10, level: 4 };

describe('storage is a sink', () => {
  it('B13: a fill moves the position and is told to its strategy in its own turn, while nobody writes the journal', () => {
    const rig = new Rig();
    rig.book(1, 600_000, 600_010);
    rig.place(BUY);
    rig.executor.step(rig.nowUs, 64);
    const [request] = rig.requests(1);
    rig.answer(1, { ...request, kind: RecordKind.ACK });
    rig.answer(1, { ...request, kind: RecordKind.FILL, fillTicks: 599_000, fillLots: 10, tradeId: 1 });
    rig.executor.step(rig.nowUs, 64);
    expect(rig.events(0).map((row) => row.kind)).toEqual([RecordKind.ACK, RecordKind.FILL]);
    rig.place(BUY);
    rig.executor.step(rig.nowUs, 64);
    expect(rig.requests(1)).toMatchObject([{ kind: RecordKind.CREATE, level: 4 }]);
    expect(rig.entries).toEqual([]);
  });

  it('B13: neither strategies nor the executor know a store', () => {
    const root = join(import.meta.dirname, '../../src');
    for (const room of ['strategies', 'execution', 'core']) {
      const files = readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
      expect(files.length).toBeGreaterThan(5);
      for (const name of files)
        expect(readFileSync(join(root, room, name), 'utf8'), name).not.toMatch(/from '[^']*(storage\/|lmdb|mongodb)/);
    }
  });
});
