/**
 * The judge: reads each venue by its own signed REST, takes the engine's side as plain data from store and journal, and tells what differs. It shares no code
 * with what it judges: no execution, no feeds, no ledger, no ccxt. Called by hosts at the end of a run and for `verify-account`; changes nothing anywhere.
 */
import { EngineError, messageOf } from '../core/numbers/errors.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { Clock, Timers } from '../core/ports/clock.js';
import type { HttpClient } from '../core/ports/http.js';
import type { Credentials } from '../core/ports/private-events.js';
import { compare, isLive, isOurs, tradeKey, type Comparison, type Differences, type Sides } from './compare.js';
import type { AccountOpening, EngineAccount } from './engine-account.js';
import { Amount, Sums } from './exact.js';
import { cashIn, readCut, type VenueCut } from './venue-cut.js';
import type { VenueBooks, VenueOrder } from './venue-books.js';
import { booksOf } from './venues/registry.js';

export interface JudgedVenue {
  readonly venue: string;
  /** Base address of REST, without a path. */
  readonly rest: string;
  readonly credentials: Credentials;
  /** The instruments of the run, and of earlier runs of the same data directory, at this venue. */
  readonly instruments: readonly Instrument[];
  readonly opening: AccountOpening;
  /** Read behind the venue's books, and again with each try: what the venue has told by then may have arrived. */
  readonly engine: () => Promise<EngineAccount>;
}

export interface JudgeWorld {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly timers: Timers;
}

export interface JudgeOptions extends JudgeWorld {
  readonly venues: readonly JudgedVenue[];
  /** Of the data directory: orders that carry it are the engine's. */
  readonly tag: string;
  /** Differences are looked at again, for a running engine hears of things later than the venue: so often at most. */
  readonly tries?: number;
  readonly pauseMs?: number;
}

export interface VenueVerdict extends Comparison {
  readonly venue: string;
  readonly openOrders: number;
  readonly trades: number;
  /** Readings until both sides agreed, or the limit. */
  readonly tries: number;
  /** The venue could not be read; everything else is empty then. */
  readonly error: string | null;
}

export interface Verdict {
  readonly differences: Differences;
  /** `VENUE: what differs`, all venues. */
  readonly lines: readonly string[];
  readonly foreign: readonly string[];
  readonly aside: readonly string[];
  readonly venues: readonly VenueVerdict[];
  /** All venues were read and nothing differs. */
  readonly isClean: boolean;
}

const TRIES = 6;
const PAUSE_MS = 500;
/** Trades of orders that the engine does not know are looked up one by one; beyond this many they count as foreign. */
const MOST_LOOKED_UP = 1_000;
const NONE: Differences = { orders: 0, fills: 0, balances: 0, positions: 0 };

export async function judge(options: JudgeOptions): Promise<Verdict> {
  const venues = await Promise.all(options.venues.map((entry) => judgeVenue(entry, options)));
  const differences = venues.reduce((sum, verdict) => add(sum, verdict.differences), NONE);
  return {
    differences,
    lines: venues.flatMap(({ venue, lines, error }) => [
      ...(error === null ? [] : [`${venue}: not judged, ${error}`]),
      ...lines.map((line) => `${venue}: ${line}`),
    ]),
    foreign: venues.flatMap(({ venue, foreign }) => foreign.map((line) => `${venue}: ${line}`)),
    aside: venues.flatMap(({ venue, aside }) => aside.map((line) => `${venue}: ${line}`)),
    venues,
    isClean: venues.every(({ error }) => error === null) && Object.values(differences).every((count) => count === 0),
  };
}

/** What the venue holds now, as the start of all later sums. Call before the engine's first order, and keep the result. Throws when the venue cannot be read. */
export async function openAccount(entry: Omit<JudgedVenue, 'opening' | 'engine'>, world: JudgeWorld): Promise<AccountOpening> {
  const books = booksOf(entry.venue, { ...world, rest: entry.rest, credentials: entry.credentials }, entry.instruments);
  const cursor = await books.cursor();
  const cut = await readCut(books, cursor, waiting(world.timers));
  // A trade between cursor and cut belongs to the opening.
  if (cut.trades.length > 0) return openAccount(entry, world);
  const cash = cashIn(cut, byId(entry.instruments));
  return {
    venue: entry.venue,
    atUs: world.clock.wallUs(),
    wallets: Object.fromEntries(cut.wallets),
    cash: Object.fromEntries(cash.names.map((asset) => [asset, cash.of(asset).toString()])),
    positions: Object.fromEntries(cut.positions.map(({ instrument, qty }) => [instrument, qty])),
    cursor,
  };
}

