/** Bybit `instruments-info` of one category: the recorded list cut down to what was recorded, entries made from what the recording shows where it is silent. */
import { objectOf } from '../venues/protocol.js';
import { stepText, type Decimals } from './reference-book.js';
import { cutPair } from './replay-venue.js';

export interface SeenTopic {
  readonly symbol: string;
  readonly decimals: Decimals;
}

export function instrumentsInfo(category: string, recorded: readonly string[], seen: readonly SeenTopic[], nowMs: number): string {
  const listed = new Map<string, unknown>();
  for (const text of recorded) {
    const list = (objectOf(text)?.['result'] as { readonly list?: unknown } | undefined)?.list;
    for (const entry of Array.isArray(list) ? (list as readonly Record<string, unknown>[]) : []) listed.set(String(entry['symbol']), entry);
  }
  const list = seen.map((one) => listed.get(one.symbol) ?? made(category, one));
  return JSON.stringify({ retCode: 0, retMsg: 'OK', result: { category, list, nextPageCursor: '' }, retExtInfo: {}, time: nowMs });
}

function made(category: string, { symbol, decimals }: SeenTopic): object {
  const { base, quote } = cutPair(symbol);
  const tick = stepText(decimals.price);
  const lot = stepText(decimals.qty);
  const most = '100000000';
  const common = { symbol, status: 'Trading', baseCoin: base, quoteCoin: quote };
  if (category === 'spot') {
    const lotSizeFilter = { basePrecision: lot, quotePrecision: '0.00000001', minOrderQty: lot, maxLimitOrderQty: most, minOrderAmt: '1' };
    return { ...common, priceFilter: { tickSize: tick }, lotSizeFilter };
  }
  return {
    ...common,
    contractType: category === 'linear' ? 'LinearPerpetual' : 'InversePerpetual',
    settleCoin: category === 'linear' ? quote : base,
    priceFilter: { minPrice: tick, maxPrice: most, tickSize: tick },
    lotSizeFilter: { minOrderQty: lot, maxOrderQty: most, qtyStep: lot, ...(category === 'linear' ? { minNotionalValue: '5' } : {}) },
  };
}
