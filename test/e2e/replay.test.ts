/** `--replay` through real processes: books at the end equal those of `verify`, money adds up, files that do not go together are refused. */
import { afterAll, describe, expect, it } from 'vitest';
import { readRecording } from '../../src/feeds/recording.js';
import { VerifyRun, recordingInfo } from '../../src/feeds/verify.js';
import type { FinalBook } from '../../src/feeds/verify-rows.js';
import { needRecordings, recordingPath } from '../support/recordings.js';
import { writeFixture } from '../venue-sim/replay/recorded-fixture.js';
import { EngineProcess, temporaryData, thor } from './engine-process.js';

const LEVELS = 25;
const LOOK_MS = 15;
const fixture = writeFixture(240);
afterAll(() => fixture.remove());

interface Depth {
  readonly bids: readonly (readonly [string, string])[];
  readonly asks: readonly (readonly [string, string])[];
}

interface Summary {
  readonly error?: string;
  readonly simulated: boolean;
  readonly seconds: number;
  readonly orders: { readonly sent: number; readonly unknown: number };
  readonly pnl: readonly { readonly asset: string; readonly unexplained: string; readonly residual: string }[];
  readonly books: { readonly live: number; readonly gaps: number };
  readonly frames: { readonly bad: number };
}

async function finalsOf(files: readonly string[]): Promise<Map<string, FinalBook>> {
  const finals = new Map<string, FinalBook>();
  for (const file of files) {
    const info = await recordingInfo(file, undefined);
    const run = new VerifyRun(info, 'ts', { nowUs: () => 0, wallUs: () => 0 });
    for await (const line of readRecording(file)) {
      run.line(line);
      run.takeRows();
      run.takeTrades();
    }
    for (const [symbol, book] of Object.entries(run.finals())) finals.set(`${info.venue.id}:${symbol}`, book);
    run.stop();
  }
  return finals;
}

/** Runs the engine to the end of the recordings; the books are those that its API showed last while they were live. */
async function replay(
  files: readonly string[],
  speed: string,
): Promise<{ summary: Summary; code: number | null; books: Map<string, Depth> }> {
  const data = temporaryData();
  try {
    const engine = new EngineProcess(['--replay', ...files, '--speed', speed, '--json', '--port', '0', '--data', data.path], {
      limitMs: 60_000,
    });
    const { url } = JSON.parse(await engine.line((line) => line.includes('"url"'))) as { url: string };
    const books = new Map<string, Depth>();
    const ask = async (path: string): Promise<unknown> => (await fetch(`${url}/api/v1/${path}`)).json();
    while (engine.child.exitCode === null) {
      try {
        const { books: rows } = (await ask('books')) as { books: readonly { instrument: string; state: string }[] };
        for (const { instrument, state } of rows) {
          if (state !== 'live') continue;
          const depth = (await ask(`book?instrument=${encodeURIComponent(instrument)}&depth=${LEVELS}`)) as Depth & {
            readonly state: string;
          };
          if (depth.state === 'live') books.set(instrument, { bids: depth.bids, asks: depth.asks });
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      } catch (error) {
        // The engine closes its server when it stops; what it said before counts.
        if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
        await engine.ended;
      }
    }
    const { code, stdout } = await engine.ended;
    return { summary: JSON.parse(stdout.at(-1) ?? '{}') as Summary, code, books };
  } finally {
    data.remove();
  }
}

async function expectRight(files: readonly string[], speed = 'max'): Promise<void> {
  const finals = await finalsOf(files);
  const { summary, code, books } = await replay(files, speed);
  expect(summary.error).toBeUndefined();
  expect({ code, simulated: summary.simulated, bad: summary.frames.bad, gaps: summary.books.gaps }).toEqual({
    code: 0,
    simulated: true,
    bad: 0,
    gaps: 0,
  });
  expect(books.size).toBeGreaterThan(0);
  expect(summary.books.live).toBe(books.size);
  for (const [instrument, book] of books) {
    const final = finals.get(instrument);
    expect(book, instrument).toEqual({ bids: final?.bids, asks: final?.asks });
  }
  expect(summary.orders.sent).toBeGreaterThan(0);
  expect(summary.orders.unknown).toBe(0);
  for (const { asset, unexplained, residual } of summary.pnl) {
    expect({ asset, unexplained, residual }).toEqual({ asset, unexplained: '0', residual: '0' });
  }
}

describe('--replay', () => {
  it('plays spot and perpetual of one time together to the end', { timeout: 60_000 }, async () => {
    await expectRight([fixture.spot, fixture.coinm]);
  });

  it('plays Bybit at twenty times its pace', { timeout: 60_000 }, async () => {
    await expectRight([fixture.bybit], '20');
  });

  it.each(['bitmex/l2-10sym-2021-07-22.ndjson.gz', 'bybit/v5-linear-spot-btc-eth-2026-08-09.ndjson.gz'])(
    'plays the recording %s to the end',
    { timeout: 60_000 },
    async (name) => {
      if (needRecordings()) await expectRight([recordingPath(name)]);
    },
  );

  it('refuses files that do not overlap in time', { timeout: 30_000 }, async () => {
    const data = temporaryData();
    const { code, stderr, stdout } = await thor(['--replay', fixture.spot, fixture.later, '--json', '--port', '0', '--data', data.path], {
      limitMs: 30_000,
    });
    data.remove();
    expect(code).toBe(2);
    expect(stderr.join('\n')).toContain('files that do not overlap in time are separate runs');
    expect(stdout).toEqual([]);
  });
});
