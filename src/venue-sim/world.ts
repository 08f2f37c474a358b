/**
 * The simulated exchanges without their sockets: latent prices, markets, accounts and their state, stepped in market time. Used by the `venues` process, by tests
 * and by the single-thread simulation. Time comes in with each step; chance comes from the seed.
 */
import { assert } from '../core/numbers/errors.js';
import { VenueExchange, type SavedExchange } from './exchange/exchange.js';
import type { HistoryLine } from './exchange/history.js';
import { pastGrid } from './flow/past-grid.js';
import { CrossPast, PastPath, type LatentPast } from './flow/past-path.js';
import { CrossPath, PricePath, type LatentPrice, type SavedPath } from './flow/price-path.js';
import { FlowRandom } from './flow/random.js';
import { MARKETS, START_PRICES } from './markets.js';
import { Market, type SavedMarket } from './market/market.js';
import type { Asset, MarketSpec, VenueId } from './market/spec.js';

/** Market time moves in steps of this length, whatever the clock does between: so a seed gives the same exchange on a slow machine. */
export const QUANTUM_MS = 10;
const QUANTUM_US = QUANTUM_MS * 1_000;
/** A process that is behind by more than this (market time) goes on from now: clients' clocks would be too far ahead of the venues' for a signature. */
const MOST_CATCH_UP_US = 2_000_000;
export const STATE_VERSION = 2;

const ASSETS = ['BTC', 'ETH', 'SOL'] as const;

export interface VenueWorldOptions {
  readonly seed: number;
  /** Wall clock of the market, microseconds since 1970. */
  readonly startUs: number;
  /** Venues to run; all when absent. Prices are the same whichever venues run. */
  readonly only?: readonly VenueId[];
  readonly markets?: readonly MarketSpec[];
  /** Somebody writes the accounts' history to a file. */
  readonly keepsHistory?: boolean;
}

export interface SavedWorld {
  readonly version: number;
  readonly seed: number;
  readonly nowUs: number;
  /** When the exchanges were opened for the first time: their past ends there. Absent in states of before they had one. */
  readonly bornUs?: number;
  readonly paths: Readonly<Record<Asset, SavedPath>>;
  readonly markets: Readonly<Record<string, SavedMarket>>;
  readonly exchanges: Readonly<Record<string, SavedExchange>>;
}

export class VenueWorld {
  readonly seed: number;
  readonly markets: readonly Market[];
  readonly exchanges: ReadonlyMap<VenueId, VenueExchange>;
  readonly #paths: Readonly<Record<Asset, PricePath>>;
  readonly #pasts: Readonly<Record<Asset, PastPath>> | null;
  readonly #bornUs: number | undefined;
  readonly #afterStep: ((nowUs: number) => void)[] = [];
  #nowUs: number;
  #skippedUs = 0;
  #steps = 0;

