/** The one block of memory that every thread sees. Allocated once at its final size by the launching host; never grown. */
import { assert } from '../numbers/errors.js';

const PAGE_BYTES = 65_536;
/** Prefer growth of plans over growth of memory: 4 GiB is the most a 32-bit kernel can address. */
export const MAX_SHARED_BYTES = 2 ** 32;

export interface SharedViews {
  readonly buffer: SharedArrayBuffer;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
  /** The memory whose buffer this is, where a kernel may work on it; null for a bare buffer. */
  readonly memory: WebAssembly.Memory | null;
}

/** A shared WebAssembly.Memory, so that a kernel can work on the same bytes in place; untouched pages cost nothing. */
export function allocateShared(bytes: number): WebAssembly.Memory {
  assert(bytes > 0 && bytes <= MAX_SHARED_BYTES, `shared memory must be 1 to ${MAX_SHARED_BYTES} bytes, was ${bytes}`);
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/** @param from a bare buffer where no kernel works on the bytes */
export function viewsOf(from: SharedArrayBuffer | WebAssembly.Memory): SharedViews {
  const memory = from instanceof WebAssembly.Memory ? from : null;
  const buffer: ArrayBufferLike = from instanceof WebAssembly.Memory ? from.buffer : from;
  assert(buffer instanceof SharedArrayBuffer, 'the memory of a run must be shared');
  return {
    memory,
    buffer,
    u8: new Uint8Array(buffer),
    u16: new Uint16Array(buffer),
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    f64: new Float64Array(buffer),
  };
}
