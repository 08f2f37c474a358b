/**
 * The money of one simulated venue, exact: wallets and positions of every account (the flow's too), what the venue took as fees, its insurance fund, and what
 * rounding left over. Nothing is ever created or lost between them after the first deposits; `audit` adds it all up. Called by `VenueExchange`.
 */
import type { Side } from '../engine/book-side.js';
import type { Market } from '../market/market.js';
import type { AccountState, Wallet } from './account-state.js';
import type { AssetTerms, AuditDifference, LedgerEntry, MarketTerms, WalletEvent } from './contract.js';
import type { FeeDiscount } from './fee-discount.js';
import { partOf, rateOf, unitsText, type MarketValue, type Rate } from './value.js';

/** What a market is to the books, looked up once. */
export interface BookedMarket {
  readonly market: Market;
  readonly terms: MarketTerms;
  readonly value: MarketValue;
  readonly makerFee: Rate;
  readonly takerFee: Rate;
  readonly maintenance: Rate;
  readonly liquidationFee: Rate;
}

export function bookedMarket(market: Market, terms: MarketTerms, value: MarketValue): BookedMarket {
  const { makerFee, takerFee, maintenanceRate, liquidationFee } = terms;
  return {
    market,
    terms,
    value,
    makerFee: rateOf(makerFee),
    takerFee: rateOf(takerFee),
    maintenance: rateOf(maintenanceRate),
    liquidationFee: rateOf(liquidationFee),
  };
}

export interface MoneyWatcher {
  /** A client's wallet changed. */
  onWallet(state: AccountState, asset: string, cause: WalletEvent['cause'], units: bigint): void;
  onEntry(state: AccountState, entry: LedgerEntry): void;
}

export interface BookedFill {
  readonly feeUnits: bigint;
  readonly feeAsset: AssetTerms;
  readonly realised: bigint;
  readonly closedLots: number;
}

export interface EntryFacts {
  readonly market: Market | null;
  readonly fillId?: number;
  readonly tradeId?: number;
  readonly rate?: string;
  readonly lots?: number;
}

/** What funding did to a client's account. */
export interface LedgerPayment {
  readonly state: AccountState;
  readonly entry: LedgerEntry;
}

/** The venue's own accounts of one asset. */
interface House {
  minted: bigint;
  fees: bigint;
  insurance: bigint;
  rounding: bigint;
}

export interface SavedBooks {
  readonly nextEntryId: number;
  readonly houses: Readonly<Record<string, Readonly<Record<keyof House, string>>>>;
}

export class Books {
  readonly states: ReadonlyMap<number, AccountState>;
  readonly #assets: readonly AssetTerms[];
  readonly #markets: readonly BookedMarket[];
  readonly #houses = new Map<string, House>();
  readonly #watcher: MoneyWatcher;
  readonly #discount: FeeDiscount;
  #nextEntryId = 1;

  constructor(
    states: ReadonlyMap<number, AccountState>,
    assets: readonly AssetTerms[],
    markets: readonly BookedMarket[],
    watcher: MoneyWatcher,
    discount: FeeDiscount,
  ) {
    this.states = states;
    this.#assets = assets;
    this.#markets = markets;
    this.#watcher = watcher;
    this.#discount = discount;
    for (const { asset } of assets) this.#houses.set(asset, { minted: 0n, fees: 0n, insurance: 0n, rounding: 0n });
  }

  mint(state: AccountState, terms: AssetTerms, units: bigint, nowUs: number): void {
    if (units === 0n) return;
    this.#house(terms).minted += units;
    this.change(state, terms, units, 'deposit', nowUs, { market: null });
  }

  mintInsurance(terms: AssetTerms, units: bigint): void {
    const house = this.#house(terms);
    house.minted += units;
    house.insurance += units;
  }

  /** One side of an execution worth `units`. `valueOf` of the market rounds, so both sides book the same value. */
  trade(
    state: AccountState,
    booked: BookedMarket,
    side: Side,
    lots: number,
    units: bigint,
    isMaker: boolean,
    nowUs: number,
    facts: EntryFacts,
  ): BookedFill {
    const rate = isMaker ? booked.makerFee : booked.takerFee;
    return booked.value.isSpot
      ? this.#tradeSpot(state, booked, side, lots, units, rate, nowUs, facts)
      : this.#tradeContract(state, booked, side, lots, units, rate, nowUs, facts);
  }

