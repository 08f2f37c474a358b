import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/numbers/errors.js';
import { DEFAULT_KERNEL } from '../../src/feeds/kernels.js';
import { listOf, numberOf, oneOf, resumeCommand, tradeOptionsOf } from '../../src/workers/trade-options.js';

function refusal(flags: Readonly<Record<string, unknown>>): string {
  try {
    tradeOptionsOf(flags);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('tradeOptionsOf', () => {
  it('without flags trades the simulated venues until it is stopped', () => {
    expect(tradeOptionsOf({})).toEqual({
      strategies: null,
      mode: 'sim',
      config: null,
      data: null,
      durationSeconds: null,
      seed: 1,
      only: null,
      addresses: null,
      replay: null,
      speed: 1,
      lanes: 'auto',
      wait: 'auto',
      kernel: DEFAULT_KERNEL,
      durability: 'interval',
      port: null,
      isJson: false,
      isQuiet: false,
      isVerbose: false,
      wantsPrintConfig: false,
      cancelsOnDeath: false,
    });
  });

  it('takes every flag', () => {
    expect(
      tradeOptionsOf({
        strategies: 'grid, btc-arb,',
        mode: 'sim',
        config: 'my.yaml',
        data: 'somewhere',
        duration: '0.5',
        seed: '4294967295',
        only: 'bybit,bitmex',
        addresses: 'addresses.json',
        replay: ['a.ndjson', 'b.ndjson'],
        speed: '12.5',
        lanes: '3',
        wait: 'eco',
        kernel: 'json',
        durability: 'each',
        port: '0',
        json: true,
        quiet: true,
        verbose: true,
        printConfig: true,
        onDeath: 'cancel',
      }),
    ).toEqual({
      strategies: ['grid', 'btc-arb'],
      mode: 'sim',
      config: 'my.yaml',
      data: 'somewhere',
      durationSeconds: 0.5,
      seed: 4_294_967_295,
      only: ['bybit', 'bitmex'],
      addresses: 'addresses.json',
      replay: ['a.ndjson', 'b.ndjson'],
      speed: 12.5,
      lanes: 3,
      wait: 'eco',
      kernel: 'json',
      durability: 'each',
      port: 0,
      isJson: true,
      isQuiet: true,
      isVerbose: true,
      wantsPrintConfig: true,
      cancelsOnDeath: true,
    });
  });

  it.each([
    [{ mode: 'papr' }, "--mode: 'papr' is not one of sim, paper, live; did you mean 'paper'?"],
    [{ mode: 'x' }, "--mode: 'x' is not one of sim, paper, live"],
    [{ wait: 'spinn' }, "--wait: 'spinn' is not one of spin, balanced, eco; did you mean 'spin'?"],
    [{ durability: 'intervall' }, "--durability: 'intervall' is not one of none, interval, each; did you mean 'interval'?"],
    [{ seed: '1.5' }, "--seed: expected a whole number from 0 to 4294967295, was '1.5'"],
    [{ seed: '-1' }, "--seed: expected a whole number from 0 to 4294967295, was '-1'"],
    [{ seed: '4294967296' }, "--seed: expected a whole number from 0 to 4294967295, was '4294967296'"],
    [{ duration: '0' }, "--duration: expected a number from 0.1 to 1000000000, was '0'"],
    [{ duration: '10s' }, "--duration: expected a number from 0.1 to 1000000000, was '10s'"],
    [{ lanes: '0' }, "--lanes: expected a whole number from 1 to 64, was '0'"],
    [{ lanes: 'many' }, "--lanes: expected a whole number from 1 to 64, was 'many'"],
    [{ port: '65536' }, "--port: expected a whole number from 0 to 65535, was '65536'"],
    [{ port: '' }, "--port: expected a whole number from 0 to 65535, was ''"],
    [{ speed: 'fast' }, "--speed: expected a number from 0.01 to 1000, was 'fast'"],
    [{ speed: '1e3' }, "--speed: expected a number from 0.01 to 1000, was '1e3'"],
    [{ speed: 'max' }, "--speed: 'max' goes with --replay only"],
  ])('refuses %j in one line', (flags, message) => {
    expect(refusal(flags)).toBe(message);
  });

  it('refuses a kernel that does not exist', () => {
    expect(refusal({ kernel: 'fast' })).toMatch(/^--kernel must be one of .*, was 'fast'$/);
  });

  it('takes speed max with a replay', () => {
    expect(tradeOptionsOf({ speed: 'max', replay: ['a.ndjson'] }).speed).toBe('max');
  });

  it('refuses a speed for venues that live in real time, and a replay in mode live', () => {
    expect(refusal({ mode: 'paper', speed: '20' })).toBe(
      '--speed: venues of mode paper run in real time; another speed goes with mode sim or --replay',
    );
    expect(refusal({ mode: 'live', replay: ['a.ndjson'] })).toBe('--replay: a recording is not traded live; use mode sim or paper');
    expect(tradeOptionsOf({ mode: 'paper', replay: ['a.ndjson'], speed: '20' }).speed).toBe(20);
  });
});

describe('words and numbers of flags', () => {
  it('oneOf gives back the word', () => {
    expect(oneOf('--x', 'b', ['a', 'b'])).toBe('b');
  });

  it('numberOf takes both ends and no text beside the number', () => {
    const bounds = { min: 1, max: 2, isInteger: false };
    expect(numberOf('--x', '1', bounds)).toBe(1);
    expect(numberOf('--x', '2', bounds)).toBe(2);
    for (const text of ['0.999', '2.001', ' 1', '1 ', '0x1', 'NaN', 'Infinity'])
      expect(() => numberOf('--x', text, bounds)).toThrow(UsageError);
  });

  it('listOf drops blanks', () => {
    expect(listOf(' a ,,b, ')).toEqual(['a', 'b']);
    expect(listOf('')).toEqual([]);
  });
});

describe('resumeCommand', () => {
  const cases: readonly [Readonly<Record<string, unknown>>, string][] = [
    [{ duration: '5', port: '0', json: true }, 'node dist/main.js'],
    [
      { data: 'my runs/a', addresses: 'a.json', only: 'bybit,bitmex' },
      "node dist/main.js --data 'my runs/a' --addresses a.json --only bybit,bitmex",
    ],
    [{ seed: '7', speed: '20' }, 'node dist/main.js --seed 7 --speed 20'],
    [{ mode: 'live', config: "it's.yaml", seed: '7' }, `node dist/main.js --mode live --config 'it'\\''s.yaml'`],
    [{ config: 'my.yaml', strategies: './dip.ts' }, 'node dist/main.js --strategies ./dip.ts --config my.yaml'],
    [{ replay: ['a.gz', 'b.gz'], speed: 'max' }, 'node dist/main.js --replay a.gz b.gz --speed max'],
  ];
  it.each(cases)('%j finds the same venues and orders again', (flags, line) => {
    expect(resumeCommand(tradeOptionsOf(flags))).toBe(line);
  });
});
