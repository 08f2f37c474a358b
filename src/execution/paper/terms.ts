/**
 * What the venue charges and pays for a fill: contract values by its rounding rule, and fees. Called by the paper venue and its account, off the hot lane.
 * Amounts are integers of 1e-30, one scale for every asset: wide enough for any tick x lot x multiplier x micro-tick that exists.
 */
import { MICRO_SCALE } from '../../core/ledger/marks.js';
import { valueRuleOf, type ValueRule } from '../../core/ledger/value-rule.js';
import { SIDE_BUY } from '../../core/memory/record.js';
import { parseDecimal } from '../../core/numbers/decimal.js';
import { assert } from '../../core/numbers/errors.js';
import type { Instrument } from '../../core/orders/instrument.js';

export const AMOUNT_SCALE = 30;
/** 1e-8, the venue's smallest wallet unit, in amounts. */
export const WALLET_UNIT = 10n ** BigInt(AMOUNT_SCALE - 8);

export class Terms {
  /** Asset that the contract is settled in, or the quote asset of a spot instrument. */
  readonly money: string;
  readonly isSpot: boolean;
  readonly isInverse: boolean;
  readonly minLots: number;
  /** 0 in the metadata means that the venue states none. */
  readonly maxLots: number;
  /** Least order value in quote amounts. */
  readonly minNotional: bigint;
  readonly #rule: ValueRule | null;
  readonly #lot: bigint;
  readonly #tickMicro: bigint;
  readonly #multiplier: bigint;
  readonly #multiplierScale: number;
  /** Decimals of a micro-tick. */
  readonly #power: number;
  readonly #feeRates: readonly [maker: Rate, taker: Rate];

  constructor(readonly instrument: Instrument) {
    const tick = parseDecimal(instrument.tickSize);
    const lot = parseDecimal(instrument.lotSize);
    const multiplier = parseDecimal(instrument.multiplier);
    this.isSpot = instrument.kind === 'spot';
    this.isInverse = instrument.kind === 'inverse';
    this.money = this.isSpot ? instrument.quote : instrument.settle;
    this.#rule = instrument.kind === 'inverse' || instrument.kind === 'quanto' ? valueRuleOf(instrument.venue) : null;
    this.#lot = lot.mantissa * 10n ** BigInt(AMOUNT_SCALE - lot.scale);
    this.#tickMicro = tick.mantissa;
    this.#multiplier = multiplier.mantissa;
    this.#power = tick.scale + MICRO_SCALE;
    this.#multiplierScale = multiplier.scale;
    assert(lot.scale + multiplier.scale + this.#power <= AMOUNT_SCALE, `${instrument.id}: tick, lot and multiplier have too many decimals`);
    this.minLots = lotsUp(instrument.minQty, instrument.lotSize);
    this.maxLots = lotsDown(instrument.maxQty, instrument.lotSize) || Number.MAX_SAFE_INTEGER;
    this.minNotional = amountOf(instrument.minNotional);
    this.#feeRates = [rateOf(instrument.makerFee), rateOf(instrument.takerFee)];
    for (const asset of [instrument.feeAssetBuy, instrument.feeAssetSell]) {
      const known = this.isSpot ? [instrument.base, instrument.quote] : [instrument.settle];
      assert(known.includes(asset), `${instrument.id}: fees must be taken in ${known.join(' or ')}, was ${asset}`);
    }
  }

  /** Base amount of signed lots: what changes hands on spot. */
  base(lots: bigint): bigint {
    return (lots * this.#lot * this.#multiplier) / 10n ** BigInt(this.#multiplierScale);
  }

  /** Value in the money asset of signed lots at a price in micro-ticks, as the venue books it. */
  value(lots: bigint, micro: bigint): bigint {
    if (lots < 0n) return -this.value(-lots, micro);
    const rule = this.#rule;
    if (rule === 'per-lot') return lots * roundToWallet(...this.#quotient(1n, micro));
    if (rule === 'per-execution') return roundToWallet(...this.#quotient(lots, micro));
    const [numerator, denominator] = this.#quotient(lots, micro);
    return numerator / denominator;
  }

  /** Order value in the quote asset, for the venue's least notional. */
  notional(lots: bigint, micro: bigint): bigint {
    if (this.isInverse) return this.base(lots);
    const [numerator, denominator] = this.#quotient(lots, micro);
    return numerator / denominator;
  }

  /** Fee in 1e-8 of the fee asset, negative for a rebate. Rounded up to the next 1e-8: against us, by less than one unit. */
  fee(side: number, isMaker: boolean, lots: number, micro: bigint): number {
    const inBase = this.isSpot && this.feeAsset(side) === this.instrument.base;
    const charged = inBase ? this.base(BigInt(lots)) : this.value(BigInt(lots), micro);
    const rate = this.#feeRates[isMaker ? 0 : 1];
    const fee = Number(ceilDiv(charged * rate.mantissa, 10n ** BigInt(rate.scale) * WALLET_UNIT));
    assert(Number.isSafeInteger(fee), `${this.instrument.id}: fee must be below 2^53 units, was ${fee}`);
    return fee;
  }

  feeAsset(side: number): string {
    return side === SIDE_BUY ? this.instrument.feeAssetBuy : this.instrument.feeAssetSell;
  }

  #quotient(lots: bigint, micro: bigint): [numerator: bigint, denominator: bigint] {
    const size = lots * this.#lot * this.#multiplier;
    const scale = 10n ** BigInt(this.#multiplierScale);
    const price = micro * this.#tickMicro;
    const power = 10n ** BigInt(this.#power);
    return this.isInverse ? [size * power, scale * price] : [size * price, scale * power];
  }
}

interface Rate {
  readonly mantissa: bigint;
  readonly scale: number;
}

function rateOf(text: string): Rate {
  return parseDecimal(text);
}

/** Decimal text in amounts. */
export function amountOf(text: string): bigint {
  const { mantissa, scale } = parseDecimal(text);
  assert(scale <= AMOUNT_SCALE, `an amount must have at most ${AMOUNT_SCALE} decimals, was ${text}`);
  return mantissa * 10n ** BigInt(AMOUNT_SCALE - scale);
}

/** An amount as a float, for records and screens. */
export function floatOf(amount: bigint): number {
  return Number(amount / WALLET_UNIT) / 1e8;
}

/** A positive quotient rounded to the nearest 1e-8, halves up. */
function roundToWallet(numerator: bigint, denominator: bigint): bigint {
  const unit = denominator * WALLET_UNIT;
  const whole = numerator / unit;
  return (2n * (numerator - whole * unit) >= unit ? whole + 1n : whole) * WALLET_UNIT;
}

function ceilDiv(numerator: bigint, denominator: bigint): bigint {
  const whole = numerator / denominator;
  return numerator > 0n && whole * denominator !== numerator ? whole + 1n : whole;
}

function lotsDown(qty: string, lotSize: string): number {
  const lots = amountOf(qty) / amountOf(lotSize);
  return lots > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(lots);
}

function lotsUp(qty: string, lotSize: string): number {
  return Math.max(1, Number(ceilDiv(amountOf(qty), amountOf(lotSize))));
}
