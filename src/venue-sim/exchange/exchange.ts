/**
 * One simulated venue's exchange behind its protocol: accounts and keys, orders, wallets, positions, funding, liquidation, and the events that private streams
 * send. Created and stepped by `VenueWorld`; every call comes from the one thread of the `venues` process.
 */
import { FlowRandom, type RandomState } from '../flow/random.js';
import type { Market } from '../market/market.js';
import type { VenueId } from '../market/spec.js';
import { AccountState } from './account-state.js';
import { KeyRing, credentialsOf, openAccounts } from './accounts.js';
import { Books, bookedMarket, type BookedMarket, type SavedBooks } from './books.js';
import { Codec, type PlainRecord } from './codec.js';
import type {
  Account,
  AmendRequest,
  ApiKey,
  AssetTerms,
  AuditDifference,
  Done,
  EndReason,
  Exchange,
  ExchangeEvent,
  Fill,
  Funding,
  HistoryQuery,
  LedgerEntry,
  MarginMode,
  MarketTerms,
  Order,
  OrderName,
  OrderRequest,
  Placed,
  PositionView,
  WalletView,
} from './contract.js';
import { EventQueue } from './event-queue.js';
import { Liquidator } from './liquidator.js';
import { Margins } from './margin.js';
import { checkOrder } from './order-checks.js';
import { OrderDesk } from './order-desk.js';
import { OrderRecord, type OrderFields } from './order-record.js';
import { marginOf } from './position.js';
import { INSURANCE_FUNDS, VENUE_ASSETS, termsOf } from './terms.js';
import { MarketValue } from './value.js';

/** Where a venue's order numbers start: nobody's clients may think that 32 bits are enough. */
const FIRST_ORDER_NUMBER: Readonly<Record<VenueId, number>> = {
  'binance-spot': 28_457_000_001,
  'binance-usdm': 389_207_000_001,
  'binance-coinm': 97_118_000_001,
  bybit: 1_000_001,
  bitmex: 1,
};
/** Bybit's spot orders have 19 digits, beyond what a double holds. */
const BYBIT_SPOT_ORDERS = 1_790_000_000_000_000_000n;
/** Margins are looked at ten times a second, in the first step of each tenth. */
const CHECK_HEALTH_US = 100_000;
const STEP_US = 10_000;
const KEPT_FUNDINGS = 1_000;
const MOST_LISTED = Number.POSITIVE_INFINITY;

/** A line of the history file: what an account's past is rebuilt from. */
export type HistoryLine = readonly [venue: VenueId, account: number, kind: 'order' | 'fill' | 'entry', record: PlainRecord];

interface SavedAccount {
  readonly id: number;
  readonly wallets: readonly PlainRecord[];
  readonly positions: Readonly<Record<string, PlainRecord>>;
  readonly open: readonly PlainRecord[];
}

export interface SavedExchange {
  readonly books: SavedBooks;
  readonly random: RandomState;
  readonly nextOrderNumber: number;
  readonly nextFillId: number;
  readonly eventSequence: number;
  readonly accounts: readonly SavedAccount[];
  readonly keys: readonly PlainRecord[];
  readonly notes: readonly (readonly [string, string])[];
  readonly fundings: Readonly<Record<string, readonly Funding[]>>;
  readonly nextFundingMs: Readonly<Record<string, number>>;
}

export class VenueExchange implements Exchange {
  readonly venue: VenueId;
  readonly markets: readonly Market[];
  readonly assets: readonly AssetTerms[];
  readonly testAccounts: readonly Account[];
  readonly notes = new Map<string, string>();
  /** Fills that lists name twice: a scripted fault. */
  repeatsFill: ((fill: Fill) => boolean) | null = null;
  /** Told when a client's account changed. */
  onActivity: (() => void) | null = null;
  /** Somebody writes the history to a file (`unsavedHistory`): otherwise nothing piles up. */
  keepsHistory = false;
  readonly #states = new Map<number, AccountState>();
  readonly #booked = new Map<Market, BookedMarket>();
  readonly #keys = new KeyRing();
  readonly #random: FlowRandom;
  readonly #books: Books;
  readonly #margins: Margins;
  readonly #events: EventQueue;
  readonly #desk: OrderDesk;
  readonly #liquidator: Liquidator;
  readonly #codec: Codec;
  readonly #fundings = new Map<Market, Funding[]>();
  readonly #nextFundingMs = new Map<Market, number>();
  #history: HistoryLine[] = [];
  /** Orders that requests made or amended since somebody asked. */
  #touched: Order[] = [];
  #nowUs: number;

