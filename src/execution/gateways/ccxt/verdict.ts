/**
 * What a venue's refusal means, as data: one table a family of venues by its own codes or texts, then by HTTP status, then by the class of ccxt's error.
 * The rule behind it: an order counts as refused only by words that say that it was not taken. Anything else (silence, 5xx, an answer that makes no sense)
 * is unknown, and the venue is asked. "Not found" is only ever the venue's word. Used by `Exchange` for whole calls and by dialects for items of a batch.
 */
import { Reason } from '../../../core/orders/reasons.js';

export type VerdictKind =
  /** It was not taken. */
  | 'refused'
  /** It may have been taken. */
  | 'unknown'
  /** The venue does not know the order, or not as a living one. */
  | 'not-found'
  /** An order with this client id exists already. */
  | 'duplicate'
  /** An amend that changes nothing: the order already is as wished. */
  | 'unchanged';

export interface Verdict {
  readonly kind: VerdictKind;
  readonly reason: number;
  /** The venue asks for silence. */
  readonly isLimit: boolean;
  /** Our clock and the venue's disagree. */
  readonly isClock: boolean;
  /** The venue could not be reached or does not work: counts towards "down". */
  readonly isOutage: boolean;
}

export type Family = 'binance' | 'bybit' | 'bitmex' | 'other';

function verdict(kind: VerdictKind, reason: number, more: Partial<Verdict> = {}): Verdict {
  return { kind, reason, isLimit: false, isClock: false, isOutage: false, ...more };
}

const REFUSED = (reason: number): Verdict => verdict('refused', reason);
const LIMIT = verdict('refused', Reason.RATE_LIMITED, { isLimit: true });
const CLOCK = verdict('refused', Reason.VENUE_REJECTED, { isClock: true });
/** Load shed before the order was looked at, by the venue's own words. */
const SHED = verdict('refused', Reason.RATE_LIMITED);
export const OUTAGE = verdict('unknown', Reason.TIMEOUT, { isOutage: true });
export const UNKNOWN = verdict('unknown', Reason.TIMEOUT);
const NOT_FOUND = verdict('not-found', Reason.UNKNOWN_ORDER);
const DUPLICATE = verdict('duplicate', Reason.DUPLICATE_ID);
const UNCHANGED = verdict('unchanged', Reason.NONE);
export const refusedBy = REFUSED;

interface TextRule {
  readonly pattern: RegExp;
  readonly verdict: Verdict;
}

/** Texts that name the cause better than their code does; looked at first. */
const TEXTS: Readonly<Record<Family, readonly TextRule[]>> = {
  binance: [
    { pattern: /duplicate/i, verdict: DUPLICATE },
    { pattern: /immediately match and take|executed as maker|post only/i, verdict: REFUSED(Reason.POST_ONLY_WOULD_TAKE) },
    { pattern: /insufficient/i, verdict: REFUSED(Reason.INSUFFICIENT_BALANCE) },
    { pattern: /Filter failure: (MIN_)?NOTIONAL/, verdict: REFUSED(Reason.NOTIONAL_TOO_SMALL) },
    { pattern: /Filter failure: (LOT_SIZE|MARKET_LOT_SIZE|PRICE_FILTER)/, verdict: REFUSED(Reason.BAD_ORDER) },
    { pattern: /Filter failure: PERCENT_PRICE/, verdict: REFUSED(Reason.PRICE_COLLAR) },
    { pattern: /Filter failure: (EXCHANGE_)?MAX_NUM(_ALGO)?_ORDERS/, verdict: REFUSED(Reason.OPEN_ORDERS_LIMIT) },
    { pattern: /Filter failure: MAX_POSITION/, verdict: REFUSED(Reason.POSITION_LIMIT) },
    { pattern: /unknown order|order does not exist|order was not found/i, verdict: NOT_FOUND },
    { pattern: /no need to modify/i, verdict: UNCHANGED },
  ],
  bybit: [
    { pattern: /order not modified/i, verdict: UNCHANGED },
    { pattern: /post.?only|limit-maker order is rejected/i, verdict: REFUSED(Reason.POST_ONLY_WOULD_TAKE) },
  ],
  bitmex: [
    { pattern: /^Duplicate clOrdID/i, verdict: DUPLICATE },
    { pattern: /^Invalid amend:.*unchanged/i, verdict: UNCHANGED },
    {
      pattern: /unable to cancel order|^Not Found$|Invalid orderID|Invalid origClOrdID|^Invalid ordStatus|not found or not owned/i,
      verdict: NOT_FOUND,
    },
    { pattern: /insufficient available balance/i, verdict: REFUSED(Reason.INSUFFICIENT_BALANCE) },
    { pattern: /rate limit exceeded/i, verdict: LIMIT },
    { pattern: /request has expired|expires.*(future|past)/i, verdict: CLOCK },
    { pattern: /ParticipateDoNotInitiate/i, verdict: REFUSED(Reason.POST_ONLY_WOULD_TAKE) },
    { pattern: /reduce-?only/i, verdict: REFUSED(Reason.REDUCE_ONLY) },
    { pattern: /too many open orders|open orders.*(limit|maximum)/i, verdict: REFUSED(Reason.OPEN_ORDERS_LIMIT) },
    { pattern: /orderQty is invalid|Invalid (price|orderQty|tickSize|leavesQty)/i, verdict: REFUSED(Reason.BAD_ORDER) },
    { pattern: /liquidation price|bankrupt/i, verdict: REFUSED(Reason.PRICE_COLLAR) },
  ],
  other: [],
};

