/**
 * What must be known of a venue before an engine trades there, gathered once and off the lanes that trade: that ccxt has the class, that the venue lists our
 * instruments, that the key works, how far the clocks are apart. The result is plain data that travels to the gateway's thread. Called by the launching host.
 */
import { EngineError } from '../../../core/numbers/errors.js';
import type { Instrument } from '../../../core/orders/instrument.js';
import { Reason } from '../../../core/orders/reasons.js';
import type { HttpClient } from '../../../core/ports/http.js';
import type { Credentials } from '../../../core/ports/private-events.js';
import type { CallTag } from './budget.js';
import { dialectOf } from './dialects/registry.js';
import { exchangeIdOf, loadExchangeClass } from './exchange-class.js';
import { Exchange, VenueError } from './exchange.js';
import { listOf, objectOf, textOf, type AccountRows, type Json } from './rows.js';

/** Everything that `CcxtGateway` needs to start without a question of its own. */
export interface MarketsHandOver {
  readonly venue: string;
  readonly exchangeId: string;
  /** ccxt's symbol of each instrument, by the venue's own. */
  readonly symbols: Readonly<Record<string, string>>;
  /** ccxt's market structures of these instruments, for classes that are spoken to by unified methods; null where none are needed. */
  readonly markets: readonly Json[] | null;
  /** Venue's clock minus ours. */
  readonly skewMs: number;
  readonly account: AccountRows;
  /** True when the account holds one position per contract; null when the venue was not asked (spot) or does not say. */
  readonly isOneWay: boolean | null;
  /** True when the key may withdraw; null when the venue does not say. */
  readonly canWithdraw: boolean | null;
  /** What a person should know before trading. */
  readonly notes: readonly string[];
}

export interface PrepareOptions {
  readonly credentials: Credentials | null;
  /** Base address in place of the venue's hosts, null for the real ones. */
  readonly address: string | null;
  readonly instruments: readonly Instrument[];
  readonly http: HttpClient;
  readonly timeoutMs: number;
  readonly wallUs: () => number;
}

const READ: CallTag = { kind: 'read', items: 0, weight: 20, group: '' };
const READ_TRIES = 3;
const NATIVE = ['binance-spot', 'binance-usdm', 'binance-coinm', 'bybit', 'bitmex'];
/** Market types that a class would load without being asked: options are another matter. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  'binance-spot': ['spot'],
  'binance-usdm': ['linear'],
  'binance-coinm': ['inverse'],
  bybit: ['spot', 'linear', 'inverse'],
};

/** Throws EngineError: CCXT_CLASS_MISSING, KEYS_MISSING, NOT_LISTED, or VENUE_NOT_READY with the venue's words. */
export async function prepareCcxt(venue: string, options: PrepareOptions): Promise<MarketsHandOver> {
  const exchangeClass = await loadExchangeClass(exchangeIdOf(venue));
  if (options.credentials === null) throw new EngineError('KEYS_MISSING', 'give-up', { venue });
  const { credentials, address, http, timeoutMs, wallUs } = options;
  const hooks = { permit: () => Reason.NONE, onSent: nothing, onAnswer: nothing, onFailure: nothing };
  const exchange = new Exchange({ venue, exchangeClass, credentials, address, http, timeoutMs, wallUs, hooks });
  const instruments = options.instruments.filter((one) => one.venue === venue);
  try {
    const listed = await marketsOf(exchange, venue, instruments);
    const dialect = dialectOf(venue, listed.symbols, exchange.instance.has);
    if (!NATIVE.includes(venue)) exchange.instance.setMarkets(listed.markets);
    const measure = async (): Promise<void> => {
      exchange.skewMs = (await measureSkew(() => dialect.serverTimeMs(exchange), wallUs)) ?? 0;
    };
    await measure();
    const account = await patiently(() => dialect.account(exchange, instruments), measure);
    const isOneWay = await patiently(() => positionMode(exchange, venue, instruments), measure);
    const canWithdraw = await patiently(() => withdrawal(exchange, venue), measure);
    return {
      venue,
      exchangeId: exchange.exchangeId,
      symbols: listed.symbols,
      markets: NATIVE.includes(venue) ? null : listed.markets,
      skewMs: exchange.skewMs,
      account,
      isOneWay,
      canWithdraw,
      notes: listed.notes,
    };
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const failure = exchange.asVenueError(error);
    const { kind, isLimit, isClock, isOutage } = failure.verdict;
    const mayBeAsked = kind === 'unknown' || isLimit || isClock || isOutage;
    throw new EngineError('VENUE_NOT_READY', mayBeAsked ? 'retry' : 'give-up', { venue, reason: failure.message });
  }
}

/**
 * Venue's clock minus ours by one question: as little of it as the answer proves, for it may have taken any part of its round trip to get there. Null where the
 * venue tells no time.
 */
export async function measureSkew(ask: () => Promise<number | null>, wallUs: () => number): Promise<number | null> {
  const askedMs = wallUs() / 1_000;
  const serverMs = await ask();
  const heardMs = wallUs() / 1_000;
  if (serverMs === null || !Number.isFinite(serverMs)) return null;
  if (serverMs < askedMs) return Math.round(serverMs - askedMs);
  return serverMs > heardMs ? Math.round(serverMs - heardMs) : 0;
}

