/**
 * The latent price of one asset: what everybody would agree on if nobody lagged. An anchor that wanders and jumps, times a smooth oscillation that comes
 * back within about a minute (so that a grid fills and refills while somebody watches), times a little fast noise.
 * Stepped by `VenueWorld` in market time; venues read it with their own delay.
 */
import type { FlowRandom, RandomState } from './random.js';

/** Shape of the paths, chosen by watching grids of 0.2 to 0.4 % steps; the recordings are calmer (1 bp a second), which would fill nothing in a minute. */
export interface PathShape {
  /** Standard deviation of the oscillation around the anchor, as a fraction. */
  readonly swing: number;
  readonly periodSeconds: number;
  /** Share of its velocity that the oscillation loses per second. */
  readonly damping: number;
  /** Standard deviation of the anchor's walk per square root of a second. */
  readonly drift: number;
  /** The anchor returns to the start price with this time constant, so that a long run stays where its instruments' filters expect it. */
  readonly homeSeconds: number;
  readonly jumpsPerMinute: number;
  readonly jumpSize: number;
}

export const DEFAULT_SHAPE: PathShape = {
  swing: 0.0035,
  periodSeconds: 38,
  damping: 0.06,
  drift: 0.00004,
  homeSeconds: 1_800,
  jumpsPerMinute: 1.2,
  jumpSize: 0.0005,
};

export interface SavedPath {
  readonly anchor: number;
  readonly swing: number;
  readonly velocity: number;
  readonly random: RandomState;
  readonly past: readonly number[];
}

/** What a market's participants trade around. */
export interface LatentPrice {
  /** Price `quantaAgo` steps ago (0 = now), in the market's quote asset. */
  price(quantaAgo?: number): number;
  /** What a unit of that asset is worth in US dollars now. */
  readonly quoteUsd: number;
}

/** How many past quanta a lagging venue may look back. */
const PAST_QUANTA = 128;

export class PricePath implements LatentPrice {
  readonly quoteUsd = 1;
  readonly #start: number;
  readonly #shape: PathShape;
  readonly #random: FlowRandom;
  readonly #past = new Float64Array(PAST_QUANTA);
  #quantum = 0;
  /** Logarithms relative to the start price. */
  #anchor = 0;
  #swing: number;
  #velocity = 0;
  /** The oscillation that it starts with: where its past ends. */
  readonly firstSwing: number;

  constructor(start: number, random: FlowRandom, shape: PathShape = DEFAULT_SHAPE) {
    this.#start = start;
    this.#random = random;
    this.#shape = shape;
    this.firstSwing = random.normal() * shape.swing;
    this.#swing = this.firstSwing;
    this.#past.fill(this.#value());
  }

  /** Price `quantaAgo` steps ago (0 = now). */
  price(quantaAgo = 0): number {
    const back = Math.min(PAST_QUANTA - 1, Math.max(0, quantaAgo));
    return this.#past[(this.#quantum - back + PAST_QUANTA * 2) % PAST_QUANTA] ?? this.#start;
  }

  step(seconds: number): void {
    const shape = this.#shape;
    const omega = (2 * Math.PI) / shape.periodSeconds;
    const kick = shape.swing * omega * Math.sqrt(2 * shape.damping * seconds);
    this.#velocity += (-omega * omega * this.#swing - shape.damping * this.#velocity) * seconds + kick * this.#random.normal();
    this.#swing += this.#velocity * seconds;
    this.#anchor += (-this.#anchor / shape.homeSeconds) * seconds + shape.drift * Math.sqrt(seconds) * this.#random.normal();
    if (this.#random.chance((shape.jumpsPerMinute / 60) * seconds)) this.#anchor += shape.jumpSize * this.#random.normal();
    this.#quantum = (this.#quantum + 1) % PAST_QUANTA;
    this.#past[this.#quantum] = this.#value();
  }

  save(): SavedPath {
    const past = Array.from({ length: PAST_QUANTA }, (_, index) => this.price(PAST_QUANTA - 1 - index));
    return { anchor: this.#anchor, swing: this.#swing, velocity: this.#velocity, random: this.#random.state, past };
  }

  load(saved: SavedPath): void {
    this.#anchor = saved.anchor;
    this.#swing = saved.swing;
    this.#velocity = saved.velocity;
    this.#random.state = saved.random;
    this.#past.set(saved.past.slice(0, PAST_QUANTA));
    this.#quantum = PAST_QUANTA - 1;
  }

  #value(): number {
    return this.#start * Math.exp(this.#anchor + this.#swing);
  }
}

/** One asset in another: the ratio of their prices as of one moment. It has no chance of its own; what the market adds is its participants' noise and delay. */
export class CrossPath implements LatentPrice {
  readonly #base: PricePath;
  readonly #quote: PricePath;

  constructor(base: PricePath, quote: PricePath) {
    this.#base = base;
    this.#quote = quote;
  }

  price(quantaAgo = 0): number {
    return this.#base.price(quantaAgo) / this.#quote.price(quantaAgo);
  }

  get quoteUsd(): number {
    return this.#quote.price();
  }
}