function codes(reason: number, ...list: readonly number[]): [number, Verdict][] {
  return list.map((code) => [code, REFUSED(reason)]);
}
function each(answer: Verdict, ...list: readonly number[]): [number, Verdict][] {
  return list.map((code) => [code, answer]);
}

const CODES: Readonly<Record<Family, ReadonlyMap<number, Verdict>>> = {
  binance: new Map([
    ...each(OUTAGE, -1000, -1001, -1006, -1007, -1016),
    ...each(LIMIT, -1003, -1015),
    ...each(SHED, -1004, -1008),
    ...each(CLOCK, -1021, -5028),
    ...each(NOT_FOUND, -2011, -2013, -2026),
    ...each(DUPLICATE, -4116, -4111),
    ...each(UNCHANGED, -5027),
    ...codes(
      Reason.VENUE_REJECTED,
      -1002,
      -1010,
      -1013,
      -1014,
      -1022,
      -2008,
      -2010,
      -2014,
      -2015,
      -2016,
      -2021,
      -2023,
      -4061,
      -4087,
      -4088,
    ),
    ...codes(Reason.INSUFFICIENT_BALANCE, -2018, -2019, -4050, -4051),
    ...codes(Reason.NO_LIQUIDITY, -2020, -5021),
    ...codes(Reason.REDUCE_ONLY, -2022, -4118),
    ...codes(Reason.OPEN_ORDERS_LIMIT, -2025, -4045),
    ...codes(Reason.LEVERAGE, -2027, -2028, -4028),
    ...codes(Reason.NOTIONAL_TOO_SMALL, -4164),
    ...codes(Reason.SIZE_TOO_SMALL, -4004),
    ...codes(Reason.SIZE_TOO_LARGE, -4005, -4006),
    ...codes(Reason.PRICE_COLLAR, -4002, -4016, -4024, -4131),
    ...codes(Reason.POST_ONLY_WOULD_TAKE, -5022),
    ...codes(
      Reason.BAD_ORDER,
      -1100,
      -1101,
      -1102,
      -1103,
      -1104,
      -1105,
      -1106,
      -1111,
      -1112,
      -1114,
      -1115,
      -1116,
      -1117,
      -1118,
      -1119,
      -1120,
    ),
    ...codes(Reason.BAD_ORDER, -1121, -1127, -1128, -1130, -1131, -1136, -4001, -4003, -4013, -4014, -4015, -4023, -4029, -4030),
  ]),
  bybit: new Map([
    ...each(OUTAGE, 10_000, 10_016, 10_019, 170_001, 170_007, 170_032, 170_146, 170_147, 170_149, 170_150, 170_191),
    ...each(LIMIT, 10_006, 10_018, 10_429, 170_005, 3_400_000),
    ...each(CLOCK, 10_002),
    ...each(UNKNOWN, 10_014, 110_079),
    ...each(NOT_FOUND, 110_001, 110_008, 110_010, 170_139, 170_142, 170_143, 170_190, 170_213),
    ...each(DUPLICATE, 110_072, 170_141),
    ...codes(Reason.VENUE_REJECTED, 10_003, 10_004, 10_005, 10_007, 10_008, 10_009, 10_010, 10_017, 10_024, 10_027, 10_028, 10_029),
    ...codes(Reason.BAD_ORDER, 10_001, 110_030, 110_032, 110_064, 170_105, 170_115, 170_116, 170_117, 170_121, 170_130, 170_134, 170_137),
    ...codes(Reason.INSUFFICIENT_BALANCE, 110_004, 110_006, 110_007, 110_012, 110_014, 110_044, 110_045, 110_051, 110_052, 110_053),
    ...codes(Reason.INSUFFICIENT_BALANCE, 170_033, 170_034, 170_131),
    ...codes(Reason.PRICE_COLLAR, 110_003, 170_132, 170_133, 170_192, 170_193, 170_194),
    ...codes(Reason.POSITION_LIMIT, 110_016, 110_021, 110_022),
    ...codes(Reason.REDUCE_ONLY, 110_017, 110_023, 110_034, 110_042),
    ...codes(Reason.OPEN_ORDERS_LIMIT, 110_009, 110_020, 170_810),
    ...codes(Reason.NOTIONAL_TOO_SMALL, 110_094, 170_140),
    ...codes(Reason.SIZE_TOO_SMALL, 170_136),
    ...codes(Reason.SIZE_TOO_LARGE, 170_124, 170_135),
    ...codes(Reason.POST_ONLY_WOULD_TAKE, 170_218),
  ]),
  bitmex: new Map(),
  other: new Map(),
};

