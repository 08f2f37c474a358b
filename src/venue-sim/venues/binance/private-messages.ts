/** From the exchange's events to the private messages of each Binance venue. Called by `UserStreams` for accounts that somebody listens to. */
import type { ExchangeEvent, OrderEvent, PositionEvent, WalletEvent } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';
import { milliseconds, moneyText, priceText } from './amounts.js';
import type { CancelNames } from './cancel-names.js';
import { breakEvenText, entryText } from './futures-position-texts.js';
import { averagePrice, clientIdText, type FuturesFamily } from './futures-texts.js';
import { selfTradeWord, sideWord, stateWord, timeInForceWord, typeWord } from './order-words.js';
import { accountPosition, balanceUpdates, executionReport } from './spot-texts.js';

export interface PrivateMessage {
  /** Name of the event, as `events=` of a futures stream selects it. */
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** What faults match on. */
  readonly about: { readonly type: ExchangeEvent['type']; readonly symbol?: string };
}

export interface PrivateMessages {
  /** Messages this event gives now. */
  of(event: ExchangeEvent): PrivateMessage[];
  /** What waited for a further event that did not come. Called after each step of the world. */
  rest(accountId: number): PrivateMessage[];
}

const NONE: PrivateMessage[] = [];

function message(type: ExchangeEvent['type'], market: Market | null, body: Readonly<Record<string, unknown>>): PrivateMessage {
  const about = market === null ? { type } : { type, symbol: market.spec.symbol };
  return { name: String(body['e']), body, about };
}

export class SpotMessages implements PrivateMessages {
  readonly #names: CancelNames;

  constructor(names: CancelNames) {
    this.#names = names;
  }

