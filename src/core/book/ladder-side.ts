/**
 * One side of a book, writer's view: lots at `key & mask` in a window of 131,072 keys, one bit a key, the rest in the overflow. Smaller keys are better
 * (core/memory/book-layout.ts). What is in the overflow is worse than everything the window spans; moving the window touches its edge only.
 * When the overflow is full, the worst levels are let go and `horizon` remembers where: depth is true up to there.
 */
import {
  SIDE_BITS,
  SIDE_LOTS,
  SIDE_NODE_KEYS,
  SIDE_NODE_LINKS,
  SIDE_NODE_LOTS,
  SIDE_SUMMARY,
  SIDE_SUMMARY_WORDS,
  WINDOW_KEYS,
  WINDOW_MASK,
} from '../memory/book-layout.js';
import { lowestBit, nextSet } from './bits.js';
import { Overflow, type OverflowViews } from './overflow.js';

/** Keys kept free in front of the best: the market moves there first. */
const HEADROOM = WINDOW_KEYS >> 2;
/** The window follows when the best has fallen this far into it. */
const FOLLOW = HEADROOM * 3;
/** A truncated side with fewer levels than this needs a new snapshot before anybody reads past its horizon. */
const LEAST_WHEN_TRUNCATED = 1024;

export class LadderSide {
  readonly #i32: Int32Array;
  readonly #f64: Float64Array;
  readonly #lots: number;
  readonly #bits: number;
  readonly #summary: number;
  readonly #overflow: Overflow;
  /** Smallest key of the window. */
  low = 0;
  /** Best key, Infinity when the side is empty. */
  best = Infinity;
  count = 0;
  /** Levels at this key and beyond were let go. */
  horizon = Infinity;

