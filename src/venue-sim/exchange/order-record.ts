/** An order of a client's account as the exchange keeps it: what the contract calls `Order`, writable. Changed by `VenueExchange` and its parts only. */
import type { Side } from '../engine/book-side.js';
import type { SelfTradeMode } from '../engine/matching-engine.js';
import type { Market } from '../market/market.js';
import type { Account, AssetTerms, EndReason, Order, OrderState } from './contract.js';

export class OrderRecord implements Order {
  readonly number: number;
  readonly id: string;
  readonly account: Account;
  readonly market: Market;
  clientId: string;
  readonly side: Side;
  readonly kind: 'limit' | 'market';
  ticks: number | null;
  lots: number;
  readonly quoteUnits: bigint | null;
  readonly timeInForce: 'gtc' | 'ioc' | 'fok';
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  selfTrade: SelfTradeMode;
  state: OrderState;
  endReason: EndReason | null;
  filledLots: number;
  filledTickLots: bigint;
  filledUnits: bigint;
  feeUnits: bigint;
  readonly feeAsset: AssetTerms;
  realisedUnits: bigint;
  readonly createdUs: number;
  updatedUs: number;
  amendments: number;
  extra: Readonly<Record<string, string>>;
  /** Its order in the matching engine; another one after an amendment that lost the place in the queue. */
  engineId: number;
  /** Of a spot wallet. */
  lockedUnits: bigint;
  isLiquidation: boolean;

  constructor(fields: OrderFields) {
    this.number = fields.number;
    this.id = fields.id;
    this.account = fields.account;
    this.market = fields.market;
    this.clientId = fields.clientId;
    this.side = fields.side;
    this.kind = fields.kind;
    this.ticks = fields.ticks;
    this.lots = fields.lots;
    this.quoteUnits = fields.quoteUnits;
    this.timeInForce = fields.timeInForce;
    this.postOnly = fields.postOnly;
    this.reduceOnly = fields.reduceOnly;
    this.selfTrade = fields.selfTrade;
    this.state = fields.state;
    this.endReason = fields.endReason;
    this.filledLots = fields.filledLots;
    this.filledTickLots = fields.filledTickLots;
    this.filledUnits = fields.filledUnits;
    this.feeUnits = fields.feeUnits;
    this.feeAsset = fields.feeAsset;
    this.realisedUnits = fields.realisedUnits;
    this.createdUs = fields.createdUs;
    this.updatedUs = fields.updatedUs;
    this.amendments = fields.amendments;
    this.extra = fields.extra;
    this.engineId = fields.engineId;
    this.lockedUnits = fields.lockedUnits;
    this.isLiquidation = fields.isLiquidation;
  }

  get isOpen(): boolean {
    return this.state === 'new' || this.state === 'part-filled';
  }

  get leftLots(): number {
    return this.lots - this.filledLots;
  }

  /** As it is now: what an event carries. */
  snapshot(): OrderRecord {
    return new OrderRecord(this);
  }
}

export type OrderFields = Omit<OrderRecord, 'isOpen' | 'leftLots' | 'snapshot'>;
