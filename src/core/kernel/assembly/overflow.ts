/**
 * Levels outside a side's window: the treap of core/book/overflow.ts, the same nodes in the same memory, written by this kernel while it has the book in hand.
 */
import { OVERFLOW_NODES, SIDE_HINTS, SIDE_NODE_KEYS, SIDE_NODE_LINKS, SIDE_NODE_LOTS } from '../../memory/book-layout';
import { lowHalfOf } from './whole';

// @ts-ignore: decorator
@inline
function priority(node: u32): u32 {
  let h = node * 0x9e3779b1;
  h = (h ^ (h >>> 15)) * 0x85ebca6b;
  return h ^ (h >>> 13);
}

// @ts-ignore: decorator
@inline
function keyAt(side: usize, node: u32): f64 {
  return load<f64>(side + (<usize>node << 3), SIDE_NODE_KEYS);
}

/** Byte offset of the node's two links. */
// @ts-ignore: decorator
@inline
function linksOf(side: usize, node: u32): usize {
  return side + SIDE_NODE_LINKS + (<usize>node << 3);
}

/** Byte offset of the link that points to the key's node, 0 when there is none. */
function linkTo(side: usize, root: usize, key: f64): usize {
  let link = root;
  for (let node = load<u32>(link); node != 0; node = load<u32>(link)) {
    const at = keyAt(side, node);
    if (at == key) return link;
    link = linksOf(side, node) + (key < at ? 0 : 4);
  }
  return 0;
}

/** Where a key's node is remembered: levels far away are said again and again, and a walk down the tree costs a dozen misses. */
// @ts-ignore: decorator
@inline
function hintOf(side: usize, key: f64): usize {
  return side + <usize>((lowHalfOf(key) * 0x9e3779b1) >>> 24 << 2);
}

/** Changes a level whose node is remembered. False: look for it. A node that was used and has the key is in the tree: those that are free have none. */
// @ts-ignore: decorator
@inline
export function setHinted(side: usize, used: usize, key: f64, lots: f64): bool {
  const node = load<u32>(hintOf(side, key), SIDE_HINTS);
  if (node == 0 || node > load<u32>(used) || keyAt(side, node) != key) return false;
  store<f64>(side + (<usize>node << 3), lots, SIDE_NODE_LOTS);
  return true;
}

export function isSpilled(side: usize, root: usize, key: f64): bool {
  return linkTo(side, root, key) != 0;
}

/** @param used, free byte offsets of the side's words @returns levels more: 1, 0 when the key was known, -1 when there is no room */
export function setSpilled(side: usize, root: usize, used: usize, free: usize, key: f64, lots: f64): i32 {
  const known = linkTo(side, root, key);
  if (known != 0) {
    const there = load<u32>(known);
    store<f64>(side + (<usize>there << 3), lots, SIDE_NODE_LOTS);
    store<u32>(hintOf(side, key), there, SIDE_HINTS);
    return 0;
  }
  let node = load<u32>(free);
  if (node != 0) store<u32>(free, load<u32>(linksOf(side, node)));
  else {
    node = load<u32>(used) + 1;
    if (node >= <u32>OVERFLOW_NODES) return -1;
    store<u32>(used, node);
  }
  store<f64>(side + (<usize>node << 3), key, SIDE_NODE_KEYS);
  store<f64>(side + (<usize>node << 3), lots, SIDE_NODE_LOTS);
  store<u32>(hintOf(side, key), node, SIDE_HINTS);
  insert(side, root, node, key);
  return 1;
}

/** Goes down while nodes outrank the new one, puts it there and splits what was below by its key. */
function insert(side: usize, root: usize, node: u32, key: f64): void {
  const rank = priority(node);
  let link = root;
  let below = load<u32>(link);
  while (below != 0 && priority(below) > rank) {
    link = linksOf(side, below) + (key < keyAt(side, below) ? 0 : 4);
    below = load<u32>(link);
  }
  store<u32>(link, node);
  let left = linksOf(side, node);
  let right = left + 4;
  while (below != 0) {
    if (keyAt(side, below) < key) {
      store<u32>(left, below);
      left = linksOf(side, below) + 4;
      below = load<u32>(left);
    } else {
      store<u32>(right, below);
      right = linksOf(side, below);
      below = load<u32>(right);
    }
  }
  store<u32>(left, 0);
  store<u32>(right, 0);
}

/** @returns levels less: 1, or 0 when the key was unknown */
export function removeSpilled(side: usize, root: usize, free: usize, key: f64): i32 {
  let link = linkTo(side, root, key);
  if (link == 0) return 0;
  const node = load<u32>(link);
  let left = load<u32>(linksOf(side, node));
  let right = load<u32>(linksOf(side, node), 4);
  while (left != 0 && right != 0) {
    if (priority(left) > priority(right)) {
      store<u32>(link, left);
      link = linksOf(side, left) + 4;
      left = load<u32>(link);
    } else {
      store<u32>(link, right);
      link = linksOf(side, right);
      right = load<u32>(link);
    }
  }
  store<u32>(link, left == 0 ? right : left);
  store<u32>(linksOf(side, node), load<u32>(free));
  store<f64>(side + (<usize>node << 3), NaN, SIDE_NODE_KEYS);
  store<u32>(free, node);
  return 1;
}
