// Proves that tests can fail: applies one broken variant of the source after the other to a copy and runs the test that is named after the rule. Ends with
// `caught N of M`; exit code 1 when a variant was missed or does not apply, or when a rule has none. Words on the command line choose by id (`C6`) or by file of
// test/mutants; then only what they name is wanted.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COPIED = ['src', 'test', 'bench', 'package.json', 'tsconfig.json', 'vitest.config.ts', 'thor.yaml', 'grafana', 'README.md'];
const LINKED = ['node_modules', 'dist'];
/** A variant that loops for ever is stopped; its test did not pass. */
const LIMIT_MS = 120_000;
/** All tests that are named, once, unbroken. */
const UNBROKEN_LIMIT_MS = 900_000;

/** Rules of grids, execution, risk and storage: each is proven by a test that fails for one broken variant at least. */
const RULES = [...rulesOf('B', 19), ...rulesOf('C', 17), ...rulesOf('D', 16), ...rulesOf('G', 6)];

/** @typedef {{ id: string, file: string, find: string, replace: string, test: string, why: string, set: string }} Mutant */

const words = process.argv.slice(2);
const mutants = await readMutants(words);
if (mutants.length === 0) {
  process.stderr.write(`thor: no mutant is named ${words.join(', ')}\n`);
  process.exit(1);
}
const bare = words.length > 0 ? [] : RULES.filter((rule) => !mutants.some((mutant) => mutant.id === rule));
const workspaces = Array.from({ length: Math.max(1, Math.min(4, availableParallelism(), mutants.length)) }, makeWorkspace);
let caught = 0;
try {
  const passing = await passingTests(workspaces[0].root, [...new Set(mutants.map((mutant) => mutant.test))]);
  const queue = [...mutants];
  await Promise.all(
    workspaces.map(async ({ root }) => {
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
        const verdict = await tryMutant(root, mutant, passing);
        if (verdict === 'caught') caught++;
        process.stdout.write(
          `${verdict === 'caught' ? 'caught' : 'MISSED'}  ${mutant.id.padEnd(5)} ${mutant.file}: ${mutant.why}${verdict === 'caught' ? '' : ` (${verdict})`}\n`,
        );
      }
    }),
  );
} finally {
  for (const { folder } of workspaces) rmSync(folder, { recursive: true, force: true });
}
for (const rule of bare) process.stdout.write(`MISSED  ${rule.padEnd(5)} no variant for ${rule}\n`);
const wanted = mutants.length + bare.length;
process.stdout.write(`\ncaught ${caught} of ${wanted}\n`);
process.exit(caught === wanted ? 0 : 1);

function rulesOf(letter, count) {
  return Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
}

async function readMutants(chosen) {
  const folder = join(ROOT, 'test', 'mutants');
  const all = [];
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith('.mjs'))
    .toSorted()) {
    const { default: list } = await import(pathToFileURL(join(folder, name)).href);
    all.push(...list.map((mutant) => ({ ...mutant, set: basename(name, '.mjs') })));
  }
  return chosen.length === 0 ? all : all.filter((mutant) => chosen.includes(mutant.id) || chosen.includes(mutant.set));
}

/** A copy of its own for each worker; recordings stay where tests look for them. */
function makeWorkspace() {
  const folder = mkdtempSync(join(tmpdir(), 'thor-mutants-'));
  const root = join(folder, 'main');
  mkdirSync(root);
  for (const name of COPIED) if (existsSync(join(ROOT, name))) cpSync(join(ROOT, name), join(root, name), { recursive: true });
  for (const name of LINKED) if (existsSync(join(ROOT, name))) symlinkSync(join(ROOT, name), join(root, name));
  const shared = join(ROOT, '..', 'shared');
  if (existsSync(shared)) symlinkSync(shared, join(folder, 'shared'));
  return { folder, root };
}

/** Full names of the tests that pass as things are, by file. */
async function passingTests(root, files) {
  const report = await runTests(root, files, [], UNBROKEN_LIMIT_MS);
  if (report === null) throw new Error('the unbroken tests did not end in time');
  const names = new Map(files.map((file) => [file, new Set()]));
  for (const result of report.testResults) {
    const file = files.find((one) => result.name.replaceAll('\\', '/').endsWith(one));
    if (file === undefined) continue;
    for (const test of result.assertionResults) if (test.status === 'passed') names.get(file).add(test.title);
  }
  return names;
}

/** `caught`, or why not. */
async function tryMutant(root, mutant, passing) {
  const titles = [...(passing.get(mutant.test) ?? [])].filter((title) => isOfRule(title, mutant.id));
  if (titles.length === 0) return `no passing test of ${mutant.test} is named '${mutant.id}: ...'`;
  const path = join(root, mutant.file);
  const text = readFileSync(path, 'utf8');
  const parts = text.split(mutant.find);
  if (parts.length !== 2) return `its text stands ${parts.length - 1} times in the file`;
  writeFileSync(path, parts.join(mutant.replace));
  const named = ['-t', `(^|\\s)${mutant.id}(?![0-9])[^:]*:`];
  try {
    const report = await runTests(root, [mutant.test], named);
    if (report === null) {
      // A machine that is too busy proves nothing.
      writeFileSync(path, text);
      return (await runTests(root, [mutant.test], named)) === null ? 'its test does not end in time, broken or not' : 'caught';
    }
    const failed = report.testResults
      .flatMap((result) => result.assertionResults)
      .filter((test) => test.status === 'failed' && isOfRule(test.title, mutant.id));
    if (failed.length > 0) return 'caught';
    return report.numFailedTestSuites > 0 ? 'the tests could not be loaded' : 'its test passed';
  } finally {
    writeFileSync(path, text);
  }
}

/** `C6: ...`, also `C6, C8: ...`. */
function isOfRule(title, id) {
  return title
    .split(':')[0]
    .split(/[\s,]+/)
    .includes(id);
}

/** The runner's report; null when it was stopped because it did not end. */
function runTests(root, files, more, limitMs = LIMIT_MS) {
  const report = join(root, `report-${process.hrtime.bigint()}.json`);
  const args = ['run', '--reporter=json', `--outputFile=${report}`, ...more, ...files];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), ...args], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (data) => (errors = (errors + data).slice(-2000)));
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.once('error', reject);
    child.once('exit', () => {
      clearTimeout(timer);
      if (isLate) return resolve(null);
      try {
        resolve(JSON.parse(readFileSync(report, 'utf8')));
      } catch (error) {
        reject(new Error(`the test runner left no report (${error.message}): ${errors}`));
      } finally {
        rmSync(report, { force: true });
      }
      return undefined;
    });
  });
}
