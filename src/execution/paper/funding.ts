/**
 * Funding of contract positions: when an instrument's funding time passes, each strategy's net position at the mark times the last rate known before it changes
 * hands. Called by the paper gateway, on its thread, a few times a second.
 *
 * The venue pays on the net position; strategies are told their shares, which sum to it within 1e-8 each. Rounded down: against us, by less than one unit.
 * A funding time that passes while the engine is not running is not paid.
 */
import {
  MARK_BYTES,
  MARK_FUNDING_RATE,
  MARK_NEXT_FUNDING_US,
  MARK_SEQUENCE,
  MARK_TICKS,
  type MemoryPlan,
} from '../../core/memory/layout.js';
import { markOfTicks } from '../../core/ledger/marks.js';
import { beginRead, endRead, SEQLOCK_TRIES } from '../../core/memory/seqlock.js';
import type { SharedViews } from '../../core/memory/shared-memory.js';
import { WALLET_UNIT, type Terms } from './terms.js';

/** Wall time between two looks at the marks: a payment may be this late, and takes the mark of then. */
const LOOK_EVERY_US = 100_000;
/** Rates have at most 10 decimals; 12 keep a float's rate exact. */
const RATE_SCALE = 1e12;

export interface FundingPayment {
  readonly instrument: number;
  readonly strategy: number;
  readonly asset: string;
  /** 1e-8 of the asset, negative when paid. */
  readonly amount: number;
  /** The funding time in whole seconds: unique within an instrument and strategy. */
  readonly id: number;
}

interface Contract {
  readonly instrument: number;
  readonly terms: Terms;
  readonly lotsByStrategy: Map<number, number>;
  /** The funding time to come and its rate, as last seen before it. */
  nextUs: number;
  rate: number;
}

export class Funding {
  readonly #views: SharedViews;
  readonly #plan: MemoryPlan;
  readonly #contracts = new Map<number, Contract>();
  readonly #read = new Float64Array(3);
  #nextLookUs = 0;

  constructor(views: SharedViews, plan: MemoryPlan, terms: readonly Terms[]) {
    this.#views = views;
    this.#plan = plan;
    for (const one of terms) {
      const { index } = one.instrument;
      if (!one.isSpot) this.#contracts.set(index, { instrument: index, terms: one, lotsByStrategy: new Map(), nextUs: 0, rate: 0 });
    }
  }

  noteFill(instrument: number, strategy: number, signedLots: number): void {
    const lots = this.#contracts.get(instrument)?.lotsByStrategy;
    lots?.set(strategy, (lots.get(strategy) ?? 0) + signedLots);
  }

  /** @param lastMicro price in micro-ticks to take where the venue gives no mark */
  step(wallUs: number, lastMicro: (instrument: number) => bigint | null, pay: (payment: FundingPayment) => void): void {
    if (wallUs < this.#nextLookUs) return;
    this.#nextLookUs = wallUs + LOOK_EVERY_US;
    for (const contract of this.#contracts.values()) {
      if (!this.#readMark(contract.instrument)) continue;
      const [ticks = 0, rate = 0, nextUs = 0] = this.#read;
      if (contract.nextUs > 0 && wallUs >= contract.nextUs) {
        const micro = markOfTicks(ticks) ?? lastMicro(contract.instrument);
        if (micro !== null) this.#payAll(contract, micro, pay);
        contract.nextUs = 0;
      }
      if (nextUs > wallUs && Number.isFinite(rate)) {
        contract.nextUs = nextUs;
        contract.rate = rate;
      }
    }
  }

  #payAll(contract: Contract, micro: bigint, pay: (payment: FundingPayment) => void): void {
    const rate = BigInt(Math.round(contract.rate * RATE_SCALE));
    for (const [strategy, lots] of contract.lotsByStrategy) {
      const owed = contract.terms.value(BigInt(lots), micro) * rate;
      const amount = -Number(ceilDiv(owed, BigInt(RATE_SCALE) * WALLET_UNIT));
      if (amount === 0) continue;
      const { instrument, nextUs } = contract;
      pay({ instrument, strategy, asset: contract.terms.money, amount, id: Math.floor(nextUs / 1e6) });
    }
  }

  /** Mark, rate and next time into #read. False when torn. */
  #readMark(instrument: number): boolean {
    const { i32, f64 } = this.#views;
    const base = this.#plan.marks + MARK_BYTES * instrument;
    for (let tries = 0; tries < SEQLOCK_TRIES; tries++) {
      const before = beginRead(i32, (base + MARK_SEQUENCE) >> 2);
      if (before < 0) continue;
      this.#read[0] = f64[(base + MARK_TICKS) >> 3] ?? 0;
      this.#read[1] = f64[(base + MARK_FUNDING_RATE) >> 3] ?? 0;
      this.#read[2] = f64[(base + MARK_NEXT_FUNDING_US) >> 3] ?? 0;
      if (endRead(i32, (base + MARK_SEQUENCE) >> 2, before)) return true;
    }
    return false;
  }
}

function ceilDiv(numerator: bigint, denominator: bigint): bigint {
  const whole = numerator / denominator;
  return numerator > 0n && whole * denominator !== numerator ? whole + 1n : whole;
}
