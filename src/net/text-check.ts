/**
 * Is a received text valid UTF-8? RFC 6455 wants a connection with an invalid one closed (1007). Called by `frame-parser.ts` for each text message, event-loop lane.
 * Venues send ASCII: short messages are tested four bytes at a time and nothing is allocated. A long one, or one with a byte above 0x7f, pays for a view and
 * Node's own check (about 0.1 us, nearly independent of length).
 */
import { isUtf8 } from 'node:buffer';

/** Where Node's check, view included, overtakes our loop (measured on the development machine, 2026-11-23; README.md). */
const LOOP_BYTES_MAX = 512;
const HIGH_BITS = 0x80808080 | 0;

export class TextCheck {
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  /** Index in `#bytes` of the first word: the view may begin at any address of a larger memory. */
  readonly #wordsFrom: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#wordsFrom = Math.min((4 - (bytes.byteOffset & 3)) & 3, bytes.length);
    this.#words = new Int32Array(bytes.buffer, (bytes.byteOffset + 3) & ~3, (bytes.length - this.#wordsFrom) >>> 2);
  }

  isUtf8(start: number, end: number): boolean {
    return (end - start <= LOOP_BYTES_MAX && this.isAscii(start, end)) || isUtf8(this.#bytes.subarray(start, end));
  }

  isAscii(start: number, end: number): boolean {
    const bytes = this.#bytes;
    const words = this.#words;
    const from = this.#wordsFrom;
    const firstWord = start <= from ? 0 : (start - from + 3) >>> 2;
    const headEnd = Math.min(end, from + firstWord * 4);
    const endWord = end <= from ? 0 : (end - from) >>> 2;
    let seen = 0;
    for (let i = start; i < headEnd; i++) seen |= bytes[i] as number;
    let w = firstWord;
    for (; w + 8 <= endWord; w += 8) {
      seen |=
        ((words[w] as number) |
          (words[w + 1] as number) |
          (words[w + 2] as number) |
          (words[w + 3] as number) |
          (words[w + 4] as number) |
          (words[w + 5] as number) |
          (words[w + 6] as number) |
          (words[w + 7] as number)) &
        HIGH_BITS;
    }
    for (; w < endWord; w++) seen |= (words[w] as number) & HIGH_BITS;
    for (let i = Math.max(headEnd, from + endWord * 4); i < end; i++) seen |= bytes[i] as number;
    return (seen & HIGH_BITS) === 0;
  }
}
