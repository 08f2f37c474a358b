/**
 * Id-keyed levels of one book (BitMEX): id to side and price, without objects. Open addressing; deletions move what follows back. Written by the book-sync
 * machine and by the WebAssembly kernel, on the feed's thread; it stands in the kernel's room where there is one, and the book's header says where.
 *
 *   place, 16 bytes: id f64 (-1 = free), then one i64: price mantissa x 64 + its decimals x 2 + side
 */
import type { BookWriter } from '../core/book/book-writer.js';
import type { KernelRoom } from '../core/kernel/kernel-room.js';
import { ID_PLACE_BYTES, ID_WORD } from '../core/kernel/context.js';

const EMPTY = -1;
const FIRST_PLACES = 1024;
const PLACE_F64 = ID_PLACE_BYTES >> 3;
const PLACE_I32 = ID_PLACE_BYTES >> 2;
/** The halves of the word. */
const LOW = ID_WORD >> 2;
const HIGH = LOW + 1;
/** Of the mantissa, what stands above 6 bits of the low half. */
const HIGH_UNIT = 2 ** 26;
/** lowHalfOf of core/kernel/assembly/whole.ts: a number of this size has no bits left for a fraction. */
const HOME_SHIFT = 1.5 * 2 ** 52;
const HOME_F64 = new Float64Array(1);
const HOME_U32 = new Uint32Array(HOME_F64.buffer);

interface Table {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  /** Byte offset in the room's memory, 0 when it stands elsewhere. */
  readonly at: number;
  readonly places: number;
}

export class IdLevels {
  readonly #book: BookWriter;
  readonly #room: KernelRoom | null;
  #table: Table;
  /** Places per unit of an id. A venue's ids keep a distance (their tick): neighbours in price are to be neighbours here, that is what caches like. */
  #scale = 1;

  constructor(book: BookWriter, room: KernelRoom | null) {
    this.#book = book;
    this.#room = room;
    this.#table = this.#make(FIRST_PLACES);
  }

  get count(): number {
    return this.#book.idCount;
  }

  /** Nothing is known any more. @param ids that come next, for the distance that they keep */
  clear(ids: Iterable<number>): void {
    if (this.count > 0) this.#wipe(this.#table);
    this.#book.idCount = 0;
    this.#scale = 1 / distanceOf(ids);
    this.#book.setIds(this.#table.at, this.#table.places - 1, this.#scale);
  }

  /** Place of the id, -1 when unknown. Places are good until the next change. */
  find(id: number): number {
    const { f64, places } = this.#table;
    const mask = places - 1;
    for (let at = this.#home(id) & mask; ; at = (at + 1) & mask) {
      const here = f64[at * PLACE_F64]!;
      if (here === id) return at;
      if (here === EMPTY) return -1;
    }
  }

  sideAt(place: number): number {
    return this.#table.i32[place * PLACE_I32 + LOW]! & 1;
  }
  priceAt(place: number): number {
    const { i32 } = this.#table;
    const at = place * PLACE_I32;
    return i32[at + HIGH]! * HIGH_UNIT + (i32[at + LOW]! >>> 6);
  }
  decimalsAt(place: number): number {
    return (this.#table.i32[place * PLACE_I32 + LOW]! >>> 1) & 31;
  }

  /** @param decimals below 32; more fit no grid, so the level that has them ends the book */
  move(place: number, side: number, price: number, decimals: number): void {
    const { i32 } = this.#table;
    const at = place * PLACE_I32;
    i32[at + HIGH] = Math.floor(price / HIGH_UNIT);
    i32[at + LOW] = (price % HIGH_UNIT) * 64 + (decimals & 31) * 2 + side;
  }

  /** The id must be unknown. */
  add(id: number, side: number, price: number, decimals: number): void {
    if (this.count * 2 >= this.#table.places) this.#grow();
    this.move(this.#put(id), side, price, decimals);
    this.#book.idCount = this.count + 1;
  }

  removeAt(place: number): void {
    const { f64, places } = this.#table;
    const mask = places - 1;
    let hole = place;
    for (let at = (hole + 1) & mask; f64[at * PLACE_F64] !== EMPTY; at = (at + 1) & mask) {
      const home = this.#home(f64[at * PLACE_F64]!) & mask;
      // Stays when its home lies between the hole and itself: it can still be found.
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      f64.copyWithin(hole * PLACE_F64, at * PLACE_F64, (at + 1) * PLACE_F64);
      hole = at;
    }
    f64[hole * PLACE_F64] = EMPTY;
    this.#book.idCount = this.count - 1;
  }

  /** As in core/kernel/assembly/rows.ts: the low half of the nearest whole number, and of what a number has there that is too large for one. */
  #home(id: number): number {
    HOME_F64[0] = id * this.#scale + HOME_SHIFT;
    return HOME_U32[0]!;
  }

  /** The id's place, its word still to be written. */
  #put(id: number): number {
    const { f64, places } = this.#table;
    const mask = places - 1;
    let at = this.#home(id) & mask;
    while (f64[at * PLACE_F64] !== EMPTY) at = (at + 1) & mask;
    f64[at * PLACE_F64] = id;
    return at;
  }

  /** Twice the places; the old ones stay unused in the room. */
  #grow(): void {
    const old = this.#table;
    this.#table = this.#make(old.places * 2);
    for (let place = 0; place < old.places; place++) {
      const id = old.f64[place * PLACE_F64]!;
      if (id === EMPTY) continue;
      const at = this.#put(id) * PLACE_I32;
      for (const half of [LOW, HIGH]) this.#table.i32[at + half] = old.i32[place * PLACE_I32 + half]!;
    }
  }

  #make(places: number): Table {
    const bytes = places * ID_PLACE_BYTES;
    const at = this.#room?.take(bytes) ?? 0;
    const buffer = at === 0 || this.#room === null ? new ArrayBuffer(bytes) : this.#room.memory.buffer;
    const table = { i32: new Int32Array(buffer, at, bytes >> 2), f64: new Float64Array(buffer, at, bytes >> 3), at, places };
    this.#wipe(table);
    this.#book.setIds(at, places - 1, this.#scale);
    return table;
  }

  #wipe({ f64 }: Table): void {
    for (let at = 0; at < f64.length; at += PLACE_F64) f64[at] = EMPTY;
  }
}

/** The largest number by which all distances between the ids can be divided; 1 when there are none. */
function distanceOf(ids: Iterable<number>): number {
  let first = Number.NaN;
  let found = 0;
  for (const id of ids) {
    if (Number.isNaN(first)) first = id;
    let rest = Math.abs(id - first);
    while (rest !== 0) [found, rest] = [rest, found % rest];
  }
  return found === 0 ? 1 : found;
}
