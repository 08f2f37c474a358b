import { defineConfig } from 'vitest/config';

/** The long tests: everything named `*.torture.test.ts`, one file at a time. */
export default defineConfig({
  test: { include: ['test/**/*.torture.test.ts'], pool: 'forks', fileParallelism: false, testTimeout: 3_600_000, hookTimeout: 60_000 },
});
