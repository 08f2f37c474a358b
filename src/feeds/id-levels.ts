/** Id-keyed levels of one book (BitMEX): id to side and price, without objects. Open addressing; deletions move what follows back. Feed's thread. */

const EMPTY = -1;

export class IdLevels {
  #ids = new Float64Array(1024).fill(EMPTY);
  #price = new Float64Array(1024);
  #decimals = new Uint8Array(1024);
  #side = new Uint8Array(1024);
  count = 0;

  clear(): void {
    if (this.count > 0) this.#ids.fill(EMPTY);
    this.count = 0;
  }

  /** Place of the id, -1 when unknown. Places are good until the next change. */
  find(id: number): number {
    const mask = this.#ids.length - 1;
    for (let at = hash(id) & mask; ; at = (at + 1) & mask) {
      const here = this.#ids[at]!;
      if (here === id) return at;
      if (here === EMPTY) return -1;
    }
  }

  sideAt(place: number): number {
    return this.#side[place]!;
  }
  priceAt(place: number): number {
    return this.#price[place]!;
  }
  decimalsAt(place: number): number {
    return this.#decimals[place]!;
  }

  move(place: number, side: number, price: number, decimals: number): void {
    this.#side[place] = side;
    this.#price[place] = price;
    this.#decimals[place] = decimals;
  }

  /** The id must be unknown. */
  add(id: number, side: number, price: number, decimals: number): void {
    if (this.count * 2 >= this.#ids.length) this.#grow();
    this.#put(id, side, price, decimals);
    this.count++;
  }

  removeAt(place: number): void {
    const mask = this.#ids.length - 1;
    let hole = place;
    for (let at = (hole + 1) & mask; this.#ids[at] !== EMPTY; at = (at + 1) & mask) {
      const home = hash(this.#ids[at]!) & mask;
      // Stays when its home lies between the hole and itself: it can still be found.
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      this.#ids[hole] = this.#ids[at]!;
      this.#price[hole] = this.#price[at]!;
      this.#decimals[hole] = this.#decimals[at]!;
      this.#side[hole] = this.#side[at]!;
      hole = at;
    }
    this.#ids[hole] = EMPTY;
    this.count--;
  }

  #put(id: number, side: number, price: number, decimals: number): void {
    const mask = this.#ids.length - 1;
    let at = hash(id) & mask;
    while (this.#ids[at] !== EMPTY) at = (at + 1) & mask;
    this.#ids[at] = id;
    this.move(at, side, price, decimals);
  }

  #grow(): void {
    const ids = this.#ids;
    const price = this.#price;
    const decimals = this.#decimals;
    const side = this.#side;
    const size = ids.length * 2;
    this.#ids = new Float64Array(size).fill(EMPTY);
    this.#price = new Float64Array(size);
    this.#decimals = new Uint8Array(size);
    this.#side = new Uint8Array(size);
    for (let i = 0; i < ids.length; i++) if (ids[i] !== EMPTY) this.#put(ids[i]!, side[i]!, price[i]!, decimals[i]!);
  }
}

function hash(id: number): number {
  const h = Math.imul((id >>> 0) ^ Math.imul((id / 4_294_967_296) | 0, 0x85ebca6b), 0x9e3779b1);
  return (h ^ (h >>> 15)) >>> 0;
}
