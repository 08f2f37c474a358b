/** Broken variants of the supervisor. */
const cancelAll = { file: 'src/workers/supervisor/cancel-all.ts', test: 'test/workers/supervisor/cancel-all.test.ts' };

export default [
  {
    ...cancelAll,
    id: 'C17',
    why: 'the first empty list is believed',
    find: 'const EMPTY_LISTS = 2;',
    replace: 'const EMPTY_LISTS = 1;',
  },
  {
    ...cancelAll,
    id: 'C10',
    why: 'orders of an engine that took over are cancelled',
    find: 'return later === 0 || later > MAX_RUNS / 2;',
    replace: 'return true;',
  },
  {
    ...cancelAll,
    id: 'C17',
    why: 'a refusal ends the round',
    find: '          failed(caught);\n        }\n      }',
    replace: '          throw caught;\n        }\n      }',
  },
  {
    id: 'C17',
    file: 'src/workers/supervisor/watch.ts',
    test: 'test/workers/supervisor/watch.test.ts',
    why: 'an engine that hangs is not seen',
    find: "nowMs - this.#beatMs >= this.#hangMs ? 'hung' : 'alive'",
    replace: "'alive'",
  },
  {
    id: 'C17',
    file: 'src/workers/supervisor/venue-orders.ts',
    test: 'test/workers/supervisor/venues.test.ts',
    why: 'the key is repeated from the words of the venue',
    find: ".replaceAll(venue.apiKey, '(key)')",
    replace: '',
  },
  {
    ...cancelAll,
    id: 'C17',
    why: 'a limit of the venue ends the round',
    find: 'if (!(caught instanceof RateLimited) || waits++ >= WAITS_MOST) throw caught;',
    replace: 'if (waits >= 0) throw caught;',
  },
  {
    id: 'C17',
    file: 'src/workers/supervisor/venue-orders.ts',
    test: 'test/workers/supervisor/venues.test.ts',
    why: 'the time of the venue is asked for once and believed for ever',
    find: 'if (wasAsked || !(error instanceof Late)) throw error;',
    replace: 'throw error;',
  },
];
