/** Which kernels this build has, fastest first, and how one is made for a connection. */
import type { BookKernel, Kernel, KernelName } from '../core/kernel/kernel.js';
import type { KernelRoom } from '../core/kernel/kernel-room.js';
import type { Program } from '../core/kernel/program.js';
import { ScanKernel } from '../core/kernel/scanner.js';
import type { SymbolTable } from '../core/kernel/symbol-table.js';
import { kernelModule, makeWasmKernel } from '../core/kernel/wasm-kernel.js';
import { UsageError } from '../core/numbers/errors.js';

export const KERNEL_NAMES: readonly KernelName[] = ['wasm', 'ts', 'json'];
/** `json` is no kernel but the readable way alone. */
export const BUILT_KERNELS: readonly KernelName[] = kernelModule() === null ? ['ts', 'json'] : KERNEL_NAMES;
/** The fastest that is built. */
export const DEFAULT_KERNEL: KernelName = BUILT_KERNELS[0] ?? 'ts';

/** Throws UsageError for a name that does not exist or is not built here. */
export function checkKernel(name: string, built = BUILT_KERNELS): KernelName {
  const known = KERNEL_NAMES.find((kernel) => kernel === name);
  if (known === undefined) throw new UsageError(`--kernel must be one of ${KERNEL_NAMES.join(', ')}, was '${name}'`);
  if (!built.includes(known)) throw new UsageError(`--kernel ${known} is not built here; built are ${built.join(', ')}`);
  return known;
}

/** Null for `json`. @param room where the WebAssembly kernel works: books outside of its memory, and all of them without a room, are TypeScript's */
export function makeKernel(name: KernelName, program: Program, symbols: SymbolTable, room: KernelRoom | null): Kernel | BookKernel | null {
  if (name === 'json') return null;
  const fast = name === 'wasm' && room !== null ? makeWasmKernel(program, symbols, room) : null;
  return fast ?? new ScanKernel(program, symbols);
}

/** The kernel as one that writes books, null when it only reads. */
export function bookKernelOf(kernel: Kernel | null): BookKernel | null {
  return kernel !== null && 'apply' in kernel ? (kernel as BookKernel) : null;
}