async function marketsOf(
  exchange: Exchange,
  venue: string,
  instruments: readonly Instrument[],
): Promise<{ readonly symbols: Record<string, string>; readonly markets: readonly Json[]; readonly notes: readonly string[] }> {
  const types = TYPES[venue];
  if (types !== undefined) exchange.instance.options['fetchMarkets'] = { types: [...types] };
  const all = listOf(await exchange.run(() => exchange.instance.fetchMarkets(), READ), 'markets');
  const symbols: Record<string, string> = {};
  const markets: Json[] = [];
  const notes: string[] = [];
  const absent: string[] = [];
  for (const instrument of instruments) {
    const market = all.find((one) => isMarketOf(one, instrument));
    if (market === undefined) {
      absent.push(instrument.id);
      continue;
    }
    symbols[instrument.symbol] = textOf(market, 'symbol');
    markets.push(market);
    if (market['active'] === false) notes.push(`${instrument.id} is listed, but not open for trading`);
    const precision = objectOf(market['precision'] ?? {}, 'precision');
    for (const [key, ours, name] of [
      ['price', instrument.tickSize, 'price step'],
      ['amount', instrument.lotSize, 'quantity step'],
    ] as const) {
      const theirs = textOf(precision, key);
      if (theirs !== '' && Number(theirs) !== Number(ours) && NATIVE.includes(venue))
        notes.push(`${instrument.id}: ${name} is ${ours} here and ${theirs} in ccxt's table`);
    }
  }
  if (absent.length > 0) throw new EngineError('NOT_LISTED', 'give-up', { venue, instruments: absent.join(', ') });
  return { symbols, markets, notes };
}

/** Reads, so they may be asked again: a clock that was measured badly, or a signature that a busy machine held back, is made anew. */
async function patiently<Answer>(ask: () => Promise<Answer>, measure: () => Promise<void>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (!mayPass(error) || tries === READ_TRIES) throw error;
      await measure();
    }
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof VenueError && (error.verdict.isClock || error.verdict.isOutage);
}

/** By the venue's own symbol and the kind of contract: one text may name a spot market and a contract. */
function isMarketOf(market: Json, instrument: Instrument): boolean {
  const { symbol, kind } = instrument;
  const name = symbol.slice(symbol.indexOf(':') + 1);
  if (textOf(market, 'id') !== name || (market['spot'] === true) !== (kind === 'spot')) return false;
  if (instrument.venue !== 'bybit' || kind === 'spot') return true;
  return (market['inverse'] === true) === symbol.startsWith('inverse:');
}

/** Our orders name no position side: two positions per contract would be opened where one is meant to be closed. */
async function positionMode(exchange: Exchange, venue: string, instruments: readonly Instrument[]): Promise<boolean | null> {
  if (venue === 'binance-usdm' || venue === 'binance-coinm') {
    const method = venue === 'binance-usdm' ? 'fapiPrivateGetPositionSideDual' : 'dapiPrivateGetPositionSideDual';
    const answer = objectOf(await exchange.call(method, {}, READ), 'the position mode');
    return textOf(answer, 'dualSidePosition') !== 'true';
  }
  if (venue === 'bitmex') return true;
  const contract = venue === 'bybit' ? instruments.find(({ kind }) => kind !== 'spot') : undefined;
  if (contract === undefined) return null;
  const [category = '', symbol = ''] = contract.symbol.split(':');
  const answer = objectOf(await exchange.call('privateGetV5PositionList', { category, symbol }, READ), 'positions');
  const list = listOf(objectOf(answer['result'], 'result')['list'], 'positions');
  return list.every((row) => (textOf(row, 'positionIdx') || '0') === '0');
}

/** Not every venue tells, and not every key may ask: null then. */
async function withdrawal(exchange: Exchange, venue: string): Promise<boolean | null> {
  try {
    if (venue === 'bybit') {
      const answer = objectOf(await exchange.call('privateGetV5UserQueryApi', {}, READ), 'the key');
      const permissions = objectOf(objectOf(answer['result'], 'result')['permissions'], 'permissions');
      return Array.isArray(permissions['Wallet']) && permissions['Wallet'].includes('Withdraw');
    }
    if (venue.startsWith('binance')) {
      const answer = objectOf(await exchange.call('sapiGetAccountApiRestrictions', {}, READ), 'the key');
      return textOf(answer, 'enableWithdrawals') === 'true';
    }
    if (venue === 'bitmex') {
      const keys = listOf(await exchange.call('privateGetApiKey', {}, READ), 'keys');
      const apiKey: unknown = Reflect.get(exchange.instance, 'apiKey');
      const ours = keys.find((row) => textOf(row, 'id') === apiKey);
      const permissions = ours?.['permissions'];
      return Array.isArray(permissions) ? permissions.includes('withdraw') : null;
    }
    return null;
  } catch (error) {
    // What passes says nothing of the key.
    if (mayPass(error)) throw error;
    if (error instanceof VenueError || exchange.asVenueError(error) instanceof VenueError) return null;
    throw error;
  }
}

function nothing(): void {
  // Before trading there is no budget to debit and no latency to measure.
}
