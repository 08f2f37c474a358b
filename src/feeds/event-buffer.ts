/** Depth messages that wait for their snapshot. Bounded; when it is full the oldest go first, and the splice will notice if they were needed. */
import { FIELD_FIRST, FIELD_LAST, FIELD_PREV, type LevelList, type Message } from '../core/kernel/message.js';
import type { LevelSource } from '../core/book/book-writer.js';

export interface BufferedEvent {
  readonly first: number;
  readonly last: number;
  readonly prev: number;
  readonly venueUs: number;
  readonly bids: LevelSource;
  readonly asks: LevelSource;
}

/** A snapshot that takes longer than this many messages is asked for again anyway. */
const MOST_EVENTS = 4_096;
/** About 18 bytes a level: some 18 MB a book at worst. */
const MOST_LEVELS = 1_000_000;

export class EventBuffer {
  #events: BufferedEvent[] = [];
  #levels = 0;

  get events(): readonly BufferedEvent[] {
    return this.#events;
  }

  add(message: Message, venueUs: number): void {
    const event: BufferedEvent = {
      first: message.fields[FIELD_FIRST]!,
      last: message.fields[FIELD_LAST]!,
      prev: message.fields[FIELD_PREV]!,
      venueUs,
      bids: copy(message.bids),
      asks: copy(message.asks),
    };
    this.#events.push(event);
    this.#levels += event.bids.count + event.asks.count;
    while (this.#events.length > 1 && (this.#events.length > MOST_EVENTS || this.#levels > MOST_LEVELS)) {
      const gone = this.#events.shift();
      if (gone !== undefined) this.#levels -= gone.bids.count + gone.asks.count;
    }
  }

  /** Takes away what is older than `event`, which stays. */
  dropBefore(event: BufferedEvent): void {
    const from = this.#events.indexOf(event);
    if (from > 0) this.#events = this.#events.slice(from);
    this.#levels = this.#events.reduce((sum, kept) => sum + kept.bids.count + kept.asks.count, 0);
  }

  clear(): void {
    if (this.#events.length > 0) this.#events = [];
    this.#levels = 0;
  }
}

function copy(list: LevelList): LevelSource {
  const n = list.count;
  return {
    count: n,
    price: list.price.slice(0, n),
    qty: list.qty.slice(0, n),
    priceDecimals: list.priceDecimals.slice(0, n),
    qtyDecimals: list.qtyDecimals.slice(0, n),
  };
}
