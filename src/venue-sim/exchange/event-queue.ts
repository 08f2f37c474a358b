/**
 * What happened to clients' accounts, in order, until it is told: orders, fills, funding and liquidations as they came, then the positions and wallets they
 * changed, each once with its last state. `VenueExchange` fills it; it is emptied after an answer has left and at the end of each step.
 */
import type { Market } from '../market/market.js';
import type { AccountState } from './account-state.js';
import type { ExchangeEvent, PositionEvent, PositionView, WalletEvent, WalletView } from './contract.js';

type Unnumbered<E> = E extends ExchangeEvent ? Omit<E, 'sequence' | 'uuid'> : never;
export type NewEvent = Unnumbered<ExchangeEvent>;

export interface EventViews {
  wallet(state: AccountState, asset: string): WalletView;
  position(state: AccountState, market: Market): PositionView;
  uuid(): string;
  nowUs(): number;
}

export class EventQueue {
  sequence = 0;
  readonly #views: EventViews;
  readonly #listeners = new Set<(event: ExchangeEvent) => void>();
  readonly #waiting: NewEvent[] = [];
  readonly #positions = new Map<AccountState, Map<Market, PositionEvent['cause']>>();
  readonly #wallets = new Map<AccountState, Map<WalletEvent['cause'], Map<string, bigint>>>();

  constructor(views: EventViews) {
    this.#views = views;
  }

  listen(run: (event: ExchangeEvent) => void): () => void {
    this.#listeners.add(run);
    return () => void this.#listeners.delete(run);
  }

  add(event: NewEvent): void {
    this.#waiting.push(event);
  }

  positionChanged(state: AccountState, market: Market, cause: PositionEvent['cause']): void {
    const markets = this.#positions.get(state) ?? new Map<Market, PositionEvent['cause']>();
    this.#positions.set(state, markets.set(market, cause));
  }

  walletChanged(state: AccountState, asset: string, cause: WalletEvent['cause'], units: bigint): void {
    const causes = this.#wallets.get(state) ?? new Map<WalletEvent['cause'], Map<string, bigint>>();
    const changes = causes.get(cause) ?? new Map<string, bigint>();
    changes.set(asset, (changes.get(asset) ?? 0n) + units);
    this.#wallets.set(state, causes.set(cause, changes));
  }

  deliver(): void {
    if (this.#waiting.length > 0) for (const event of this.#waiting.splice(0)) this.#tell(event);
    if (this.#positions.size > 0) this.#tellPositions();
    if (this.#wallets.size > 0) this.#tellWallets();
  }

  #tellPositions(): void {
    const changed = [...this.#positions];
    this.#positions.clear();
    for (const [state, markets] of changed) {
      for (const [market, cause] of markets) {
        const position = this.#views.position(state, market);
        this.#tell({ type: 'position', cause, account: state.account, timeUs: this.#views.nowUs(), position });
      }
    }
  }

  #tellWallets(): void {
    const changed = [...this.#wallets];
    this.#wallets.clear();
    for (const [state, causes] of changed) {
      // A trade changes locks too: one message says both.
      const trade = causes.get('trade');
      const order = causes.get('order');
      if (trade !== undefined && order !== undefined) {
        for (const [asset, units] of order) trade.set(asset, (trade.get(asset) ?? 0n) + units);
        causes.delete('order');
      }
      for (const [cause, changes] of causes) {
        const wallets = [...changes.keys()].map((asset) => this.#views.wallet(state, asset));
        this.#tell({ type: 'wallet', cause, account: state.account, timeUs: this.#views.nowUs(), wallets, changes });
      }
    }
  }

  #tell(event: NewEvent): void {
    this.sequence++;
    if (this.#listeners.size === 0) return;
    const numbered = { ...event, sequence: this.sequence, uuid: this.#views.uuid() } as ExchangeEvent;
    for (const run of this.#listeners) run(numbered);
  }
}
