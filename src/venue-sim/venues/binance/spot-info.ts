/** Which symbols a request for spot's `exchangeInfo` means, and how combinations that exclude each other are refused (document of 2026-11). Called by `BinanceRest`. */
import type { HttpReply } from '../../../core/ports/http.js';
import type { Market } from '../../market/market.js';
import { binanceError, malformedSymbols, unknownSymbol } from './dialect.js';

const STATES = new Set(['TRADING', 'HALT', 'BREAK']);
/** What `exchangeInfo` prints for every symbol: no margin, no lent tokens. */
const STATE = 'TRADING';
const PERMISSION = 'SPOT';

export interface ChosenMarkets {
  readonly markets: readonly Market[];
  readonly showsPermissions: boolean;
}

export function spotMarkets(markets: readonly Market[], params: ReadonlyMap<string, string>): ChosenMarkets | HttpReply {
  const showsPermissions = params.get('showPermissionSets') !== 'false';
  const single = params.get('symbol');
  const state = params.get('symbolStatus');
  const isNamed = single !== undefined || params.has('symbols');
  if (isNamed && (state !== undefined || params.has('permissions') || (single !== undefined && params.has('symbols'))))
    return binanceError(400, -1128, 'Combination of optional parameters invalid.');
  if (isNamed) {
    const names = single === undefined ? symbolsOf(params.get('symbols')) : [single];
    if (names === null || names === undefined) return malformedSymbols();
    if (new Set(names).size < names.length) return binanceError(400, -1151, 'Symbol is present multiple times in the list.');
    const found = names.map((name) => markets.find((market) => market.spec.symbol === name));
    if (found.some((market) => market === undefined)) return unknownSymbol('spot', single);
    return { markets: found.filter((market) => market !== undefined), showsPermissions };
  }
  if (state !== undefined && !STATES.has(state)) return binanceError(400, -1122, 'Invalid symbolStatus.');
  const permissions = params.get('permissions');
  const isMeant = (state ?? STATE) === STATE && (permissions === undefined || permissionsOf(permissions).includes(PERMISSION));
  return { markets: isMeant ? markets : [], showsPermissions };
}

/** `SPOT` or `["MARGIN","SPOT"]`. */
function permissionsOf(text: string): readonly string[] {
  return text.startsWith('[') ? (symbolsOf(text) ?? []) : text.split(',');
}

/** The list that `symbols` carries as JSON; undefined when absent, null when it is none. */
export function symbolsOf(text: string | undefined): readonly string[] | null | undefined {
  if (text === undefined) return undefined;
  return /^\[("[A-Z0-9_-]{1,20}")(,"[A-Z0-9_-]{1,20}")*\]$/.test(text) ? (JSON.parse(text) as string[]) : null;
}
