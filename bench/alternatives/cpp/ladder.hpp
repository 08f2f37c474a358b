// The ladder, its overflow and the id table: core/kernel/assembly/ladder.ts, overflow.ts and rows.ts, step by step.
#pragma once
#include "words.hpp"

struct Level {
  i64 key;
  f64 lots;
};

constexpr i64 FOLLOW = (WINDOW_KEYS >> 2) * 3;
constexpr i64 NONE = INT64_MAX;

static inline u32 priority(u32 node) {
  u32 h = node * 0x9e3779b1u;
  h = (h ^ (h >> 15)) * 0x85ebca6bu;
  return h ^ (h >> 13);
}

struct Side {
  u8 *side;
  u8 *book;
  u32 ask;

  Side(u8 *book, u32 ask) : side(book + (ask ? BOOK_ASK_SIDE : BOOK_BID_SIDE)), book(book), ask(ask) {}

  u8 *four(u32 word) const { return book + word + (ask << 2); }
  u8 *eight(u32 word) const { return book + word + (ask << 3); }
  u8 *sixteen(u32 word) const { return book + word + (ask << 4); }
  f64 keyAt(u32 node) const { return load<f64>(side + SIDE_NODE_KEYS + ((size_t)node << 3)); }
  u8 *links(u32 node) const { return side + SIDE_NODE_LINKS + ((size_t)node << 3); }

  u8 *linkTo(f64 key) const {
    u8 *link = four(BOOK_BID_ROOT);
    for (u32 node = load<u32>(link); node != 0; node = load<u32>(link)) {
      const f64 at = keyAt(node);
      if (at == key) return link;
      link = links(node) + (key < at ? 0 : 4);
    }
    return nullptr;
  }

  void insert(u32 node, f64 key) const {
    const u32 rank = priority(node);
    u8 *link = four(BOOK_BID_ROOT);
    u32 below = load<u32>(link);
    while (below != 0 && priority(below) > rank) {
      link = links(below) + (key < keyAt(below) ? 0 : 4);
      below = load<u32>(link);
    }
    store<u32>(link, node);
    u8 *left = links(node);
    u8 *right = left + 4;
    while (below != 0) {
      if (keyAt(below) < key) {
        store<u32>(left, below);
        left = links(below) + 4;
        below = load<u32>(left);
      } else {
        store<u32>(right, below);
        right = links(below);
        below = load<u32>(right);
      }
    }
    store<u32>(left, 0);
    store<u32>(right, 0);
  }

  u8 *hint(f64 key) const { return side + SIDE_HINTS + (((u32)(i64)key * 0x9e3779b1u) >> 24 << 2); }

  bool setHinted(f64 key, f64 lots) const {
    const u32 node = load<u32>(hint(key));
    if (node == 0 || node > load<u32>(four(BOOK_BID_USED)) || keyAt(node) != key) return false;
    store<f64>(side + SIDE_NODE_LOTS + ((size_t)node << 3), lots);
    return true;
  }

  i32 setSpilled(f64 key, f64 lots) const {
    if (setHinted(key, lots)) return 0;
    if (u8 *known = linkTo(key)) {
      store<f64>(side + SIDE_NODE_LOTS + ((size_t)load<u32>(known) << 3), lots);
      store<u32>(hint(key), load<u32>(known));
      return 0;
    }
    u8 *free = four(BOOK_BID_FREE), *used = four(BOOK_BID_USED);
    u32 node = load<u32>(free);
    if (node != 0) store<u32>(free, load<u32>(links(node)));
    else {
      node = load<u32>(used) + 1;
      if (node >= OVERFLOW_NODES) return -1;
      store<u32>(used, node);
    }
    store<f64>(side + SIDE_NODE_KEYS + ((size_t)node << 3), key);
    store<f64>(side + SIDE_NODE_LOTS + ((size_t)node << 3), lots);
    store<u32>(hint(key), node);
    insert(node, key);
    return 1;
  }

  i32 removeSpilled(f64 key) const {
    u8 *link = linkTo(key);
    if (!link) return 0;
    const u32 node = load<u32>(link);
    u32 left = load<u32>(links(node)), right = load<u32>(links(node) + 4);
    while (left != 0 && right != 0) {
      if (priority(left) > priority(right)) {
        store<u32>(link, left);
        link = links(left) + 4;
        left = load<u32>(link);
      } else {
        store<u32>(link, right);
        link = links(right);
        right = load<u32>(link);
      }
    }
    store<u32>(link, left == 0 ? right : left);
    u8 *free = four(BOOK_BID_FREE);
    store<u32>(links(node), load<u32>(free));
    store<f64>(side + SIDE_NODE_KEYS + ((size_t)node << 3), __builtin_nan(""));
    store<u32>(free, node);
    return 1;
  }

