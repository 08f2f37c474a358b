/** Strategies by kind and by path, and what a person reads when that does not work. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/numbers/errors.js';
import { loadStrategy } from '../../src/strategies/load.js';
import { instrumentOf } from '../support/instruments.js';
import { World } from './harness.js';

const FIXTURES = fileURLToPath(new URL('../fixtures/strategies', import.meta.url));

describe('loading a strategy', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'thor-load-'));
    writeFileSync(join(folder, 'broken.ts'), 'export default { kind: "x", oops ');
    writeFileSync(join(folder, 'empty.js'), 'export const kind = 1;\n');
    writeFileSync(join(folder, 'lost.ts'), "import { x } from './nowhere.js';\nexport default x;\n");
    writeFileSync(
      join(folder, 'params.js'),
      "export default { kind: 'p', pnlKind: 'other', params: [{ key: 'a' }], instruments: { min: 1, max: 1 }, create() { return {}; } };\n",
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('finds the built-in kinds', async () => {
    expect((await loadStrategy('grid', '/')).kind).toBe('grid');
    expect((await loadStrategy('arb', '/')).kind).toBe('arb');
    expect((await loadStrategy('quotes', '/')).kind).toBe('quotes');
  });

  it('runs a TypeScript file with a helper beside it and the API by name', async () => {
    const definition = await loadStrategy('./good.ts', FIXTURES);
    const w = new World({ instruments: [instrumentOf()], entries: [{ name: 'mine', definition, instruments: [0], params: { lots: 9 } }] });
    w.quote(0, 600_000, 600_010);
    w.step();
    expect(w.errors).toEqual([]);
    expect(w.wishes.map((wish) => [wish.side, wish.priceTicks, wish.qtyLots])).toEqual([[0, 600_000, 9]]);
  });

  it('takes a plain JavaScript file and an absolute path', async () => {
    expect((await loadStrategy(join(FIXTURES, 'plain.js'), '/elsewhere')).kind).toBe('plain');
  });

  it.each([
    ['gird', /no strategy 'gird'; did you mean 'grid'\? \(built in: grid, arb, triangle, quotes; or a path/],
    ['./not-there.ts', /cannot read .*not-there\.ts/],
    ['./no-create.js', /create must be a function/],
    ['./good.txt', /expected a \.ts, \.mts, \.js, \.mjs file/],
  ])('%s is refused with what was expected', async (word, message) => {
    await expect(loadStrategy(word, FIXTURES)).rejects.toThrow(message);
    await expect(loadStrategy(word, FIXTURES)).rejects.toThrow(UsageError);
  });

  it.each([
    ['./broken.ts', /strategy \.\/broken\.ts: .*(Unexpected|Error)/],
    ['./empty.js', /default export must be a StrategyDefinition: expected an object, was nothing/],
    ['./lost.ts', /cannot read .*nowhere\.js/],
    ['./params.js', /each parameter needs key, unit, type/],
  ])('%s is refused with file and reason', async (word, message) => {
    await expect(loadStrategy(word, folder)).rejects.toThrow(message);
    await expect(loadStrategy(word, folder)).rejects.toThrow(UsageError);
  });
});
