/**
 * One instrument's order book in shared memory. One writer (the feed that owns the instrument), many readers, a seqlock in the header.
 * Numbers are integers of the book's own grid: price = ticks x priceUnit / 10^priceScale, quantity = lots x lotUnit / 10^lotScale.
 * A side counts in *keys*, smaller is better: key = ticks for asks, key = -ticks for bids; one code serves both.
 *
 *   header, 256 bytes: what readers copy, then the writer's own words on cache lines of their own
 *   byte   0  sequence     i32   odd while a write is under way
 *          4  state        i32   BOOK_*; levels mean something only when it is BOOK_LIVE or BOOK_DOUBTED
 *          8  bidTicks     f64   best bid, NaN when the side is empty
 *         16  bidLots      f64
 *         24  askTicks     f64   best ask, NaN when the side is empty
 *         32  askLots      f64
 *         40  lastSequence f64   the venue's last sequence number, NaN when it gives none
 *         48  venueUs      f64   venue time of the last message, wall microseconds, NaN when it gives none
 *         56  recvUs       f64   our monotonic clock at receipt, microseconds
 *         64  bidLevels    i32
 *         68  askLevels    i32
 *         72  priceUnit    f64
 *         80  lotUnit      f64
 *         88  priceScale   i32
 *         92  lotScale     i32
 *         96  bidLow       f64   smallest key of the bid window
 *        104  askLow       f64
 *        112  bidRoot      i32   root node of the bid overflow, 0 when it is empty
 *        116  askRoot      i32
 *        120  regrids      i32   counts changes of the grid
 *        124  flags        i32   BOOK_FLAG_*
 *        128  bidUsed      i32   overflow nodes of the bid side ever used
 *        132  askUsed      i32
 *        136  bidFree      i32   first of its free nodes, 0 when there is none
 *        140  askFree      i32
 *        144  bidSpilled   i32   levels in the overflow
 *        148  askSpilled   i32
 *        152  gate         i32   GATE_*: the sequence rule by which the WebAssembly kernel may apply changes by itself; 0 = it may not
 *        156  idMask       i32   id-keyed books: places of the id table less one
 *        160  stream       f64   the one of several streams that is followed, NaN before one is
 *        168  ids          i32   byte offset of the id table, 0 when there is none
 *        172  idCount      i32
 *        176  idScale      f64   places per unit of an id: one over the distance that all ids keep
 *   sides, bid then ask; each
 *          0  bits of bits 128 x i32       one bit a word of the bits that is not 0
 *        512  bits         4,096 x i32     one bit a key of the window
 *      16896  lots         131,072 x f64   the quantity of the key with `key & mask`; means nothing without its bit
 *   1065472  node keys    65,536 x f64    overflow: levels outside the window, a treap; node 0 is "none"
 *   1589760  node lots    65,536 x f64
 *   2114048  node links   65,536 x 2 x i32   left, right (free nodes: next free)
 *   2638336  hints        256 x i32       by a hash of the key, the node that was last found for it: for writers only, anything may stand here
 * About 5 MiB of address space; what is touched is the pages near the market, some 0.5 MiB.
 */
export const BOOK_SEQUENCE = 0;
export const BOOK_STATE = 4;
export const BOOK_BID_TICKS = 8;
export const BOOK_BID_LOTS = 16;
export const BOOK_ASK_TICKS = 24;
export const BOOK_ASK_LOTS = 32;
export const BOOK_LAST_SEQUENCE = 40;
export const BOOK_VENUE_US = 48;
export const BOOK_RECV_US = 56;
export const BOOK_BID_LEVELS = 64;
export const BOOK_ASK_LEVELS = 68;
export const BOOK_PRICE_UNIT = 72;
export const BOOK_LOT_UNIT = 80;
export const BOOK_PRICE_SCALE = 88;
export const BOOK_LOT_SCALE = 92;
export const BOOK_BID_LOW = 96;
export const BOOK_ASK_LOW = 104;
export const BOOK_BID_ROOT = 112;
export const BOOK_ASK_ROOT = 116;
export const BOOK_REGRIDS = 120;
export const BOOK_FLAGS = 124;
export const BOOK_BID_USED = 128;
export const BOOK_ASK_USED = 132;
export const BOOK_BID_FREE = 136;
export const BOOK_ASK_FREE = 140;
export const BOOK_BID_SPILLED = 144;
export const BOOK_ASK_SPILLED = 148;
export const BOOK_GATE = 152;
export const BOOK_ID_MASK = 156;
export const BOOK_STREAM = 160;
export const BOOK_IDS = 168;
export const BOOK_ID_COUNT = 172;
export const BOOK_ID_SCALE = 176;
export const BOOK_HEADER_BYTES = 256;

/** How the next message of a live book is known: VENUES.md 11, as `SequenceKind` of feeds/venue.ts says it. */
export const GATE_CLOSED = 0;
export const GATE_RANGE_CHAIN = 1;
export const GATE_PREV_CHAIN = 2;
export const GATE_PLUS_ONE = 3;
export const GATE_TIMESTAMP = 4;
/** Rows by id, no numbers. */
export const GATE_ROWS = 5;

/** No message yet. */
export const BOOK_EMPTY = 0;
/** Waiting for or building a snapshot. */
export const BOOK_SYNCING = 1;
/** In sequence and usable. The only state that strategies see as a book. */
export const BOOK_LIVE = 2;
/** Quiet for longer than the venue allows. */
export const BOOK_STALE = 3;
/** Broken sequence or a number that does not fit: not usable until it was rebuilt. */
export const BOOK_GAP = 4;
/** Every message was applied, but bids meet asks, or did so long that a new snapshot is awaited. To look at, never to trade on. */
export const BOOK_DOUBTED = 5;
/** The overflow was full and levels furthest from the market were let go: depth ends at the horizon. */
export const BOOK_FLAG_TRUNCATED = 1;

/** Keys of a side's window. A power of two. */
export const WINDOW_KEYS = 131_072;
export const WINDOW_MASK = WINDOW_KEYS - 1;
/** Overflow nodes of a side; the deepest book recorded held 27,000 levels a side in all. */
export const OVERFLOW_NODES = 65_536;

export const SIDE_SUMMARY = 0;
export const SIDE_BITS_WORDS = WINDOW_KEYS >> 5;
export const SIDE_SUMMARY_WORDS = SIDE_BITS_WORDS >> 5;
export const SIDE_BITS = SIDE_SUMMARY_WORDS * 4;
export const SIDE_LOTS = SIDE_BITS + SIDE_BITS_WORDS * 4;
export const SIDE_NODE_KEYS = SIDE_LOTS + WINDOW_KEYS * 8;
export const SIDE_NODE_LOTS = SIDE_NODE_KEYS + OVERFLOW_NODES * 8;
export const SIDE_NODE_LINKS = SIDE_NODE_LOTS + OVERFLOW_NODES * 8;
export const SIDE_HINTS = SIDE_NODE_LINKS + OVERFLOW_NODES * 8;
export const SIDE_HINT_COUNT = 256;
export const SIDE_BYTES = SIDE_HINTS + SIDE_HINT_COUNT * 4;

export const BOOK_BID_SIDE = BOOK_HEADER_BYTES;
export const BOOK_ASK_SIDE = BOOK_HEADER_BYTES + SIDE_BYTES;
/** Bytes of one book; a multiple of 128. */
export const BOOK_BYTES = BOOK_HEADER_BYTES + SIDE_BYTES * 2;
