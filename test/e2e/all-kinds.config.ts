/** Every grid type and every kind of arbitrage at once, on the simulated venues: the configuration of `all-kinds.test.ts`. */

interface StrategyEntry {
  readonly name: string;
  readonly kind: 'grid' | 'arb' | 'triangle';
  readonly instruments: readonly string[];
  readonly params: Readonly<Record<string, string | number | boolean>>;
}

const USDM_BTC = 'binance-usdm:BTCUSDT';
const USDM_ETH = 'binance-usdm:ETHUSDT';
const SPOT_BTC = 'binance-spot:BTCUSDT';
const SPOT_ETH = 'binance-spot:ETHUSDT';
const SPOT_SOL = 'binance-spot:SOLUSDT';
const SPOT_CROSS = 'binance-spot:ETHBTC';
const COINM_BTC = 'binance-coinm:BTCUSD_PERP';
const COINM_ETH = 'binance-coinm:ETHUSD_PERP';
const BYBIT_BTC = 'bybit:linear:BTCUSDT';
const BYBIT_ETH = 'bybit:linear:ETHUSDT';
const BYBIT_INVERSE = 'bybit:inverse:BTCUSD';
const BYBIT_SPOT_BTC = 'bybit:spot:BTCUSDT';
const BYBIT_SPOT_ETH = 'bybit:spot:ETHUSDT';
const BITMEX_INVERSE = 'bitmex:XBTUSD';
const BITMEX_LINEAR = 'bitmex:XBTUSDT';
const BITMEX_QUANTO = 'bitmex:ETHUSD';

const grid = (name: string, instrument: string, params: StrategyEntry['params']): StrategyEntry => ({
  name: `grid-${name}`,
  kind: 'grid',
  instruments: [instrument],
  params,
});
const arb = (name: string, instruments: readonly string[], params: StrategyEntry['params']): StrategyEntry => ({
  name: `arb-${name}`,
  kind: 'arb',
  instruments,
  params: { maxNotional: '2000', maxPosition: '8000', ...params },
});

/**
 * Steps just above the fees, so that a minute of the market fills and refills them. Prices start near 65,114, 1,922.5 and 78.4. Arbitrage that seldom pays is told
 * to accept a loss: what is looked at here is the books, not the profit.
 */
const STRATEGIES: readonly StrategyEntry[] = [
  // Ranges and steps, equal differences and equal ratios; three on one instrument.
  grid('step', USDM_BTC, { step: '0.06%', count: 8, investment: '16000' }),
  grid('range', USDM_BTC, { lower: '64400', upper: '65800', grids: 24, investment: '20000', spacing: 'geometric', activePerSide: 6 }),
  grid('long', USDM_BTC, { direction: 'long', step: '45', count: 6, investment: '6000', leverage: '2' }),
  grid('short', USDM_ETH, { direction: 'short', step: '0.07%', count: 6, investment: '6000', spacing: 'geometric' }),
  // Own distance of the counter order, sizes by place, anchors.
  grid('profit-mountain', BYBIT_BTC, { step: '0.05%', profit: '0.12%', count: 6, investment: '18000', profile: 'mountain' }),
  grid('valley-ema', BYBIT_ETH, { step: '0.06%', count: 6, investment: '9000', profile: 'valley', anchor: 'ema', emaSeconds: 2 }),
  grid('wait', BITMEX_LINEAR, {
    step: '0.14%',
    count: 5,
    investment: '10000',
    reprice: 'wait',
    anchor: 'price',
    anchorPrice: '65100',
    onStop: 'cancel',
  }),
  grid('trigger', BYBIT_BTC, { step: '0.06%', count: 4, investment: '8000', trigger: '65114' }),
  // Contracts that settle in coins.
  grid('inverse', COINM_BTC, { step: '0.06%', count: 8, investment: '16000', onStop: 'flatten' }),
  grid('inverse-compound', COINM_ETH, { step: '0.06%', count: 6, investment: '9000', compound: true, direction: 'long' }),
  grid('inverse-trailing', BYBIT_INVERSE, { step: '0.06%', count: 3, investment: '6000', trailing: 'both' }),
  grid('inverse-micro', BITMEX_INVERSE, { step: '0.14%', count: 5, investment: '10000', anchor: 'microprice' }),
  grid('quanto', BITMEX_QUANTO, { step: '0.14%', count: 4, size: '40' }),
  // Coins.
  grid('spot', SPOT_BTC, { step: '0.22%', count: 4, investment: '8000' }),
  grid('infinity', SPOT_ETH, { step: '0.22%', count: 3, investment: '6000', infinity: true, onStop: 'flatten' }),
  grid('spot-compound', SPOT_SOL, { step: '0.22%', count: 4, investment: '6000', compound: true }),
  grid('spot-long', BYBIT_SPOT_BTC, { step: '0.22%', count: 4, investment: '6000', direction: 'long' }),
  // Those that end by themselves.
  grid('take-profit', USDM_ETH, { step: '0.06%', count: 3, investment: '3000', takeProfit: '1925', direction: 'long' }),
  grid('stop-loss', BYBIT_ETH, { step: '0.07%', count: 3, investment: '3000', stopLoss: '1918', onExit: 'keep' }),
  grid('range-exit', USDM_BTC, { step: '0.06%', count: 1, investment: '3000', rangeExit: 'flatten', rangeExitSeconds: 5 }),
  grid('trail-up', BITMEX_INVERSE, { step: '0.15%', count: 2, investment: '4000', trailing: 'up' }),
  grid('trail-down', COINM_BTC, { step: '0.06%', count: 2, investment: '4000', trailing: 'down', rangeExit: 'stop' }),

  arb('cross', [USDM_BTC, BYBIT_BTC], { minEdge: '0' }),
  arb('cross-spot', [SPOT_BTC, BYBIT_SPOT_BTC], { minEdge: '-0.0012', maxNotional: '1000' }),
  arb('cross-inverse', [COINM_BTC, BYBIT_INVERSE], { minEdge: '-0.0002', onStop: 'flatten' }),
  arb('basis', [SPOT_BTC, BYBIT_BTC], { mode: 'basis', minEdge: '-0.0012', exitEdge: '-0.002' }),
  arb('perp', [USDM_BTC, BITMEX_LINEAR], { mode: 'perp', minEdge: '-0.0006', exitEdge: '-0.001' }),
  arb('maker-first', [USDM_ETH, BYBIT_ETH], { maker: 'first', minEdge: '-0.0003' }),
  arb('maker-second', [SPOT_ETH, BYBIT_SPOT_ETH], { maker: 'second', minEdge: '-0.001', maxNotional: '1000' }),
  { name: 'triangle', kind: 'triangle', instruments: [SPOT_BTC, SPOT_ETH, SPOT_CROSS], params: { maxNotional: '1500' } },
];

export const STRATEGY_NAMES: readonly string[] = STRATEGIES.map(({ name }) => name);

/** As text: JSON is YAML. */
export function allKinds(): string {
  return JSON.stringify({
    venues: ['binance-spot', 'binance-usdm', 'binance-coinm', 'bybit', 'bitmex'].map((id) => ({ id })),
    strategies: STRATEGIES,
    reporting: 'USDT',
    risk: { maxNotional: '25000', maxPositionNotional: '250000' },
  });
}
