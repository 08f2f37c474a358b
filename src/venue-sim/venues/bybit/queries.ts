/** Bybit v5's questions about orders, executions and positions: categories, filters, pages newest first. Called by `BybitPrivateRest`. */
import type { Account, Exchange, Fill, LedgerEntry, Order } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';
import { priceText, type BybitCategory } from './public-messages.js';
import { positionRow } from './account-rows.js';
import { isSet, limitOf, pageOf, textOf, type Item } from './items.js';
import { executionRow, fundingExecId, fundingRow, lotsText, millis, moneyText, orderRow, type Row } from './order-rows.js';
import { BAD_SYMBOL, ILLEGAL_CATEGORY, SPOT, type BybitRefusal } from './refusals.js';
import { categoryOf, isOfConditional, type Answer } from './trading.js';

/** Recently closed orders that `realtime` still knows (Bybit v5, "Get Open & Closed Orders"). */
const RECENTLY_CLOSED = 500;
/** Span of one history query (Bybit v5, "Get Order History"). */
const MOST_SPAN_MS = 7 * 86_400_000;
const NOTHING_NAMED: BybitRefusal = {
  code: 10_001,
  message: 'Missing some parameters that must be filled in, symbol or settleCoin or baseCoin at least one',
};

interface Scope {
  readonly category: BybitCategory;
  readonly markets: readonly Market[];
}

export class BybitQueries {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Open orders; closed ones too when they are asked for by id, or by `openOnly=1`. */
  realtime(account: Account, item: Item): Answer {
    const scope = this.#scope(item);
    if ('code' in scope) return { refusal: scope };
    const isNamed = isSet(item, 'orderId') || isSet(item, 'orderLinkId');
    if (scope.category === 'linear' && !isNamed && !isScoped(item)) return { refusal: NOTHING_NAMED };
    const isClosedWanted = textOf(item, 'openOnly') === '1';
    if (!isNamed && !isClosedWanted) {
      const open = isOfConditional(item) ? [] : this.#exchange.openOrders(account).filter((order) => scope.markets.includes(order.market));
      return this.#orderPage(scope.category, open.toReversed(), item);
    }
    const orders = this.#orders(account, scope, item).filter((order) => isNamed || !isOpen(order));
    return this.#orderPage(scope.category, orders.slice(0, RECENTLY_CLOSED), item);
  }

