import { describe, expect, it } from 'vitest';
import { compileRisk } from '../../../src/execution/risk/limits.js';
import { DEFAULT_RISK, parseRisk, RISK_KEYS } from '../../../src/execution/risk/schema.js';
import { TABLES } from '../rig.js';

describe('parseRisk', () => {
  it('an empty block is the defaults, and every default is within its own range', () => {
    expect(parseRisk({})).toEqual(DEFAULT_RISK);
    expect(parseRisk(undefined)).toEqual(DEFAULT_RISK);
    for (const spec of RISK_KEYS) expect(parseRisk({ [spec.key]: spec.default })).toEqual(DEFAULT_RISK);
  });

  it('takes what is given, per instrument and per asset too', () => {
    const config = parseRisk({
      maxNotional: '250.5',
      state: 'reducing',
      exposure: { BTC: '2' },
      instruments: { 'bybit:linear:BTCUSDT': { collarRatio: '0.02' } },
    });
    expect(config).toMatchObject({ maxNotional: '250.5', state: 'reducing', exposure: { BTC: '2' } });
    const limits = compileRisk(config, TABLES);
    expect([...limits.collar]).toEqual([0.05, 0.02, 0.05]);
    expect(limits.maxUnits[1]).toBe(2_505_000); // 250.5 / (0.1 x 0.001)
    expect(limits.state).toBe(1);
  });

  it.each([
    [{ maxNotinal: '1' }, "risk.maxNotinal: unknown key, did you mean 'maxNotional'?"],
    [{ maxNotional: 5 }, 'risk.maxNotional: expected a decimal as text from 0 to 1000000000000, was 5'],
    [{ maxNotional: '-5' }, 'risk.maxNotional: expected a decimal as text from 0 to 1000000000000, was "-5"'],
    [{ collarRatio: '11' }, 'risk.collarRatio: expected a decimal as text from 0.0001 to 10, was 11'],
    [{ maxOpenOrders: 1.5 }, 'risk.maxOpenOrders: expected a whole number from 1 to 100000, was 1.5'],
    [{ state: 'off' }, 'risk.state: expected one of active, reducing, halted, was "off"'],
    [{ instruments: { 'a:b': { messageBurst: 3 } } }, 'risk.instruments.a:b.messageBurst: unknown key'],
    [{ exposure: { BTC: 1 } }, 'risk.exposure.BTC: expected a decimal as text'],
    [[], 'risk: expected a block of keys, was []'],
  ])('refuses %j', (input, message) => {
    expect(() => parseRisk(input)).toThrow(message);
  });

  it('refuses limits of an instrument that this run does not trade', () => {
    expect(() => compileRisk(parseRisk({ instruments: { 'bybit:linear:BTCUSD': {} } }), TABLES)).toThrow(
      "risk.instruments.bybit:linear:BTCUSD: this run does not trade it, did you mean 'bybit:linear:BTCUSDT'?",
    );
  });
});