  constructor(venue: VenueId, markets: readonly Market[], seed: number, nowUs: number) {
    this.venue = venue;
    this.markets = markets;
    this.assets = VENUE_ASSETS[venue];
    this.#nowUs = nowUs;
    this.#random = FlowRandom.of(seed, `exchange ${venue}`);
    for (const market of markets) {
      const terms = termsOf(market);
      this.#booked.set(market, bookedMarket(market, terms, new MarketValue(market, terms)));
    }
    this.#margins = new Margins(this.#booked);
    this.#events = new EventQueue({
      wallet: (state, asset) => this.#margins.wallet(state, this.#assetOf(asset)),
      position: (state, market) => this.#margins.position(state, this.#bookedOf(market)),
      uuid: () => this.uuid(),
      nowUs: () => this.#nowUs,
    });
    this.#books = new Books(this.#states, this.assets, [...this.#booked.values()], {
      onWallet: (state, asset, cause, units) => this.#events.walletChanged(state, asset, cause, units),
      onEntry: (state, entry) => this.#remember(state, 'entry', entry),
    });
    this.#desk = new OrderDesk(
      {
        books: this.#books,
        margins: this.#margins,
        events: this.#events,
        booked: this.#booked,
        nowUs: () => this.#nowUs,
        uuid: () => this.uuid(),
        orderId: (number, market) => this.#orderIdOf(number, market),
        onFill: (state, fill) => this.#remember(state, 'fill', fill),
        onOrderEnded: (state, order) => this.#remember(state, 'order', order),
        onActivity: () => this.onActivity?.(),
      },
      FIRST_ORDER_NUMBER[venue],
    );
    this.#liquidator = new Liquidator(this.#books, this.#margins, this.#desk, this.#events, this.#booked);
    this.testAccounts = this.#openAccounts(seed);
    this.#codec = new Codec(
      markets,
      [...this.#states.values()].map(({ account }) => account),
      this.assets,
    );
  }

  /** Wallets of a new exchange; a loaded one has its own. */
  open(): void {
    for (const opened of openAccounts()) {
      const state = this.#stateOf(opened.account);
      for (const terms of this.assets) {
        this.#books.mint(state, terms, opened.fundsOf(terms) * 10n ** BigInt(terms.decimals), this.#nowUs);
      }
    }
    for (const terms of this.assets) this.#books.mintInsurance(terms, INSURANCE_FUNDS * 10n ** BigInt(terms.decimals));
  }

  /** Before the markets' step: the time of what happens in it. */
  begin(nowUs: number): void {
    this.#nowUs = nowUs;
  }

  /** After the markets' step: funding, liquidation, and everything that is to be told. */
  finish(): void {
    this.#touched.length = 0;
    this.#payFunding();
    if (this.#nowUs % CHECK_HEALTH_US < STEP_US) this.#liquidator.check(this.#nowUs);
    this.#events.deliver();
  }

  /** After an answer has left: what the request caused. */
  deliver(): void {
    this.#events.deliver();
  }

  /** Orders made or amended since the last call: the fault gate waits for their fills. */
  takeTouched(): readonly Order[] {
    return this.#touched.splice(0);
  }

  terms(market: Market): MarketTerms {
    return this.#bookedOf(market).terms;
  }

  keyOf(apiKey: string): ApiKey | undefined {
    return this.#keys.find(apiKey);
  }

  keysOf(account: Account): readonly ApiKey[] {
    return this.#keys.of(account);
  }

  registerKey(key: ApiKey): void {
    this.#keys.add(key);
    this.onActivity?.();
  }

  place(account: Account, request: OrderRequest): Placed {
    return this.#touch(this.#desk.place(this.#stateOf(account), request));
  }

  test(account: Account, request: OrderRequest): Done {
    const checked = checkOrder(this.#stateOf(account), this.#bookedOf(request.market), request, this.#margins);
    return checked.refusal === null ? { ok: true } : { ok: false, refusal: checked.refusal };
  }

  amend(account: Account, order: Order, request: AmendRequest): Placed {
    const record = this.#stateOf(account).byNumber(order.number);
    return record === undefined ? unknownOrder(null) : this.#touch(this.#desk.amend(this.#stateOf(account), record, request));
  }

  cancel(account: Account, order: Order, reason: EndReason = 'user'): Placed {
    const record = this.#stateOf(account).byNumber(order.number);
    return record === undefined ? unknownOrder(null) : this.#desk.cancel(this.#stateOf(account), record, reason);
  }

  cancelAll(account: Account, market?: Market): readonly Order[] {
    const state = this.#stateOf(account);
    const orders = market === undefined ? [...state.open.values()] : state.openIn(market);
    for (const order of orders) this.#desk.cancel(state, order, 'cancel-all');
    return orders;
  }

  find(account: Account, name: OrderName, market?: Market): Order | undefined {
    const state = this.#stateOf(account);
    const isHere = (order: Order): boolean => market === undefined || order.market === market;
    if ('clientId' in name) return state.byClientId(name.clientId).findLast(isHere);
    const order = 'number' in name ? state.byNumber(name.number) : state.byId(name.id);
    return order !== undefined && isHere(order) ? order : undefined;
  }

  openOrders(account: Account, market?: Market): readonly Order[] {
    const state = this.#stateOf(account);
    return market === undefined ? [...state.open.values()] : state.openIn(market);
  }

  orders(account: Account, query: HistoryQuery = {}): readonly Order[] {
    const state = this.#stateOf(account);
    const all = [...state.closed.all, ...state.open.values()].toSorted((a, b) => a.number - b.number);
    return chosen(all, query, (order) => (query.orderNumber ?? order.number) === order.number, {
      idOf: (order) => order.number,
      timeOf: (order) => order.createdUs,
      marketOf: (order) => order.market,
    });
  }

  fills(account: Account, query: HistoryQuery = {}): readonly Fill[] {
    const fills = chosen(
      this.#stateOf(account).fills.all,
      query,
      (fill) => (query.orderNumber ?? fill.orderNumber) === fill.orderNumber,
      FILL_FIELDS,
    );
    const repeats = this.repeatsFill;
    return repeats === null ? fills : fills.flatMap((fill) => (repeats(fill) ? [fill, fill] : [fill]));
  }

  ledger(account: Account, query: HistoryQuery = {}): readonly LedgerEntry[] {
    return chosen(this.#stateOf(account).ledger.all, query, (entry) => (query.kind ?? entry.kind) === entry.kind, ENTRY_FIELDS);
  }

  wallet(account: Account, asset: string): WalletView {
    return this.#margins.wallet(this.#stateOf(account), this.#assetOf(asset));
  }

  wallets(account: Account): readonly WalletView[] {
    const state = this.#stateOf(account);
    return this.assets.map((terms) => this.#margins.wallet(state, terms));
  }

  position(account: Account, market: Market): PositionView {
    return this.#margins.position(this.#stateOf(account), this.#bookedOf(market));
  }

  positions(account: Account): readonly PositionView[] {
    const state = this.#stateOf(account);
    return this.markets
      .filter((market) => (state.positions.get(market)?.lots ?? 0) !== 0)
      .map((market) => this.#margins.position(state, this.#bookedOf(market)));
  }

  setLeverage(account: Account, market: Market, leverage: number): Done {
    const state = this.#stateOf(account);
    const booked = this.#bookedOf(market);
    const { terms, value } = booked;
    if (value.isSpot) return { ok: false, refusal: { reason: 'unsupported' } };
    const isZeroAllowed = terms.defaultLeverage === 0;
    if (!Number.isFinite(leverage) || leverage > terms.maxLeverage || (leverage < 1 && !(leverage === 0 && isZeroAllowed)))
      return { ok: false, refusal: { reason: 'leverage-out-of-range' } };
    const position = state.positionIn(market, terms.defaultLeverage);
    if (position.leverage === leverage) return { ok: false, refusal: { reason: 'unchanged' } };
    const before = position.leverage;
    const { available } = this.#margins.wallet(state, value.settle);
    const marginBefore = this.#boundMargin(state, value.settle);
    position.leverage = leverage;
    const required = this.#boundMargin(state, value.settle) - marginBefore;
    if (required > available) {
      position.leverage = before;
      return { ok: false, refusal: { reason: 'insufficient-margin', asset: value.settle, required, available } };
    }
    this.#settingChanged(state, market, 'leverage');
    return { ok: true };
  }

  setMarginMode(account: Account, market: Market, mode: MarginMode): Done {
    const state = this.#stateOf(account);
    const { terms, value } = this.#bookedOf(market);
    if (value.isSpot) return { ok: false, refusal: { reason: 'unsupported' } };
    const position = state.positionIn(market, terms.defaultLeverage);
    if (position.marginMode === mode) return { ok: false, refusal: { reason: 'unchanged' } };
    if (position.lots !== 0) return { ok: false, refusal: { reason: 'has-position' } };
    if (state.openIn(market).length > 0) return { ok: false, refusal: { reason: 'has-orders' } };
    position.marginMode = mode;
    this.#settingChanged(state, market, 'margin');
    return { ok: true };
  }

  changeIsolatedMargin(account: Account, market: Market, units: bigint): Done {
    const state = this.#stateOf(account);
    const { terms, value } = this.#bookedOf(market);
    const position = state.positions.get(market);
    if (position === undefined || position.lots === 0 || position.marginMode !== 'isolated')
      return { ok: false, refusal: { reason: 'not-isolated' } };
    const { available } = this.#margins.wallet(state, value.settle);
    const least = marginOf(position.entryUnits, position.leverage, terms.maxLeverage);
    const removable = position.isolatedMargin > least ? position.isolatedMargin - least : 0n;
    const refusal = { reason: 'insufficient-margin', asset: value.settle } as const;
    if (units > available) return { ok: false, refusal: { ...refusal, required: units, available } };
    if (-units > removable) return { ok: false, refusal: { ...refusal, required: -units, available: removable } };
    position.isolatedMargin += units;
    this.#settingChanged(state, market, 'margin');
    return { ok: true };
  }

  valueOf(market: Market, lots: number, ticks: number): bigint {
    return this.#bookedOf(market).value.execution(lots, ticks);
  }

  markText(market: Market): string {
    return this.#bookedOf(market).value.mark().text;
  }

  fundingText(market: Market): string {
    const text = market.fundingRate.toFixed(this.#bookedOf(market).terms.fundingDecimals);
    return Number(text) === 0 ? text.replace('-', '') : text;
  }

  fundings(market: Market): readonly Funding[] {
    return this.#fundings.get(market) ?? [];
  }

  listen(run: (event: ExchangeEvent) => void): () => void {
    return this.#events.listen(run);
  }

  audit(): readonly AuditDifference[] {
    return this.#books.audit();
  }

  uuid(): string {
    return this.#random.uuid();
  }

  /** Everything but history, which grows and goes to a file of its own. */
  save(): SavedExchange {
    this.deliver();
    const accounts = [...this.#states.values()].map((state) => ({
      id: state.account.id,
      wallets: [...state.wallets.values()].map((wallet) => this.#codec.encode(wallet)),
      positions: Object.fromEntries(
        this.markets.flatMap((market) => {
          const position = state.positions.get(market);
          return position === undefined ? [] : [[keyOf(market), this.#codec.encode(position)]];
        }),
      ),
      open: [...state.open.values()].map((order) => this.#codec.encode(order)),
    }));
    return {
      books: this.#books.save(),
      random: this.#random.state,
      nextOrderNumber: this.#desk.nextOrderNumber,
      nextFillId: this.#desk.nextFillId,
      eventSequence: this.#events.sequence,
      accounts,
      keys: this.#keys.all.map((key) => this.#codec.encode(key)),
      notes: [...this.notes],
      fundings: Object.fromEntries([...this.#fundings].map(([market, fundings]) => [keyOf(market), [...fundings]])),
      nextFundingMs: Object.fromEntries([...this.#nextFundingMs].map(([market, timeMs]) => [keyOf(market), timeMs])),
    };
  }

  /** After the markets have loaded their books; instead of `open`. */
  load(saved: SavedExchange): void {
    this.#books.load(saved.books);
    this.#random.state = saved.random;
    this.#desk.nextOrderNumber = saved.nextOrderNumber;
    this.#desk.nextFillId = saved.nextFillId;
    this.#events.sequence = saved.eventSequence;
    for (const account of saved.accounts) this.#loadAccount(account);
    for (const key of saved.keys) this.#keys.add(this.#codec.decode(key) as unknown as ApiKey);
    for (const [name, text] of saved.notes) this.notes.set(name, text);
    for (const market of this.markets) {
      const fundings = saved.fundings[keyOf(market)];
      if (fundings !== undefined) this.#fundings.set(market, [...fundings]);
      const next = saved.nextFundingMs[keyOf(market)];
      if (next !== undefined) this.#nextFundingMs.set(market, next);
    }
  }

  /** Lines that no file holds yet. */
  get unsavedHistory(): readonly HistoryLine[] {
    return this.#history;
  }

  /** The first `count` of them are in the file now. */
  historySaved(count: number): void {
    this.#history.splice(0, count);
  }

  /** Everything that accounts remember, for a history file begun anew. */
  wholeHistory(): readonly HistoryLine[] {
    const lines: HistoryLine[] = [];
    for (const { account, closed, fills, ledger } of this.#states.values()) {
      const line = (kind: HistoryLine[2], record: object): number => lines.push([this.venue, account.id, kind, this.#codec.encode(record)]);
      for (const order of closed.all) line('order', order);
      for (const fill of fills.all) line('fill', fill);
      for (const entry of ledger.all) line('entry', entry);
    }
    return lines;
  }

  loadHistory(line: HistoryLine): void {
    const [, id, kind, plain] = line;
    const state = this.#states.get(id);
    if (state === undefined) return;
    const record: unknown = this.#codec.decode(plain);
    if (kind === 'order') state.addClosed(new OrderRecord(record as OrderFields));
    else if (kind === 'fill') state.fills.push(record as Fill);
    else state.ledger.push(record as LedgerEntry);
  }

  #openAccounts(seed: number): readonly Account[] {
    const test: Account[] = [];
    for (const { account, isTest } of openAccounts()) {
      this.#states.set(account.id, new AccountState(account, isTest));
      if (!isTest) continue;
      test.push(account);
      const { apiKey, secret } = credentialsOf(seed, this.venue, account.name);
      this.#keys.add({ apiKey, secret, publicKey: null, account, canTrade: true, canWithdraw: false, createdUs: this.#nowUs });
    }
    return test;
  }

  #loadAccount(saved: SavedAccount): void {
    const state = this.#states.get(saved.id);
    if (state === undefined) return;
    for (const plain of saved.wallets) {
      const wallet = this.#codec.decode(plain) as unknown as { terms: AssetTerms; total: bigint; locked: bigint; updatedUs: number };
      Object.assign(state.wallet(wallet.terms), wallet);
    }
    for (const market of this.markets) {
      const plain = saved.positions[keyOf(market)];
      if (plain !== undefined) Object.assign(state.positionIn(market, this.terms(market).defaultLeverage), this.#codec.decode(plain));
    }
    for (const plain of saved.open) {
      const order = new OrderRecord(this.#codec.decode(plain) as unknown as OrderFields);
      state.addOrder(order);
      if (!this.#desk.adopt(order)) throw new Error(`saved order ${order.id} is not in the saved book of ${order.market.spec.symbol}`);
    }
  }

  #payFunding(): void {
    const nowMs = Math.floor(this.#nowUs / 1_000);
    for (const booked of this.#booked.values()) {
      const { market } = booked;
      if (booked.value.isSpot) continue;
      const dueMs = this.#nextFundingMs.get(market);
      if (dueMs !== undefined && nowMs < dueMs) continue;
      this.#nextFundingMs.set(market, market.nextFundingMs(nowMs));
      if (dueMs === undefined) continue;
      const rate = this.fundingText(market);
      const past = this.#fundings.get(market) ?? [];
      this.#fundings.set(market, [...past.slice(1 - KEPT_FUNDINGS), { timeMs: dueMs, rate, mark: this.markText(market) }]);
      for (const { state, entry } of this.#books.payFunding(booked, rate, this.#nowUs)) {
        const position = this.#margins.position(state, booked);
        this.#events.add({ type: 'funding', account: state.account, timeUs: this.#nowUs, entry, position, execId: this.uuid() });
        this.#events.positionChanged(state, market, 'funding');
        this.onActivity?.();
      }
    }
  }

  #touch(placed: Placed): Placed {
    if (placed.ok) this.#touched.push(placed.order);
    return placed;
  }

  #boundMargin(state: AccountState, terms: AssetTerms): bigint {
    const { positionMargin, orderMargin } = this.#margins.wallet(state, terms);
    return positionMargin + orderMargin;
  }

  #settingChanged(state: AccountState, market: Market, cause: 'leverage' | 'margin'): void {
    this.#events.positionChanged(state, market, cause);
    this.#events.walletChanged(state, this.#bookedOf(market).value.settle.asset, 'margin', 0n);
    this.onActivity?.();
  }

  #remember(state: AccountState, kind: HistoryLine[2], record: object): void {
    if (this.keepsHistory) this.#history.push([this.venue, state.account.id, kind, this.#codec.encode(record)]);
  }

  #orderIdOf(number: number, market: Market): string {
    if (this.venue === 'bitmex' || (this.venue === 'bybit' && market.spec.kind !== 'spot')) return this.uuid();
    return this.venue === 'bybit' ? String(BYBIT_SPOT_ORDERS + BigInt(number)) : String(number);
  }

  #stateOf(account: Account): AccountState {
    const state = this.#states.get(account.id);
    if (state === undefined) throw new Error(`no account ${account.id} at ${this.venue}`);
    return state;
  }

  #bookedOf(market: Market): BookedMarket {
    const booked = this.#booked.get(market);
    if (booked === undefined) throw new Error(`${market.spec.symbol} is no market of ${this.venue}`);
    return booked;
  }

  #assetOf(asset: string): AssetTerms {
    const terms = this.assets.find((known) => known.asset === asset);
    if (terms === undefined) throw new Error(`${this.venue} keeps no wallet of ${asset}`);
    return terms;
  }
}

interface Fields<T> {
  idOf(entry: T): number;
  timeOf(entry: T): number;
  marketOf(entry: T): Market | null;
}

const FILL_FIELDS: Fields<Fill> = { idOf: (fill) => fill.id, timeOf: (fill) => fill.timeUs, marketOf: (fill) => fill.market };
const ENTRY_FIELDS: Fields<LedgerEntry> = { idOf: (entry) => entry.id, timeOf: (entry) => entry.timeUs, marketOf: (entry) => entry.market };

function chosen<T>(all: readonly T[], query: HistoryQuery, isWanted: (entry: T) => boolean, fields: Fields<T>): readonly T[] {
  const found = all.filter(
    (entry) =>
      (query.market === undefined || fields.marketOf(entry) === query.market) &&
      fields.timeOf(entry) >= (query.fromUs ?? 0) &&
      fields.timeOf(entry) <= (query.toUs ?? MOST_LISTED) &&
      fields.idOf(entry) >= (query.fromId ?? 0) &&
      isWanted(entry),
  );
  const limit = query.limit ?? MOST_LISTED;
  if (found.length <= limit) return found;
  return query.oldest === true || query.fromId !== undefined ? found.slice(0, limit) : found.slice(-limit);
}

function unknownOrder(order: Order | null): Placed {
  return { ok: false, refusal: { reason: 'unknown-order', order } };
}

function keyOf({ spec }: Market): string {
  return `${spec.kind}:${spec.symbol}`;
}
