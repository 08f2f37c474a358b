/** One consistent reading of a venue's books: nothing was traded and no wallet moved while it was made. */
import { EngineError } from '../core/numbers/errors.js';
import type { Instrument } from '../core/orders/instrument.js';
import { Sums, Amount } from './exact.js';
import { cashOf, moneyOf } from './value.js';
import type { TradeCursor, VenueBooks, VenueOrder, VenuePosition, VenueTrade } from './venue-books.js';

export interface VenueCut {
  readonly openOrders: readonly VenueOrder[];
  readonly trades: readonly VenueTrade[];
  readonly wallets: ReadonlyMap<string, string>;
  readonly positions: readonly VenuePosition[];
}

/** A busy market needs some; one that never rests for the time of five requests is not read at all. */
const TRIES = 20;
const PAUSE_MS = 150;

export async function readCut(books: VenueBooks, cursor: TradeCursor, wait: (ms: number) => Promise<void>): Promise<VenueCut> {
  for (let tries = 0; tries < TRIES; tries++) {
    if (tries > 0) await wait(PAUSE_MS);
    const before = (await books.trades(cursor)).length;
    const wallets = await books.wallets();
    const openOrders = await books.openOrders();
    const positions = await books.positions();
    const walletsAfter = await books.wallets();
    const trades = await books.trades(cursor);
    if (trades.length === before && isSameMap(wallets, walletsAfter)) return { openOrders, trades: [...trades], wallets, positions };
  }
  throw new EngineError('VENUE_TOO_BUSY', 'retry', { tries: TRIES });
}

/** Cash by asset; positions in instruments that we do not know stay inside it. */
export function cashIn(cut: Pick<VenueCut, 'wallets' | 'positions'>, instruments: ReadonlyMap<string, Instrument>): Sums {
  const cash = new Sums();
  for (const [asset, total] of cut.wallets) cash.add(asset, Amount.of(total));
  for (const position of cut.positions) {
    const instrument = instruments.get(position.instrument);
    if (instrument !== undefined) cash.add(moneyOf(instrument), cashOf(instrument, position));
  }
  return cash;
}

function isSameMap(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
