/** G2 over a whole data directory: journal, checkpoints, embedded store. Whatever one file suffers: no crash, nothing invented, and nothing lost without a word. */
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/numbers/errors.js';
import { compact } from '../../src/storage/compact.js';
import { openEmbedded, sealEmbedded } from '../../src/storage/embedded-store.js';
import { LMDB_NAME } from '../../src/storage/lmdb.js';
import { type Recovery, recover } from '../../src/storage/recover.js';
import { HOT_FRAME_BYTES } from '../../src/storage/segment.js';
import { digestOf, type StoreDigest } from '../../src/storage/store-compare.js';
import { StoreFeed } from '../../src/storage/store-feed.js';
import { times } from '../support/torture.js';
import { journalIn, quickDisk, removeTemporaryFolders, temporaryFolder } from './journal-fixture.js';
import { startRun, tablesOf } from './run-fixture.js';
import { INSTRUMENTS, trade } from './story.js';

const TABLES = tablesOf(99, INSTRUMENTS, ['grid-1', 'arb-1']);

/** A directory as it was left: four runs, two checkpoints, compacted segments, a store that has everything. */
let whole = '';
let expected: Recovery;
let expectedStore: StoreDigest;
let fills: ReadonlySet<string>;

const keyOf = ({ orderId, tradeId, fillTicks, fillLots, fee, tsUs }: Recovery['fills'][number]): string =>
  [orderId, tradeId, fillTicks, fillLots, fee, tsUs].join('/');

/** Opens the store as an engine would, feeds it, and closes it. */
async function openAndFeed(data: string, notices: string[]): Promise<StoreDigest> {
  const folder = join(data, 'journal');
  const journal = journalIn(folder);
  journal.syncNow();
  const onNotice = (text: string): void => void notices.push(text);
  const path = join(data, LMDB_NAME);
  const store = await openEmbedded({ path, journal, onNotice });
  const role = new StoreFeed({ store, journal, onNotice });
  await role.catchUp();
  const digest = await digestOf(store);
  await role.close();
  journal.close();
  return digest;
}

beforeAll(async () => {
  whole = temporaryFolder();
  const folder = join(whole, 'journal');
  for (let number = 1; number <= 4; number++) {
    const run = startRun(folder, tablesOf(number, INSTRUMENTS, ['grid-1', 'arb-1']), 30 * HOT_FRAME_BYTES);
    trade(run, 40, number);
    await run.end();
    await openAndFeed(whole, []);
    sealEmbedded(join(whole, LMDB_NAME));
    compact({ folder, stores: [{ segment: 1e6, offset: 0 }], keepSegments: 8, checkpointEvery: 1, disk: quickDisk });
  }
  expected = recover({ folder, tables: TABLES });
  fills = new Set(expected.fills.map(keyOf));
  const copy = temporaryFolder();
  cpSync(whole, copy, { recursive: true });
  expectedStore = await openAndFeed(copy, []);
});
afterAll(removeTemporaryFolders);

type Damage = (path: string, random: (below: number) => number) => string;

const DAMAGES: readonly Damage[] = [
  (path, random) => {
    const bytes = readFileSync(path);
    const at = random(bytes.length);
    const bit = 1 << random(8);
    bytes[at] = (bytes[at] ?? 0) ^ bit;
    writeFileSync(path, bytes);
    return `bit ${bit} of byte ${at} flipped`;
  },
  (path, random) => {
    const bytes = readFileSync(path);
    const at = random(bytes.length);
    bytes.fill(0, at, Math.min(bytes.length, at + 1 + random(4096)));
    writeFileSync(path, bytes);
    return `zeros from ${at}`;
  },
  (path, random) => {
    const to = random(readFileSync(path).length);
    truncateSync(path, to);
    return `cut to ${to}`;
  },
  (path) => {
    rmSync(path);
    return 'removed';
  },
  (path, random) => {
    writeFileSync(path, Buffer.from(Array.from({ length: 1 + random(5000) }, () => random(256))));
    return 'other bytes';
  },
  (path, random) => {
    appendFileSync(path, Buffer.from(Array.from({ length: 1 + random(300) }, () => random(256))));
    return 'bytes behind the end';
  },
  (path, random) => {
    const bytes = readFileSync(path);
    const [from, to] = [random(bytes.length), random(bytes.length)];
    bytes.copy(bytes, to, from, Math.min(bytes.length, from + 512));
    writeFileSync(path, bytes);
    return `block of ${from} written to ${to}`;
  },
];