/** The opening of an account whose run trades more instruments than before: their trades count from now on. */
export async function joinInstruments(
  opening: AccountOpening,
  entry: Omit<JudgedVenue, 'opening' | 'engine'>,
  world: JudgeWorld,
): Promise<AccountOpening> {
  const joined = entry.instruments.filter(({ id }) => opening.cursor[id] === undefined);
  if (joined.length === 0) return opening;
  const now = await openAccount({ ...entry, instruments: joined }, world);
  const cash = new Sums();
  for (const [asset, amount] of Object.entries(opening.cash)) cash.add(asset, Amount.of(amount));
  // Wallets were counted at the opening; what the new instruments' positions make of them is not.
  for (const asset of Object.keys(now.cash)) cash.add(asset, Amount.of(now.cash[asset] ?? '0').minus(Amount.of(now.wallets[asset] ?? '0')));
  return {
    ...opening,
    cash: Object.fromEntries(cash.names.map((asset) => [asset, cash.of(asset).toString()])),
    positions: { ...now.positions, ...opening.positions },
    cursor: { ...now.cursor, ...opening.cursor },
  };
}

async function judgeVenue(entry: JudgedVenue, options: JudgeOptions): Promise<VenueVerdict> {
  const { venue, instruments, opening } = entry;
  const wait = waiting(options.timers);
  const most = options.tries ?? TRIES;
  try {
    const books = booksOf(venue, { ...options, rest: entry.rest, credentials: entry.credentials }, instruments);
    for (let tries = 1; ; tries++) {
      const cut = await readCut(books, opening.cursor, wait);
      const engine = await entry.engine();
      const sides = { instruments, tag: options.tag, opening, engine, cut };
      const comparison = compare({ ...sides, asked: await askFor(books, sides), clientIds: await lookUp(books, sides) });
      const isDone = Object.values(comparison.differences).every((count) => count === 0);
      if (isDone || tries >= most) {
        return { ...comparison, venue, openOrders: cut.openOrders.length, trades: cut.trades.length, tries, error: null };
      }
      await wait(options.pauseMs ?? PAUSE_MS);
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return {
      differences: NONE,
      lines: [],
      foreign: [],
      aside: [],
      assets: [],
      marks: {},
      venue,
      openOrders: 0,
      trades: 0,
      tries: 0,
      error: messageOf(error),
    };
  }
}

type Given = Omit<Sides, 'asked' | 'clientIds'>;

/** Orders that are alive for the engine alone: the venue's word on each. */
async function askFor(books: VenueBooks, { cut, engine, instruments }: Given): Promise<ReadonlyMap<string, VenueOrder | null>> {
  const known = byId(instruments);
  const open = new Set(cut.openOrders.map(({ clientId }) => clientId));
  const asked = new Map<string, VenueOrder | null>();
  for (const order of engine.orders) {
    const instrument = known.get(order.instrument);
    if (instrument !== undefined && isLive(order) && !open.has(order.clientId))
      asked.set(order.clientId, await books.orderOf(order.clientId, instrument));
  }
  return asked;
}

/** Whose orders were the trades that the engine does not know? */
async function lookUp(books: VenueBooks, { cut, engine, instruments, tag }: Given): Promise<ReadonlyMap<string, string>> {
  const known = byId(instruments);
  const ours = new Set(engine.fills.map(tradeKey));
  const clientIds = new Map<string, string>();
  for (const trade of unknownTrades(cut, ours).slice(0, MOST_LOOKED_UP)) {
    const instrument = known.get(trade.instrument);
    const clientId = trade.clientId ?? (instrument === undefined ? '' : await books.clientIdOf(trade, instrument));
    if (isOurs(clientId, tag)) clientIds.set(tradeKey(trade), clientId);
  }
  return clientIds;
}

function unknownTrades(cut: VenueCut, ours: ReadonlySet<string>): VenueCut['trades'] {
  return cut.trades.filter((trade) => !ours.has(tradeKey(trade)));
}

function byId(instruments: readonly Instrument[]): ReadonlyMap<string, Instrument> {
  return new Map(instruments.map((instrument) => [instrument.id, instrument]));
}

function waiting(timers: Timers): (ms: number) => Promise<void> {
  return (ms) => new Promise((resolve) => void timers.after(ms, resolve));
}

function add(a: Differences, b: Differences): Differences {
  return { orders: a.orders + b.orders, fills: a.fills + b.fills, balances: a.balances + b.balances, positions: a.positions + b.positions };
}
