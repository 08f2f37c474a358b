import { defineConfig } from 'vitest/config';

/** The tests that can run longer, one file at a time, with `test/support/torture.ts` saying how much longer. */
export default defineConfig({
  test: {
    include: [
      'test/feeds/{fuzz,recordings}.test.ts',
      'test/core/{book,kernel}/*.test.ts',
      'test/core/ledger/*.test.ts',
      'test/e2e/{kill,venues-kill,stop,lanes,faults,seeds,all-kinds}.test.ts',
      'test/execution/executor.property.test.ts',
      'test/execution/gateways/**/*.test.ts',
      'test/storage/{damage,compact,backup,outage,prepared}.test.ts',
      'test/venue-sim/exchange/*.test.ts',
    ],
    env: { THOR_TORTURE: '1' },
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 3_600_000,
    hookTimeout: 60_000,
  },
});
