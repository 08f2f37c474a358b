/** Wallets by asset and contract positions at average cost: the state of a paper account. Called by account.ts. */
import { MICRO_PER_TICK, type Marks } from '../../core/ledger/marks.js';
import { SIDE_BUY } from '../../core/memory/record.js';
import { Terms, WALLET_UNIT } from './terms.js';

export interface AccountFill {
  readonly instrument: number;
  readonly side: number;
  readonly ticks: number;
  readonly lots: number;
  /** 1e-8 of the fee asset. */
  readonly fee: number;
  readonly feeAsset: string;
}

/** A funding payment, in 1e-8 of the asset; negative when paid. */
export interface AccountFunding {
  readonly asset: string;
  readonly amount: number;
}

interface Position {
  lots: bigint;
  /** Signed value at which the open lots were entered. */
  basis: bigint;
  lastMicro: bigint;
}

export class AccountBooks {
  readonly #terms: ReadonlyMap<number, Terms>;
  readonly #positions = new Map<number, Position>();
  readonly #wallets: Map<string, bigint>;
  /** Fills and fundings applied. */
  entries = 0;

  constructor(terms: ReadonlyMap<number, Terms>, deposits: ReadonlyMap<string, bigint>) {
    this.#terms = terms;
    this.#wallets = new Map(deposits);
  }

  wallet(asset: string): bigint {
    return this.#wallets.get(asset) ?? 0n;
  }

  lots(instrument: number): bigint {
    return this.#positions.get(instrument)?.lots ?? 0n;
  }

  lastMicro(instrument: number): bigint | null {
    return this.#positions.get(instrument)?.lastMicro ?? null;
  }

  apply(entry: AccountFill | AccountFunding): void {
    this.entries++;
    if ('amount' in entry) this.#add(entry.asset, BigInt(entry.amount) * WALLET_UNIT);
    else this.#applyFill(entry);
  }

  /** Wallet plus unrealised profit at the marks. */
  equity(asset: string, marks: Marks): bigint {
    let sum = this.wallet(asset);
    for (const [instrument, position] of this.#positions) {
      const terms = this.#terms.get(instrument);
      if (terms?.money !== asset || position.lots === 0n) continue;
      const value = terms.value(position.lots, marks(instrument) ?? position.lastMicro);
      sum += terms.isInverse ? position.basis - value : value - position.basis;
    }
    return sum;
  }

  #applyFill(fill: AccountFill): void {
    const terms = this.#terms.get(fill.instrument);
    if (terms === undefined) throw new Error(`assertion failed: instrument must be one of the account's venue, was ${fill.instrument}`);
    const lots = fill.side === SIDE_BUY ? BigInt(fill.lots) : -BigInt(fill.lots);
    const micro = BigInt(fill.ticks) * MICRO_PER_TICK;
    if (terms.isSpot) {
      this.#add(terms.instrument.base, terms.base(lots));
      this.#add(terms.money, -terms.value(lots, micro));
    } else {
      this.#trade(terms, lots, micro);
    }
    this.#add(fill.feeAsset, -BigInt(fill.fee) * WALLET_UNIT);
  }

  /** A contract trade: what closes is realised into the wallet at average cost, the rest is entered. */
  #trade(terms: Terms, lots: bigint, micro: bigint): void {
    const position = this.#positions.get(terms.instrument.index) ?? { lots: 0n, basis: 0n, lastMicro: micro };
    this.#positions.set(terms.instrument.index, position);
    position.lastMicro = micro;
    let value = terms.value(lots, micro);
    let opening = lots;
    if (position.lots !== 0n && position.lots > 0n !== lots > 0n) {
      const held = size(position.lots);
      const closing = size(lots) < held ? size(lots) : held;
      const costShare = (position.basis * closing) / held;
      const valueShare = (value * closing) / size(lots);
      const realised = -valueShare - costShare;
      this.#add(terms.money, terms.isInverse ? -realised : realised);
      position.basis -= costShare;
      position.lots += lots > 0n ? closing : -closing;
      opening += lots > 0n ? -closing : closing;
      value -= valueShare;
    }
    position.lots += opening;
    position.basis += value;
  }

  #add(asset: string, amount: bigint): void {
    this.#wallets.set(asset, this.wallet(asset) + amount);
  }
}

function size(value: bigint): bigint {
  return value < 0n ? -value : value;
}
