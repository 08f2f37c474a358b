/** Symbol text to instrument index by a hash over the bytes, without making a string. Filled at start (and when a recording shows a new symbol). */
import { assert } from '../numbers/errors.js';

const encoder = new TextEncoder();
/** Longer symbols do not exist; longer texts in that place are noise. */
export const MAX_SYMBOL_BYTES = 128;

export class SymbolTable {
  #slots = new Int32Array(64).fill(-1);
  #bytes: Uint8Array[] = [];
  #indexes: number[] = [];
  readonly #byText = new Map<string, number>();

  get size(): number {
    return this.#bytes.length;
  }

  add(symbol: string, instrument: number): void {
    const bytes = encoder.encode(symbol);
    assert(
      bytes.length > 0 && bytes.length <= MAX_SYMBOL_BYTES,
      `a symbol must have 1 to ${MAX_SYMBOL_BYTES} bytes, was '${symbol.slice(0, 200)}'`,
    );
    assert(this.find(bytes, 0, bytes.length) === -1, `symbol '${symbol}' is in the table already`);
    this.#bytes.push(bytes);
    this.#indexes.push(instrument);
    this.#byText.set(symbol, instrument);
    if (this.#bytes.length * 4 > this.#slots.length) this.#slots = new Int32Array(this.#slots.length * 2);
    this.#slots.fill(-1);
    for (let entry = 0; entry < this.#bytes.length; entry++) this.#place(entry);
  }

  /** The readable path: instrument index, -1 when unknown. */
  indexOf(symbol: string): number {
    return this.#byText.get(symbol) ?? -1;
  }

  /** Instrument index, -1 when unknown. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = hash(bytes, start, end) & mask;
    for (;;) {
      const entry = slots[at]!;
      if (entry < 0) return -1;
      if (same(this.#bytes[entry]!, bytes, start, end)) return this.#indexes[entry]!;
      at = (at + 1) & mask;
    }
  }

  #place(entry: number): void {
    const bytes = this.#bytes[entry]!;
    const mask = this.#slots.length - 1;
    let at = hash(bytes, 0, bytes.length) & mask;
    while (this.#slots[at]! >= 0) at = (at + 1) & mask;
    this.#slots[at] = entry;
  }
}

function hash(bytes: Uint8Array, start: number, end: number): number {
  let h = 0x811c9dc5;
  for (let i = start; i < end; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193);
  return (h ^ (h >>> 15)) >>> 0;
}

function same(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
