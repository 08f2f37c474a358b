/** The price a ladder is built around: the middle of the first live book, weighted or averaged as configured. Hot lane, until the anchor is taken. */
import type { BookView } from '../../core/ports/strategy.js';
import type { GridSettings } from './params.js';

export class Anchor {
  readonly #kind: GridSettings['anchor'];
  readonly #timeConstantUs: number;
  #ema = Number.NaN;
  #startUs = Number.NaN;
  #lastUs = Number.NaN;

  constructor(settings: GridSettings) {
    this.#kind = settings.anchor;
    this.#timeConstantUs = settings.emaSeconds * 1_000_000;
  }

  /** Whole ticks, or NaN while it cannot be told. */
  see(book: BookView, nowUs: number): number {
    const { bidTicks, askTicks } = book;
    if (!(bidTicks > 0 && askTicks > bidTicks)) return Number.NaN;
    const mid = (bidTicks + askTicks) / 2;
    switch (this.#kind) {
      case 'microprice': {
        const lots = book.bidLots + book.askLots;
        // The thinner side is the one that gives way first.
        return Math.round(lots > 0 ? (bidTicks * book.askLots + askTicks * book.bidLots) / lots : mid);
      }
      case 'ema':
        return this.#average(mid, nowUs);
      default:
        return Math.round(mid);
    }
  }

  #average(mid: number, nowUs: number): number {
    if (Number.isNaN(this.#ema)) {
      this.#ema = mid;
      this.#startUs = nowUs;
    } else {
      this.#ema += (mid - this.#ema) * (1 - Math.exp((this.#lastUs - nowUs) / this.#timeConstantUs));
    }
    this.#lastUs = nowUs;
    return nowUs - this.#startUs >= this.#timeConstantUs ? Math.round(this.#ema) : Number.NaN;
  }
}
