/**
 * A venue behind a bad line, for property tests: it keeps the truth (orders, fills), while requests and answers are lost, late, repeated and out of order.
 * It shares no code with the executor or the paper gateway.
 */
import { RecordKind, SIDE_BUY } from '../../src/core/memory/record.js';
import { Reason } from '../../src/core/orders/reasons.js';
import { WALL_AT_ZERO_US, type Rig, type Row } from './rig.js';

const K = RecordKind;

export interface Faults {
  /** Chances in percent. */
  readonly loseRequest: number;
  readonly loseAnswer: number;
  readonly repeatAnswer: number;
  /** Longest delays. */
  readonly requestUs: number;
  readonly answerUs: number;
}

interface VenueOrder {
  readonly row: Row;
  priceTicks: number;
  qtyLots: number;
  cumLots: number;
  isLive: boolean;
  endKind: number;
  readonly fills: { tradeId: number; lots: number; ticks: number; tsUs: number }[];
}

export class FaultyVenue {
  readonly orders = new Map<number, VenueOrder>();
  /** Creates that arrived for an id that was there already. */
  doubles = 0;
  /** Most orders that were alive at once on one level. */
  mostOnALevel = 0;
  faults: Faults;
  readonly #rig: Rig;
  readonly #gateway: number;
  readonly #random: () => number;
  readonly #arriving: { atUs: number; row: Row }[] = [];
  readonly #answers: { atUs: number; row: Partial<Row> }[] = [];
  #trade = 0;

  constructor(rig: Rig, gateway: number, faults: Faults, random: () => number) {
    this.#rig = rig;
    this.#gateway = gateway;
    this.faults = faults;
    this.#random = random;
  }

  get isQuiet(): boolean {
    return this.#arriving.length === 0 && this.#answers.length === 0;
  }

  live(): VenueOrder[] {
    return [...this.orders.values()].filter((order) => order.isLive);
  }

