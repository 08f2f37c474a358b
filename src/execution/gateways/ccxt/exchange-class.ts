/**
 * ccxt's own classes, loaded when a gateway is made and one at a time: the class with its base is 24 to 33 MB of memory and 0.2 s, the whole package 84 MB and 0.4 s
 * (Node 20.20, 2026-11-23). Called once by `openCcxtGateway` and `prepareCcxt`, before trading.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { EngineError, messageOf } from '../../../core/numbers/errors.js';

/** What a gateway uses of an instance: its settings, its endpoint methods, and the places where time and transport are put in. */
export interface ExchangeInstance {
  readonly id: string;
  readonly has: Readonly<Record<string, unknown>>;
  readonly urls: { api: unknown; hostname?: string };
  readonly hostname?: string;
  readonly options: Record<string, unknown>;
  milliseconds: () => number;
  seconds: () => number;
  microseconds: () => number;
  fetch: (url: string, method: string, headers: unknown, body: unknown) => Promise<unknown>;
  parseJson: (text: string) => unknown;
  handleRestResponse(response: unknown, url: string, method: string, headers: unknown, body: unknown): Promise<unknown>;
  setMarkets(markets: unknown, currencies?: unknown): unknown;
  fetchMarkets(): Promise<unknown>;
}

export type ExchangeClass = new (settings: Readonly<Record<string, unknown>>) => ExchangeInstance;

/** Our venue ids and the class that speaks for them. */
const CLASS_OF: Readonly<Record<string, string>> = {
  'binance-spot': 'binance',
  'binance-usdm': 'binanceusdm',
  'binance-coinm': 'binancecoinm',
  'coinbase-exchange': 'coinbaseexchange',
};

/** `ccxt:kraken` is `kraken`; a venue of ours has its class. */
export function exchangeIdOf(venue: string): string {
  return CLASS_OF[venue] ?? (venue.startsWith('ccxt:') ? venue.slice('ccxt:'.length) : venue);
}

export async function loadExchangeClass(exchangeId: string): Promise<ExchangeClass> {
  if (!/^[a-z0-9]+$/.test(exchangeId)) throw missing(exchangeId, 'not the name of a ccxt class');
  const found = (await loadAlone(exchangeId)) ?? (await loadFromPackage(exchangeId));
  if (found === null) throw missing(exchangeId, 'the installed ccxt has no such class');
  return found;
}

/** The package exports only its root, which loads 110 exchanges: the one file that is needed is taken by its address. Null when it does not lie where it did. */
async function loadAlone(exchangeId: string): Promise<ExchangeClass | null> {
  const root = pathToFileURL(createRequire(import.meta.url).resolve('ccxt'));
  const file = new URL(`../js/src/${exchangeId}.js`, root);
  try {
    const loaded = (await import(file.href)) as { readonly default?: unknown };
    return isClass(loaded.default) ? loaded.default : null;
  } catch (error) {
    if (isNotThere(error)) return null;
    throw error;
  }
}

async function loadFromPackage(exchangeId: string): Promise<ExchangeClass | null> {
  try {
    const loaded = (await import('ccxt')) as { readonly default?: unknown };
    const found: unknown = Reflect.get(Object(loaded.default), exchangeId);
    return isClass(found) ? found : null;
  } catch (error) {
    throw new EngineError('CCXT_NOT_LOADED', 'give-up', { exchange: exchangeId, reason: messageOf(error) });
  }
}

function isClass(value: unknown): value is ExchangeClass {
  return typeof value === 'function';
}

function isNotThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
}

function missing(exchangeId: string, reason: string): EngineError {
  return new EngineError('CCXT_CLASS_MISSING', 'give-up', { exchange: exchangeId, reason });
}
