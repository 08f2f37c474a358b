import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import { UsageError } from '../../src/core/numbers/errors.js';
import type { Instrument } from '../../src/core/orders/instrument.js';
import { venueOf } from '../../src/core/orders/instrument.js';
import { checkConfig, fitToReplay, printRunConfig, readRunConfig, type RunConfig } from '../../src/workers/run-config.js';
import { tradeOptionsOf } from '../../src/workers/trade-options.js';
import { instrument } from './lane-fixture.js';

const CONFIG = `
venues: [{ id: binance-spot }, { id: bybit }, { id: bitmex }]
strategies:
  - { name: first, kind: grid, instruments: ['binance-spot:BTCUSDT'], params: { step: '1%', count: 2, investment: '100' } }
  - { name: second, kind: grid, instruments: ['bybit:linear:BTCUSDT'], params: { step: '1%', count: 2, investment: '100' } }
  - { name: cross, kind: arb, instruments: ['binance-spot:BTCUSDT', 'bybit:spot:BTCUSDT'], params: { minEdge: '0.001', maxNotional: '100' } }
  - { name: three, kind: arb, instruments: ['bybit:linear:BTCUSDT', 'bybit:inverse:BTCUSD', 'bitmex:XBTUSD'], params: { minEdge: '0.001', maxNotional: '100' } }
`;
const PLAIN = resolve('test/fixtures/strategies/plain.js');

let folder = '';
let file = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'thor-run-config-'));
  file = join(folder, 'my.yaml');
  writeFileSync(file, CONFIG);
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(flags: Readonly<Record<string, unknown>> = {}, text?: string): Promise<RunConfig> {
  if (text === undefined) return readRunConfig(tradeOptionsOf({ config: file, ...flags }));
  const other = join(folder, `${Math.abs(hashOf(text))}.yaml`);
  writeFileSync(other, text);
  return readRunConfig(tradeOptionsOf({ config: other, ...flags }));
}

function hashOf(text: string): number {
  let hash = 0;
  for (const letter of text) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0;
  return hash;
}

async function refusal(flags: Readonly<Record<string, unknown>>, text?: string): Promise<string> {
  try {
    await read(flags, text);
  } catch (error) {
    if (error instanceof UsageError) return error.message.replace(folder, '').replace(/^\/\d+\.yaml/, 'F');
    throw error;
  }
  return 'accepted';
}

function recorded(...ids: readonly string[]): Instrument[] {
  return ids.map((id, index) => instrument(id, index, { base: id.includes('ETH') ? 'ETH' : id.includes('XBT') ? 'XBT' : 'BTC' }));
}

const names = (run: RunConfig): string[] => run.entries.map((entry) => entry.name);

