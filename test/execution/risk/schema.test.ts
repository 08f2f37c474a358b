import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { compileRisk } from '../../../src/execution/risk/limits.js';
import { RISK_BLOCKS, RISK_KEYS } from '../../../src/execution/risk/keys.js';
import { DEFAULT_RISK, parseRisk, riskJsonSchema } from '../../../src/execution/risk/schema.js';
import { TABLES } from '../rig.js';

describe('parseRisk', () => {
  it('an empty block is the defaults, and every default is within its own range', () => {
    expect(parseRisk({})).toEqual(DEFAULT_RISK);
    expect(parseRisk(undefined)).toEqual(DEFAULT_RISK);
    for (const spec of RISK_KEYS) expect(parseRisk({ [spec.key]: spec.default })).toEqual(DEFAULT_RISK);
  });

  it('takes the example of each block', () => {
    const given = Object.fromEntries(RISK_BLOCKS.map(({ key, example }) => [key, parse(example) as unknown]));
    expect(parseRisk(given)).toEqual({ ...DEFAULT_RISK, exposure: { BTC: '2' }, dailyLoss: { USDT: '500' }, drawdown: { USDT: '2000' } });
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
    [{ maxLeverage: 5 }, 'risk.maxLeverage: expected a decimal as text from 0.01 to 1000, was 5'],
    [{ selfTrade: 'cancle' }, 'risk.selfTrade: expected one of block, cancel, was "cancle"'],
    [{ dailyLos: {} }, "risk.dailyLos: unknown key, did you mean 'dailyLoss'?"],
    [{ dailyLoss: '100' }, 'risk.dailyLoss: expected a block of keys, was "100"'],
    [{ dailyLoss: { USDT: '0' } }, 'risk.dailyLoss.USDT: expected a decimal as text from 0.00000001 to 1000000000000, was 0'],
    [{ drawdown: { BTC: 1 } }, 'risk.drawdown.BTC: expected a decimal as text from 0.00000001'],
    [{ drawdownFrom: 'today' }, 'risk.drawdownFrom: expected a time in UTC like \'2026-11-23T14:00:00Z\', was "today"'],
    [{ drawdownFrom: '2026-13-23T14:00:00Z' }, 'risk.drawdownFrom: expected a time in UTC'],
    [{ drawdownFrom: '2206-11-23T14:00:00Z' }, 'risk.drawdownFrom: expected a time in UTC'],
    [[], 'risk: expected a block of keys, was []'],
  ])('refuses %j', (input, message) => {
    expect(() => parseRisk(input)).toThrow(message);
  });

  it('refuses a loss limit of an asset that nothing in this run is settled in, and one given twice by two names', () => {
    expect(() => compileRisk(parseRisk({ dailyLoss: { USDC: '1' } }), TABLES)).toThrow(
      "risk.dailyLoss.USDC: nothing in this run is settled in it, did you mean 'USDT'?",
    );
    expect(() => compileRisk(parseRisk({ drawdown: { XBT: '1', BTC: '1' } }), TABLES)).toThrow(
      'BTC has a limit already, by its other name',
    );
    expect(compileRisk(parseRisk({ dailyLoss: { XBT: '1' }, drawdown: { USDT: '5' } }), TABLES).losses).toEqual([
      { coin: 'BTC', asset: 1, dailyLoss: 1, drawdown: Infinity },
      { coin: 'USDT', asset: 0, dailyLoss: Infinity, drawdown: 5 },
    ]);
  });

  it('tells editors every key, its range and its reason', () => {
    const { properties, additionalProperties } = riskJsonSchema() as { properties: Record<string, unknown>; additionalProperties: boolean };
    expect(additionalProperties).toBe(false);
    expect(Object.keys(properties)).toEqual([...RISK_KEYS.map(({ key }) => key), 'instruments', 'exposure', 'dailyLoss', 'drawdown']);
    expect(properties['maxOpenOrders']).toMatchObject({ type: 'integer', minimum: 1, maximum: 100_000, default: 200 });
    expect(properties['selfTrade']).toMatchObject({ enum: ['block', 'cancel'] });
  });

  it('refuses limits of an instrument that this run does not trade', () => {
    expect(() => compileRisk(parseRisk({ instruments: { 'bybit:linear:BTCUSD': {} } }), TABLES)).toThrow(
      "risk.instruments.bybit:linear:BTCUSD: this run does not trade it, did you mean 'bybit:linear:BTCUSDT'?",
    );
  });
});
