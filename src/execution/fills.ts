/**
 * Fills: counted once whoever tells them (stream, answer to a question, list of fills) and however late, booked to positions and funds, journaled, told.
 * Also the fills of orders that the table forgot, or that an earlier run placed. Called by `outcomes.ts` on the hot lane.
 */
import {
  REC_CUM,
  REC_DECIDED_US,
  REC_FEE,
  REC_FEE_ASSET,
  REC_FILL_PRICE,
  REC_FILL_QTY,
  REC_GATEWAY,
  REC_INSTRUMENT,
  REC_LEVEL,
  REC_ORDER_ID,
  REC_PNL_KIND,
  REC_SIDE,
  REC_STRATEGY,
  REC_TRADE_ID,
  SIDE_BUY,
} from '../core/memory/record.js';
import { partsOfOrderId } from '../core/numbers/ids.js';
import { isTerminal, OrderState } from '../core/orders/order-state.js';
import { Reason } from '../core/orders/reasons.js';
import type { Desk } from './desk.js';
import type { Doubts } from './doubts.js';
import type { Endings } from './endings.js';

export class Fills {
  readonly #desk: Desk;
  readonly #doubts: Doubts;
  readonly #endings: Endings;
  /** By gateway: REC_DECIDED_US of the last list of fills that was asked for. */
  readonly askedUs: Float64Array;

  constructor(desk: Desk, doubts: Doubts, endings: Endings) {
    this.#desk = desk;
    this.#doubts = doubts;
    this.#endings = endings;
    this.askedUs = new Float64Array(desk.tables.venues.length);
  }

