/** One Binance symbol of a recording: diffs and REST snapshots joined by the venue's rules, for answers to clients that ask later than the recorder did. */
import { ReferenceBook, type Level } from './reference-book.js';

export interface DepthEvent {
  readonly s: string;
  readonly E: number;
  readonly U: number;
  readonly u: number;
  /** Futures only. */
  readonly pu?: number;
  readonly b: readonly Level[];
  readonly a: readonly Level[];
}

export interface DepthAnswer {
  readonly lastUpdateId: number;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

/** Events that may wait for a snapshot. */
const MOST_WAITING = 20_000;

export class BinanceBook {
  readonly book = new ReferenceBook();
  #last = Number.NaN;
  #isSpliced = false;
  #waiting: DepthEvent[] = [];

  /** False before the first snapshot, and after a gap in the recording until the next one. */
  get isWhole(): boolean {
    return !Number.isNaN(this.#last);
  }
  get lastUpdateId(): number {
    return this.#last;
  }

  snapshot(answer: DepthAnswer): void {
    if (this.isWhole && answer.lastUpdateId < this.#last) return;
    this.book.replace(answer.bids, answer.asks);
    this.#last = answer.lastUpdateId;
    this.#isSpliced = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const event of waiting) this.event(event);
  }

  event(event: DepthEvent): void {
    if (this.isWhole && this.#isOld(event)) return;
    if (!this.isWhole || !this.#follows(event)) {
      this.#last = Number.NaN;
      this.#waiting.push(event);
      if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
      return;
    }
    this.#isSpliced = true;
    this.#last = event.u;
    this.book.apply(event.b, event.a);
  }

  #isOld(event: DepthEvent): boolean {
    if (event.pu === undefined) return event.u <= this.#last;
    return event.pu !== this.#last && (this.#isSpliced ? event.u <= this.#last : event.u < this.#last);
  }

  #follows(event: DepthEvent): boolean {
    if (event.pu === undefined) return event.U === this.#last + 1 || (!this.#isSpliced && event.U <= this.#last + 1);
    return event.pu === this.#last || (!this.#isSpliced && event.U <= this.#last);
  }
}