/** By the class of ccxt's error, for venues without a table; nearest first, base classes last. */
const CLASSES: readonly (readonly [string, Verdict])[] = [
  ['DuplicateOrderId', DUPLICATE],
  ['OrderNotFound', NOT_FOUND],
  ['OrderImmediatelyFillable', REFUSED(Reason.POST_ONLY_WOULD_TAKE)],
  ['OrderNotFillable', REFUSED(Reason.NO_LIQUIDITY)],
  ['InsufficientFunds', REFUSED(Reason.INSUFFICIENT_BALANCE)],
  ['RateLimitExceeded', LIMIT],
  ['DDoSProtection', LIMIT],
  ['InvalidNonce', CLOCK],
  ['InvalidOrder', REFUSED(Reason.BAD_ORDER)],
  ['BadSymbol', REFUSED(Reason.BAD_ORDER)],
  ['ArgumentsRequired', REFUSED(Reason.BAD_ORDER)],
  ['BadRequest', REFUSED(Reason.BAD_ORDER)],
  ['NotSupported', REFUSED(Reason.VENUE_REJECTED)],
  ['AuthenticationError', REFUSED(Reason.VENUE_REJECTED)],
  ['OnMaintenance', OUTAGE],
  ['NetworkError', OUTAGE],
];

/** What the venue says of one order in a batch, or of a whole call that it answered. Null: its words are in no table. */
export function verdictOfWords(family: Family, code: string, text: string): Verdict | null {
  for (const rule of TEXTS[family]) if (rule.pattern.test(text)) return rule.verdict;
  return CODES[family].get(Number(code)) ?? null;
}

/** An item that the venue answered with a code of its own: its word, though not one of ours. */
export function verdictOfItem(family: Family, code: string, text: string): Verdict {
  return verdictOfWords(family, code, text) ?? REFUSED(Reason.VENUE_REJECTED);
}

export interface Failure {
  /** 0 when no answer came. */
  readonly status: number;
  /** The venue's code and text, '' when the body was not its usual error. */
  readonly code: string;
  readonly text: string;
  /** Names of the error's class and of those that it extends, nearest first. */
  readonly classes: readonly string[];
  /** No byte left us (refused connection, unknown host, our own halt). */
  readonly wasNeverSent: boolean;
}

export function verdictOfFailure(family: Family, failure: Failure): Verdict {
  if (failure.wasNeverSent) return verdict('refused', Reason.GATEWAY_DOWN, { isOutage: true });
  const { status } = failure;
  if (status === 429 || status === 418) return LIMIT;
  // Whatever it says: a server that fails may have done what it was asked.
  if (status >= 500) return OUTAGE;
  const words = failure.code === '' && failure.text === '' ? null : verdictOfWords(family, failure.code, failure.text);
  if (words !== null) return words;
  // The class of an error is ccxt's reading of words; where there were none, it says nothing about the order.
  const hasAnswer = status > 0 && (failure.code !== '' || family === 'other');
  if (hasAnswer || status === 401 || status === 403) {
    for (const [name, answer] of CLASSES) if (failure.classes.includes(name)) return answer;
    if (status === 401 || status === 403 || (failure.code !== '' && status < 500)) return REFUSED(Reason.VENUE_REJECTED);
  }
  if (status >= 400 && failure.text !== '') return REFUSED(Reason.VENUE_REJECTED);
  return OUTAGE;
}

/** Code and text of a venue's usual error body; empty where it is none. */
export function wordsOf(family: Family, body: string): { readonly code: string; readonly text: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return { code: '', text: '' };
    throw error;
  }
  if (typeof parsed !== 'object' || parsed === null) return { code: '', text: '' };
  const row = parsed as Record<string, unknown>;
  if (family === 'bybit') return { code: said(row['retCode']), text: said(row['retMsg']) };
  if (family === 'bitmex') {
    const error = typeof row['error'] === 'object' && row['error'] !== null ? (row['error'] as Record<string, unknown>) : {};
    return { code: '', text: said(error['message']) };
  }
  return { code: said(row['code']), text: said(row['msg'] ?? row['message']) };
}

function said(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
