import { describe, expect, it } from 'vitest';
import type { RunConfig } from '../../src/workers/run-config.js';
import { readKeys } from '../../src/workers/venue-accounts.js';
import type { Addresses } from '../../src/workers/venues-process.js';

const run = { file: 'my.yaml', config: { keyFile: 'none', venues: [{ id: 'bybit' }, { id: 'bitmex' }] } } as unknown as RunConfig;
const VENUES = ['bybit', 'bitmex'];

describe('keys of the venues that trade', () => {
  it('are those of the addresses; a venue that is not among them is called so, not keyless', async () => {
    const addresses = { venues: { bybit: { rest: 'http://127.0.0.1:1', apiKey: 'a', secret: 'b' } } } as unknown as Addresses;
    const { keys, missing } = await readKeys(run, VENUES, addresses);
    expect([...keys]).toEqual([['bybit', { apiKey: 'a', secret: 'b' }]]);
    expect(missing).toEqual(['bitmex, which --addresses does not name (--only says which venues trade)']);
    expect((await readKeys(run, VENUES, null)).missing).toEqual([
      "keys of bybit (venues: keys: 'env:NAME')",
      "keys of bitmex (venues: keys: 'env:NAME')",
    ]);
  });
});
