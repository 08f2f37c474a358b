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
import { Codec, marketName, type PlainRecord } from './codec.js';
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
import { FeeDiscount } from './fee-discount.js';
import { FundingClock, type SavedFunding } from './funding-clock.js';
import { HistoryLog, fillsOf, ledgerOf, ordersOf, type HistoryLine } from './history.js';
import { Liquidator } from './liquidator.js';
import { Margins } from './margin.js';
import { checkOrder } from './order-checks.js';
import { OrderDesk } from './order-desk.js';
import { OrderRecord, type OrderFields } from './order-record.js';
import { Settings } from './settings.js';
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
  readonly funding: Readonly<Record<string, SavedFunding>>;
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
  /** The past of the clients' accounts, on its way to a file. */
  readonly history: HistoryLog;
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
  readonly #funding = new FundingClock();
  readonly #settings: Settings;
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
    this.testAccounts = this.#openAccounts(seed);
    const accounts = [...this.#states.values()].map(({ account }) => account);
    this.#codec = new Codec(markets, accounts, this.assets);
    this.history = new HistoryLog(venue, this.#codec);
    this.#margins = new Margins(this.#booked);
    this.#events = new EventQueue({
      wallet: (state, asset) => this.#margins.wallet(state, this.#assetOf(asset)),
      position: (state, market) => this.#margins.position(state, this.#bookedOf(market)),
      uuid: () => this.uuid(),
      nowUs: () => this.#nowUs,
    });
    const booked = [...this.#booked.values()];
    this.#books = new Books(
      this.#states,
      this.assets,
      booked,
      {
        onWallet: (state, asset, cause, units) => this.#events.walletChanged(state, asset, cause, units),
        onEntry: (state, entry) => this.history.add(state, 'entry', entry),
      },
      new FeeDiscount(this.notes, this.assets, booked),
    );
    this.#desk = new OrderDesk(
      {
        books: this.#books,
        margins: this.#margins,
        events: this.#events,
        booked: this.#booked,
        nowUs: () => this.#nowUs,
        uuid: () => this.uuid(),
        orderId: (number, market) => this.#orderIdOf(number, market),
        onFill: (state, fill) => this.history.add(state, 'fill', fill),
        onOrderEnded: (state, order) => this.history.add(state, 'order', order),
        onActivity: () => this.onActivity?.(),
      },
      FIRST_ORDER_NUMBER[venue],
    );
    this.#liquidator = new Liquidator(this.#books, this.#margins, this.#desk, this.#events, this.#booked);
    this.#settings = new Settings(this.#margins, this.#events, () => this.onActivity?.());
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
    return ordersOf(this.#stateOf(account), query);
  }

  fills(account: Account, query: HistoryQuery = {}): readonly Fill[] {
    const fills = fillsOf(this.#stateOf(account), query);
    const repeats = this.repeatsFill;
    return repeats === null ? fills : fills.flatMap((fill) => (repeats(fill) ? [fill, fill] : [fill]));
  }

  ledger(account: Account, query: HistoryQuery = {}): readonly LedgerEntry[] {
    return ledgerOf(this.#stateOf(account), query);
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
    return this.#settings.setLeverage(this.#stateOf(account), this.#bookedOf(market), leverage);
  }

  setMarginMode(account: Account, market: Market, mode: MarginMode): Done {
    return this.#settings.setMarginMode(this.#stateOf(account), this.#bookedOf(market), mode);
  }

  changeMargining(account: Account, market: Market, mode: MarginMode, leverage: number): Done {
    return this.#settings.changeMargining(this.#stateOf(account), this.#bookedOf(market), mode, leverage);
  }

  changeIsolatedMargin(account: Account, market: Market, units: bigint): Done {
    return this.#settings.changeIsolatedMargin(this.#stateOf(account), this.#bookedOf(market), units);
  }

  valueOf(market: Market, lots: number, ticks: number): bigint {
    return this.#bookedOf(market).value.execution(lots, ticks);
  }

  markText(market: Market): string {
    return this.#bookedOf(market).value.mark().text;
  }

  fundingText(market: Market): string {
    return this.#funding.rateText(this.#bookedOf(market));
  }

  fundings(market: Market): readonly Funding[] {
    return this.#funding.past(this.#bookedOf(market));
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
          return position === undefined ? [] : [[marketName(market), this.#codec.encode(position)]];
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
      funding: Object.fromEntries(this.markets.map((market) => [marketName(market), this.#funding.save(market)])),
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
      const funding = saved.funding[marketName(market)];
      if (funding !== undefined) this.#funding.load(market, funding);
    }
  }

  /** The accounts of the flow and of clients; their past is written by whoever keeps it. */
  get states(): Iterable<AccountState> {
    return this.#states.values();
  }

  loadHistory(line: HistoryLine): void {
    const state = this.#states.get(line[1]);
    if (state !== undefined) this.history.load(state, line);
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
      const plain = saved.positions[marketName(market)];
      if (plain !== undefined) Object.assign(state.positionIn(market, this.terms(market).defaultLeverage), this.#codec.decode(plain));
    }
    for (const plain of saved.open) {
      const order = new OrderRecord(this.#codec.decode(plain) as unknown as OrderFields);
      state.addOrder(order);
      if (!this.#desk.adopt(order)) throw new Error(`saved order ${order.id} is not in the saved book of ${order.market.spec.symbol}`);
    }
  }

  #payFunding(): void {
    for (const { booked, payments } of this.#funding.pay(this.#booked.values(), this.#books, this.#nowUs)) {
      for (const { state, entry } of payments) {
        const position = this.#margins.position(state, booked);
        this.#events.add({ type: 'funding', account: state.account, timeUs: this.#nowUs, entry, position, execId: this.uuid() });
        this.#events.positionChanged(state, booked.market, 'funding');
        this.onActivity?.();
      }
    }
  }

  #touch(placed: Placed): Placed {
    if (placed.ok) this.#touched.push(placed.order);
    return placed;
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

function unknownOrder(order: Order | null): Placed {
  return { ok: false, refusal: { reason: 'unknown-order', order } };
}
