// Runs the test runner and ends with one plain line from its report: `N passed, N failed`. With --torture the long tests run instead.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const isTorture = process.argv.includes('--torture');
const filters = process.argv.slice(2).filter((word) => word !== '--torture');
const folder = mkdtempSync(join(tmpdir(), 'thor-test-'));
const report = join(folder, 'report.json');
const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...filters];
if (isTorture) args.push('--config', 'vitest.torture.config.ts');
const done = spawnSync(process.execPath, [join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), ...args], {
  cwd: ROOT,
  stdio: ['ignore', 'inherit', 'inherit'],
});
let line = '0 passed, 1 failed';
let failed = 1;
/** Said again at the end: what the runner prints of a failure may stand far above, or be cut off. */
const named = [];
try {
  const { numPassedTests, numFailedTests, numFailedTestSuites, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  // A file that could not be loaded counts as one failure: its tests never came to be counted.
  const broken = testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  ).length;
  failed = numFailedTests + broken;
  if (failed === 0 && (done.status !== 0 || numFailedTestSuites > 0)) failed = 1;
  if (failed === 0 && numPassedTests === 0) failed = 1;
  for (const { name, status, assertionResults } of testResults) {
    if (status !== 'failed') continue;
    const tests = assertionResults.filter((test) => test.status === 'failed').map((test) => test.fullName);
    for (const test of tests.length > 0 ? tests : ['could not be run']) named.push(`FAILED ${relative(ROOT, name)}: ${test}`);
  }
  line = `${numPassedTests} passed, ${failed} failed`;
} catch (error) {
  process.stderr.write(`thor: the test runner left no report: ${error.message}\n`);
}
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`\n${[...named, line].join('\n')}\n`);
process.exit(failed === 0 ? 0 : 1);
