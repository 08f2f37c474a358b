/**
 * How a venue rounds the value of an inverse or quanto execution to the 1e-8 units of its wallet. Linear and spot flows are exact and need no rule.
 *
 *   per-lot         the value of one lot is rounded to the nearest 1e-8, then multiplied. BitMEX: in its trades of 2021-07-22, 900 XBTUSD at 32180.5 have a
 *                   gross value of 2796723 = 9 x round(1e8 x 100 / 32180.5), not round(1e8 x 900 / 32180.5) = 2796725.
 *   per-execution   the value of the whole execution is rounded to the nearest 1e-8, halves away from zero: the rule where a venue states none.
 *
 * A position at mark is valued by the same rule, so that a position closed at its mark leaves no remainder.
 */
export type ValueRule = 'per-lot' | 'per-execution';

const BY_VENUE: Readonly<Record<string, ValueRule>> = { bitmex: 'per-lot' };

export function valueRuleOf(venue: string): ValueRule {
  return BY_VENUE[venue] ?? 'per-execution';
}

/** Digits of a wallet unit: venues keep coins to 1e-8, and fees in records are counted in the same unit. */
export const WALLET_SCALE = 8;
