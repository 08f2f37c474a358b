/** An order as the paper venue holds it, and what the venue is asked to do. Used by the paper gateway's parts, on its thread. */

export interface PaperFill {
  readonly ticks: number;
  readonly lots: number;
  readonly isMaker: boolean;
  /** 1e-8 of the fee asset. */
  readonly fee: number;
  readonly feeAsset: string;
  readonly tradeId: number;
  readonly tsUs: number;
}

/** A request as it arrives; fields as in core/memory/record.ts. */
export interface PaperRequest {
  readonly kind: number;
  readonly orderId: number;
  readonly strategy: number;
  readonly instrument: number;
  readonly level: number;
  readonly side: number;
  readonly flags: number;
  readonly timeInForce: number;
  readonly priceTicks: number;
  readonly qtyLots: number;
  readonly pnlKind: number;
  readonly group: number;
  readonly groupLegs: number;
  readonly clientSeq: number;
  readonly causeUs: number;
  readonly decidedUs: number;
  /** Wall time: of a question about fills, since when. */
  readonly tsUs: number;
}

export class PaperOrder {
  readonly orderId: number;
  readonly strategy: number;
  readonly instrument: number;
  readonly level: number;
  readonly side: number;
  readonly flags: number;
  readonly timeInForce: number;
  readonly pnlKind: number;
  readonly group: number;
  readonly groupLegs: number;
  readonly clientSeq: number;
  readonly causeUs: number;
  priceTicks: number;
  qtyLots: number;
  cumLots: number;
  /** RecordKind of its end (FILL when filled, CANCELLED, EXPIRED), 0 while it lives. */
  endKind = 0;
  endReason = 0;
  readonly fills: PaperFill[] = [];
  /** Trades received before this are not its own. */
  activeUs: number;
  /** Arrived while the book was not live: whether it would have taken is decided when the book is next seen. */
  isUntried = false;
  /** Lots of others before us at our price; NaN until a live book showed our level. */
  aheadLots = Number.NaN;
  /** Our level as last seen, and what traded there since. */
  levelLots = 0;
  tradedLots = 0;
  /** Lots by which the level shrank below our queue, and when: the trade that did it may be printed after the depth update. */
  shrunkLots = 0;
  shrunkUs = 0;

  constructor(request: PaperRequest, cumLots: number, activeUs: number) {
    this.orderId = request.orderId;
    this.strategy = request.strategy;
    this.instrument = request.instrument;
    this.level = request.level;
    this.side = request.side;
    this.flags = request.flags;
    this.timeInForce = request.timeInForce;
    this.pnlKind = request.pnlKind;
    this.group = request.group;
    this.groupLegs = request.groupLegs;
    this.clientSeq = request.clientSeq;
    this.causeUs = request.causeUs;
    this.priceTicks = request.priceTicks;
    this.qtyLots = request.qtyLots;
    this.cumLots = cumLots;
    this.activeUs = activeUs;
  }

  get openLots(): number {
    return this.qtyLots - this.cumLots;
  }

  get isLive(): boolean {
    return this.endKind === 0;
  }
}
