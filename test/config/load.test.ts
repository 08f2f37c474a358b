import { describe, expect, it } from 'vitest';
import { jsonSchema, parseConfig, printConfig } from '../../src/config/load.js';

const GOOD = `
venues: [{ id: binance-spot }]
strategies: [{ name: g1, kind: grid, instruments: ['binance-spot:BTCUSDT'], params: { step: '0.001' } }]
`;

function message(text: string): string {
  try {
    parseConfig(text, 'thor.yaml');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'accepted';
}

describe('parseConfig', () => {
  it('says where a file stops being YAML', () => {
    expect(() => parseConfig('venues: [\n', 'F')).toThrow(/^F: .* at line 2, column 1$/);
  });

  it('fills in defaults', () => {
    const config = parseConfig(GOOD, 'thor.yaml');
    expect(config.server).toEqual({ host: '127.0.0.1', port: 9464 });
    expect(config.venues[0]?.account).toBe('main');
  });

  it('refuses an unknown key with its path and the nearest known one', () => {
    expect(message(`${GOOD}servr: { port: 1 }`)).toMatch(/^thor\.yaml: servr: unknown key, did you mean 'server'\?/);
    expect(message(GOOD.replace('kind: grid', 'kind: grid, instrumnts: []'))).toMatch(
      /strategies\.0\.instrumnts: unknown key, did you mean 'instruments'\?/,
    );
  });

  it('names path, value and expectation of a wrong value', () => {
    expect(message(`${GOOD}server: { port: 99999 }`)).toMatch(/thor\.yaml: server\.port: was 99999, .*65535/);
    expect(message(GOOD.replace("'binance-spot:BTCUSDT'", 'BTCUSDT'))).toMatch(
      /strategies\.0\.instruments\.0: was "BTCUSDT", expected VENUE:SYMBOL/,
    );
    expect(message(`${GOOD}storage: { mongo: { url: 'mongodb://user:pass@host' } }`)).toMatch(/storage\.mongo\.url: .*a reference/);
  });

  it('names a missing key, a name used twice and broken YAML', () => {
    expect(message('strategies: []')).toMatch(/venues: was missing/);
    expect(
      message(
        GOOD.replace(']', ', { name: g1, kind: arb, instruments: ["a:B"] }]').replace(
          "['binance-spot:BTCUSDT', {",
          "['binance-spot:BTCUSDT'] }, {",
        ),
      ),
    ).toMatch(/used twice|YAML|flow/i);
    expect(message('venues: [')).toMatch(/^thor\.yaml: /);
  });
});

describe('parseConfig of what is no configuration', () => {
  it.each([
    ['an empty file', '', /^thor\.yaml: the file is empty/],
    ['a comment', '# nothing', /^thor\.yaml: \(top\): was null, expected a block of keys$/],
    ['a list', '[1, 2]', /^thor\.yaml: \(top\): was \[1,2\], expected a block of keys$/],
    ['bytes', 'PK\u0003\u0000\uFFFD', /^thor\.yaml: not a text file/],
    ['a recording', `# ${'x'.repeat(2_000_000)}`, /^thor\.yaml: too long/],
    ['aliases of aliases', aliases(), /^thor\.yaml: .*alias/],
  ])('%s is refused in one line', (_, text, pattern) => {
    expect(message(text)).toMatch(pattern);
    expect(message(text)).not.toContain('\n');
  });

  it('names types in words, once', () => {
    expect(message(`${GOOD}server: { port: '9464' }`)).toBe('thor.yaml: server.port: was "9464", expected a number');
    expect(message(`${GOOD}server: 5`)).toBe('thor.yaml: server: was 5, expected a block of keys');
    expect(message(`${GOOD}engine: { ringRecords: 1000 }`)).toBe('thor.yaml: engine.ringRecords: was 1000, expected a power of two');
    expect(message(`${GOOD}server: { port: 99999 }`)).toBe('thor.yaml: server.port: was 99999, expected <=65535');
  });

  it('refuses a venue that is named twice', () => {
    expect(message(GOOD.replace('{ id: binance-spot }', '{ id: bitmex }, { id: bitmex }'))).toBe(
      "thor.yaml: venues: the id 'bitmex' is used twice",
    );
  });

  it('B18: shows no key that stands where its reference belongs', () => {
    for (const text of [
      GOOD.replace('id: binance-spot', 'id: binance-spot, keys: s3cretpw'),
      GOOD.replace('id: binance-spot', 'id: binance-spot, keys: { key: s3cretpw }'),
      `${GOOD}storage: { mongo: { url: 'mongodb://user:s3cretpw@host' } }`,
      `${GOOD}storage: { mongo: 'mongodb://user:s3cretpw@host' }`,
    ]) {
      expect(message(text)).toMatch(/expected/);
      expect(message(text)).not.toContain('s3cretpw');
    }
  });
});

function aliases(): string {
  const rows = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg']) rows.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(', ')}]`);
  return rows.join('\n');
}

describe('printConfig', () => {
  it('says where each value came from', () => {
    const lines = printConfig(parseConfig(GOOD, 'f'), GOOD, { seed: 7, speed: 1, 'server.port': 0 }, ['seed', 'server.port']);
    expect(lines).toContain('server.host = "127.0.0.1"  (default)');
    expect(lines).toContain('server.port = 0  (flag)');
    expect(lines).toContain('speed = 1  (default)');
    expect(lines).toContain('venues.0.id = "binance-spot"  (file)');
    expect(lines).toContain('seed = 7  (flag)');
  });
});

describe('jsonSchema', () => {
  it('knows every top key', () => {
    expect(Object.keys((jsonSchema() as { properties: object }).properties).toSorted()).toEqual(
      ['backup', 'engine', 'execution', 'keyFile', 'paper', 'reporting', 'risk', 'server', 'storage', 'strategies', 'venues'].toSorted(),
    );
  });
});
