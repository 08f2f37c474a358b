/** One strategy's side of the ledger: pools of open lots, matched profit by kind, fees, funding and rounding. Called by the ledger only. */
import { coinOf } from '../orders/instrument.js';
import type { InstrumentMoney, MoneyTables } from './instrument-money.js';
import { LotPool } from './lot-pool.js';
import { emptyParts, sumOfParts, type Parts } from './parts.js';

export type ProfitKind = 'grid' | 'arb' | 'other';

export interface FillFlow {
  readonly kind: ProfitKind;
  readonly signedLots: bigint;
  /** Cash flow before the venue's rounding, and as the venue books it. */
  readonly fineFlow: bigint;
  readonly venueFlow: bigint;
  /** Positive when paid. */
  readonly fee: bigint;
  readonly feeAsset: number;
}

interface Pool {
  readonly lots: LotPool;
  readonly kind: ProfitKind;
  readonly moneyAsset: number;
  /** Base asset of the pool's spot legs, -1 while it has none. */
  baseAsset: number;
  /** Signed quantity of contract legs: the rest of the pool's open quantity is held as coins. */
  contractQty: bigint;
  matched: bigint;
}

export class StrategyBooks {
  readonly #money: MoneyTables;
  readonly #pools = new Map<string, Pool>();
  /** Signed lots by instrument. */
  readonly #netLots = new Map<number, bigint>();
  readonly #fees: bigint[];
  readonly #funding: bigint[];
  readonly #rounding: bigint[];

  constructor(money: MoneyTables) {
    this.#money = money;
    this.#fees = money.assets.map(() => 0n);
    this.#funding = money.assets.map(() => 0n);
    this.#rounding = money.assets.map(() => 0n);
  }

  applyFill(instrument: InstrumentMoney, fill: FillFlow): void {
    const index = instrument.instrument.index;
    const pool = this.#poolOf(instrument, fill.kind);
    const qty = fill.signedLots * instrument.lotQty;
    if (instrument.isSpot) pool.baseAsset = instrument.baseAsset;
    else pool.contractQty += qty;
    pool.matched += pool.lots.apply(qty, fill.fineFlow);
    this.#netLots.set(index, (this.#netLots.get(index) ?? 0n) + fill.signedLots);
    add(this.#fees, fill.feeAsset, -fill.fee);
    add(this.#rounding, instrument.moneyAsset, fill.venueFlow - fill.fineFlow);
  }

  applyFunding(asset: number, amount: bigint): void {
    add(this.#funding, asset, amount);
  }

  /** Parts by asset index; adds this strategy's unrounded position values, by instrument, to `fineValues`. A strategy's `equity` is the sum of its parts. */
  parts(microAt: (instrument: number) => bigint, fineValues: bigint[]): Parts[] {
    const all = this.#money.assets.map(() => emptyParts());
    const at = (asset: number): Parts => all[asset] ?? emptyParts();
    for (const pool of this.#pools.values()) {
      at(pool.moneyAsset)[pool.kind] += pool.matched;
      at(pool.moneyAsset).trend += pool.lots.openFlow;
      if (pool.baseAsset >= 0) at(pool.baseAsset).trend += this.#money.fromQty(pool.baseAsset, pool.lots.openQty - pool.contractQty);
    }
    for (const [index, lots] of this.#netLots) {
      const instrument = this.#money.instrument(index);
      if (instrument.isSpot || lots === 0n) continue;
      const value = -instrument.buySign * instrument.value(lots, microAt(index)).fine;
      at(instrument.moneyAsset).trend += value;
      add(fineValues, index, value);
    }
    for (const [asset, parts] of all.entries()) {
      parts.fees += this.#fees[asset] ?? 0n;
      parts.funding += this.#funding[asset] ?? 0n;
      parts.rounding += this.#rounding[asset] ?? 0n;
      parts.equity = sumOfParts(parts);
    }
    return all;
  }

  /** Grid and other match within an instrument; arb within (base or, for inverse, quote; money; payoff). A quanto leg matches only itself. */
  #poolOf(instrument: InstrumentMoney, kind: ProfitKind): Pool {
    const { base, quote, kind: payoff, index } = instrument.instrument;
    const isShared = kind === 'arb' && payoff !== 'quanto';
    const key = isShared ? `arb|${instrument.isInverse ? `inverse|${quote}` : coinOf(base)}|${instrument.moneyAsset}` : `${kind}|${index}`;
    const found = this.#pools.get(key);
    if (found !== undefined) return found;
    // A grid's counter order closes the order before it, and a leg its own pair: the newest. Free strategies get the books' common order.
    const lots = new LotPool(kind === 'other' ? 'oldest' : 'newest');
    const made: Pool = { lots, kind, moneyAsset: instrument.moneyAsset, baseAsset: -1, contractQty: 0n, matched: 0n };
    this.#pools.set(key, made);
    return made;
  }
}

function add(amounts: bigint[], index: number, amount: bigint): void {
  amounts[index] = (amounts[index] ?? 0n) + amount;
}
