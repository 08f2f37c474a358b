/**
 * Levels outside a side's window, ordered by key: a treap in shared memory, updated in O(log n). The writer calls everything; readers only `nextAbove`,
 * bounded, because a torn read may show them a circle. Node 0 is "none"; a node's priority is a hash of its number, so nothing is stored for it.
 */
import { OVERFLOW_NODES } from '../memory/book-layout.js';

/** A treap of 65,536 nodes is about 35 deep; a reader that walks further reads a torn tree. */
const MAX_STEPS = 256;

export interface OverflowViews {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
}

/** Smallest key above `key` (or at it, when `orAt`): its node, 0 when there is none, -1 when the walk did not end. */
export function nextAbove(views: OverflowViews, keys: number, links: number, root: number, key: number, orAt: boolean): number {
  let found = 0;
  let node = root;
  for (let steps = 0; node !== 0; steps++) {
    if (steps === MAX_STEPS || node < 0 || node >= OVERFLOW_NODES) return -1;
    const at = views.f64[keys + node]!;
    if (at > key || (orAt && at === key)) {
      found = node;
      node = views.i32[links + node * 2]!;
    } else {
      node = views.i32[links + node * 2 + 1]!;
    }
  }
  return found;
}

function priority(node: number): number {
  let h = Math.imul(node, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}

export class Overflow {
  readonly #i32: Int32Array;
  readonly #f64: Float64Array;
  readonly #views: OverflowViews;
  readonly #root: number;
  readonly #keys: number;
  readonly #lots: number;
  readonly #links: number;
  #used = 0;
  #free = 0;
  count = 0;

  /** @param words positions: `root` and `links` count int32, `keys` and `lots` float64. */
  constructor(
    views: OverflowViews,
    words: { readonly root: number; readonly keys: number; readonly lots: number; readonly links: number },
  ) {
    this.#views = views;
    this.#i32 = views.i32;
    this.#f64 = views.f64;
    this.#root = words.root;
    this.#keys = words.keys;
    this.#lots = words.lots;
    this.#links = words.links;
    this.clear();
  }

  clear(): void {
    this.#i32[this.#root] = 0;
    this.#used = 0;
    this.#free = 0;
    this.count = 0;
  }

  /** Nodes ever used, and the first of those that are free again: for the header. */
  get used(): number {
    return this.#used;
  }
  get free(): number {
    return this.#free;
  }

  /** Another writer changed the nodes: its numbers. */
  restore(used: number, free: number, count: number): void {
    this.#used = used;
    this.#free = free;
    this.count = count;
  }

  isFull(): boolean {
    return this.#free === 0 && this.#used === OVERFLOW_NODES - 1;
  }

  /** Node of the smallest key, 0 when empty. */
  first(): number {
    return nextAbove(this.#views, this.#keys, this.#links, this.#i32[this.#root]!, -Infinity, true);
  }

  /** Node of the smallest key above `key`, 0 when there is none. */
  after(key: number): number {
    return nextAbove(this.#views, this.#keys, this.#links, this.#i32[this.#root]!, key, false);
  }

  /** Node of the largest key, 0 when empty. */
  last(): number {
    let node = this.#i32[this.#root]!;
    for (let right = node; right !== 0; right = this.#i32[this.#links + right * 2 + 1]!) node = right;
    return node;
  }

  keyOf(node: number): number {
    return this.#f64[this.#keys + node]!;
  }

  lotsOf(node: number): number {
    return this.#f64[this.#lots + node]!;
  }

  has(key: number): boolean {
    return this.#linkTo(key) >= 0;
  }

  /** Adds or changes a level; false when it would be one too many. */
  set(key: number, lots: number): boolean {
    const known = this.#linkTo(key);
    if (known >= 0) {
      this.#f64[this.#lots + this.#i32[known]!] = lots;
      return true;
    }
    const node = this.#take();
    if (node === 0) return false;
    this.#f64[this.#keys + node] = key;
    this.#f64[this.#lots + node] = lots;
    this.#insert(node, key);
    this.count++;
    return true;
  }

  /** False when the key is not here. */
  remove(key: number): boolean {
    const i32 = this.#i32;
    let link = this.#linkTo(key);
    if (link < 0) return false;
    const node = i32[link]!;
    let left = i32[this.#links + node * 2]!;
    let right = i32[this.#links + node * 2 + 1]!;
    while (left !== 0 && right !== 0) {
      if (priority(left) > priority(right)) {
        i32[link] = left;
        link = this.#links + left * 2 + 1;
        left = i32[link]!;
      } else {
        i32[link] = right;
        link = this.#links + right * 2;
        right = i32[link]!;
      }
    }
    i32[link] = left === 0 ? right : left;
    i32[this.#links + node * 2] = this.#free;
    // No level has this key: who remembers the node sees that it is none any more.
    this.#f64[this.#keys + node] = Number.NaN;
    this.#free = node;
    this.count--;
    return true;
  }

  /** Position of the link that points to the key's node, -1 when there is none. */
  #linkTo(key: number): number {
    const i32 = this.#i32;
    let link = this.#root;
    for (let node = i32[link]!; node !== 0; node = i32[link]!) {
      const at = this.#f64[this.#keys + node]!;
      if (at === key) return link;
      link = this.#links + node * 2 + (key < at ? 0 : 1);
    }
    return -1;
  }

  #take(): number {
    const node = this.#free;
    if (node !== 0) {
      this.#free = this.#i32[this.#links + node * 2]!;
      return node;
    }
    if (this.#used === OVERFLOW_NODES - 1) return 0;
    return ++this.#used;
  }

  /** Goes down while nodes outrank the new one, puts it there and splits what was below by its key. */
  #insert(node: number, key: number): void {
    const i32 = this.#i32;
    const rank = priority(node);
    let link = this.#root;
    let below = i32[link]!;
    while (below !== 0 && priority(below) > rank) {
      link = this.#links + below * 2 + (key < this.#f64[this.#keys + below]! ? 0 : 1);
      below = i32[link]!;
    }
    i32[link] = node;
    let left = this.#links + node * 2;
    let right = left + 1;
    while (below !== 0) {
      if (this.#f64[this.#keys + below]! < key) {
        i32[left] = below;
        left = this.#links + below * 2 + 1;
        below = i32[left]!;
      } else {
        i32[right] = below;
        right = this.#links + below * 2;
        below = i32[right]!;
      }
    }
    i32[left] = 0;
    i32[right] = 0;
  }
}