describe('readRunConfig', () => {
  it('B19: without words runs every entry, checked and with its defaults', async () => {
    const run = await read();
    expect(names(run)).toEqual(['first', 'second', 'cross', 'three']);
    expect(run.venues).toEqual(['binance-spot', 'bybit', 'bitmex']);
    expect(run.notes).toEqual([]);
    expect(run.directory).toBe(folder);
    const [first] = run.entries;
    expect(first).toMatchObject({ source: 'grid', kind: 'grid', pnlKind: 'grid', instruments: ['binance-spot:BTCUSDT'] });
    expect(first?.params).toMatchObject({ step: '1%', count: 2, spacing: 'arithmetic' });
    expect(first?.levelStates.length).toBeGreaterThan(0);
  });

  it('selects by name and by kind, in the order of the words, each entry once', async () => {
    expect(names(await read({ strategies: 'second' }))).toEqual(['second']);
    expect(names(await read({ strategies: 'arb' }))).toEqual(['cross', 'three']);
    expect(names(await read({ strategies: 'cross,grid,first,cross' }))).toEqual(['cross', 'first', 'second']);
  });

  it('names the nearest entry or kind for an unknown word', async () => {
    expect(await refusal({ strategies: 'secnod' })).toBe(
      "--strategies: no entry is named 'secnod' or of that kind (first, grid, second, cross, arb, three); did you mean 'second'?",
    );
    expect(await refusal({ strategies: 'first,grd' })).toMatch(/'grd' .*did you mean 'grid'\?$/);
    expect(await refusal({ strategies: ',' })).toMatch(/: no strategy to run$/);
  });

  it('a path from the command line is a path from where the person stands, not from the configuration', async () => {
    const run = await read({ strategies: `first,./${relative(process.cwd(), PLAIN)}` });
    expect(names(run)).toEqual(['first', 'plain']);
    expect(run.entries[1]).toMatchObject({
      source: PLAIN,
      kind: 'plain',
      pnlKind: 'other',
      instruments: ['binance-spot:BTCUSDT'],
      params: {},
    });
  });

  it('a path of the configuration is relative to its file', async () => {
    writeFileSync(join(folder, 'beside.js'), "export { default } from '" + PLAIN + "';");
    const text = `${CONFIG}  - { name: own, kind: ./beside.js, instruments: ['bybit:linear:BTCUSDT'] }\n`;
    const run = await read({ strategies: 'own' }, text);
    expect(run.entries).toMatchObject([{ name: 'own', source: './beside.js', kind: 'plain' }]);
  });

  it('a strategy file gets a name and an instrument of its own', async () => {
    expect(names(await read({ strategies: `${PLAIN},${PLAIN}` }))).toEqual(['plain']);
    const taken = CONFIG.replace('name: second', 'name: plain');
    expect(names(await read({ strategies: `plain,${PLAIN}` }, taken))).toEqual(['plain', 'plain-2']);
    const reachable = await read({ strategies: PLAIN, only: 'bybit' });
    expect(reachable.entries[0]?.instruments).toEqual(['bybit:linear:BTCUSDT']);
    writeFileSync(join(folder, '__My Löng.js'), "export { default } from '" + PLAIN + "';");
    expect(names(await read({ strategies: join(folder, '__My Löng.js') }))).toEqual(['my-l-ng']);
  });

  it('a strategy file that is not there is wrong use', async () => {
    expect(await refusal({ strategies: './not-there.js' })).toMatch(/^strategy .*not-there\.js: cannot read /);
  });

  it('--only keeps what its venues can do and says what was left out', async () => {
    const run = await read({ only: 'bybit,bitmex' });
    expect(run.venues).toEqual(['bybit', 'bitmex']);
    expect(names(run)).toEqual(['second', 'three']);
    expect(run.notes).toEqual([
      'first left out: binance-spot:BTCUSDT is not among the venues of this run',
      'cross left out: binance-spot:BTCUSDT is not among the venues of this run',
    ]);
  });

  it('--only lets an entry go on with the instruments that are left', async () => {
    const run = await read({ only: 'bybit', strategies: 'three' });
    expect(run.entries[0]?.instruments).toEqual(['bybit:linear:BTCUSDT', 'bybit:inverse:BTCUSD']);
  });

  it('--only with a wrong word, or with nothing to do, is wrong use', async () => {
    expect(await refusal({ only: 'bybt' })).toMatch(
      /^--only: 'bybt' is not a venue of .* \(binance-spot, bybit, bitmex\); did you mean 'bybit'\?$/,
    );
    expect(await refusal({ only: 'bitmex', strategies: 'first' })).toBe(
      'first left out: binance-spot:BTCUSDT is not among the venues of this run',
    );
  });

  it('refuses venues and instruments that nobody knows', async () => {
    expect(await refusal({}, CONFIG.replace('id: bybit', 'id: byb'))).toMatch(
      /^F: venues\.1\.id: was 'byb', expected one of .*; did you mean 'bybit'\?$/,
    );
    expect(await refusal({}, CONFIG.replace("'bybit:linear:BTCUSDT'", "'bybt:linear:BTCUSDT'"))).toBe(
      "F: strategies.second.instruments: 'bybt:linear:BTCUSDT' is at no venue of the configuration; did you mean 'bybit'?",
    );
  });

  it('refuses an entry with too few or too many instruments', async () => {
    expect(await refusal({}, CONFIG.replace("'binance-spot:BTCUSDT', ", ''))).toBe(
      'F: strategies.cross.instruments: arb takes at least 2, was 1',
    );
    expect(await refusal({}, CONFIG.replace("['bybit:linear:BTCUSDT']", "['bybit:linear:BTCUSDT', 'bitmex:XBTUSD']"))).toBe(
      'F: strategies.second.instruments: grid takes at most 1, was 2',
    );
  });

  it('refuses a parameter that the strategy does not know', async () => {
    expect(await refusal({}, CONFIG.replace('count: 2', 'cuont: 2'))).toMatch(/first.*cuont.*count/);
  });

  it('the shipped configuration is for mode sim, and a file must be there', async () => {
    await expect(readRunConfig(tradeOptionsOf({ mode: 'paper' }))).rejects.toThrow(
      '--mode paper needs --config FILE: the shipped thor.yaml is for mode sim',
    );
    await expect(readRunConfig(tradeOptionsOf({ config: join(folder, 'none.yaml') }))).rejects.toThrow('no such file');
    const shipped = await readRunConfig(tradeOptionsOf({}));
    expect(shipped.entries.length).toBeGreaterThan(0);
    expect(shipped.directory).toBe(process.cwd());
  });

  it('the hash is of the text', async () => {
    const [one, same, other] = await Promise.all([read(), read({ strategies: 'first' }), read({}, `${CONFIG}\n# more\n`)]);
    expect(one.hash).toBe(same.hash);
    expect(one.hash).not.toBe(other.hash);
  });

  it('--print-config begins with the file', async () => {
    const lines = printRunConfig(await read(), { seed: '7', speed: '1' }, ['seed']).split('\n');
    expect(lines[0]).toBe(`# ${file}`);
    expect(lines).toContain('server.port = 9464  (default)');
    expect(lines).toContain('seed = "7"  (flag)');
    expect(lines).toContain('speed = "1"  (default)');
  });
});

