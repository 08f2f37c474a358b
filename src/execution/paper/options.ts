/** What the paper venue is told by the configuration, with its defaults. Called by the host when it builds the gateways; written in the run's report. */

/**
 * `queue`: a resting order waits behind the quantity visible at its price when it arrived; only trades at the price (and a level smaller than the queue) advance it.
 * `queue-proportional`: a shrinking level also advances it, by its share of the queue.
 */
export type FillModel = 'queue' | 'queue-proportional';

export interface PaperOptions {
  readonly model: FillModel;
  /** Median time from the send to the effect at the venue. 5 ms: a host in the venue's region, on a common line. */
  readonly orderLatencyMs: number;
  /** Median time from the effect to our reading of the answer. */
  readonly answerLatencyMs: number;
  /** Sigma of the logarithm of each latency; 0 = fixed. */
  readonly latencySpread: number;
  /** venue > asset > starting balance, decimal text; what is not named gets the default of its asset. */
  readonly balances: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export const PAPER_DEFAULTS: PaperOptions = { model: 'queue', orderLatencyMs: 5, answerLatencyMs: 5, latencySpread: 0.25, balances: {} };

/**
 * Deposits where none are configured: generous, so that a first paper run is limited by its strategies and not by its wallet; one figure an asset, so that
 * results of two runs compare.
 */
const DEFAULT_DEPOSITS: Readonly<Record<string, string>> = { BTC: '10', XBT: '10', XBt: '10', ETH: '100', SOL: '5000', BNB: '1000' };
const DEFAULT_DEPOSIT = '1000000';

export function depositOf(options: PaperOptions, venue: string, asset: string): string {
  return options.balances[venue]?.[asset] ?? DEFAULT_DEPOSITS[asset] ?? DEFAULT_DEPOSIT;
}

/** One line for the report. */
export function describeOptions(options: PaperOptions): string {
  const spread = options.latencySpread === 0 ? 'fixed' : `lognormal, sigma ${options.latencySpread}`;
  return `fills: ${options.model}; order ${options.orderLatencyMs} ms, answer ${options.answerLatencyMs} ms (${spread}); fees: default tier, rounded up to 1e-8`;
}
