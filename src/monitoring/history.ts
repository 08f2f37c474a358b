/** Bounded chart series, sampled by EngineView about once a second on the service lane. */
import type { SeriesPayload } from './payload.js';

/** Points of one series: a day at full length keeps one point in two minutes, the first quarter of an hour one a second. */
export const SERIES_POINTS = 900;

export class Series {
  readonly #tsUs: number[] = [];
  readonly #values: (number | null)[] = [];
  #stepUs: number;

  constructor(stepUs: number) {
    this.#stepUs = stepUs;
  }

  /** Keeps the point when a step has passed since the last one. When full, every second point goes and the step doubles. */
  add(tsUs: number, value: number | null): void {
    const last = this.#tsUs.at(-1);
    if (last !== undefined && tsUs - last < this.#stepUs * 0.9) return;
    if (this.#tsUs.length === SERIES_POINTS) this.#halve();
    this.#tsUs.push(tsUs);
    this.#values.push(value);
  }

  payload(): SeriesPayload {
    return { stepUs: this.#stepUs, tsUs: this.#tsUs.slice(), values: this.#values.slice() };
  }

  #halve(): void {
    const kept = SERIES_POINTS / 2;
    for (let i = 0; i < kept; i++) {
      this.#tsUs[i] = this.#tsUs[i * 2] ?? 0;
      this.#values[i] = this.#values[i * 2] ?? null;
    }
    this.#tsUs.length = kept;
    this.#values.length = kept;
    this.#stepUs *= 2;
  }
}

/** Series by name, made when first used. */
export class SeriesSet {
  readonly #series = new Map<string, Series>();

  constructor(readonly stepUs: number) {}

  add(name: string, tsUs: number, value: number | null): void {
    let series = this.#series.get(name);
    if (series === undefined) {
      series = new Series(this.stepUs);
      this.#series.set(name, series);
    }
    series.add(tsUs, value);
  }

  payload(): Record<string, SeriesPayload> {
    return Object.fromEntries([...this.#series].map(([name, series]) => [name, series.payload()]));
  }
}
