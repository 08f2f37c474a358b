/** The venue's books against the engine's, item by item. Pure: both sides are given, what differs comes back as lines. */
import { orderIdOf, tradeIdOf } from '../core/numbers/ids.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { AccountOpening, EngineAccount, EngineFill, EngineOrder } from './engine-account.js';
import { Amount, isSame, Sums } from './exact.js';
import { flowsOf, moneyOf } from './value.js';
import { cashIn, type VenueCut } from './venue-cut.js';
import type { VenueOrder, VenueTrade } from './venue-books.js';

export interface Differences {
  readonly orders: number;
  readonly fills: number;
  readonly balances: number;
  readonly positions: number;
}

/** One asset of a venue. All amounts are decimal texts. */
export interface AssetVerdict {
  readonly asset: string;
  readonly wallet: string;
  /** At `marks`, as the venue told. */
  readonly unrealised: string;
  /** Wallet and unrealised profit. */
  readonly equity: string;
  /** What equity would be by the opening, the engine's fills, fees and funding, foreign trades, and the venue's marks. */
  readonly expected: string;
  /** `equity` minus `expected`: the residual. */
  readonly difference: string;
  /** What the venue's cash (value.ts) moved by since the opening, without the trades of others: what a ledger of the engine's flows must have come to. */
  readonly moved: string;
}

export interface Comparison {
  readonly differences: Differences;
  readonly lines: readonly string[];
  /** What belongs to somebody else on the same account; no difference. */
  readonly foreign: readonly string[];
  /** What became of orders that an earlier run left and this one does not have; no difference, and counted when a run has them again. */
  readonly aside: readonly string[];
  readonly assets: readonly AssetVerdict[];
  /** Mark prices as the venue told them with its positions, by instrument. */
  readonly marks: Readonly<Record<string, string>>;
}

export interface Sides {
  readonly instruments: readonly Instrument[];
  /** The engine's tag: orders that carry it are ours. */
  readonly tag: string;
  readonly opening: AccountOpening;
  readonly engine: EngineAccount;
  readonly cut: VenueCut;
  /** Orders of the engine that are not open at the venue, as the venue tells them when asked; null: it knows none. */
  readonly asked: ReadonlyMap<string, VenueOrder | null>;
  /** Client ids of trades that the engine does not know, by `tradeKey`. */
  readonly clientIds: ReadonlyMap<string, string>;
}

/** States in which the engine takes an order to be alive or in doubt. */
const LIVE_STATES = new Set(['pending', 'open', 'partly_filled', 'cancelling', 'amending', 'unknown']);

export function isLive(order: EngineOrder): boolean {
  return LIVE_STATES.has(order.state);
}

export function isOurs(clientId: string, tag: string): boolean {
  return orderIdOf(clientId, tag) !== null;
}

/** An account that trades with itself has both sides of a trade, under one id. */
export function tradeKey(trade: { readonly instrument: string; readonly tradeId: number | string; readonly side: 'buy' | 'sell' }): string {
  return `${trade.instrument} ${typeof trade.tradeId === 'string' ? tradeIdOf(trade.tradeId) : trade.tradeId} ${trade.side}`;
}

export function compare(sides: Sides): Comparison {
  const foreign: string[] = [];
  const aside: string[] = [];
  const orders = compareOrders(sides, foreign, aside);
  const { lines: fills, foreignTrades } = compareFills(sides, foreign, aside);
  const positions = comparePositions(sides, foreignTrades);
  const { lines: balances, assets } = compareBalances(sides, foreignTrades);
  return {
    differences: { orders: orders.length, fills: fills.length, balances: balances.length, positions: positions.length },
    lines: [...orders, ...fills, ...positions, ...balances],
    foreign,
    aside,
    assets,
    marks: Object.fromEntries(sides.cut.positions.map(({ instrument, mark }) => [instrument, mark])),
  };
}

