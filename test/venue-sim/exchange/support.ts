/** One simulated exchange without its protocol, and short words for what tests do with it. */
import type { Account, ExchangeEvent, OrderRequest, Order, Placed, Refusal } from '../../../src/venue-sim/exchange/contract.js';
import type { VenueExchange } from '../../../src/venue-sim/exchange/exchange.js';
import type { Market } from '../../../src/venue-sim/market/market.js';
import type { VenueId } from '../../../src/venue-sim/market/spec.js';
import { createVenueWorld, type SavedWorld, type VenueWorld, type VenueWorldOptions } from '../../../src/venue-sim/world.js';
import { START_US } from '../support/venue-client.js';

export class TestExchange {
  readonly world: VenueWorld;
  readonly exchange: VenueExchange;
  readonly market: Market;
  readonly account: Account;
  readonly spare: Account;
  readonly events: ExchangeEvent[] = [];

  constructor(venue: VenueId, symbol: string, options: Partial<VenueWorldOptions> & { readonly kind?: string } = {}, saved?: SavedWorld) {
    this.world = createVenueWorld({ seed: 5, startUs: START_US, only: [venue], ...options }, saved);
    this.exchange = this.world.exchangeOf(venue);
    const market = this.exchange.markets.find(({ spec }) => spec.symbol === symbol && (options.kind ?? spec.kind) === spec.kind);
    const [account, spare] = this.exchange.testAccounts;
    if (market === undefined || account === undefined || spare === undefined) throw new Error(`no ${symbol} at ${venue}`);
    this.market = market;
    this.account = account;
    this.spare = spare;
    this.exchange.listen((event) => this.events.push(event));
    this.run(10);
    this.events.length = 0;
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) this.world.step();
  }

  /** Steps until it is true; a bounded number of them. */
  until(isTrue: () => boolean, most = 20_000): void {
    for (let step = 0; step < most && !isTrue(); step++) this.world.step();
    if (!isTrue()) throw new Error(`not so after ${most} steps`);
  }

  get bid(): number {
    return this.market.engine.bids.bestTicks;
  }

  get ask(): number {
    return this.market.engine.asks.bestTicks;
  }

  place(request: Partial<OrderRequest> & Pick<OrderRequest, 'side'>, account = this.account): Placed {
    return this.exchange.place(account, { market: this.market, ticks: null, lots: 1, ...request });
  }

  placed(request: Partial<OrderRequest> & Pick<OrderRequest, 'side'>, account = this.account): Order {
    const placed = this.place(request, account);
    if (!placed.ok) throw new Error(`refused: ${placed.refusal.reason}`);
    return placed.order;
  }

  refusal(request: Partial<OrderRequest> & Pick<OrderRequest, 'side'>, account = this.account): Refusal['reason'] | null {
    const placed = this.place(request, account);
    return placed.ok ? null : placed.refusal.reason;
  }

  /** What was told since the last call, after everything is delivered. */
  told(): ExchangeEvent[] {
    this.exchange.deliver();
    return this.events.splice(0);
  }
}

export function names(events: readonly ExchangeEvent[]): string[] {
  return events.map((event) => ('cause' in event ? `${event.type} ${event.cause}` : event.type));
}
