/**
 * What the executor asks a venue: one order, all open orders, own trades since a time, wallets and positions. Each is answered whole and in one piece, or not at
 * all (the executor asks again). Only the venue's own word makes an order "not found". Gateway's lane.
 */
import { RecordKind } from '../../../core/memory/record.js';
import type { Instrument } from '../../../core/orders/instrument.js';
import { Reason } from '../../../core/orders/reasons.js';
import type { RunTables } from '../../../core/orders/tables.js';
import type { Dialect, OrderItem } from './dialect.js';
import { VenueError, type Exchange } from './exchange.js';
import type { GatewayRequest, KnownOrder, KnownOrders } from './known-orders.js';
import type { OrderRow, TradeRow, WalletRow } from './rows.js';
import type { Teller } from './teller.js';

/** Venue order ids of others, remembered so that they are not asked for again. */
const FOREIGN_MOST = 10_000;

export interface QuestionsDeps {
  readonly tables: RunTables;
  readonly venue: string;
  readonly dialect: Dialect;
  readonly exchange: Exchange;
  readonly known: KnownOrders;
  readonly teller: Teller;
  readonly wallUs: () => number;
}

export class Questions {
  readonly #deps: QuestionsDeps;
  readonly #instruments: readonly Instrument[];
  readonly #bySymbol: ReadonlyMap<string, Instrument>;
  readonly #foreign = new Set<string>();

  constructor(deps: QuestionsDeps) {
    this.#deps = deps;
    this.#instruments = deps.tables.instruments.filter(({ venue }) => venue === deps.venue);
    this.#bySymbol = new Map(this.#instruments.map((instrument) => [instrument.symbol, instrument]));
  }

  /** Rejects with VenueError when the venue did not answer. */
  async answer(request: GatewayRequest): Promise<void> {
    switch (request.kind) {
      case RecordKind.QUERY:
        return this.order(this.#deps.known.ofRequest(request), request);
      case RecordKind.LIST:
        return this.#list(request);
      case RecordKind.FILLS:
        return this.#fills(request);
      default:
        return this.#positions(request);
    }
  }

  /** The order's whole story: as it stands, each fill, its end. */
  async order(order: KnownOrder, request: GatewayRequest): Promise<void> {
    const { dialect, exchange, known, teller } = this.#deps;
    const { instrument } = teller.termsOf(order);
    const item: OrderItem = { order, instrument, price: '', qty: '', decidedUs: request.decidedUs };
    const row = await this.#find(item);
    if (row === null) {
      teller.answer(RecordKind.NOT_FOUND, Reason.UNKNOWN_ORDER, order, request);
      return;
    }
    const trades = Number(row.cum) > 0 ? await dialect.tradesOf(exchange, item, row) : [];
    known.learnVenueId(order, row.symbol, row.venueOrderId);
    teller.learn(order, row);
    order.isCreating = false;
    known.markAcked(order);
    teller.ack(order, request.decidedUs, row.tsUs);
    for (const trade of trades) teller.fill(order, trade, request.decidedUs);
    if (row.status === 'open') return;
    known.markEnded(order);
    teller.ended(order, row.status, row.reason, request.decidedUs, row.tsUs);
  }

  /** Trades that the private stream owes us. */
  async owedFills(order: KnownOrder): Promise<void> {
    const { dialect, exchange, teller } = this.#deps;
    const { instrument } = teller.termsOf(order);
    const item: OrderItem = { order, instrument, price: '', qty: '', decidedUs: 0 };
    const row = await this.#find(item);
    if (row === null || Number(row.cum) === 0) return;
    for (const trade of await dialect.tradesOf(exchange, item, row)) teller.fill(order, trade);
  }

  /** Wallets as the venue has them, told at start with nobody asking. */
  async wallets(): Promise<void> {
    const { wallets } = await this.#deps.dialect.account(this.#deps.exchange, this.#instruments);
    this.#tellWallets(wallets, 0);
  }

  async #positions({ decidedUs }: GatewayRequest): Promise<void> {
    const { dialect, exchange, teller, wallUs } = this.#deps;
    const { wallets, positions } = await dialect.account(exchange, this.#instruments);
    const tsUs = wallUs();
    this.#tellWallets(wallets, decidedUs);
    const bySymbol = new Map(positions.map((position) => [position.symbol, position]));
    for (const instrument of this.#instruments) {
      if (instrument.kind === 'spot') continue;
      const position = bySymbol.get(instrument.symbol);
      const terms = teller.terms(instrument.index);
      teller.push({
        kind: RecordKind.POSITION,
        order: null,
        instrument: instrument.index,
        qtyLots: terms.lots(position?.qty ?? '0'),
        fillTicks: terms.ticks(position?.entryPrice ?? '0'),
        fee: position?.leverage ?? 0,
        decidedUs,
        tsUs,
      });
    }
    teller.push({ kind: RecordKind.POSITIONS_END, order: null, decidedUs, tsUs });
  }

  #tellWallets(wallets: readonly WalletRow[], decidedUs: number): void {
    const { teller, tables, wallUs } = this.#deps;
    const byAsset = new Map(wallets.map((wallet) => [wallet.asset, wallet]));
    for (const asset of this.#assets(byAsset)) {
      const wallet = byAsset.get(asset);
      const told = { qtyLots: Number(wallet?.total ?? 0), cumLots: Number(wallet?.free ?? 0), feeAsset: tables.assets.indexOf(asset) };
      teller.push({ kind: RecordKind.BALANCE, order: null, ...told, decidedUs, tsUs: wallUs() });
    }
  }

