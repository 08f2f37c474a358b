import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Three quarters of a minute for its shortest form: `npm run torture` runs it.
    exclude: ['test/e2e/{all-kinds,seeds}.test.ts', 'node_modules/**'],
    pool: 'forks',
    // Many files wait for processes and sockets: one worker more than the cores of a small machine keeps them busy.
    maxWorkers: 3,
    testTimeout: 120_000,
    hookTimeout: 30_000,
  },
});
