import { defineConfig } from 'vitest/config';

/** Tests against a real MongoDB: not in `npm test`, because they need a server and start many. One file at a time: each has servers of its own. */
export default defineConfig({
  test: {
    include: ['test/mongo/**/*.mongo.ts'],
    pool: 'forks',
    // One test weighs the heap.
    execArgv: ['--expose-gc'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
