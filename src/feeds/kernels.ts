/** Which kernels this build has, fastest first, and how one is made for a connection. */
import type { Kernel, KernelName } from '../core/kernel/kernel.js';
import type { Program } from '../core/kernel/program.js';
import { ScanKernel } from '../core/kernel/scanner.js';
import type { SymbolTable } from '../core/kernel/symbol-table.js';
import { UsageError } from '../core/numbers/errors.js';

export const KERNEL_NAMES: readonly KernelName[] = ['wasm', 'ts', 'json'];
/** `json` is no kernel but the readable way alone. */
export const BUILT_KERNELS: readonly KernelName[] = ['ts', 'json'];
export const DEFAULT_KERNEL: KernelName = 'ts';

/** Throws UsageError for a name that does not exist or is not built here. */
export function checkKernel(name: string): KernelName {
  const known = KERNEL_NAMES.find((kernel) => kernel === name);
  if (known === undefined) throw new UsageError(`--kernel must be one of ${KERNEL_NAMES.join(', ')}, was '${name}'`);
  if (!BUILT_KERNELS.includes(known)) throw new UsageError(`--kernel ${known} is not built here; built are ${BUILT_KERNELS.join(', ')}`);
  return known;
}

/** Null for `json`. */
export function makeKernel(name: KernelName, program: Program, symbols: SymbolTable): Kernel | null {
  return name === 'json' ? null : new ScanKernel(program, symbols);
}
