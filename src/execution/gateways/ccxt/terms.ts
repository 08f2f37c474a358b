/** Between the run's integers and a venue's decimal texts, one per instrument; exact both ways. Used by the gateway's parts. */
import { EngineError } from '../../../core/numbers/errors.js';
import { formatTicks, parseDecimal, ticksOf } from '../../../core/numbers/decimal.js';
import type { Instrument } from '../../../core/orders/instrument.js';

const FEE_SCALE = 8;

export class Terms {
  readonly #tickSize: string;
  readonly #lotSize: string;
  readonly #tick: number;
  readonly #lot: number;

  constructor(readonly instrument: Instrument) {
    this.#tickSize = instrument.tickSize;
    this.#lotSize = instrument.lotSize;
    this.#tick = Number(instrument.tickSize);
    this.#lot = Number(instrument.lotSize);
  }

  price(ticks: number): string {
    return formatTicks(ticks, this.#tickSize);
  }

  qty(lots: number): string {
    return formatTicks(lots, this.#lotSize);
  }

  /** Whole ticks; a fraction where the venue's price is off our grid (an average). 0 for ''. */
  ticks(text: string): number {
    return text === '' ? 0 : stepsOf(text, this.#tickSize, this.#tick);
  }

  lots(text: string): number {
    return text === '' ? 0 : stepsOf(text, this.#lotSize, this.#lot);
  }
}

function stepsOf(text: string, step: string, unit: number): number {
  try {
    return ticksOf(text, step);
  } catch (error) {
    if (error instanceof EngineError && error.code === 'OFF_GRID') return Number(text) / unit;
    throw error;
  }
}

/** An amount in 1e-8 of its asset, to the nearest where the venue writes more digits. */
export function centsOf(text: string): number {
  const { mantissa, scale } = parseDecimal(text);
  if (scale <= FEE_SCALE) return Number(mantissa * 10n ** BigInt(FEE_SCALE - scale));
  const divisor = 10n ** BigInt(scale - FEE_SCALE);
  const half = divisor / 2n;
  return Number((mantissa + (mantissa < 0n ? -half : half)) / divisor);
}
