import { defineConfig } from 'vitest/config';

/** The tests that can run longer, one file at a time, with `test/support/torture.ts` saying how much longer. */
export default defineConfig({
  test: {
    include: ['test/feeds/fuzz.test.ts', 'test/e2e/kill.test.ts', 'test/e2e/stop.test.ts', 'test/execution/executor.property.test.ts'],
    env: { THOR_TORTURE: '1' },
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 3_600_000,
    hookTimeout: 60_000,
  },
});