  /** @param base byte offset of the side @param root int32 position of the overflow's root */
  constructor(views: OverflowViews, base: number, root: number) {
    this.#i32 = views.i32;
    this.#f64 = views.f64;
    this.#lots = (base + SIDE_LOTS) >>> 3;
    this.#bits = (base + SIDE_BITS) >>> 2;
    this.#summary = (base + SIDE_SUMMARY) >>> 2;
    this.#overflow = new Overflow(views, {
      root,
      keys: (base + SIDE_NODE_KEYS) >>> 3,
      lots: (base + SIDE_NODE_LOTS) >>> 3,
      links: (base + SIDE_NODE_LINKS) >>> 2,
    });
    this.clear();
  }

  /** Numbers for the header, where the kernel finds them. */
  get spilled(): { readonly used: number; readonly free: number; readonly count: number } {
    return this.#overflow;
  }

  /** The kernel changed the side: its numbers. The window did not move. */
  restore(best: number, count: number, used: number, free: number, spilled: number): void {
    this.best = best;
    this.count = count;
    this.#overflow.restore(used, free, spilled);
  }

  /** Touches only words that hold a bit. */
  clear(): void {
    const i32 = this.#i32;
    for (let s = 0; s < SIDE_SUMMARY_WORDS; s++) {
      let words = i32[this.#summary + s]!;
      if (words === 0) continue;
      for (; words !== 0; words &= words - 1) i32[this.#bits + (s << 5) + lowestBit(words)] = 0;
      i32[this.#summary + s] = 0;
    }
    this.#overflow.clear();
    this.best = Infinity;
    this.count = 0;
    this.horizon = Infinity;
  }

  get bestLots(): number {
    return this.#f64[this.#lots + (this.best & WINDOW_MASK)]!;
  }

  isTooShort(): boolean {
    return this.horizon !== Infinity && this.count < LEAST_WHEN_TRUNCATED;
  }

  /** True when there is a level at the key. */
  has(key: number): boolean {
    const offset = key - this.low;
    if (offset < 0 || this.count === 0) return false;
    if (offset >= WINDOW_KEYS) return this.#overflow.has(key);
    const index = key & WINDOW_MASK;
    return (this.#i32[this.#bits + (index >>> 5)]! & (1 << (index & 31))) !== 0;
  }

  /** Sets the quantity of a key; 0 takes the level away. Unknown levels may be taken away: venues do that. */
  set(key: number, lots: number): void {
    if (lots === 0) {
      this.#remove(key);
      return;
    }
    if (key >= this.horizon) return;
    if (this.count === 0) this.low = key - HEADROOM;
    else if (key < this.low) this.#moveDown(key - HEADROOM);
    const offset = key - this.low;
    if (offset >= WINDOW_KEYS) {
      this.#spill(key, lots);
      return;
    }
    const index = key & WINDOW_MASK;
    const word = this.#bits + (index >>> 5);
    const bit = 1 << (index & 31);
    this.#f64[this.#lots + index] = lots;
    const before = this.#i32[word]!;
    if ((before & bit) !== 0) return;
    this.#i32[word] = before | bit;
    if (before === 0) {
      const s = this.#summary + (index >>> 10);
      this.#i32[s] = this.#i32[s]! | (1 << ((index >>> 5) & 31));
    }
    this.count++;
    if (key < this.best) this.best = key;
  }

  /** Calls back for every level, best first. For changes of the grid. */
  forEach(visit: (key: number, lots: number) => void): void {
    for (let key = this.best; key !== Infinity; key = this.#afterInWindow(key)) visit(key, this.#f64[this.#lots + (key & WINDOW_MASK)]!);
    for (let node = this.#overflow.first(); node !== 0; node = this.#overflow.after(this.#overflow.keyOf(node))) {
      visit(this.#overflow.keyOf(node), this.#overflow.lotsOf(node));
    }
  }

  #remove(key: number): void {
    const offset = key - this.low;
    if (offset < 0 || this.count === 0) return;
    if (offset >= WINDOW_KEYS) {
      if (this.#overflow.remove(key)) this.count--;
      return;
    }
    const index = key & WINDOW_MASK;
    const word = this.#bits + (index >>> 5);
    const bit = 1 << (index & 31);
    const before = this.#i32[word]!;
    if ((before & bit) === 0) return;
    this.#unset(index, word, before & ~bit);
    this.count--;
    if (key === this.best) this.#findBest(key);
  }

  #unset(index: number, word: number, rest: number): void {
    this.#i32[word] = rest;
    if (rest !== 0) return;
    const s = this.#summary + (index >>> 10);
    this.#i32[s] = this.#i32[s]! & ~(1 << ((index >>> 5) & 31));
  }

  /** The best went away: the next of the window, else the overflow's first, and the window follows. */
  #findBest(gone: number): void {
    this.best = this.#afterInWindow(gone);
    if (this.best === Infinity) {
      const node = this.#overflow.first();
      if (node === 0) return;
      this.#moveUp(this.#overflow.keyOf(node) - HEADROOM);
      this.best = this.#afterInWindow(this.low - 1);
    } else if (this.best - this.low > FOLLOW) {
      this.#moveUp(this.best - HEADROOM);
    }
  }

  /** Smallest key of the window above `key`, Infinity when there is none. */
  #afterInWindow(key: number): number {
    const distance = nextSet(this.#i32, this.#bits, this.#summary, (key + 1) & WINDOW_MASK);
    if (distance < 0) return Infinity;
    const found = key + 1 + distance;
    return found < this.low + WINDOW_KEYS ? found : Infinity;
  }

  /** A better price came than the window spans: what falls off its far edge goes to the overflow. */
  #moveDown(low: number): void {
    const edge = low + WINDOW_KEYS;
    let key = this.best >= edge ? this.best : this.#afterInWindow(edge - 1);
    while (key !== Infinity) {
      const index = key & WINDOW_MASK;
      const word = this.#bits + (index >>> 5);
      const next = this.#afterInWindow(key);
      this.#unset(index, word, this.#i32[word]! & ~(1 << (index & 31)));
      this.count--;
      this.#spill(key, this.#f64[this.#lots + index]!);
      key = next;
    }
    if (this.best >= edge) this.best = Infinity;
    this.low = low;
  }

  /** The front is empty: the window takes in what now lies before its far edge. */
  #moveUp(low: number): void {
    this.low = low;
    const edge = low + WINDOW_KEYS;
    for (let node = this.#overflow.first(); node !== 0; node = this.#overflow.first()) {
      const key = this.#overflow.keyOf(node);
      if (key >= edge) return;
      const lots = this.#overflow.lotsOf(node);
      this.#overflow.remove(key);
      this.count--;
      this.set(key, lots);
    }
  }

  #spill(key: number, lots: number): void {
    const before = this.#overflow.count;
    if (!this.#overflow.set(key, lots)) {
      const worst = this.#overflow.keyOf(this.#overflow.last());
      this.horizon = Math.min(key, worst);
      if (key < worst) {
        this.horizon = worst;
        this.#overflow.remove(worst);
        this.#overflow.set(key, lots);
      }
    }
    this.count += this.#overflow.count - before;
  }
}
