// Set-up of a clone, with Node alone: installs the packages and builds when their inputs changed. Writes to stderr only, so that `npm start --silent -- --json` stays clean.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const INSTALL_STAMP = join(ROOT, 'node_modules', '.thor-install');
const BUILD_STAMP = join(ROOT, 'dist', '.thor-build');
const BENCH_STAMP = join(ROOT, 'dist-bench', '.thor-build');
const wantsBench = process.argv.includes('--bench');

const say = (text) => process.stderr.write(`thor: ${text}\n`);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  say(`Node 20.19 or newer is needed, this is ${process.versions.node}`);
  process.exit(1);
}

function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

function hashOf(paths) {
  const hash = createHash('sha256').update(process.versions.node);
  for (const path of paths.flatMap((entry) => filesBelow(join(ROOT, entry))))
    hash.update(path.slice(ROOT.length)).update(readFileSync(path));
  return hash.digest('hex');
}

function isCurrent(stamp, hash) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
}

function step(title, expectation, command, args) {
  say(`${title} (${expectation}) ...`);
  const startedMs = Date.now();
  const done = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (done.status !== 0) {
    say(`${title} failed: ${command} ${args.join(' ')} ended with ${done.status ?? done.signal ?? done.error?.message}`);
    process.exit(1);
  }
  say(`${title} took ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
}

function stamp(path, hash) {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, hash);
}

const installHash = hashOf(['package.json', 'package-lock.json']);
if (!isCurrent(INSTALL_STAMP, installHash)) {
  step('installing packages', 'about 40 s, 650 MB', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  stamp(INSTALL_STAMP, installHash);
}
const buildHash = hashOf(['src', 'scripts/build.mjs', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']);
if (!isCurrent(BUILD_STAMP, buildHash)) {
  step('building', 'about 10 s', process.execPath, [join('scripts', 'build.mjs')]);
  stamp(BUILD_STAMP, buildHash);
}
if (wantsBench) {
  const benchHash = hashOf([
    'src',
    'bench',
    'test/mongo/mongod.ts',
    'test/storage',
    'test/execution/rig.ts',
    'test/net/certificate.ts',
    'tsconfig.json',
    'tsconfig.bench.json',
    'package-lock.json',
  ]);
  if (!isCurrent(BENCH_STAMP, benchHash)) {
    step('building the benchmarks', 'about 5 s', process.execPath, [join('scripts', 'build.mjs'), '--bench']);
    stamp(BENCH_STAMP, benchHash);
  }
}
