/**
 * Order ids. Inside, an id is one safe integer (53 bits), so it is a plain number on the hot path:
 *
 *   run 12 bits | strategy 6 bits | level 13 bits | counter 22 bits
 *
 * Outside it is a text that every venue takes: alphabet [a-zA-Z0-9], at most 32 characters, our prefix first. The text names run, strategy, level and
 * counter, so that an order can be adopted even without its journal.
 */
import { assert } from './errors.js';

export const MAX_RUNS = 4096;
export const MAX_STRATEGIES = 64;
export const MAX_LEVELS = 8192;
export const MAX_COUNTER = 2 ** 22;

/** First characters of every client order id of ours; orders without it belong to somebody else and are never touched. */
export const CLIENT_ID_PREFIX = 'thor';

const COUNTER_SPAN = MAX_COUNTER;
const LEVEL_SPAN = COUNTER_SPAN * MAX_LEVELS;
const STRATEGY_SPAN = LEVEL_SPAN * MAX_STRATEGIES;

export interface OrderIdParts {
  readonly run: number;
  readonly strategy: number;
  readonly level: number;
  readonly counter: number;
}

/** @param run modulo 4096 @param counter modulo 2^22, per (strategy, level) or per strategy: unique within a run. */
export function makeOrderId(run: number, strategy: number, level: number, counter: number): number {
  return (run % MAX_RUNS) * STRATEGY_SPAN + strategy * LEVEL_SPAN + level * COUNTER_SPAN + (counter % MAX_COUNTER);
}

export function partsOfOrderId(orderId: number): OrderIdParts {
  return {
    run: Math.floor(orderId / STRATEGY_SPAN),
    strategy: Math.floor(orderId / LEVEL_SPAN) % MAX_STRATEGIES,
    level: Math.floor(orderId / COUNTER_SPAN) % MAX_LEVELS,
    counter: orderId % COUNTER_SPAN,
  };
}

/** @param tag 1 to 8 characters [a-z0-9] that name this engine's data directory: two engines on one account leave each other's orders alone. */
export function clientOrderIdOf(orderId: number, tag: string): string {
  assert(/^[a-z0-9]{1,8}$/.test(tag), `engine tag must be 1 to 8 of [a-z0-9], was '${tag}'`);
  return `${CLIENT_ID_PREFIX}${tag}x${orderId.toString(36).padStart(11, '0')}`;
}

/** The internal id, or null when the text is not one of this engine's. */
export function orderIdOf(clientOrderId: string, tag: string): number | null {
  const head = `${CLIENT_ID_PREFIX}${tag}x`;
  if (!clientOrderId.startsWith(head) || !/^[0-9a-z]{11}$/.test(clientOrderId.slice(head.length))) return null;
  const orderId = Number.parseInt(clientOrderId.slice(head.length), 36);
  return Number.isSafeInteger(orderId) ? orderId : null;
}

/**
 * A venue's trade id as a number: itself where it is a whole number below 2^53, else a 53-bit hash of its text (FNV-1a, two halves). The private stream and
 * REST must name one trade alike, so both sides of a gateway use this.
 */
export function tradeIdOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  let high = 0x811c9dc5;
  let low = 0x1b873593;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x85ebca6b) ^ (low >>> 15);
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}
