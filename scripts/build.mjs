// Compiles src into dist, the kernel into dist/core/kernel and the panel into dist/panel; with --bench, src and bench into dist-bench.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { main as compile } from 'assemblyscript/asc';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ASSEMBLY = join('src', 'core', 'kernel', 'assembly');

function run(script, args) {
  const done = spawnSync(process.execPath, [join(ROOT, 'node_modules', script), ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

/** The shapes that the venue files declare, as code for the kernel: source text that stands in the place of assembly/shapes.ts. */
async function compiledShapes(folder) {
  const load = (path) => import(pathToFileURL(join(ROOT, folder, path)).href);
  const [{ VENUES }, { compileShapes }, { ASSEMBLY_SCRIPT, compiledName, compileToSource, PARTS, runName, runSource }] = await Promise.all([
    load('feeds/registry.js'),
    load('feeds/shape.js'),
    load('core/kernel/shape-compiler.js'),
  ]);
  const functions = VENUES.map(({ shapes }) => {
    const program = compileShapes(shapes);
    const apply = compiledName(program);
    const source = compileToSource(program, ASSEMBLY_SCRIPT);
    return source === '' ? '' : source + runSource(apply, runName(apply));
  });
  return [PARTS, ...new Set(functions), runSource('applyShapes', 'run')].join('\n');
}

/** Static data would overwrite the engine's shared memory, and an abort would have to come from outside: the kernel has neither. */
async function buildKernel(folder) {
  const output = join(folder, 'core', 'kernel', 'kernel.wasm');
  const memory = ['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'];
  const options = [
    '--enable',
    'threads,simd,bulk-memory',
    '--disable',
    'nontrapping-f2i',
    '--runtime',
    'stub',
    '--noAssert',
    '-O3',
    '--converge',
    '--use',
    'abort=',
  ];
  const shapes = await compiledShapes(folder);
  const read = (name, base) => {
    const path = join(base, name);
    if (relative(join(ROOT, ASSEMBLY), path) === 'shapes.ts') return shapes;
    return existsSync(path) ? readFileSync(path, 'utf8') : null;
  };
  const args = [join(ASSEMBLY, 'index.ts'), '--baseDir', ROOT, '-o', output, ...memory, ...options];
  const { error } = await compile(args, { stdout: process.stdout, stderr: process.stderr, readFile: read });
  if (error) process.exit(1);
}

const TSC = join('typescript', 'bin', 'tsc');
if (process.argv.includes('--bench')) {
  rmSync(join(ROOT, 'dist-bench'), { recursive: true, force: true });
  run(TSC, ['-p', 'tsconfig.bench.json']);
  await buildKernel(join('dist-bench', 'src'));
} else {
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  run(TSC, ['-p', 'tsconfig.build.json']);
  await buildKernel('dist');
  const panel = join('src', 'monitoring', 'panel', 'vite.config.ts');
  if (existsSync(join(ROOT, panel))) run(join('vite', 'bin', 'vite.js'), ['build', '--config', panel, '--logLevel', 'warn']);
}
