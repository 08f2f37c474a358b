/**
 * Facts of Bybit's instruments beside the terms that the exchange trades by (recorded 2026-08-09; inverse from the venue's document). Used by
 * `instruments-info` and by the filters of orders.
 */
export const CONTRACT_FACTS: Readonly<Record<string, { launch: string; minPrice: string; maxPrice: string; id: number }>> = {
  'linear:BTCUSDT': { launch: '1584230400000', minPrice: '0.10', maxPrice: '1999999.80', id: 5 },
  'linear:ETHUSDT': { launch: '1615766400000', minPrice: '0.01', maxPrice: '199999.98', id: 6 },
  'inverse:BTCUSD': { launch: '1542211200000', minPrice: '0.10', maxPrice: '1999999.80', id: 1 },
};
export const SPOT_FACTS: Readonly<Record<string, { maxAmount: string; postOnlyMax: string; id: number }>> = {
  BTCUSDT: { maxAmount: '8000000', postOnlyMax: '1150', id: 9 },
  ETHUSDT: { maxAmount: '7000000', postOnlyMax: '40590', id: 10 },
};