function compareOrders({ cut, engine, tag, asked }: Sides, foreign: string[], aside: string[]): string[] {
  const lines: string[] = [];
  const ours = new Map(engine.orders.filter(isLive).map((order) => [order.clientId, order]));
  const seen = new Set<string>();
  const listOf = ({ isAside }: EngineOrder): string[] => (isAside === true ? aside : lines);
  for (const order of cut.openOrders) {
    if (!isOurs(order.clientId, tag)) {
      foreign.push(`open order ${order.clientId || order.venueOrderId} ${termsOf(order)}`);
      continue;
    }
    seen.add(order.clientId);
    const own = ours.get(order.clientId);
    if (own === undefined) lines.push(`order ${order.clientId}: open at the venue (${termsOf(order)}), not for the engine`);
    else listOf(own).push(...termsThatDiffer(own, order));
  }
  for (const order of ours.values()) {
    if (seen.has(order.clientId)) continue;
    const told = asked.get(order.clientId);
    // Asked a moment later it may be open after all: then it is compared like the others.
    if (told?.isOpen === true) listOf(order).push(...termsThatDiffer(order, told));
    else
      listOf(order).push(
        `order ${order.clientId}: ${order.state} for the engine (${termsOf(order)}), ${told ? `${told.state} at the venue` : 'unknown to the venue'}`,
      );
  }
  return lines;
}

function termsOf(order: EngineOrder | VenueOrder): string {
  return `${order.instrument} ${order.side} ${order.qty} @ ${order.price}, filled ${order.filled}`;
}

function termsThatDiffer(own: EngineOrder, theirs: VenueOrder): string[] {
  const parts: string[] = [];
  if (own.instrument !== theirs.instrument) parts.push(`instrument ${own.instrument}, at the venue ${theirs.instrument}`);
  for (const key of ['price', 'qty', 'filled'] as const) {
    if (!isSame(own[key], theirs[key])) parts.push(`${key} ${own[key]}, at the venue ${theirs[key]}`);
  }
  return parts.length === 0 ? [] : [`order ${own.clientId}: ${parts.join('; ')}`];
}

function compareFills(
  { cut, engine, tag, clientIds }: Sides,
  foreign: string[],
  aside: string[],
): { readonly lines: string[]; readonly foreignTrades: readonly VenueTrade[] } {
  const lines: string[] = [];
  const foreignTrades: VenueTrade[] = [];
  const ours = new Map<string, EngineFill>();
  for (const fill of engine.fills) {
    const key = tradeKey(fill);
    if (ours.has(key)) lines.push(`fill ${key}: counted twice by the engine`);
    ours.set(key, fill);
  }
  const told = new Set<string>();
  const left = new Set(engine.orders.flatMap(({ clientId, isAside }) => (isAside === true ? [clientId] : [])));
  for (const trade of cut.trades) {
    const key = tradeKey(trade);
    told.add(key);
    const own = ours.get(key);
    if (own !== undefined) {
      lines.push(...fillsThatDiffer(own, trade));
      continue;
    }
    const clientId = trade.clientId ?? clientIds.get(key) ?? '';
    const words = `${trade.instrument} #${trade.tradeId} ${trade.side} ${trade.qty} @ ${trade.price} of order ${clientId || trade.venueOrderId}`;
    if (isOurs(clientId, tag) && !left.has(clientId)) lines.push(`fill ${words}: at the venue, not for the engine`);
    else {
      if (left.has(clientId)) aside.push(`fill ${words}`);
      else foreign.push(`trade ${words}`);
      foreignTrades.push(trade);
    }
  }
  for (const [key, fill] of ours) {
    if (!told.has(key))
      lines.push(`fill ${key} of order ${fill.clientId}: ${fill.side} ${fill.qty} @ ${fill.price} for the engine, unknown to the venue`);
  }
  return { lines, foreignTrades };
}

function fillsThatDiffer(own: EngineFill, theirs: VenueTrade): string[] {
  const parts: string[] = [];
  if (own.feeAsset !== theirs.feeAsset && !(Amount.of(own.fee).isZero && Amount.of(theirs.fee).isZero))
    parts.push(`fee in ${own.feeAsset}, at the venue in ${theirs.feeAsset}`);
  for (const key of ['price', 'qty', 'fee'] as const) {
    if (!isSame(own[key], theirs[key])) parts.push(`${key} ${own[key]}, at the venue ${theirs[key]}`);
  }
  if (theirs.clientId !== null && theirs.clientId !== '' && own.clientId !== theirs.clientId)
    parts.push(`of order ${own.clientId}, at the venue of ${theirs.clientId}`);
  return parts.length === 0 ? [] : [`fill ${tradeKey(own)} of order ${own.clientId}: ${parts.join('; ')}`];
}

