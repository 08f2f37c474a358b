// Compiles src into dist, the kernel into dist/core/kernel and the panel into dist/panel; with --bench, src and bench into dist-bench.
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

/** Static data would overwrite the engine's shared memory, and an abort would have to come from outside: the kernel has neither. */
function buildKernel(folder) {
  const kernel = join('src', 'core', 'kernel', 'assembly', 'index.ts');
  const options = [
    '--importMemory',
    '--sharedMemory',
    '--initialMemory',
    '1',
    '--maximumMemory',
    '65536',
    '--enable',
    'threads,simd,bulk-memory',
  ];
  const size = ['--runtime', 'stub', '--noAssert', '-O3', '--converge', '--use', 'abort='];
  run(join('assemblyscript', 'bin', 'asc.js'), [kernel, '-o', join(folder, 'core', 'kernel', 'kernel.wasm'), ...options, ...size]);
}

const TSC = join('typescript', 'bin', 'tsc');
if (process.argv.includes('--bench')) {
  rmSync(join(ROOT, 'dist-bench'), { recursive: true, force: true });
  buildKernel(join('dist-bench', 'src'));
  run(TSC, ['-p', 'tsconfig.bench.json']);
} else {
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  buildKernel('dist');
  run(TSC, ['-p', 'tsconfig.build.json']);
  const panel = join('src', 'monitoring', 'panel', 'vite.config.ts');
  if (existsSync(join(ROOT, panel))) run(join('vite', 'bin', 'vite.js'), ['build', '--config', panel, '--logLevel', 'warn']);
}
