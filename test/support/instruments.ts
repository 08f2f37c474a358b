/** A made-up instrument for tests and benchmarks: a linear contract unless they say otherwise. */
import type { Instrument } from '../../src/core/orders/instrument.js';

export function instrumentOf(over: Partial<Instrument> = {}): Instrument {
  return {
    index: 0,
    id: 'binance-usdm:BTCUSDT',
    venue: 'binance-usdm',
    symbol: 'BTCUSDT',
    kind: 'linear',
    base: 'BTC',
    quote: 'USDT',
    settle: 'USDT',
    tickSize: '0.1',
    lotSize: '0.001',
    multiplier: '1',
    minQty: '0.001',
    maxQty: '1000',
    minNotional: '5',
    maxOpenOrders: 200,
    makerFee: '0.0002',
    takerFee: '0.0005',
    feeAssetBuy: 'USDT',
    feeAssetSell: 'USDT',
    source: 'venue',
    ...over,
  };
}