  of(event: ExchangeEvent): PrivateMessage[] {
    if (event.type === 'order') return [message('order', event.order.market, executionReport(event, this.#namesOf(event)))];
    if (event.type !== 'wallet') return NONE;
    if (event.cause === 'deposit') return balanceUpdates(event).map((body) => message('wallet', null, body));
    return [message('wallet', null, accountPosition(event))];
  }

  rest(): PrivateMessage[] {
    return NONE;
  }

  #namesOf({ order, cause }: OrderEvent): { readonly current: string; readonly original: string } {
    const cancelId = cause === 'cancelled' ? this.#names.cancelIdOf(order) : undefined;
    if (cancelId !== undefined) return { current: cancelId, original: order.clientId };
    const previous = cause === 'amended' ? this.#names.previousIdOf(order) : undefined;
    return { current: order.clientId, original: previous ?? '' };
  }
}

const EXECUTIONS = {
  new: 'NEW',
  amended: 'AMENDMENT',
  fill: 'TRADE',
  cancelled: 'CANCELED',
  expired: 'EXPIRED',
  rejected: 'REJECTED',
} as const;

const REASONS: Readonly<Record<WalletEvent['cause'], string>> = {
  order: 'ORDER',
  trade: 'ORDER',
  funding: 'FUNDING_FEE',
  margin: 'MARGIN_TRANSFER',
  deposit: 'DEPOSIT',
};

export class FuturesMessages implements PrivateMessages {
  readonly #family: FuturesFamily;
  /** Positions wait for the wallet change of the same delivery: one message says both. */
  readonly #waiting = new Map<number, Map<Market, PositionEvent>>();

  constructor(family: FuturesFamily) {
    this.#family = family;
  }

  of(event: ExchangeEvent): PrivateMessage[] {
    switch (event.type) {
      case 'order': {
        const update = message('order', event.order.market, this.#orderUpdate(event));
        const lite = this.#family === 'usdm' ? tradeLite(event) : null;
        return lite === null ? [update] : [message('fill', event.order.market, lite), update];
      }
      case 'position':
        if (event.cause === 'leverage') return [message('position', event.position.market, leverageUpdate(event))];
        this.#wait(event);
        return NONE;
      case 'wallet':
        return this.#walletChanged(event);
      default:
        return NONE;
    }
  }

  rest(accountId: number): PrivateMessage[] {
    const waiting = this.#waiting.get(accountId);
    if (waiting === undefined) return NONE;
    this.#waiting.delete(accountId);
    return [...waiting.values()].map((event) => {
      const reason = event.cause === 'margin' ? 'MARGIN_TYPE_CHANGE' : 'ORDER';
      return message('position', event.position.market, accountUpdate(event.timeUs, reason, [], [positionLine(event)]));
    });
  }

  #wait(event: PositionEvent): void {
    const waiting = this.#waiting.get(event.account.id) ?? new Map<Market, PositionEvent>();
    this.#waiting.set(event.account.id, waiting.set(event.position.market, event));
  }

  /** Margin locked by an order is not told: only the wallet itself counts. Funding of cross positions tells no position. */
  #walletChanged(event: WalletEvent): PrivateMessage[] {
    if (event.cause === 'order') return NONE;
    const waiting = [...(this.#waiting.get(event.account.id)?.values() ?? [])];
    this.#waiting.delete(event.account.id);
    // A changed leverage frees or takes margin; the wallet itself is as it was.
    if (event.cause === 'margin' && waiting.length === 0) return NONE;
    const told = event.cause === 'funding' ? waiting.filter(({ position }) => position.marginMode === 'isolated') : waiting;
    const balances = event.wallets.map(({ terms, total, isolated }) => ({
      a: terms.asset,
      wb: moneyText(total, terms),
      cw: moneyText(total - isolated, terms),
      bc: event.cause === 'trade' ? '0' : moneyText(event.changes.get(terms.asset) ?? 0n, terms),
    }));
    const [first] = waiting;
    // A margin type can be changed without a position only, a margin moved only with one.
    const isTypeChange = event.cause === 'margin' && waiting.every(({ position }) => position.lots === 0);
    return [
      message(
        'wallet',
        first?.position.market ?? null,
        accountUpdate(event.timeUs, isTypeChange ? 'MARGIN_TYPE_CHANGE' : REASONS[event.cause], balances, told.map(positionLine)),
      ),
    ];
  }

  #orderUpdate(event: OrderEvent): Record<string, unknown> {
    const { order, fill } = event;
    const { market } = order;
    const timeMs = milliseconds(event.timeUs);
    const isForced = fill?.kind === 'liquidation';
    const body = {
      s: market.spec.symbol,
      c: clientIdText(order),
      S: sideWord(order),
      o: typeWord(order),
      f: timeInForceWord(order),
      q: market.qtyText(order.lots),
      p: priceText(market, order.ticks),
      ap: order.filledLots === 0 ? '0' : averagePrice(order),
      sp: '0',
      x: isForced ? 'CALCULATED' : EXECUTIONS[event.cause],
      X: stateWord(order),
      i: order.number,
      l: market.qtyText(fill?.lots ?? 0),
      z: market.qtyText(order.filledLots),
      L: priceText(market, fill?.ticks ?? 0),
      ...(fill === null ? {} : { N: fill.feeAsset.asset, n: moneyText(fill.feeUnits, fill.feeAsset) }),
      T: timeMs,
      t: fill?.tradeId ?? 0,
      b: '0',
      a: '0',
      m: fill?.isMaker ?? false,
      R: order.reduceOnly,
      wt: 'CONTRACT_PRICE',
      ot: typeWord(order),
      ps: 'BOTH',
      cp: false,
      ...(this.#family === 'coinm' ? { ma: market.spec.settle } : {}),
      rp: fill === null ? '0' : moneyText(fill.realisedUnits, fill.feeAsset),
      pP: false,
      si: 0,
      ss: 0,
      V: selfTradeWord(order),
      pm: order.extra['match'] ?? 'NONE',
      gtd: Number(order.extra['gtd'] ?? 0),
    };
    const head = { e: 'ORDER_TRADE_UPDATE', E: timeMs, T: timeMs };
    return this.#family === 'coinm' ? { ...head, i: `sim${order.account.id}`, o: body } : { ...head, o: body };
  }
}

/** The short word of a trade that USD-M sends ahead of the long one; null for everything else, and for orders that the venue sent itself. */
function tradeLite({ order, fill, timeUs }: OrderEvent): Record<string, unknown> | null {
  if (fill === null || fill.kind === 'liquidation') return null;
  const { market } = order;
  const timeMs = milliseconds(timeUs);
  return {
    e: 'TRADE_LITE',
    E: timeMs,
    T: timeMs,
    s: market.spec.symbol,
    q: market.qtyText(order.lots),
    p: order.ticks === null ? '0' : priceText(market, order.ticks),
    m: fill.isMaker,
    c: clientIdText(order),
    S: sideWord(order),
    L: priceText(market, fill.ticks),
    l: market.qtyText(fill.lots),
    t: fill.tradeId,
    i: order.number,
  };
}

function accountUpdate(
  timeUs: number,
  reason: string,
  balances: readonly unknown[],
  positions: readonly unknown[],
): Record<string, unknown> {
  const timeMs = milliseconds(timeUs);
  return { e: 'ACCOUNT_UPDATE', E: timeMs, T: timeMs, a: { m: reason, B: balances, P: positions } };
}

function positionLine({ position }: PositionEvent): Record<string, unknown> {
  const terms = { asset: position.market.spec.settle, decimals: 8 };
  return {
    s: position.market.spec.symbol,
    pa: position.market.qtyText(position.lots),
    ep: entryText(position),
    bep: breakEvenText(position),
    cr: moneyText(position.realisedTotal, terms),
    up: moneyText(position.unrealised, terms),
    mt: position.marginMode === 'cross' ? 'cross' : 'isolated',
    iw: moneyText(position.marginMode === 'isolated' ? position.isolatedMargin : 0n, terms),
    ps: 'BOTH',
  };
}

function leverageUpdate(event: PositionEvent): Record<string, unknown> {
  const timeMs = milliseconds(event.timeUs);
  return { e: 'ACCOUNT_CONFIG_UPDATE', E: timeMs, T: timeMs, ac: { s: event.position.market.spec.symbol, l: event.position.leverage } };
}
