// Compiles src into dist and the panel into dist/panel; with --bench, src and bench into dist-bench.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function run(script, args) {
  const done = spawnSync(process.execPath, [join(ROOT, 'node_modules', script), ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

const TSC = join('typescript', 'bin', 'tsc');
if (process.argv.includes('--bench')) {
  rmSync(join(ROOT, 'dist-bench'), { recursive: true, force: true });
  run(TSC, ['-p', 'tsconfig.bench.json']);
} else {
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  run(TSC, ['-p', 'tsconfig.build.json']);
  const panel = join('src', 'monitoring', 'panel', 'vite.config.ts');
  if (existsSync(join(ROOT, panel))) run(join('vite', 'bin', 'vite.js'), ['build', '--config', panel, '--logLevel', 'warn']);
}
