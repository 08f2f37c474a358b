/**
 * Where an asset's latent price came from: the walk of `PricePath` lived backwards from the state it starts in, in exact steps of a second, a minute or an hour
 * instead of quanta. The walk's process looks the same in both directions (with its velocity turned), so the past has the future's volatility and ends at its
 * start price. Made as far back as somebody asks and never further; the same for every market of the asset. Called by `PastCandles` and `PastPrices`.
 *
 * Numbers are logarithms of the price in terms of the start price; step 0 is the youngest of its stretch, and boundary `k` is the younger end of step `k`.
 */
import type { PastGrid, PastStretch } from './past-grid.js';
import { DEFAULT_SHAPE, type PathShape } from './price-path.js';
import type { FlowRandom } from './random.js';

/** What a market reads of it, be it of one asset or of one in another. */
export interface LatentPast {
  readonly grid: PastGrid;
  readonly startPrice: number;
  /** Makes everything up to the older end of this step. */
  reach(tier: number, step: number): void;
  level(tier: number, boundary: number): number;
  /** How far the price went above both ends of the step, and how far below them. */
  above(tier: number, step: number): number;
  below(tier: number, step: number): number;
}

interface Tier {
  readonly stretch: PastStretch;
  readonly kernel: Kernel;
  readonly levels: Float64Array;
  readonly above: Float64Array;
  readonly below: Float64Array;
  made: number;
}

/** One step of the oscillation (its place and velocity in their own standard deviations) and of the anchor. */
interface Kernel {
  readonly m11: number;
  readonly m12: number;
  readonly m21: number;
  readonly m22: number;
  readonly l11: number;
  readonly l21: number;
  readonly l22: number;
  readonly anchorKept: number;
  readonly anchorStep: number;
  readonly cycles: number;
}

export class PastPath implements LatentPast {
  readonly grid: PastGrid;
  readonly startPrice: number;
  readonly #shape: PathShape;
  readonly #random: FlowRandom;
  readonly #tiers: Tier[] = [];
  #anchor = 0;
  #place: number;
  #velocity = 0;

  /** @param firstSwing the oscillation that the path starts with */
  constructor(grid: PastGrid, startPrice: number, firstSwing: number, random: FlowRandom, shape: PathShape = DEFAULT_SHAPE) {
    this.grid = grid;
    this.startPrice = startPrice;
    this.#random = random;
    this.#shape = shape;
    this.#place = firstSwing / shape.swing;
  }

  reach(tier: number, step: number): void {
    const made = this.#tiers[tier];
    if (made !== undefined && made.made > step) return;
    const finer = this.grid[tier - 1];
    if (finer !== undefined && finer.count > 0) this.reach(tier - 1, finer.count - 1);
    this.#make(made ?? this.#begin(tier), step);
  }

  level(tier: number, boundary: number): number {
    return this.#tiers[tier]?.levels[boundary] ?? 0;
  }

  above(tier: number, step: number): number {
    return this.#tiers[tier]?.above[step] ?? 0;
  }

  below(tier: number, step: number): number {
    return this.#tiers[tier]?.below[step] ?? 0;
  }

