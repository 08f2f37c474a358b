/**
 * The simulated exchanges' own chance: xoshiro128** seeded through splitmix32. Every flow, price path and id source has its own stream, split by name, so
 * that adding one never shifts another. Called by the flow on the thread of the `venues` process.
 */
import type { Random } from '../../core/ports/clock.js';

export type RandomState = readonly [number, number, number, number];

const UNIT = 1 / 4_294_967_296;

export class FlowRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(state: RandomState) {
    [this.#a, this.#b, this.#c, this.#d] = state;
  }

  /** A stream of its own for each (seed, name). */
  static of(seed: number, name: string): FlowRandom {
    let mixed = Math.trunc(seed) ^ Math.trunc(seed / 4_294_967_296);
    for (let index = 0; index < name.length; index++) mixed = Math.imul(mixed ^ name.charCodeAt(index), 0x0100_0193) + 0x9e37;
    const step = (): number => {
      mixed = (mixed + 0x9e37_79b9) | 0;
      let value = mixed ^ (mixed >>> 16);
      value = Math.imul(value, 0x21f0_aaad);
      value ^= value >>> 15;
      value = Math.imul(value, 0x735a_2d97);
      return (value ^ (value >>> 15)) >>> 0;
    };
    return new FlowRandom([step(), step(), step(), step() | 1]);
  }

  get state(): RandomState {
    return [this.#a, this.#b, this.#c, this.#d];
  }

  set state(state: RandomState) {
    [this.#a, this.#b, this.#c, this.#d] = state;
  }

  /** 32 random bits. */
  bits(): number {
    const product = Math.imul(this.#b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  next(): number {
    return this.bits() * UNIT;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Uniform in 0 .. bound - 1. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean;
  }

  /** Box and Muller; the second value is thrown away so that the state stays four words. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  logNormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal());
  }

  /** Number of events in an interval that expects `mean` of them (Knuth; means here are far below 20). */
  poisson(mean: number): number {
    if (mean <= 0) return 0;
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = this.next(); product > limit; product *= this.next()) count++;
    return count;
  }

  /** `length` characters of [a-zA-Z0-9]. */
  text(length: number): string {
    const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
    let text = '';
    for (let index = 0; index < length; index++) text += alphabet.charAt(this.below(alphabet.length));
    return text;
  }

  /** A UUID-shaped text, as venues use for trade ids. */
  uuid(): string {
    const hex = [this.bits(), this.bits(), this.bits(), this.bits()].map((word) => word.toString(16).padStart(8, '0')).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }
}
