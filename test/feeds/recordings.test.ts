/** Every row, trade and final book of the recordings; every fault. Needs the recordings (test/support/recordings.ts). */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readRecording, type RecordedLine } from '../../src/feeds/recording.js';
import { VerifyRun, recordingInfo, runVerify } from '../../src/feeds/verify.js';
import { READ_RECORDINGS, expectedText, faultCases, needRecordings, recordingPath, type FaultCase } from '../support/recordings.js';
import { times } from '../support/torture.js';

/** Lines behind the one where a fault was noticed: the book stays hidden in all of them. */
const SEEN_AFTER = times(500, Infinity);

const clock = { nowUs: () => 0, wallUs: () => 0 };
const folder = mkdtempSync(path.join(tmpdir(), 'thor-verify-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('recordings', () => {
  for (const name of READ_RECORDINGS) {
    for (const kernel of ['wasm', 'ts', 'json'] as const) {
      it(`${name}: every book row, trade and final book is equal, kernel ${kernel}`, async () => {
        if (!needRecordings()) return;
        const out = { books: path.join(folder, 'b'), trades: path.join(folder, 't'), final: path.join(folder, 'f') };
        const lines: string[] = [];
        const result = await runVerify({ file: recordingPath(name), ...out, kernel, clock, print: (line) => lines.push(line) });
        expect(result.exitCode).toBe(0);
        expect(readFileSync(out.books, 'utf8') === expectedText(name, 'books.tsv')).toBe(true);
        expect(readFileSync(out.trades, 'utf8') === expectedText(name, 'trades.ndjson')).toBe(true);
        expect(readFileSync(out.final, 'utf8') === expectedText(name, 'final.json')).toBe(true);
        expect(result.gaps).toBe(0);
        expect(result.stats.bad).toBe(0);
        expect(lines.join('\n')).toMatch(/rows \d+, trades \d+, gaps 0/);
        const depth = result.stats.depthKernel + result.stats.depthMapper;
        if (kernel !== 'json') expect(result.stats.depthKernel / depth).toBeGreaterThanOrEqual(0.99);
        else expect(result.stats.depthKernel).toBe(0);
      });
    }
  }
});

describe('faults', () => {
  it('hides the book from the line where the venue shows the fault, until it was rebuilt', async () => {
    if (!needRecordings()) return;
    const cases = faultCases(['binance', 'bybit', 'bitmex']);
    expect(cases.length).toBeGreaterThan(50);
    for (const name of new Set(cases.map((entry) => entry.recording))) {
      const lines: RecordedLine[] = [];
      for await (const line of readRecording(recordingPath(name))) lines.push(line);
      const info = await recordingInfo(recordingPath(name), undefined);
      for (const fault of cases.filter((entry) => entry.recording === name)) {
        // The books before the fault are those of the recording as it is; the whole prefix is played, as a reader would meet it.
        const run = new VerifyRun(info, 'ts', clock);
        let rows = '';
        const until = (fault.first_noticed_at_line ?? Infinity) + SEEN_AFTER;
        for (const [place, line] of withFault(lines, fault).entries()) {
          if (place > until) break;
          run.line(line);
          rows += run.takeRows();
          run.takeTrades();
        }
        const own = rows.split('\n').filter((row) => row.split('\t')[1] === fault.symbol);
        const first = own.findIndex((row) => row.split('\t')[2] === 'gap');
        const where = JSON.stringify(fault);
        if (fault.first_noticed_at_line === null) {
          expect(first, where).toBe(-1);
          continue;
        }
        expect(Number(own[first]?.split('\t')[0]), where).toBe(fault.first_noticed_at_line);
        for (const row of own.slice(first)) expect(row, where).toMatch(/^\d+\t[^\t]+\tgap\t[^\t]+\t-\t-\t-$/);
      }
    }
  });
});

function withFault(lines: readonly RecordedLine[], fault: FaultCase): readonly RecordedLine[] {
  const changed = [...lines];
  const at = changed.findIndex((line) => line.line === fault.line);
  const found = changed[at]!;
  if (fault.fault === 'drop') changed.splice(at, 1);
  else if (fault.fault === 'double') changed.splice(at, 0, found);
  else {
    const other = changed.findIndex((line) => line.line === fault.with_line);
    changed[at] = changed[other]!;
    changed[other] = found;
  }
  return changed;
}
