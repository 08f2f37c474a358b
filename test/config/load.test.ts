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
      /strategies\.0\.instruments\.0: was "BTCUSDT", VENUE:SYMBOL/,
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

describe('printConfig', () => {
  it('says where each value came from', () => {
    const lines = printConfig(parseConfig(GOOD, 'f'), GOOD, { seed: 7 });
    expect(lines).toContain('server.port = 9464  (default)');
    expect(lines).toContain('venues.0.id = "binance-spot"  (file)');
    expect(lines).toContain('seed = 7  (flag)');
  });
});

describe('jsonSchema', () => {
  it('knows every top key', () => {
    expect(Object.keys((jsonSchema() as { properties: object }).properties).toSorted()).toEqual(
      ['engine', 'paper', 'risk', 'server', 'storage', 'strategies', 'venues'].toSorted(),
    );
  });
});