function comparePositions({ cut, engine, opening, instruments }: Sides, foreignTrades: readonly VenueTrade[]): string[] {
  const lines: string[] = [];
  const own = new Sums();
  for (const fill of engine.fills) own.add(fill.instrument, signed(fill));
  const foreign = new Sums();
  for (const trade of foreignTrades) foreign.add(trade.instrument, signed(trade));
  const claimed = new Map(engine.positions.map(({ instrument, qty }) => [instrument, qty]));
  const told = new Map(cut.positions.map(({ instrument, qty }) => [instrument, qty]));
  for (const { id, kind } of instruments) {
    if (kind === 'spot') continue;
    const sum = own.of(id);
    const claim = claimed.get(id) ?? '0';
    if (!sum.equals(Amount.of(claim))) lines.push(`position ${id}: the engine says ${claim}, its fills make ${sum.toString()}`);
    const expected = sum.plus(foreign.of(id)).plus(Amount.of(opening.positions[id] ?? '0'));
    const found = Amount.of(told.get(id) ?? '0');
    if (!expected.equals(found))
      lines.push(`position ${id}: ${found.toString()} at the venue, ${expected.toString()} by opening and trades`);
  }
  return lines;
}

function signed(trade: { readonly side: 'buy' | 'sell'; readonly qty: string }): Amount {
  const qty = Amount.of(trade.qty);
  return trade.side === 'buy' ? qty : qty.negated();
}

function compareBalances(
  sides: Sides,
  foreignTrades: readonly VenueTrade[],
): { readonly lines: string[]; readonly assets: readonly AssetVerdict[] } {
  const { cut, engine, opening } = sides;
  const instruments = new Map(sides.instruments.map((instrument) => [instrument.id, instrument]));
  const expected = new Sums();
  for (const [asset, amount] of Object.entries(opening.cash)) expected.add(asset, Amount.of(amount));
  const addFlows = (sums: Sums, trade: EngineFill | VenueTrade): void => {
    const instrument = instruments.get(trade.instrument);
    if (instrument !== undefined) for (const { asset, amount } of flowsOf(instrument, trade)) sums.add(asset, amount);
  };
  for (const trade of foreignTrades) addFlows(expected, trade);
  const still = new Sums();
  for (const asset of expected.names) still.add(asset, expected.of(asset));
  for (const fill of engine.fills) addFlows(expected, fill);
  for (const { asset, amount } of engine.fundings) expected.add(asset, Amount.of(amount));
  const found = cashIn(cut, instruments);
  const unrealised = new Sums();
  for (const position of cut.positions) {
    const instrument = instruments.get(position.instrument);
    if (instrument !== undefined) unrealised.add(moneyOf(instrument), Amount.of(position.unrealised));
  }
  const lines: string[] = [];
  const assets = assetsOf(sides).map((asset): AssetVerdict => {
    const wallet = Amount.of(cut.wallets.get(asset) ?? '0');
    const equity = wallet.plus(unrealised.of(asset));
    const difference = found.of(asset).minus(expected.of(asset));
    if (!difference.isZero) {
      lines.push(
        `balance ${asset}: ${equity.toString()} at the venue, ${equity.minus(difference).toString()} by opening, trades, fees and funding`,
      );
    }
    return {
      asset,
      wallet: wallet.toString(),
      unrealised: unrealised.of(asset).toString(),
      equity: equity.toString(),
      expected: equity.minus(difference).toString(),
      difference: difference.toString(),
      moved: found.of(asset).minus(still.of(asset)).toString(),
    };
  });
  return { lines, assets };
}

/** What the run's instruments and the engine's fees are counted in; other wallets of the account are nobody's business. */
function assetsOf({ instruments, engine }: Sides): readonly string[] {
  const assets = new Set<string>();
  for (const instrument of instruments) {
    assets.add(moneyOf(instrument));
    if (instrument.kind === 'spot') assets.add(instrument.base);
  }
  for (const { feeAsset } of engine.fills) if (feeAsset !== '') assets.add(feeAsset);
  return [...assets].toSorted();
}