  /** Both assets change hands; the fee is taken from what is received, or in the venue's own coin. */
  #tradeSpot(
    state: AccountState,
    booked: BookedMarket,
    side: Side,
    lots: number,
    units: bigint,
    rate: Rate,
    nowUs: number,
    facts: EntryFacts,
  ): BookedFill {
    const { value } = booked;
    const baseUnits = value.baseUnits(lots);
    const [received, receivedUnits, given, givenUnits] =
      side === 'buy' ? [value.base, baseUnits, value.settle, units] : [value.settle, units, value.base, baseUnits];
    const discounted = this.#discount.feeOf(state, booked, units, rate);
    const feeAsset = discounted?.terms ?? received;
    const feeUnits = discounted?.units ?? partOf(receivedUnits, rate);
    this.change(state, given, -givenUnits, 'trade', nowUs, facts);
    this.change(state, received, receivedUnits, 'trade', nowUs, facts);
    this.#payFee(state, feeAsset, feeUnits, nowUs, facts);
    return { feeUnits, feeAsset, realised: 0n, closedLots: 0 };
  }

  #tradeContract(
    state: AccountState,
    booked: BookedMarket,
    side: Side,
    lots: number,
    units: bigint,
    rate: Rate,
    nowUs: number,
    facts: EntryFacts,
  ): BookedFill {
    const { market, value, terms } = booked;
    const position = state.positionIn(market, terms.defaultLeverage);
    const { realised, closedLots } = position.apply(value, side, lots, units, terms.maxLeverage, nowUs);
    const discounted = this.#discount.feeOf(state, booked, units, rate);
    const feeAsset = discounted?.terms ?? value.settle;
    const feeUnits = discounted?.units ?? partOf(units, rate);
    // The position adds up what it cost in its own asset.
    if (discounted === null) position.feesTotal += feeUnits;
    if (realised !== 0n) this.change(state, value.settle, realised, 'realised', nowUs, facts);
    this.#payFee(state, feeAsset, feeUnits, nowUs, facts);
    return { feeUnits, feeAsset, realised, closedLots };
  }

  #payFee(state: AccountState, terms: AssetTerms, units: bigint, nowUs: number, facts: EntryFacts): void {
    if (units === 0n) return;
    this.change(state, terms, -units, 'fee', nowUs, facts);
    this.#house(terms).fees += units;
  }

  /** A liquidation's fee, to the insurance fund; negative: the fund covers a loss beyond what the account had. */
  payInsurance(state: AccountState, terms: AssetTerms, units: bigint, nowUs: number, facts: EntryFacts): void {
    if (units === 0n) return;
    this.change(state, terms, -units, 'insurance', nowUs, facts);
    this.#house(terms).insurance += units;
  }

  /** Longs pay shorts at a positive rate; what rounding leaves over is the venue's. Returns the clients' payments. */
  payFunding(booked: BookedMarket, rateText: string, nowUs: number): readonly LedgerPayment[] {
    const { market, value } = booked;
    const rate = rateOf(rateText);
    const mark = value.mark();
    const paid: LedgerPayment[] = [];
    for (const state of this.states.values()) {
      const position = state.positions.get(market);
      if (position === undefined || position.lots === 0) continue;
      const units = partOf(value.atMark(position.lots, mark), rate);
      const change = position.lots > 0 ? -units : units;
      position.fundingTotal += change;
      if (position.marginMode === 'isolated') position.isolatedMargin += change;
      this.#house(value.settle).rounding -= change;
      const entry = this.change(state, value.settle, change, 'funding', nowUs, { market, rate: rateText, lots: position.lots });
      if (state.isTest) paid.push({ state, entry });
    }
    return paid;
  }

  change(state: AccountState, terms: AssetTerms, units: bigint, kind: LedgerEntry['kind'], nowUs: number, facts: EntryFacts): LedgerEntry {
    const wallet: Wallet = state.wallet(terms);
    wallet.total += units;
    wallet.updatedUs = nowUs;
    const entry: LedgerEntry = {
      id: state.isTest ? this.#nextEntryId++ : 0,
      kind,
      asset: terms,
      units,
      balance: wallet.total,
      market: facts.market,
      fillId: facts.fillId ?? null,
      tradeId: facts.tradeId ?? null,
      rate: facts.rate ?? null,
      lots: facts.lots ?? null,
      timeUs: nowUs,
    };
    if (!state.isTest) return entry;
    state.ledger.push(entry);
    this.#watcher.onEntry(state, entry);
    this.#watcher.onWallet(state, terms.asset, causeOf(kind), units);
    return entry;
  }

  /** Exactly, in fractions of a unit: wallets + unrealised profit at one mark + fees + insurance + rounding = what was minted. */
  audit(): AuditDifference[] {
    const differences: AuditDifference[] = [];
    for (const terms of this.#assets) {
      const house = this.#house(terms);
      let found = house.fees + house.insurance + house.rounding;
      for (const state of this.states.values()) {
        const wallet = state.wallets.get(terms.asset);
        if (wallet === undefined) continue;
        found += wallet.total;
        if (wallet.locked < 0n || wallet.total < wallet.locked) {
          const what = `wallet of account ${state.account.id}: locked beyond total`;
          differences.push({
            asset: terms.asset,
            what,
            minted: unitsText(wallet.locked, terms.decimals),
            found: unitsText(wallet.total, terms.decimals),
          });
        }
      }
      // Entry values are whole units; the mark's value of all positions together is zero exactly when longs equal shorts.
      for (const booked of this.#markets) {
        if (booked.value.isSpot || booked.value.settle !== terms) continue;
        const { entry, markNumerator, markDenominator } = this.#openValue(booked);
        found += booked.value.isInverse ? entry : -entry;
        if (markNumerator !== 0n) {
          const excess = `${markNumerator}/${markDenominator}`;
          differences.push({ asset: terms.asset, what: `${booked.market.spec.symbol}: longs are not shorts`, minted: '0', found: excess });
        }
      }
      if (found !== house.minted) {
        const [minted, sum] = [unitsText(house.minted, terms.decimals), unitsText(found, terms.decimals)];
        differences.push({ asset: terms.asset, what: 'wallets, profit, fees, insurance and rounding', minted, found: sum });
      }
    }
    return differences;
  }

  /** Sums over all accounts, signed: entry values, and the exact value at the mark. */
  #openValue(booked: BookedMarket): { entry: bigint; markNumerator: bigint; markDenominator: bigint } {
    let entry = 0n;
    let lots = 0n;
    for (const state of this.states.values()) {
      const position = state.positions.get(booked.market);
      if (position === undefined) continue;
      entry += position.lots >= 0 ? position.entryUnits : -position.entryUnits;
      lots += BigInt(position.lots);
    }
    const { numerator, denominator } = booked.value.exactAtMark(lots, booked.value.mark());
    return { entry, markNumerator: numerator, markDenominator: denominator };
  }

  house(asset: string): Readonly<House> | undefined {
    return this.#houses.get(asset);
  }

  save(): SavedBooks {
    const houses = [...this.#houses].map(([asset, house]) => [
      asset,
      { minted: String(house.minted), fees: String(house.fees), insurance: String(house.insurance), rounding: String(house.rounding) },
    ]);
    return { nextEntryId: this.#nextEntryId, houses: Object.fromEntries(houses) as SavedBooks['houses'] };
  }

  load(saved: SavedBooks): void {
    this.#nextEntryId = saved.nextEntryId;
    for (const [asset, house] of Object.entries(saved.houses)) {
      const { minted, fees, insurance, rounding } = house;
      this.#houses.set(asset, { minted: BigInt(minted), fees: BigInt(fees), insurance: BigInt(insurance), rounding: BigInt(rounding) });
    }
  }

  #house(terms: AssetTerms): House {
    const house = this.#houses.get(terms.asset);
    if (house === undefined) throw new Error(`no wallets of ${terms.asset} here`);
    return house;
  }
}

function causeOf(kind: LedgerEntry['kind']): WalletEvent['cause'] {
  if (kind === 'deposit' || kind === 'funding') return kind;
  return 'trade';
}
