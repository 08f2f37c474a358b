/** An order as wished, in plain numbers: what risk judges. One object is reused for every intent (groups keep a few); nothing is allocated per order. */
import {
  REC_CAUSE_US,
  REC_CLIENT_SEQ,
  REC_FLAGS,
  REC_GROUP,
  REC_GROUP_LEGS,
  REC_INSTRUMENT,
  REC_LEVEL,
  REC_PNL_KIND,
  REC_PRICE,
  REC_QTY,
  REC_SIDE,
  REC_TIF,
} from '../../core/memory/record.js';
import type { SharedViews } from '../../core/memory/shared-memory.js';

export class Draft {
  strategy = 0;
  instrument = 0;
  level = 0;
  side = 0;
  flags = 0;
  timeInForce = 0;
  group = 0;
  groupLegs = 0;
  pnlKind = 0;
  clientSeq = 0;
  priceTicks = Number.NaN;
  qtyLots = Number.NaN;
  causeUs = Number.NaN;

  /** Takes the wish of strategy `strategy` out of its intent ring. */
  read(views: SharedViews, at: number, strategy: number): void {
    const { u8, u16, u32, f64 } = views;
    this.strategy = strategy;
    this.instrument = u32[(at + REC_INSTRUMENT) >> 2]!;
    this.level = u32[(at + REC_LEVEL) >> 2]!;
    this.side = u8[at + REC_SIDE]!;
    this.flags = u8[at + REC_FLAGS]!;
    this.timeInForce = u8[at + REC_TIF]!;
    this.group = u16[(at + REC_GROUP) >> 1]!;
    this.groupLegs = u8[at + REC_GROUP_LEGS]!;
    this.pnlKind = u8[at + REC_PNL_KIND]!;
    this.clientSeq = u16[(at + REC_CLIENT_SEQ) >> 1]!;
    this.priceTicks = f64[(at + REC_PRICE) >> 3]!;
    this.qtyLots = f64[(at + REC_QTY) >> 3]!;
    this.causeUs = f64[(at + REC_CAUSE_US) >> 3]!;
  }

  copyFrom(other: Draft): void {
    this.strategy = other.strategy;
    this.instrument = other.instrument;
    this.level = other.level;
    this.side = other.side;
    this.flags = other.flags;
    this.timeInForce = other.timeInForce;
    this.group = other.group;
    this.groupLegs = other.groupLegs;
    this.pnlKind = other.pnlKind;
    this.clientSeq = other.clientSeq;
    this.priceTicks = other.priceTicks;
    this.qtyLots = other.qtyLots;
    this.causeUs = other.causeUs;
  }
}
