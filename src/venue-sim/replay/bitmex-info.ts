/** A BitMEX instrument made from its name and what the recording shows, where no recorded answer describes it. */
import { stepText, type Decimals } from './reference-book.js';
import { cutPair } from './replay-venue.js';

/** Bitcoin itself is inverse; what is quoted in a stablecoin is linear; everything else pays in bitcoin by a fixed amount a point. */
export function bitmexInstrument(symbol: string, decimals: Decimals): Readonly<Record<string, unknown>> {
  const { base, quote } = cutPair(symbol);
  const isInverse = base === 'XBT' && quote === 'USD';
  const isLinear = quote.startsWith('USDT');
  return {
    symbol,
    rootSymbol: base,
    state: 'Open',
    typ: 'FFWCSX',
    underlying: base,
    quoteCurrency: quote,
    settlCurrency: isLinear ? 'USDt' : 'XBt',
    isInverse,
    isQuanto: !isInverse && !isLinear,
    multiplier: isInverse ? -100_000_000 : isLinear ? 1_000_000 : 100,
    tickSize: Number(stepText(decimals.price)),
    lotSize: 1,
    maxOrderQty: 10_000_000,
    makerFee: -0.0001,
    takerFee: 0.00075,
  };
}