  /** Orders that ended. */
  history(account: Account, item: Item): Answer {
    const scope = this.#scope(item);
    if ('code' in scope) return { refusal: scope };
    const span = spanRefusal(item);
    if (span !== null) return { refusal: span };
    const status = textOf(item, 'orderStatus');
    const ended = this.#orders(account, scope, item).filter((order) => !isOpen(order) && isWithin(order.createdUs, item));
    const orders = status === '' ? ended : ended.filter((order) => orderRow(this.#exchange, order)['orderStatus'] === status);
    return this.#orderPage(scope.category, orders, item);
  }

  executions(account: Account, item: Item): Answer {
    const scope = this.#scope(item);
    if ('code' in scope) return { refusal: scope };
    const span = spanRefusal(item);
    if (span !== null) return { refusal: span };
    const type = textOf(item, 'execType');
    const orderId = textOf(item, 'orderId');
    const linkId = textOf(item, 'orderLinkId');
    interface Listed {
      readonly timeUs: number;
      readonly number: number;
      readonly row: () => Row | null;
    }
    const listed: Listed[] = [];
    const isWanted = (market: Market | null, timeUs: number): boolean =>
      market !== null && scope.markets.includes(market) && isWithin(timeUs, item);
    if (type === '' || type === 'Trade' || type === 'BustTrade') {
      for (const fill of this.#exchange.fills(account)) {
        if (!isWanted(fill.market, fill.timeUs)) continue;
        if (type !== '' && (fill.kind === 'liquidation') !== (type === 'BustTrade')) continue;
        if ((orderId !== '' && fill.orderId !== orderId) || (linkId !== '' && fill.clientId !== linkId)) continue;
        const row = (): Row => executionRow(this.#exchange, fill, this.#exchange.find(account, { number: fill.orderNumber }));
        listed.push({ timeUs: fill.timeUs, number: fill.id, row });
      }
    }
    if ((type === '' || type === 'Funding') && orderId === '' && linkId === '' && scope.category !== 'spot') {
      for (const entry of this.#exchange.ledger(account, { kind: 'funding' })) {
        if (!isWanted(entry.market, entry.timeUs)) continue;
        listed.push({ timeUs: entry.timeUs, number: entry.id, row: () => fundingRow(this.#exchange, entry, fundingExecId(entry)) });
      }
    }
    listed.sort((a, b) => b.timeUs - a.timeUs || b.number - a.number);
    // Pages by position: executions and payments number themselves apart.
    const total = listed.length;
    const numbered = listed.map((entry, index) => ({ entry, number: total - index }));
    const page = pageOf(numbered, ({ number }) => number, limitOf(item, 50, 100), textOf(item, 'cursor'));
    const list = page.rows.map(({ entry }) => entry.row()).filter((row) => row !== null);
    return { result: { nextPageCursor: page.cursor, category: scope.category, list } };
  }

  positions(account: Account, item: Item): Answer {
    const scope = this.#scope(item);
    if ('code' in scope) return { refusal: scope };
    if (scope.category === 'spot') return { refusal: ILLEGAL_CATEGORY };
    if (scope.category === 'linear' && !isScoped(item)) return { refusal: NOTHING_NAMED };
    // A market asked for by name is listed without a position too.
    const views = scope.markets.map((market) => this.#exchange.position(account, market));
    const shown = isSet(item, 'symbol') ? views : views.filter((view) => view.lots !== 0);
    const list = shown.map((view) => positionRow(this.#exchange, view));
    return { result: { nextPageCursor: '', category: scope.category, list } };
  }

  /** One line per order that closed something. */
  closedProfit(account: Account, item: Item): Answer {
    const scope = this.#scope(item);
    if ('code' in scope) return { refusal: scope };
    if (scope.category === 'spot') return { refusal: ILLEGAL_CATEGORY };
    const span = spanRefusal(item);
    if (span !== null) return { refusal: span };
    const byOrder = new Map<number, Fill[]>();
    for (const fill of this.#exchange.fills(account)) {
      if (fill.closedLots === 0 || !scope.markets.includes(fill.market) || !isWithin(fill.timeUs, item)) continue;
      const fills = byOrder.get(fill.orderNumber);
      if (fills === undefined) byOrder.set(fill.orderNumber, [fill]);
      else fills.push(fill);
    }
    const groups = [...byOrder].toSorted(([a], [b]) => b - a);
    const page = pageOf(groups, ([number]) => number, limitOf(item, 50, 100), textOf(item, 'cursor'));
    const list = page.rows.map(([number, fills]) => this.#closedRow(account, number, fills)).filter((row) => row !== null);
    return { result: { nextPageCursor: page.cursor, category: scope.category, list } };
  }

  #closedRow(account: Account, number: number, fills: readonly Fill[]): Row | null {
    const [first] = fills;
    const last = fills.at(-1);
    if (first === undefined || last === undefined) return null;
    const { market } = first;
    const { settle } = this.#exchange.terms(market);
    const order = this.#exchange.find(account, { number });
    const sum = (of: (fill: Fill) => bigint): bigint => fills.reduce((units, fill) => units + of(fill), 0n);
    const lots = fills.reduce((total, fill) => total + fill.closedLots, 0);
    const exitUnits = sum((fill) => (fill.valueUnits * BigInt(fill.closedLots)) / BigInt(fill.lots));
    const realised = sum((fill) => fill.realisedUnits);
    const fees = sum((fill) => fill.feeUnits);
    // Entry value from exit and profit: sellers of linear contracts close a long, of inverse ones too, with the sign turned.
    const isLongClosed = first.side === 'sell';
    const sign = isLongClosed === (market.spec.kind !== 'inverse') ? -1n : 1n;
    const entryUnits = exitUnits + sign * realised;
    const price = (units: bigint): string => {
      const value = Number(moneyText(units, settle));
      const qty = lots * market.lotSize;
      const average = market.spec.kind === 'inverse' ? qty / value : value / qty;
      return Number.isFinite(average) ? average.toFixed(market.spec.priceDecimals) : '0';
    };
    return {
      symbol: market.spec.symbol,
      orderType: order?.kind === 'market' ? 'Market' : 'Limit',
      leverage: String(this.#exchange.position(account, market).leverage),
      updatedTime: millis(last.timeUs),
      side: first.side === 'buy' ? 'Buy' : 'Sell',
      orderId: first.orderId,
      closedPnl: moneyText(realised - fees, settle),
      openFee: '0',
      closeFee: moneyText(fees, settle),
      avgEntryPrice: price(entryUnits),
      qty: lotsText(market, first.orderLots),
      cumEntryValue: moneyText(entryUnits, settle),
      createdTime: millis(first.timeUs),
      orderPrice: first.orderTicks === null ? '0' : priceText(market, first.orderTicks),
      closedSize: lotsText(market, lots),
      avgExitPrice: price(exitUnits),
      execType: last.kind === 'liquidation' ? 'BustTrade' : 'Trade',
      fillCount: String(fills.length),
      cumExitValue: moneyText(exitUnits, settle),
    };
  }

  #scope(item: Item): Scope | BybitRefusal {
    const category = categoryOf(item);
    if (category === undefined) return ILLEGAL_CATEGORY;
    const symbol = textOf(item, 'symbol');
    const base = textOf(item, 'baseCoin');
    const settle = textOf(item, 'settleCoin');
    const markets = this.#exchange.markets.filter(
      ({ spec }) =>
        spec.kind === category &&
        (symbol === '' || spec.symbol === symbol) &&
        (base === '' || spec.base === base) &&
        (settle === '' || spec.settle === settle),
    );
    if (symbol !== '' && markets.length === 0) return category === 'spot' ? SPOT.badSymbol : BAD_SYMBOL;
    return { category, markets };
  }

  /** Newest first. */
  #orders(account: Account, scope: Scope, item: Item): Order[] {
    if (isOfConditional(item)) return [];
    const id = textOf(item, 'orderId');
    const linkId = textOf(item, 'orderLinkId');
    const [market] = scope.markets;
    const orders = this.#exchange.orders(account, scope.markets.length === 1 && market !== undefined ? { market } : {});
    return orders
      .filter(
        (order) => scope.markets.includes(order.market) && (id === '' || order.id === id) && (linkId === '' || order.clientId === linkId),
      )
      .toReversed();
  }

  #orderPage(category: BybitCategory, orders: readonly Order[], item: Item): Answer {
    const page = pageOf(orders, (order) => order.number, limitOf(item, 20, 50), textOf(item, 'cursor'));
    return { result: { nextPageCursor: page.cursor, category, list: page.rows.map((order) => orderRow(this.#exchange, order)) } };
  }
}

export function isOpen(order: Order): boolean {
  return order.state === 'new' || order.state === 'part-filled';
}

function isScoped(item: Item): boolean {
  return isSet(item, 'symbol') || isSet(item, 'baseCoin') || isSet(item, 'settleCoin');
}

/** `startTime` and `endTime` in milliseconds, both included. */
export function isWithin(timeUs: number, item: Item): boolean {
  const timeMs = Math.floor(timeUs / 1_000);
  if (isSet(item, 'startTime') && timeMs < Number(textOf(item, 'startTime'))) return false;
  return !isSet(item, 'endTime') || timeMs <= Number(textOf(item, 'endTime'));
}

export function spanRefusal(item: Item): BybitRefusal | null {
  if (!isSet(item, 'startTime') || !isSet(item, 'endTime')) return null;
  const spanMs = Number(textOf(item, 'endTime')) - Number(textOf(item, 'startTime'));
  if (spanMs < 0) return { code: 10_001, message: 'The start time cannot be later than the end time' };
  return spanMs <= MOST_SPAN_MS ? null : { code: 10_001, message: 'The time range between startTime and endTime cannot exceed 7 days' };
}

/** Entries that concern the account's statement, oldest first. */
export function statementOf(exchange: Exchange, account: Account, item: Item): LedgerEntry[] {
  const currency = textOf(item, 'currency');
  const category = textOf(item, 'category');
  return exchange
    .ledger(account)
    .filter(
      (entry) =>
        (currency === '' || entry.asset.asset === currency) &&
        (category === '' || entry.market?.spec.kind === category) &&
        isWithin(entry.timeUs, item),
    );
}
