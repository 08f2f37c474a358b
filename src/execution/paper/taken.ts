/**
 * What we took from visible levels: the public book does not know of our fills, so without this memory the same lots would fill us again and again.
 * An entry holds until the level's quantity changes: the book was then told something new about it. Bounded; the oldest entry goes first.
 */

const MOST_LEVELS = 512;

interface Taken {
  /** Quantity that the level showed when we took from it. */
  readonly shownLots: number;
  takenLots: number;
}

export class TakenLiquidity {
  readonly #levels = new Map<number, Taken>();

  /** Lots of a level that are still there for us. */
  available(ticks: number, shownLots: number): number {
    const entry = this.#levels.get(ticks);
    if (entry === undefined) return shownLots;
    if (entry.shownLots === shownLots) return shownLots - entry.takenLots;
    this.#levels.delete(ticks);
    return shownLots;
  }

  take(ticks: number, shownLots: number, lots: number): void {
    const entry = this.#levels.get(ticks);
    if (entry !== undefined && entry.shownLots === shownLots) {
      entry.takenLots += lots;
      return;
    }
    if (this.#levels.size >= MOST_LEVELS) {
      for (const oldest of this.#levels.keys()) {
        this.#levels.delete(oldest);
        break;
      }
    }
    this.#levels.set(ticks, { shownLots, takenLots: lots });
  }

  clear(): void {
    this.#levels.clear();
  }
}