  constructor(options: VenueWorldOptions, saved?: SavedWorld) {
    assert(Number.isSafeInteger(options.seed), `seed must be an integer, was ${options.seed}`);
    const { seed } = options;
    this.seed = seed;
    this.#nowUs = saved === undefined ? options.startUs : Math.max(saved.nowUs, options.startUs);
    this.#nowUs -= this.#nowUs % 1_000;
    this.#paths = Object.fromEntries(
      ASSETS.map((asset) => [asset, new PricePath(START_PRICES[asset], FlowRandom.of(seed, `path ${asset}`))]),
    ) as Record<Asset, PricePath>;
    this.#bornUs = saved === undefined ? this.#nowUs : saved.bornUs;
    this.#pasts = this.#bornUs === undefined ? null : pastsOf(this.#paths, this.#bornUs, seed);
    const specs = (options.markets ?? MARKETS).filter((spec) => options.only === undefined || options.only.includes(spec.venue));
    this.markets = specs.map((spec) => new Market(spec, this.#latentOf(spec), this.#pastOf(spec), seed, QUANTUM_MS));
    const venues = new Set(specs.map((spec) => spec.venue));
    this.exchanges = new Map([...venues].map((venue) => [venue, new VenueExchange(venue, this.marketsOf(venue), seed, this.#nowUs)]));
    for (const exchange of this.exchanges.values()) exchange.history.isKept = options.keepsHistory === true;
    if (saved !== undefined) this.#restore(saved);
    for (const [venue, exchange] of this.exchanges) if (saved?.exchanges[venue] === undefined) exchange.open();
    for (const market of this.markets) if (market.engine.orderCount === 0) market.open(this.#nowUs);
  }

  /** Market wall clock of the last step. */
  get nowUs(): number {
    return this.#nowUs;
  }

  get steps(): number {
    return this.#steps;
  }

  /** Market time that a stalled process did not live through. */
  get skippedUs(): number {
    return this.#skippedUs;
  }

  exchangeOf(venue: VenueId): VenueExchange {
    const exchange = this.exchanges.get(venue);
    assert(exchange !== undefined, `venue ${venue} does not run here`);
    return exchange;
  }

  marketsOf(venue: VenueId): Market[] {
    return this.markets.filter((market) => market.spec.venue === venue);
  }

  /** Called after each quantum, in order of registration. */
  afterStep(run: (nowUs: number) => void): void {
    this.#afterStep.push(run);
  }

  /** Lives through the whole quanta up to `nowUs`, `most` of them at most: the rest is the next call's. Returns how many. */
  advance(nowUs: number, most = Infinity): number {
    if (nowUs - this.#nowUs > MOST_CATCH_UP_US) {
      const skipped = nowUs - this.#nowUs - QUANTUM_US;
      this.#skippedUs += skipped;
      this.#nowUs += skipped - (skipped % 1_000);
    }
    let quanta = 0;
    while (quanta < most && this.#nowUs + QUANTUM_US <= nowUs) {
      this.step();
      quanta++;
    }
    return quanta;
  }

  /** One quantum. */
  step(): void {
    this.#nowUs += QUANTUM_US;
    this.#steps++;
    const seconds = QUANTUM_MS / 1_000;
    for (const asset of ASSETS) this.#paths[asset].step(seconds);
    for (const exchange of this.exchanges.values()) exchange.begin(this.#nowUs);
    for (const market of this.markets) market.step(seconds, this.#nowUs);
    for (const exchange of this.exchanges.values()) exchange.finish();
    for (const run of this.#afterStep) run(this.#nowUs);
    for (const market of this.markets) market.told();
  }

  /** The past of the clients' accounts, after a snapshot was loaded. */
  loadHistory(lines: readonly HistoryLine[]): void {
    for (const line of lines) this.exchanges.get(line[0])?.loadHistory(line);
  }

  latentPrice(asset: Asset): number {
    return this.#paths[asset].price();
  }

  save(): SavedWorld {
    return {
      version: STATE_VERSION,
      seed: this.seed,
      nowUs: this.#nowUs,
      ...(this.#bornUs === undefined ? {} : { bornUs: this.#bornUs }),
      paths: Object.fromEntries(ASSETS.map((asset) => [asset, this.#paths[asset].save()])) as Record<Asset, SavedPath>,
      markets: Object.fromEntries(this.markets.map((market) => [keyOf(market.spec), market.save()])),
      exchanges: Object.fromEntries([...this.exchanges].map(([venue, exchange]) => [venue, exchange.save()])),
    };
  }

  #latentOf({ asset, quoteAsset }: MarketSpec): LatentPrice {
    return quoteAsset === undefined ? this.#paths[asset] : new CrossPath(this.#paths[asset], this.#paths[quoteAsset]);
  }

  #pastOf({ asset, quoteAsset }: MarketSpec): LatentPast | null {
    if (this.#pasts === null) return null;
    return quoteAsset === undefined ? this.#pasts[asset] : new CrossPast(this.#pasts[asset], this.#pasts[quoteAsset]);
  }

  #restore(saved: SavedWorld): void {
    assert(saved.version === STATE_VERSION, `state version must be ${STATE_VERSION}, was ${saved.version}`);
    for (const asset of ASSETS) this.#paths[asset].load(saved.paths[asset]);
    for (const market of this.markets) {
      const state = saved.markets[keyOf(market.spec)];
      if (state !== undefined) market.load(state);
    }
    for (const [venue, exchange] of this.exchanges) {
      const state = saved.exchanges[venue];
      if (state !== undefined) exchange.load(state);
    }
  }
}

export function createVenueWorld(options: VenueWorldOptions, saved?: SavedWorld): VenueWorld {
  return new VenueWorld(options, saved);
}

/** Nothing of it is made before somebody asks. */
function pastsOf(paths: Readonly<Record<Asset, PricePath>>, bornUs: number, seed: number): Readonly<Record<Asset, PastPath>> {
  const grid = pastGrid(Math.floor(bornUs / 1_000));
  return Object.fromEntries(
    ASSETS.map((asset) => [
      asset,
      new PastPath(grid, START_PRICES[asset], paths[asset].firstSwing, FlowRandom.of(seed, `past path ${asset}`)),
    ]),
  ) as Record<Asset, PastPath>;
}

function keyOf(spec: MarketSpec): string {
  return `${spec.venue}:${spec.kind}:${spec.symbol}`;
}