  /** Null only by the venue's word. */
  async #find(item: OrderItem): Promise<OrderRow | null> {
    try {
      return await this.#deps.dialect.query(this.#deps.exchange, item);
    } catch (error) {
      if (error instanceof VenueError && error.verdict.kind === 'not-found') return null;
      throw error;
    }
  }

  async #list(request: GatewayRequest): Promise<void> {
    const { dialect, exchange, known, teller, wallUs } = this.#deps;
    const rows = await dialect.openOrders(exchange, this.#instruments);
    const tsUs = wallUs();
    for (const row of rows) {
      const instrument = this.#bySymbol.get(row.symbol);
      const order = instrument === undefined ? null : known.ofClientId(row.clientId, instrument.index, row.side);
      if (order === null) {
        teller.push({ kind: RecordKind.LISTED, order: null, instrument: instrument?.index ?? 0, decidedUs: request.decidedUs, tsUs });
        continue;
      }
      known.learnVenueId(order, row.symbol, row.venueOrderId);
      known.markAcked(order);
      // What the list says, not what we know: the executor compares.
      const terms = teller.termsOf(order);
      const stand = { priceTicks: terms.ticks(row.price), qtyLots: terms.lots(row.qty), cumLots: terms.lots(row.cum) };
      if (order.qtyLots === 0) teller.learn(order, row);
      teller.push({ kind: RecordKind.LISTED, order, ...stand, decidedUs: request.decidedUs, tsUs: row.tsUs > 0 ? row.tsUs : tsUs });
    }
    teller.push({ kind: RecordKind.LIST_END, order: null, decidedUs: request.decidedUs, tsUs });
  }

  async #fills(request: GatewayRequest): Promise<void> {
    const { dialect, exchange, teller, wallUs } = this.#deps;
    // Trades made while the pages are read may be missed by them: the list is complete up to its beginning, by the clock that dates trades.
    const completeUs = wallUs() + exchange.skewMs * 1_000;
    const trades = await dialect.tradesSince(exchange, this.#instruments, request.tsUs);
    const owners = await this.#ownersOf(trades);
    for (const trade of [...trades].sort((one, other) => one.tsUs - other.tsUs)) {
      const order = owners.get(`${trade.symbol} ${trade.venueOrderId}`);
      if (order !== undefined) teller.fill(order, trade, request.decidedUs);
    }
    teller.push({ kind: RecordKind.FILLS_END, order: null, decidedUs: request.decidedUs, tsUs: completeUs });
  }

  /** Our orders behind trades; those of others are left out. */
  async #ownersOf(trades: readonly TradeRow[]): Promise<ReadonlyMap<string, KnownOrder>> {
    const { dialect, exchange, known } = this.#deps;
    const owners = new Map<string, KnownOrder>();
    const unnamed = new Map<Instrument, Map<string, TradeRow>>();
    for (const trade of trades) {
      const key = `${trade.symbol} ${trade.venueOrderId}`;
      const instrument = this.#bySymbol.get(trade.symbol);
      if (instrument === undefined || owners.has(key) || this.#foreign.has(key)) continue;
      const order =
        trade.clientId === ''
          ? known.byVenueId(trade.symbol, trade.venueOrderId)
          : known.ofClientId(trade.clientId, instrument.index, trade.side);
      if (order !== null) owners.set(key, order);
      else if (trade.clientId === '') {
        const ids = unnamed.get(instrument) ?? new Map<string, TradeRow>();
        unnamed.set(instrument, ids.set(trade.venueOrderId, trade));
      }
    }
    for (const [instrument, ids] of unnamed) {
      const named = await dialect.clientIds?.(exchange, instrument, [...ids.keys()]);
      for (const [venueOrderId, trade] of ids) {
        const key = `${instrument.symbol} ${venueOrderId}`;
        const order = known.ofClientId(named?.get(venueOrderId) ?? '', instrument.index, trade.side);
        if (order === null) {
          if (this.#foreign.size >= FOREIGN_MOST) this.#foreign.clear();
          this.#foreign.add(key);
          continue;
        }
        known.learnVenueId(order, instrument.symbol, venueOrderId);
        owners.set(key, order);
      }
    }
    return owners;
  }

  /** Assets of this venue that the run knows: those it holds, and those that its instruments move (0 where the venue names none). */
  #assets(held: ReadonlyMap<string, unknown>): string[] {
    const moved = this.#instruments.flatMap(({ kind, base, quote, settle }) => (kind === 'spot' ? [base, quote] : [settle]));
    return this.#deps.tables.assets.filter((asset) => held.has(asset) || moved.includes(asset));
  }
}
