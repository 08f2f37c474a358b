/** `verify` on small streams of our own, and on damaged files. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync, copyFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { checkKernel } from '../../src/feeds/kernels.js';
import { runVerify, type VerifyOptions, type VerifyResult } from '../../src/feeds/verify.js';
import { hashOf } from '../../src/feeds/verify-rows.js';

const FIXTURES = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../fixtures');
const folder = mkdtempSync(path.join(tmpdir(), 'thor-made-'));
const clock = { nowUs: () => 0, wallUs: () => 0 };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly result: VerifyResult;
  readonly rows: readonly string[];
  readonly trades: readonly Record<string, unknown>[];
  readonly final: {
    recording: string;
    symbols: Record<string, { bids: string[][]; asks: string[][]; levels: unknown; top10_hash: string | null }>;
  };
  readonly printed: string;
}

async function verify(file: string, more: Partial<VerifyOptions> = {}): Promise<Outcome> {
  const out = { books: path.join(folder, 'books'), trades: path.join(folder, 'trades'), final: path.join(folder, 'final') };
  const printed: string[] = [];
  const result = await runVerify({ file, ...out, kernel: 'ts', clock, print: (line) => printed.push(line), ...more });
  const lines = readFileSync(out.books, 'utf8').trimEnd().split('\n');
  expect(lines[0]).toBe('line\tsymbol\taction\tseq\tbest_bid\tbest_ask\ttop10_hash');
  const trades = readFileSync(out.trades, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return {
    result,
    rows: lines.slice(1).map((line) => line.split('\t').slice(0, 6).join(' ')),
    trades: trades.map((line) => JSON.parse(line) as Record<string, unknown>),
    final: JSON.parse(readFileSync(out.final, 'utf8')) as Outcome['final'],
    printed: printed.join('\n'),
  };
}

describe('verify', () => {
  for (const kernel of ['ts', 'json'] as const) {
    it(`Binance spot: splice, sparse book, gap, snapshot too old, rebuilt; kernel ${kernel}`, async () => {
      const { rows, trades, final, result } = await verify(path.join(FIXTURES, 'binance/spot-made.ndjson'), { kernel });
      const s = '币安USDT';
      expect(rows).toEqual([
        `3 ${s} buffered 12 - -`,
        `4 ${s} buffered 15 - -`,
        `5 ${s} snapshot 15 10.5:2 10.6:3.25`,
        `6 ${s} stale 15 10.5:2 10.6:3.25`,
        `8 ${s} delta 17 10.5:2 10.6:3.25`,
        `9 ${s} delta 19 10.5:2 10.6:3.25`,
        `13 ${s} gap 26 - -`,
        `14 ${s} gap 27 - -`,
        `15 ${s} gap 20 - -`,
        `16 ${s} snapshot 27 10.45:8 10.6:0.5`,
        `17 ${s} delta 28 10.45:8 -`,
      ]);
      expect(trades).toEqual([
        { n: 10, s, id: '7', time: 1_763_870_400_123, time_raw: '1763870400123456', p: '10.5', a: '0.1', side: 'sell', kind: 'trade' },
        { n: 11, s, id: '8', time: 1_763_870_400_124, time_raw: '1763870400124', p: '10.6', a: '0.001', side: 'buy', kind: 'agg' },
      ]);
      expect(final.recording).toBe('binance/spot-made.ndjson');
      expect(final.symbols[s]).toMatchObject({ bids: [['10.45', '8']], asks: [], levels: { bids: 1, asks: 0 } });
      expect([result.exitCode, result.gaps, result.stats.bad]).toEqual([0, 2, 0]);
    });

    it(`Binance USD-M: chain by pu, and trades that form no price; kernel ${kernel}`, async () => {
      const { rows, trades } = await verify(path.join(FIXTURES, 'binance/usdm-made.ndjson'), { kernel });
      expect(rows).toEqual([
        '1 1000XUSDT buffered 110 - -',
        '2 1000XUSDT buffered 130 - -',
        '3 1000XUSDT snapshot 130 5:2 5.001:4',
        '4 1000XUSDT delta 150 5:2 5.001:5',
        '5 1000XUSDT gap 160 - -',
      ]);
      expect(trades[0]).toMatchObject({ kind: 'trade:INSURANCE_FUND', p: '5.001', side: 'buy' });
    });

    it(`Bybit: two connections with one symbol name, other depth streams, a restarted service; kernel ${kernel}`, async () => {
      const { rows, trades } = await verify(path.join(FIXTURES, 'bybit/made.ndjson'), { kernel });
      expect(rows).toEqual([
        '1 linear:ABUSDT dropped 9 - -',
        '2 linear:ABUSDT snapshot 10 1.1:1 1.2:3',
        '3 spot:ABUSDT snapshot 500 2.1:1 2.2:3',
        '4 linear:ABUSDT delta 11 1.11:4.5 1.2:3',
        '5 spot:ABUSDT delta 501 - 2.2:3',
        '7 linear:ABUSDT gap 13 - -',
        '8 linear:ABUSDT gap 14 - -',
        '9 linear:ABUSDT snapshot 1 1:1 1.3:1',
        '10 linear:ABUSDT delta 2 1.01:1 1.3:1',
      ]);
      expect(trades.map((trade) => [trade['id'], trade['p'], trade['a'], trade['side']])).toEqual([
        ['a-b', '1.01', '0.5', 'sell'],
        ['2290000001189048101', '1.3', '1', 'buy'],
      ]);
    });

    it(`BitMEX: rows of two books in one frame, rows with and without price, unknown and known ids; kernel ${kernel}`, async () => {
      const { rows, trades } = await verify(path.join(FIXTURES, 'bitmex/made.ndjson'), { kernel });
      expect(rows).toEqual([
        '2 XBTUSD dropped - - -',
        '3 XBTUSD snapshot - 100.5:500 101:700',
        '4 ETHUSD snapshot - - -',
        '5 ETHUSD delta - 2000.05:1 2000.1:2',
        '5 XBTUSD delta - 100.5:500 101:700',
        '6 XBTUSD delta - 100.5:500 101:700',
        '7 ETHUSD delta - 2000.05:1 -',
        '9 XBTUSD gap - - -',
        '10 XBTUSD gap - - -',
        '11 ETHUSD delta - 2000.05:10 -',
        '12 XBTUSD snapshot - 0.0000001:500 -',
        '13 XBTUSD gap - - -',
      ]);
      expect(trades.map((trade) => [trade['old'], trade['time_raw'], trade['time']])).toEqual([
        [true, '2025-03-01T10:00:00.250Z', 1_740_823_200_250],
        [undefined, '2025-03-01T10:00:00.250Z', 1_740_823_200_250],
      ]);
    });
  }

  it('hashes the best levels as the format says', () => {
    expect(
      hashOf(
        [
          ['10.5', '2'],
          ['10.4', '1'],
        ],
        [['10.6', '3.25']],
      ),
    ).toBe('d15e4fcbb2ed1fb0');
  });

  it('names line and reason of a broken line, and keeps what came before', async () => {
    const text = readFileSync(path.join(FIXTURES, 'bybit/made.ndjson'), 'utf8').split('\n');
    text[4] = '{"t":1,"dir":"in","raw":';
    const file = path.join(folder, 'broken.ndjson');
    writeFileSync(file, text.join('\n'));
    const { rows, result, printed } = await verify(file, { venue: 'bybit' });
    expect(result.exitCode).toBe(1);
    expect(printed).toMatch(/error: .*broken\.ndjson: line 5: no JSON/);
    expect(rows.map((row) => row.split(' ')[0])).toEqual(['1', '2', '3', '4']);
    for (const [bad, reason] of [
      ['[]', "'t' must be"],
      ['{"t":1,"dir":"in"}', "'raw' must be"],
      ['{"t":1,"raw":""}', "'dir' must be"],
    ] as const) {
      writeFileSync(file, `\n\n${bad}\n`);
      expect((await verify(file, { venue: 'bybit' })).printed).toContain(`line 3: ${reason}`);
    }
  });

  it('reads plain and gzip, and says where a cut gzip ends', async () => {
    const name = path.join(folder, 'made.ndjson.gz');
    const plain = readFileSync(path.join(FIXTURES, 'bitmex/made.ndjson'));
    copyFileSync(path.join(FIXTURES, 'bitmex/manifest.json'), path.join(folder, 'manifest.json'));
    const many = Buffer.concat([
      plain,
      ...Array.from({ length: 400 }, (_, i) =>
        Buffer.from(`{"t":${i},"dir":"in","conn":"c1","raw":"{\\"x\\":${Math.imul(i, 0x9e3779b1)}}"}\n`),
      ),
    ]);
    const packed = gzipSync(many);
    writeFileSync(name, packed);
    const whole = await verify(name);
    expect(whole.result.exitCode).toBe(0);
    writeFileSync(name, packed.subarray(0, packed.length - 400));
    const cut = await verify(name);
    expect(cut.result.exitCode).toBe(1);
    expect(cut.printed).toMatch(/line \d+: the file ends early or is damaged/);
    rmSync(path.join(folder, 'manifest.json'));
  });

  it('refuses a kernel that does not exist or is not built', () => {
    expect(checkKernel('ts')).toBe('ts');
    expect(() => checkKernel('fast')).toThrow("--kernel must be one of wasm, ts, json, was 'fast'");
    expect(() => checkKernel('wasm', ['ts', 'json'])).toThrow('--kernel wasm is not built here; built are ts, json');
  });

  it('asks for the venue where nothing names it, and refuses unknown ones', async () => {
    const file = path.join(folder, 'alone.ndjson');
    writeFileSync(file, '');
    await expect(verify(file)).rejects.toThrow('--venue');
    await expect(verify(file, { venue: 'nowhere' })).rejects.toThrow("unknown venue 'nowhere'");
    expect((await verify(file, { venue: 'bybit' })).result).toMatchObject({ exitCode: 0, rows: 0 });
  });
});
