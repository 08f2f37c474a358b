/**
 * The yardsticks in other languages, compiled where their compilers are: C++ on an image of our own memory, Rust on the text of the frames. Each round is a process of
 * its own that prints CPU nanoseconds a message; what it ends with is compared by the caller.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, cpSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiledName, compileToSource, type Dialect } from '../../src/core/kernel/shape-compiler.js';
import type { Program } from '../../src/core/kernel/program.js';
import { messageOf } from '../../src/core/numbers/errors.js';

/** Of the compiled file, dist-bench/bench/alternatives. */
const SOURCES = resolve(dirname(fileURLToPath(import.meta.url)), '../../../bench/alternatives');
const PAGE = 4096;
const RUN_LIMIT_MS = 60_000;
const BUILD_LIMIT_MS = 300_000;

/** A compiler that is not here is no error; what it says otherwise is. */
export class NotHere extends Error {}

/** Compiled shapes as functions of the C++ kernel. */
const CPP: Dialect = {
  constant: 'const auto',
  variable: 'auto',
  open: (name) => `bool ${name}(u8 *ctx, u8 *from, u8 *end, f64 recvUs) {`,
  openRows: (name) => `u8 *${name}(u8 *ctx, u8 *from, u8 *end) {`,
};

/** What the class of the C++ kernel includes: the functions, and which is whose. */
function cppShapes(programs: readonly Program[]): string {
  const choices = programs.map(compiledName).map((name) => `if (std::strcmp(name, "${name}") == 0) return &Kernel::${name};`);
  const functions = programs.map((program) => compileToSource(program, CPP));
  return [...functions, 'static Reader reader(const char *name) {', ...choices, 'return &Kernel::applyShapes;', '}', ''].join('\n');
}

/** How the C++ ring tells of a record: by a head and a tail, as such rings are written, or by a mark before it, as ours does. */
export type HopRing = 'counted' | 'marked';

export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), 'thor-native-'));

  /** Path of the C++ program, with the shapes of those programs compiled into it as into our own kernel. Throws NotHere without g++. */
  buildCpp(programs: readonly Program[]): string {
    const program = join(this.folder, 'kernel');
    writeFileSync(join(this.folder, 'shapes.hpp'), cppShapes(programs));
    const options = ['-std=c++20', '-O3', '-march=native', '-I', this.folder];
    run('g++', [...options, '-o', program, join(SOURCES, 'cpp', 'main.cpp')], BUILD_LIMIT_MS);
    return program;
  }

  /** Path of the Rust program. Throws NotHere without cargo or the packages that it needs. */
  buildRust(): string {
    const folder = join(this.folder, 'rust');
    cpSync(join(SOURCES, 'rust'), folder, { recursive: true });
    try {
      run('cargo', ['rustc', '--release', '--quiet', '--', '-C', 'target-cpu=native'], BUILD_LIMIT_MS, folder);
    } catch (error) {
      if (error instanceof NotHere) throw error;
      throw new NotHere(`the Rust program was not built: ${messageOf(error).split('\n').slice(0, 3).join(' ')}`);
    }
    return join(folder, 'target', 'release', 'thor-yardstick');
  }

  /** Path of the C++ program of the hop between threads. Throws NotHere without g++. */
  buildHop(): string {
    const program = join(this.folder, 'hop');
    run('g++', ['-std=c++20', '-O3', '-march=native', '-pthread', '-o', program, join(SOURCES, 'hop', 'main.cpp')], BUILD_LIMIT_MS);
    return program;
  }

  /** Microseconds of half a round trip, one figure a batch of trips. */
  runHop(program: string, ring: HopRing, batches: number, trips: number): readonly number[] {
    return run(program, [ring, '1', String(batches), String(trips)], RUN_LIMIT_MS)
      .trim()
      .split(' ')
      .map((figure) => Number(figure) / 1000);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function run(command: string, args: readonly string[], timeout: number, cwd?: string): string {
  const done = spawnSync(command, args, { timeout, encoding: 'utf8', ...(cwd === undefined ? {} : { cwd }), maxBuffer: 1 << 26 });
  if (done.error !== undefined && 'code' in done.error && done.error.code === 'ENOENT') throw new NotHere(`no ${command}`);
  if (done.status !== 0) throw new Error(`${command} ended with ${done.status ?? done.signal}: ${done.stderr.slice(0, 2000)}`);
  return done.stdout;
}

/** Byte offsets of what a socket's read brought, whole frames with their headers, and of its connection's context. */
export interface ImageRead {
  readonly at: number;
  readonly end: number;
  readonly ctx: number;
  /** Their number. */
  readonly frames: number;
}

/** Pages of a memory that are not all zeros. */
export function usedPages(memory: Uint8Array): ReadonlySet<number> {
  const words = new BigInt64Array(memory.buffer, memory.byteOffset, memory.length >> 3);
  const used = new Set<number>();
  for (let page = 0; page < memory.length / PAGE; page++) {
    const from = page * (PAGE >> 3);
    for (let at = from; at < from + (PAGE >> 3); at++) {
      if (words[at] === 0n) continue;
      used.add(page);
      break;
    }
  }
  return used;
}

/** A memory as it is now, and the frames in it. */
export class MemoryImage {
  readonly #u8: Uint8Array;
  readonly #pages: readonly number[];
  readonly #reads: readonly ImageRead[];
  readonly #kept: Uint8Array;

  /** @param touched pages that a pass fills, beside those that are filled now */
  constructor(memory: Uint8Array, reads: readonly ImageRead[], touched: ReadonlySet<number>) {
    this.#u8 = memory;
    this.#reads = reads;
    this.#pages = [...new Set([...touched, ...usedPages(memory)])].toSorted((a, b) => a - b);
    this.#kept = new Uint8Array(this.#pages.length * PAGE);
    for (const [index, page] of this.#pages.entries()) this.#kept.set(memory.subarray(page * PAGE, (page + 1) * PAGE), index * PAGE);
  }

  write(path: string): void {
    const file = openSync(path, 'w');
    writeSync(file, Uint32Array.of(this.#u8.length, this.#pages.length, this.#reads.length, 0));
    writeSync(file, Uint32Array.from(this.#pages));
    writeSync(file, this.#kept);
    writeSync(file, Uint32Array.from(this.#reads.flatMap(({ at, end, ctx, frames }) => [at, end, ctx, frames])));
    closeSync(file);
  }

  /** The memory as it was. */
  restore(): void {
    this.#put(this.#kept);
  }

  /** The memory as a program left it. */
  take(path: string): void {
    this.#put(readFileSync(path));
  }

  #put(bytes: Uint8Array): void {
    for (const [index, page] of this.#pages.entries()) this.#u8.set(bytes.subarray(index * PAGE, (index + 1) * PAGE), page * PAGE);
  }
}

/** Microseconds a message, one figure a pass. @param more arguments of that program */
export function runPasses(program: string, input: string, passes: number, output: string, ...more: readonly string[]): readonly number[] {
  const said = run(program, [input, String(passes), output, ...more], RUN_LIMIT_MS);
  return said
    .trim()
    .split('\n')
    .map((line) => Number(line) / 1000);
}
