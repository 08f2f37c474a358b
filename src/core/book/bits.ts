/** The bitmap of a side's window, in shared memory: one bit a key, one bit of bits a word. Searched by writer and readers alike; always bounded. */
import { SIDE_BITS_WORDS, SIDE_SUMMARY_WORDS, WINDOW_MASK } from '../memory/book-layout.js';

/** Distance from position `from` (0 .. WINDOW_MASK) to the next set bit, going round once; -1 when there is none (or a torn read hid it). */
export function nextSet(i32: Int32Array, bits: number, summary: number, from: number): number {
  const start = from >>> 5;
  const here = i32[bits + start]! & (-1 << (from & 31));
  if (here !== 0) return (start << 5) + lowestBit(here) - from;
  const after = (start + 1) & (SIDE_BITS_WORDS - 1);
  let s = after >>> 5;
  let words = i32[summary + s]! & (-1 << (after & 31));
  for (let n = 0; n <= SIDE_SUMMARY_WORDS; n++) {
    if (words !== 0) {
      const w = (s << 5) + lowestBit(words);
      const word = i32[bits + w]!;
      return word === 0 ? -1 : ((w << 5) + lowestBit(word) - from) & WINDOW_MASK;
    }
    s = (s + 1) & (SIDE_SUMMARY_WORDS - 1);
    words = i32[summary + s]!;
  }
  return -1;
}

export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