describe('a damaged data directory', () => {
  it(
    `G2: keeps what is readable, says what is not, and never ends the process: ${times(6, 200)} random damages`,
    { timeout: 600_000 },
    async () => {
      let next = 20_261_123;
      const random = (below: number): number => {
        next = (Math.imul(next, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((next / 2 ** 32) * below);
      };
      let hurt = 0;
      let said = 0;
      for (let round = 0; round < times(6, 200); round++) {
        const data = temporaryFolder();
        cpSync(whole, data, { recursive: true });
        const folder = join(data, 'journal');
        // Half of the rounds begin after a crash, without a seal.
        if (random(2) === 0) rmSync(join(data, `${LMDB_NAME}.seal`), { force: true });
        const victims = [LMDB_NAME, ...readdirSync(folder).map((name) => join('journal', name))].filter(
          (name) => !name.endsWith('reserve'),
        );
        // The store is one file among many: it gets its share.
        const name = random(3) === 0 ? LMDB_NAME : (victims[random(victims.length)] ?? LMDB_NAME);
        const path = join(data, name);
        const what = `round ${round}: ${name}, ${DAMAGES[random(DAMAGES.length)]?.(path, random) ?? ''}`;
        const notices: string[] = [];
        try {
          const found = recover({ folder, tables: TABLES });
          notices.push(...found.notes);
          for (const fill of found.fills) expect(fills.has(keyOf(fill)), `${what}: an invented fill`).toBe(true);
          const isSame = found.fills.length === expected.fills.length && found.orders.length === expected.orders.length;
          const digest = await openAndFeed(data, notices);
          if (!isSame || JSON.stringify(digest) !== JSON.stringify(expectedStore)) {
            hurt++;
            expect(notices.join('\n'), `${what}: something is missing, and nobody was told`).not.toBe('');
          }
        } catch (error) {
          // A version's number that was hit: refused by name.
          if (!(error instanceof UsageError)) throw new Error(what, { cause: error });
          notices.push(error.message);
        }
        if (notices.length > 0) said++;
        rmSync(data, { recursive: true, force: true });
      }
      expect(hurt).toBeGreaterThanOrEqual(times(0, 20));
      expect(said).toBeGreaterThan(times(1, 60));
    },
  );

  it('G2: says that segments are missing at the start, and that a store knows what the journal lost at its end', async () => {
    const data = temporaryFolder();
    mkdirSync(join(data, 'journal'));
    const names = readdirSync(join(whole, 'journal'))
      .filter((name) => name.endsWith('.thorj'))
      .sort();
    for (const name of names.slice(0, -2)) copyFileSync(join(whole, 'journal', name), join(data, 'journal', name));
    expect(recover({ folder: join(data, 'journal'), tables: TABLES }).notes.join('\n')).toMatch(
      /segments before it are missing, and no checkpoint covers them/,
    );
    copyFileSync(join(whole, LMDB_NAME), join(data, LMDB_NAME));
    const notices: string[] = [];
    await openAndFeed(data, notices);
    expect(notices.join('\n')).toMatch(/knows more than the journal: it was renamed to .*store\.lmdb\.ahead/);
    expect(existsSync(join(data, `${LMDB_NAME}.ahead`))).toBe(true);
  });

  it('looks at a store that was not sealed page by page, in another process, and takes a whole one as it is', async () => {
    const data = temporaryFolder();
    cpSync(whole, data, { recursive: true });
    rmSync(join(data, `${LMDB_NAME}.seal`));
    const notices: string[] = [];
    expect(await openAndFeed(data, notices)).toEqual(expectedStore);
    expect(notices).toEqual([]);
  });
});
