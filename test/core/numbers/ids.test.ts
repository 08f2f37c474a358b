import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_COUNTER,
  MAX_LEVELS,
  MAX_RUNS,
  MAX_STRATEGIES,
  clientOrderIdOf,
  makeOrderId,
  orderIdOf,
  partsOfOrderId,
  tradeIdOf,
} from '../../../src/core/numbers/ids.js';

const parts = fc.record({
  run: fc.nat(MAX_RUNS - 1),
  strategy: fc.nat(MAX_STRATEGIES - 1),
  level: fc.nat(MAX_LEVELS - 1),
  counter: fc.nat(MAX_COUNTER - 1),
});

describe('order ids', () => {
  it('name run, strategy, level and counter, in a safe integer and in a text that every venue takes', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const id = makeOrderId(given.run, given.strategy, given.level, given.counter);
        expect(Number.isSafeInteger(id)).toBe(true);
        expect(partsOfOrderId(id)).toEqual(given);
        const text = clientOrderIdOf(id, 'abc12345');
        expect(text).toMatch(/^thor[a-zA-Z0-9]{1,28}$/);
        expect(orderIdOf(text, 'abc12345')).toBe(id);
      }),
    );
  });

  it('leaves the orders of others alone', () => {
    const mine = clientOrderIdOf(makeOrderId(1, 2, 3, 4), 'a');
    expect(orderIdOf(mine, 'b')).toBeNull();
    expect(orderIdOf('web_12345', 'a')).toBeNull();
    expect(orderIdOf(`${mine}0`, 'a')).toBeNull();
    expect(orderIdOf(mine.toUpperCase(), 'a')).toBeNull();
  });
});

describe('trade ids', () => {
  it('are the venue number where there is one, and tell texts apart where there is none', () => {
    expect(tradeIdOf('3735683001')).toBe(3_735_683_001);
    const ids = fc.sample(fc.uuid(), 20_000);
    const numbers = new Set(ids.map(tradeIdOf));
    expect(numbers.size).toBe(new Set(ids).size);
    for (const number of numbers) expect(Number.isSafeInteger(number)).toBe(true);
    expect(tradeIdOf('00000000-006d-1000-0000-000acc5e6eb1')).not.toBe(tradeIdOf('00000000-006d-1000-0000-000acc5e6eb2'));
  });
});
