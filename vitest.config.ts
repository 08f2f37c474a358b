import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Ten seconds to three quarters of a minute each in their shortest forms: `npm run torture` runs them, `.ci/run` some.
    exclude: ['test/e2e/{all-kinds,seeds,venues-kill}.test.ts', 'node_modules/**'],
    pool: 'forks',
    // A process runs many files: starting one for each, with its imports, took a third of the time. Files leave nothing behind in it.
    isolate: false,
    // Many files wait for processes and sockets: one worker more than the cores of a small machine keeps them busy.
    maxWorkers: 3,
    testTimeout: 120_000,
    hookTimeout: 30_000,
  },
});