  onFill(slot: number, at: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders, trail, risk } = desk;
    const { f64 } = desk.views;
    const strategy = orders.strategyOf(slot);
    const base = orders.base(slot);
    if (!desk.fillsSeen.add(f64[(base + REC_ORDER_ID) >> 3]!, f64[(at + REC_TRADE_ID) >> 3]!)) return this.#doubts.duplicate(slot);
    const isFound = this.#isFound(slot, at);
    const lots = f64[(at + REC_FILL_QTY) >> 3]!;
    const state = orders.state(slot);
    if (state === OrderState.REJECTED) this.#endings.ghost(slot, false);
    desk.markKnown(slot);
    const cum = orders.cumOf(slot) + lots;
    const isWhole = cum >= orders.qtyOf(slot) && !orders.isQtyOpen(slot);
    orders.begin(slot);
    f64[(base + REC_CUM) >> 3] = cum;
    orders.publish(slot);
    const endKind = orders.endKind[slot]!;
    let next = state;
    if (!isTerminal(state)) {
      if (isWhole) next = OrderState.FILLED;
      else if (state !== OrderState.UNKNOWN) next = desk.livingState(slot);
      desk.move(slot, next);
    }
    this.#account(strategy, orders.instrumentOf(slot), orders.sideOf(slot), at, tsUs);
    trail.counters[strategy]!.add('fills');
    risk.rate.filled(strategy);
    if (next === OrderState.FILLED && state !== OrderState.FILLED) {
      trail.counters[strategy]!.add('filled');
      desk.close(slot);
    }
    // What the venue counted more than we had seen is here: nothing to ask any more.
    if (endKind === 0 && state !== OrderState.UNKNOWN && cum >= orders.venueCum[slot]!) orders.askUs[slot] = Infinity;
    desk.rehold(slot);
    trail.writeFill(slot, at, tsUs);
    trail.tellFill(slot, at, tsUs);
    if (isFound) desk.repair(slot, Reason.FILL_FOUND, tsUs);
    if (endKind !== 0 && !isTerminal(next) && cum >= orders.venueCum[slot]!)
      this.#endings.end(slot, endKind, orders.endReason[slot]!, tsUs);
  }

  /**
   * A fill of ours whose order the table does not have: it ended and its slot was used again, or an earlier run placed it. It counts all the same, once. Whose it
   * is stands in the order's id; an id of an earlier run may count strategies in another order, so the strategy must trade the instrument.
   */
  onStray(at: number, tsUs: number): void {
    const desk = this.#desk;
    const { u8, u16, u32, f64 } = desk.views;
    const instrument = u32[(at + REC_INSTRUMENT) >> 2]!;
    const orderId = f64[(at + REC_ORDER_ID) >> 3]!;
    if (orderId === 0 || instrument >= desk.tables.instruments.length) return;
    const { strategy: named, level } = partsOfOrderId(orderId);
    const strategy = this.#strategyFor(named, instrument);
    const counters = desk.trail.counters[strategy];
    if (counters === undefined) return;
    counters.add('late');
    if (!desk.fillsSeen.add(orderId, f64[(at + REC_TRADE_ID) >> 3]!)) {
      counters.add('duplicates');
      return;
    }
    // The record becomes the journal's entry: it must say whose fill it is as this run counts.
    u16[(at + REC_STRATEGY) >> 1] = strategy;
    u32[(at + REC_LEVEL) >> 2] = level;
    u8[at + REC_PNL_KIND] = desk.pnlKindOf(strategy);
    f64[(at + REC_CUM) >> 3] = Math.max(f64[(at + REC_CUM) >> 3]!, f64[(at + REC_FILL_QTY) >> 3]!);
    this.#account(strategy, instrument, u8[at + REC_SIDE]!, at, tsUs);
    counters.add('fills');
    desk.trail.writeOutcome(at, tsUs);
    if (strategy === named) desk.trail.tellOutcome(strategy, at, tsUs);
    if (this.#isListed(at)) desk.repairOutcome(at, Reason.FILL_FOUND, tsUs);
  }

  onFunding(at: number, tsUs: number): void {
    const desk = this.#desk;
    const { u8, u16, u32, f64 } = desk.views;
    const amount = f64[(at + REC_FEE) >> 3]! * 1e-8;
    const asset = u16[(at + REC_FEE_ASSET) >> 1]!;
    desk.risk.funds.pay(u8[at + REC_GATEWAY]!, asset, amount, tsUs);
    desk.risk.losses.pay(u16[(at + REC_STRATEGY) >> 1]!, u32[(at + REC_INSTRUMENT) >> 2]!, asset, amount);
    desk.trail.writeOutcome(at, tsUs);
  }

  /** Told by an answer to a question rather than by the stream. */
  #isFound(slot: number, at: number): boolean {
    const decidedUs = this.#desk.views.f64[(at + REC_DECIDED_US) >> 3]!;
    return decidedUs > 0 && (decidedUs === this.#desk.orders.askedUs[slot] || this.#isListed(at));
  }

  #isListed(at: number): boolean {
    const { u8, f64 } = this.#desk.views;
    const decidedUs = f64[(at + REC_DECIDED_US) >> 3]!;
    return decidedUs > 0 && decidedUs === this.askedUs[u8[at + REC_GATEWAY]!];
  }

  #strategyFor(named: number, instrument: number): number {
    const { strategies } = this.#desk.tables;
    if (strategies[named]?.instruments.includes(instrument) === true) return named;
    return strategies.findIndex((entry) => entry.instruments.includes(instrument));
  }

  #account(strategy: number, instrument: number, side: number, at: number, tsUs: number): void {
    const { views, risk } = this.#desk;
    const { u16, f64 } = views;
    const { positions, funds } = risk;
    const lots = f64[(at + REC_FILL_QTY) >> 3]!;
    const ticks = f64[(at + REC_FILL_PRICE) >> 3]!;
    const net = positions.net(instrument);
    const isClosing = side === SIDE_BUY ? net < 0 : net > 0;
    const closed = isClosing ? Math.min(Math.abs(net), lots) : 0;
    const feeAsset = u16[(at + REC_FEE_ASSET) >> 1]!;
    funds.fill(instrument, side, lots, ticks, f64[(at + REC_FEE) >> 3]!, feeAsset, closed, positions.entry(instrument), tsUs);
    positions.fill(strategy, instrument, side, lots, ticks);
    risk.losses.fill(strategy, instrument, side, lots, ticks, f64[(at + REC_FEE) >> 3]!, feeAsset, tsUs);
    risk.lastTicks[instrument] = ticks;
    risk.leverage.touch(instrument);
  }
}
