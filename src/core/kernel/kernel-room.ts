/**
 * A stretch of the shared memory that belongs to one feed lane: kernels' tables and scratch, receive buffers of its sockets, id tables. Handed out from the
 * front, never given back; what is not touched costs nothing. Made by the host of a feed lane, used on its thread.
 */
import { allocateShared, viewsOf, type SharedViews } from '../memory/shared-memory.js';

const ALIGN = 128;
/** Nothing stands at offset 0: it means "nowhere". */
const FIRST = 128;

export class KernelRoom {
  readonly memory: WebAssembly.Memory;
  readonly views: SharedViews;
  readonly #end: number;
  #at: number;

  /** @param bytes of the room from `base` on */
  constructor(memory: WebAssembly.Memory, base: number, bytes: number) {
    this.memory = memory;
    this.views = viewsOf(memory);
    this.#at = Math.max(FIRST, Math.ceil(base / ALIGN) * ALIGN);
    this.#end = base + bytes;
  }

  /** A room in a memory of its own, for what runs without an engine around it: verify, benchmarks, tests. */
  static alone(bytes: number): KernelRoom {
    return new KernelRoom(allocateShared(bytes), 0, bytes);
  }

  /** Byte offset of a new piece on a 128-byte boundary, 0 when there is no room left. It may hold what a lane that died has left. */
  take(bytes: number): number {
    const at = this.#at;
    const next = at + Math.ceil(bytes / ALIGN) * ALIGN;
    if (next > this.#end) return 0;
    this.#at = next;
    return at;
  }
}