describe('checkConfig', () => {
  it('accepts the good one, refuses unknown parameters and venues', async () => {
    await expect(checkConfig(parseConfig(CONFIG, file), file)).resolves.toBeDefined();
    await expect(checkConfig(parseConfig(CONFIG.replace('count: 2', 'cuont: 2'), file), file)).rejects.toThrow(UsageError);
    await expect(checkConfig(parseConfig(CONFIG.replace('{ id: bitmex }', '{ id: binance-usdm }'), file), file)).rejects.toThrow(
      "'bitmex:XBTUSD' is at no venue",
    );
    const withRisk = `${CONFIG}\nrisk: { maxOpenOrder: 3 }\n`;
    await expect(checkConfig(parseConfig(withRisk, file), file)).rejects.toThrow(
      `${file}: risk.maxOpenOrder: unknown key, did you mean 'maxOpenOrders'?`,
    );
    await expect(read({}, withRisk)).rejects.toThrow('risk.maxOpenOrder');
    await expect(checkConfig(parseConfig(CONFIG.replace('{ id: bitmex }', '{ id: bitmexx }'), file), file)).rejects.toThrow(
      "venues.2.id: was 'bitmexx'",
    );
  });
});

describe('what no market could change', () => {
  const cases: readonly [string, string, string][] = [
    ['neither investment nor size', CONFIG.replace(", investment: '100'", ''), 'first: give either investment'],
    ['a range without its upper end', CONFIG.replace("step: '1%'", "lower: '1'"), 'first: lower, upper and grids belong together'],
    [
      'one instrument for an arbitrage',
      CONFIG.replace("'binance-spot:BTCUSDT', 'bybit:spot:BTCUSDT'", "'bybit:spot:BTCUSDT'"),
      'at least 2',
    ],
  ];
  it.each(cases)('B19: %s is told by config check, and by a start before anything is touched', async (_what, text, said) => {
    await expect(checkConfig(parseConfig(text, file), file)).rejects.toThrow(said);
    await expect(read({}, text)).rejects.toThrow(said);
  });
});

