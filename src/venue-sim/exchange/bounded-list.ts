/** A list that keeps its newest entries: history of orders, fills and statements. Appends are cheap; the oldest part is dropped in blocks. */
export class BoundedList<T> {
  readonly #most: number;
  #entries: T[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Returns what was dropped to make room, mostly nothing. */
  push(entry: T): readonly T[] {
    this.#entries.push(entry);
    if (this.#entries.length < this.#most + Math.ceil(this.#most / 10)) return [];
    return this.#entries.splice(0, this.#entries.length - this.#most);
  }

  get all(): readonly T[] {
    return this.#entries;
  }

  /** The newest `limit` (or the oldest, with `oldest`) entries that `wanted` accepts, oldest first. */
  select(wanted: (entry: T) => boolean, limit: number, oldest: boolean): T[] {
    const found: T[] = [];
    if (oldest) {
      for (const entry of this.#entries) {
        if (found.length >= limit) break;
        if (wanted(entry)) found.push(entry);
      }
      return found;
    }
    for (let index = this.#entries.length - 1; index >= 0 && found.length < limit; index--) {
      const entry = this.#entries[index];
      if (entry !== undefined && wanted(entry)) found.push(entry);
    }
    return found.toReversed();
  }
}
