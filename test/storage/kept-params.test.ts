/** Parameters that were changed while a run traded: the newest of each strategy survives a restart, a compaction, and stands in the stores. */
import { afterEach, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { compact } from '../../src/storage/compact.js';
import type { KeptParams } from '../../src/storage/kept-params.js';
import { LMDB_NAME, LmdbStore } from '../../src/storage/lmdb.js';
import { recover } from '../../src/storage/recover.js';
import { ColdKind, HOT_FRAME_BYTES } from '../../src/storage/segment.js';
import { quickDisk, removeTemporaryFolders, temporaryFolder } from './journal-fixture.js';
import { startRun, tablesOf } from './run-fixture.js';
import { feed, INSTRUMENTS, trade } from './story.js';

afterEach(removeTemporaryFolders);

const TABLES = tablesOf(1, INSTRUMENTS, ['grid-1', 'arb-1']);

function change(strategy: string, setUs: number, count: number): KeptParams {
  const file = { count: 6, step: '0.1%' };
  return {
    strategy,
    kind: 'grid',
    setUs,
    values: { ...file, count },
    before: file,
    file,
    changes: [{ tsUs: setUs, before: file, after: { ...file, count } }],
  };
}

async function traded(folder: string): Promise<void> {
  const run = startRun(folder, TABLES, 40 * HOT_FRAME_BYTES);
  trade(run, 5);
  run.writer.appendCold(ColdKind.PARAMETERS, change('grid-1', 10, 3));
  run.writer.appendCold(ColdKind.PARAMETERS, change('arb-1', 11, 4));
  trade(run, 5);
  run.writer.appendCold(ColdKind.PARAMETERS, change('grid-1', 12, 9));
  run.writer.appendCold(ColdKind.PARAMETERS, { strategy: 'grid-1', setUs: 13 });
  trade(run, 40);
  await run.end();
}

describe('changed parameters', () => {
  it('are recovered as last said of each strategy; what is no whole record counts for nothing', async () => {
    const folder = temporaryFolder();
    await traded(folder);
    const { params } = recover({ folder, tables: TABLES });
    expect(params).toEqual([change('grid-1', 12, 9), change('arb-1', 11, 4)]);
  });

  it('G4: are kept by the checkpoint when their segments go', async () => {
    const folder = temporaryFolder();
    await traded(folder);
    const all = { folder, stores: [{ segment: 1e6, offset: 0 }], keepSegments: 1, checkpointEvery: 1, disk: quickDisk };
    compact(all);
    const next = startRun(folder, { ...TABLES, run: 2 }, 40 * HOT_FRAME_BYTES);
    trade(next, 40, 2);
    await next.end();
    expect(compact(all).removed.length).toBeGreaterThan(1);
    expect(recover({ folder, tables: TABLES }).params).toEqual([change('grid-1', 12, 9), change('arb-1', 11, 4)]);
  });

  it('are in the store, with an audit row each', async () => {
    const folder = temporaryFolder();
    await traded(folder);
    const store = new LmdbStore(join(folder, LMDB_NAME));
    await feed(store, folder);
    expect([...store.parameters()].find(({ strategy }) => strategy === 'grid-1')).toMatchObject({
      run: 1,
      setUs: 12,
      values: { count: 9 },
    });
    expect(
      [...store.audit({ fromUs: 0, toUs: 1e9 })].filter(({ kind }) => kind === 'parameters').map(({ strategy, tsUs }) => [strategy, tsUs]),
    ).toEqual([
      ['grid-1', 10],
      ['arb-1', 11],
      ['grid-1', 12],
    ]);
    await store.close();
  });
});