describe('fitToReplay', () => {
  it('keeps entries whose instruments were recorded, with those that were', async () => {
    const run = await fitToReplay(await read(), recorded('bybit:linear:BTCUSDT', 'bybit:inverse:BTCUSD'), false);
    expect(run.entries.map((entry) => [entry.name, entry.instruments])).toEqual([
      ['second', ['bybit:linear:BTCUSDT']],
      ['three', ['bybit:linear:BTCUSDT', 'bybit:inverse:BTCUSD']],
    ]);
    expect(run.notes).toEqual([
      'first left out: binance-spot:BTCUSDT not in the recording',
      'cross left out: binance-spot:BTCUSDT, bybit:spot:BTCUSDT not in the recording',
    ]);
  });

  it('makes entries from what was recorded when the shipped configuration names none of it', async () => {
    const run = await fitToReplay(await read(), recorded('bybit:linear:ETHUSDT', 'bitmex:XBTUSD', 'bybit:spot:ETHUSDT'), true);
    expect(run.entries.map((entry) => [entry.name, entry.kind, entry.instruments])).toEqual([
      ['grid-bybit-linear-ethusdt', 'grid', ['bybit:linear:ETHUSDT']],
      ['grid-bitmex-xbtusd', 'grid', ['bitmex:XBTUSD']],
      ['grid-bybit-spot-ethusdt', 'grid', ['bybit:spot:ETHUSDT']],
      ['arb-eth', 'arb', ['bybit:linear:ETHUSDT', 'bybit:spot:ETHUSDT']],
    ]);
    // Grids are sized by what they are quoted in; their step follows from the fees.
    expect(run.entries[0]?.params).toMatchObject({ step: 'auto', investment: '10000' });
    expect(run.entries[3]?.params).toMatchObject({ minEdge: '0.001', maxNotional: '100' });
    expect(run.notes).toContain('grid-bitmex-xbtusd: a grid of 10000 USDT on bitmex:XBTUSD, its step from the fees');
    expect(run.notes).toContain('arb on bybit:linear:ETHUSDT, bybit:spot:ETHUSDT, with the parameters of cross');
  });

  it('makes no more of a kind that has an entry left', async () => {
    const run = await fitToReplay(await read(), recorded('bybit:linear:BTCUSDT', 'bitmex:ETHUSD'), true);
    expect(names(run)).toEqual(['second']);
  });

  it('makes at most eight grids and one arb of at most twelve, each under a name of its own', async () => {
    const many = recorded(...Array.from({ length: 14 }, (_, index) => `bybit:linear:${'VERYLONGNAMEOFACOIN'.repeat(2)}${index}`));
    const run = await fitToReplay(await read(), many, true);
    const grids = run.entries.filter((entry) => entry.kind === 'grid');
    expect(grids).toHaveLength(8);
    expect(new Set(names(run)).size).toBe(run.entries.length);
    for (const name of names(run)) expect(name).toMatch(/^[a-z0-9][a-z0-9-]{0,31}$/);
    expect(run.entries.filter((entry) => entry.kind === 'arb').map((entry) => entry.instruments.length)).toEqual([12]);
  });

  it('pairs no quanto contract', async () => {
    const two = recorded('bitmex:ETHUSD', 'bybit:linear:ETHUSDT').map((one, index) =>
      index === 0 ? { ...one, kind: 'quanto' as const } : one,
    );
    expect((await fitToReplay(await read(), two, true)).entries.map((entry) => entry.kind)).toEqual(['grid', 'grid']);
  });

  it('a configuration of the person is not added to: nothing to trade is wrong use', async () => {
    await expect(fitToReplay(await read(), recorded('bybit:linear:ETHUSDT'), false)).rejects.toThrow(
      'no strategy trades an instrument of this recording (bybit:linear:ETHUSDT)',
    );
  });
});

describe('venueOf', () => {
  it('is what stands before the first colon', () => {
    expect(venueOf('bybit:linear:BTCUSDT')).toBe('bybit');
  });
});