  i64 afterInWindow(i64 low, i64 key) const {
    const u32 from = (u32)(key + 1) & WINDOW_MASK;
    const u32 start = from >> 5;
    const u32 here = load<u32>(side + SIDE_BITS + (start << 2)) & (0xffff'ffffu << (from & 31));
    u32 distance;
    if (here != 0) distance = (start << 5) + __builtin_ctz(here) - from;
    else {
      const u32 after = (start + 1) & (SIDE_BITS_WORDS - 1);
      u32 s = after >> 5;
      u32 words = load<u32>(side + SIDE_SUMMARY + (s << 2)) & (0xffff'ffffu << (after & 31));
      for (u32 n = 0; words == 0; n++) {
        if (n == SIDE_SUMMARY_WORDS) return NONE;
        s = (s + 1) & (SIDE_SUMMARY_WORDS - 1);
        words = load<u32>(side + SIDE_SUMMARY + (s << 2));
      }
      const u32 w = (s << 5) + __builtin_ctz(words);
      distance = ((w << 5) + __builtin_ctz(load<u32>(side + SIDE_BITS + (w << 2))) - from) & WINDOW_MASK;
    }
    const i64 found = key + 1 + (i64)distance;
    return found < low + WINDOW_KEYS ? found : NONE;
  }

  bool has(i64 key) const {
    if (load<i32>(four(BOOK_BID_LEVELS)) == 0) return false;
    const i64 offset = key - (i64)load<f64>(eight(BOOK_BID_LOW));
    if (offset < 0) return false;
    if (offset >= WINDOW_KEYS) return linkTo((f64)key) != nullptr;
    const u32 index = (u32)key & WINDOW_MASK;
    return (load<u32>(side + SIDE_BITS + ((index >> 5) << 2)) >> (index & 31)) & 1;
  }

  // Another quantity for a level of the window that is there and stays. False: it is not there.
  bool changeOne(i64 ticks, f64 lots) const {
    const i64 key = ask ? ticks : -ticks;
    if (load<i32>(four(BOOK_BID_LEVELS)) == 0) return false;
    if ((u64)(key - (i64)load<f64>(eight(BOOK_BID_LOW))) >= (u64)WINDOW_KEYS) return false;
    const u32 index = (u32)key & WINDOW_MASK;
    if (!(load<u32>(side + SIDE_BITS + ((index >> 5) << 2)) >> (index & 31) & 1)) return false;
    store<f64>(side + SIDE_LOTS + ((size_t)index << 3), lots);
    if (load<f64>(sixteen(BOOK_BID_TICKS)) == (f64)ticks) store<f64>(sixteen(BOOK_BID_LOTS), lots);
    return true;
  }

  // The first level that is not applied, `to` when all are.
  const Level *apply(const Level *at, const Level *to) const {
    i32 count = load<i32>(four(BOOK_BID_LEVELS));
    if (at == to || count == 0) return at;
    const i64 low = (i64)load<f64>(eight(BOOK_BID_LOW));
    const i64 ticks = (i64)load<f64>(sixteen(BOOK_BID_TICKS));
    i64 best = ask ? ticks : -ticks;
    for (; at < to; at++) {
      const i64 key = at->key;
      const i64 lots = load<i64>((const u8 *)&at->lots);
      const u32 gone = lots == 0;
      if ((u64)(key - low) >= (u64)WINDOW_KEYS) {
        if (key < low) {
          if (gone) continue;
          break;
        }
        const i32 more = gone ? -removeSpilled((f64)key) : setSpilled((f64)key, at->lots);
        if (!gone && more < 0) break;
        count += more;
        store<i32>(four(BOOK_BID_SPILLED), load<i32>(four(BOOK_BID_SPILLED)) + more);
        continue;
      }
      const u32 index = (u32)key & WINDOW_MASK;
      u8 *word = side + SIDE_BITS + ((index >> 5) << 2);
      const u32 before = load<u32>(word);
      // Whether a level comes, stays or goes is anybody's guess: no branch.
      const u32 bit = 1u << (index & 31);
      const u32 after = (before | bit) ^ (bit & -gone);
      if (key <= best) {
        if (!gone) best = key;
        else if (key == best) {
          if (after != 0 && key - low <= FOLLOW - 32) best = key + (i64)__builtin_ctz(after) - (index & 31);
          else {
            const i64 next = afterInWindow(low, key);
            if (next == NONE || next - low > FOLLOW) break;
            best = next;
          }
        }
      }
      store<u32>(word, after);
      store<i64>(side + SIDE_LOTS + ((size_t)index << 3), lots);
      count += __builtin_popcount(after) - __builtin_popcount(before);
      u8 *summary = side + SIDE_SUMMARY + ((index >> 10) << 2);
      const u32 wordBit = 1u << (index >> 5 & 31);
      store<u32>(summary, (load<u32>(summary) | wordBit) ^ (wordBit & -(u32)(after == 0)));
    }
    store<i32>(four(BOOK_BID_LEVELS), count);
    store<f64>(sixteen(BOOK_BID_TICKS), (f64)(ask ? best : -best));
    store<f64>(sixteen(BOOK_BID_LOTS), load<f64>(side + SIDE_LOTS + ((size_t)((u32)best & WINDOW_MASK) << 3)));
    return at;
  }
};