  turn(): void {
    const { nowUs } = this.#rig;
    for (const row of this.#rig.requests(this.#gateway)) {
      if (this.#chance(this.faults.loseRequest)) continue;
      this.#arriving.push({ atUs: nowUs + this.#random() * this.faults.requestUs, row });
    }
    for (const { row } of take(this.#arriving, nowUs)) this.#apply(row);
    for (const { row } of take(this.#answers, nowUs)) this.#rig.answer(this.#gateway, row);
  }

  /** The market takes part of a resting order, or cancels it. */
  trade(): void {
    const live = this.live();
    const order = live[Math.floor(this.#random() * live.length)];
    if (order === undefined) return;
    if (this.#chance(15)) {
      this.#end(order, K.CANCELLED, Reason.VENUE_CANCELLED);
      return;
    }
    const lots = 1 + Math.floor(this.#random() * (order.qtyLots - order.cumLots));
    this.#fill(order, lots);
  }

  #fill(order: VenueOrder, lots: number): void {
    order.cumLots += lots;
    if (order.cumLots >= order.qtyLots) order.isLive = false;
    const fill = { tradeId: ++this.#trade, lots, ticks: order.priceTicks, tsUs: this.#wallUs };
    order.fills.push(fill);
    this.#say(order, K.FILL, Reason.NONE, { fillLots: lots, fillTicks: fill.ticks, tradeId: fill.tradeId, tsUs: fill.tsUs });
  }

  #end(order: VenueOrder, kind: number, reason: number): void {
    order.isLive = false;
    order.endKind = kind;
    this.#say(order, kind, reason, {});
  }

  #apply(row: Row): void {
    if (row.kind === K.LIST) {
      this.#list(row);
      return;
    }
    if (row.kind === K.FILLS) {
      this.#fillsSince(row);
      return;
    }
    if (row.kind === K.POSITIONS) {
      this.#positions(row);
      return;
    }
    const order = this.orders.get(row.orderId);
    if (row.kind === K.CREATE) {
      if (order !== undefined) {
        this.doubles++;
        return;
      }
      if (this.#chance(5)) {
        this.#answer({ ...row, kind: K.REJECT, reason: Reason.VENUE_REJECTED });
        return;
      }
      const created: VenueOrder = {
        row,
        priceTicks: row.priceTicks,
        qtyLots: row.qtyLots,
        cumLots: 0,
        isLive: true,
        endKind: 0,
        fills: [],
      };
      this.orders.set(row.orderId, created);
      const level = this.live().filter((one) => one.row.level === row.level && one.row.strategy === row.strategy);
      this.mostOnALevel = Math.max(this.mostOnALevel, level.length);
      this.#say(created, K.ACK, Reason.NONE, {});
      return;
    }
    if (row.kind === K.QUERY) {
      this.#tell(row, order);
      return;
    }
    const refusal = row.kind === K.CANCEL ? K.CANCEL_REJECT : K.AMEND_REJECT;
    if (order === undefined || !order.isLive) {
      this.#answer({ ...row, kind: refusal, reason: Reason.UNKNOWN_ORDER });
    } else if (this.#chance(5)) {
      this.#say(order, refusal, Reason.VENUE_REJECTED, {});
    } else if (row.kind === K.CANCEL) {
      this.#end(order, K.CANCELLED, Reason.BY_REQUEST);
    } else if (row.qtyLots <= order.cumLots) {
      this.#say(order, K.AMEND_REJECT, Reason.BAD_ORDER, {});
    } else {
      order.priceTicks = row.priceTicks;
      order.qtyLots = row.qtyLots;
      this.#say(order, K.AMENDED, Reason.NONE, {});
    }
  }

  #tell(row: Row, order: VenueOrder | undefined): void {
    if (order === undefined) {
      this.#answer({ ...row, kind: K.NOT_FOUND });
      return;
    }
    const { decidedUs } = row;
    this.#say(order, K.ACK, Reason.NONE, { decidedUs });
    for (const fill of order.fills)
      this.#say(order, K.FILL, Reason.NONE, {
        fillLots: fill.lots,
        fillTicks: fill.ticks,
        tradeId: fill.tradeId,
        tsUs: fill.tsUs,
        decidedUs,
      });
    if (order.endKind !== 0) this.#say(order, order.endKind, Reason.BY_REQUEST, { decidedUs });
  }

  #list({ decidedUs }: Row): void {
    const rows: Partial<Row>[] = [{ kind: K.LISTED, orderId: 0, decidedUs }];
    for (const order of this.live()) {
      const { priceTicks, qtyLots, cumLots } = order;
      rows.push({ ...order.row, kind: K.LISTED, priceTicks, qtyLots, cumLots, decidedUs, tsUs: this.#wallUs });
    }
    this.#tellTogether([...rows, { kind: K.LIST_END, decidedUs }]);
  }

  #fillsSince({ decidedUs, tsUs: sinceUs }: Row): void {
    const rows: Partial<Row>[] = [];
    for (const order of this.orders.values()) {
      for (const { tradeId, lots, ticks, tsUs } of order.fills) {
        if (tsUs >= sinceUs) rows.push({ ...order.row, kind: K.FILL, fillLots: lots, fillTicks: ticks, tradeId, decidedUs, tsUs });
      }
    }
    this.#tellTogether([...rows, { kind: K.FILLS_END, decidedUs, tsUs: this.#wallUs }]);
  }

  #positions({ decidedUs }: Row): void {
    const net = new Map<number, number>();
    for (const { row, cumLots } of this.orders.values())
      net.set(row.instrument, (net.get(row.instrument) ?? 0) + (row.side === SIDE_BUY ? cumLots : -cumLots));
    const rows: Partial<Row>[] = [...net].map(([instrument, qtyLots]) => ({ kind: K.POSITION, instrument, qtyLots, decidedUs }));
    this.#tellTogether([...rows, { kind: K.POSITIONS_END, decidedUs, tsUs: this.#wallUs }]);
  }

  /** One answer: all of it comes, together, or none. */
  #tellTogether(rows: readonly Partial<Row>[]): void {
    if (this.#chance(this.faults.loseAnswer)) return;
    const atUs = this.#rig.nowUs + this.#random() * this.faults.answerUs;
    for (const row of rows) this.#answers.push({ atUs, row });
  }

  get #wallUs(): number {
    return WALL_AT_ZERO_US + this.#rig.nowUs;
  }

  #say(order: VenueOrder, kind: number, reason: number, more: Partial<Row>): void {
    this.#answer({ ...order.row, kind, reason, priceTicks: order.priceTicks, qtyLots: order.qtyLots, cumLots: order.cumLots, ...more });
  }

  #answer(row: Partial<Row>): void {
    const { nowUs } = this.#rig;
    const stamped = row.kind === K.FILL ? row : { ...row, tsUs: this.#wallUs };
    if (this.#chance(this.faults.loseAnswer)) return;
    const copies = this.#chance(this.faults.repeatAnswer) ? 2 : 1;
    for (let n = 0; n < copies; n++) this.#answers.push({ atUs: nowUs + this.#random() * this.faults.answerUs, row: stamped });
  }

  #chance(percent: number): boolean {
    return this.#random() * 100 < percent;
  }
}

/** Takes what is due, oldest due first. */
function take<T extends { atUs: number }>(from: T[], nowUs: number): T[] {
  const due = from.filter((one) => one.atUs <= nowUs).sort((a, b) => a.atUs - b.atUs);
  const later = from.filter((one) => one.atUs > nowUs);
  from.splice(0, from.length, ...later);
  return due;
}
