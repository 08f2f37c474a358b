/**
 * Sequence lock: one writer, readers that never hold it up. Odd while a write is under way.
 * ARM: plain loads may pass a later Atomics.load and plain stores an earlier Atomics.store; in these two places stands a read-modify-write, which orders both ways.
 * An exchange, because V8 makes an addition a loop of compare and exchange; the one writer knows its word.
 */

/** A writer that never rests must not hold a reader. */
export const SEQLOCK_TRIES = 8;

export function beginWrite(i32: Int32Array, index: number): void {
  Atomics.exchange(i32, index, i32[index]! + 1);
}

export function endWrite(i32: Int32Array, index: number): void {
  Atomics.store(i32, index, i32[index]! + 1);
}

/** The sequence to hand to `endRead`, or -1 while a write is under way. */
export function beginRead(i32: Int32Array, index: number): number {
  const before = Atomics.load(i32, index);
  return (before & 1) === 0 ? before : -1;
}

/** True when nothing was written since `beginRead` gave `before`. */
export function endRead(i32: Int32Array, index: number, before: number): boolean {
  return Atomics.or(i32, index, 0) === before;
}