  #begin(index: number): Tier {
    const stretch = this.grid[index] ?? this.grid[0];
    const { count, stepMs } = stretch;
    const columns = { levels: new Float64Array(count + 1), above: new Float64Array(count), below: new Float64Array(count) };
    const tier: Tier = { stretch, kernel: kernelOf(this.#shape, stepMs / 1_000), ...columns, made: 0 };
    tier.levels[0] = this.#level();
    this.#tiers[index] = tier;
    return tier;
  }

  #make(tier: Tier, last: number): void {
    const { kernel, levels, above, below } = tier;
    const random = this.#random;
    const { swing } = this.#shape;
    const most = Math.min(last, tier.stretch.count - 1);
    for (let step = tier.made; step <= most; step++) {
      const first = random.normal();
      const place = kernel.m11 * this.#place + kernel.m12 * this.#velocity + kernel.l11 * first;
      this.#velocity = kernel.m21 * this.#place + kernel.m22 * this.#velocity + kernel.l21 * first + kernel.l22 * random.normal();
      this.#place = place;
      const anchor = this.#anchor;
      this.#anchor = anchor * kernel.anchorKept + kernel.anchorStep * random.normal();
      const younger = levels[step] ?? 0;
      const older = this.#level();
      levels[step + 1] = older;
      const top = Math.max(anchor, this.#anchor) + swing * farthest(kernel.cycles, random);
      const bottom = Math.min(anchor, this.#anchor) - swing * farthest(kernel.cycles, random);
      above[step] = Math.max(0, top - Math.max(younger, older));
      below[step] = Math.max(0, Math.min(younger, older) - bottom);
    }
    tier.made = Math.max(tier.made, most + 1);
  }

  #level(): number {
    return this.#anchor + this.#place * this.#shape.swing;
  }
}

/** One asset in another. The two reach their extremes at different moments: together they go less far than the sum. */
export class CrossPast implements LatentPast {
  readonly grid: PastGrid;
  readonly startPrice: number;
  readonly #base: LatentPast;
  readonly #quote: LatentPast;

  constructor(base: LatentPast, quote: LatentPast) {
    this.#base = base;
    this.#quote = quote;
    this.grid = base.grid;
    this.startPrice = base.startPrice / quote.startPrice;
  }

  reach(tier: number, step: number): void {
    this.#base.reach(tier, step);
    this.#quote.reach(tier, step);
  }

  level(tier: number, boundary: number): number {
    return this.#base.level(tier, boundary) - this.#quote.level(tier, boundary);
  }

  above(tier: number, step: number): number {
    return Math.hypot(this.#base.above(tier, step), this.#quote.below(tier, step));
  }

  below(tier: number, step: number): number {
    return Math.hypot(this.#base.below(tier, step), this.#quote.above(tier, step));
  }
}

/**
 * The highest point of a stationary oscillation in this many of its cycles, in standard deviations (Rice: the level is crossed upwards `cycles` times
 * exp(-level squared / 2)). Zero when too little time passed for a summit.
 */
export function farthest(cycles: number, random: FlowRandom): number {
  return Math.sqrt(2 * Math.max(0, Math.log(cycles / Math.max(1e-12, random.exponential(1)))));
}

function kernelOf(shape: PathShape, seconds: number): Kernel {
  const omega = (2 * Math.PI) / shape.periodSeconds;
  const alpha = shape.damping / 2;
  const turning = Math.sqrt(omega * omega - alpha * alpha);
  const faded = Math.exp(-alpha * seconds);
  const cos = faded * Math.cos(turning * seconds);
  const sin = faded * Math.sin(turning * seconds);
  const m11 = cos + (alpha / turning) * sin;
  const m12 = (omega / turning) * sin;
  const m21 = -m12;
  const m22 = cos - (alpha / turning) * sin;
  const l11 = Math.sqrt(Math.max(1e-18, 1 - m11 * m11 - m12 * m12));
  const l21 = -(m11 * m21 + m12 * m22) / l11;
  const l22 = Math.sqrt(Math.max(0, 1 - m21 * m21 - m22 * m22 - l21 * l21));
  const anchorKept = Math.exp(-seconds / shape.homeSeconds);
  // Jumps as the variance that they bring.
  const perSecond = shape.drift ** 2 + (shape.jumpsPerMinute / 60) * shape.jumpSize ** 2;
  const anchorStep = Math.sqrt(((perSecond * shape.homeSeconds) / 2) * (1 - anchorKept * anchorKept));
  return { m11, m12, m21, m22, l11, l21, l22, anchorKept, anchorStep, cycles: seconds / shape.periodSeconds };
}
