/**
 * Legs of one decision: collected until all are here, judged together, sent together or refused together. Called by the executor on the hot lane.
 * Also the one place where a new order is judged, alone or as a leg.
 */
import { FLAG_HEDGE, RecordKind } from '../core/memory/record.js';
import { Reason } from '../core/orders/reasons.js';
import type { Desk } from './desk.js';
import { Draft } from './risk/draft.js';

/** Most legs of one decision: a triangle has three, a basket some more. */
const MOST_LEGS = 8;
/** Legs are written together; a group that is not whole after this long never will be. */
const WHOLE_WITHIN_US = 1_000_000;

class Group {
  id = 0;
  legs = 0;
  count = 0;
  sinceUs = 0;
  readonly drafts = Array.from({ length: MOST_LEGS }, () => new Draft());
  readonly slots = new Int32Array(MOST_LEGS);
}

export class Groups {
  readonly #desk: Desk;
  readonly #clearWay: (draft: Draft) => void;
  /** One open group a strategy: its ring is in order. */
  readonly #groups: readonly Group[];
  /** Strategies with an open group. */
  waiting = 0;

  /** @param clearWay an order was refused because it would meet ours */
  constructor(desk: Desk, clearWay: (draft: Draft) => void) {
    this.#desk = desk;
    this.#clearWay = clearWay;
    this.#groups = desk.tables.strategies.map(() => new Group());
  }

  /** Why this new order may not go out; Reason.NONE when it may, a hedge's limit perhaps nearer than it was. @param entries journal entries that are about to be written with it */
  judge(draft: Draft, entries: number): number {
    const desk = this.#desk;
    const blocked = desk.blocked(entries);
    if (blocked !== Reason.NONE) return blocked;
    if (desk.isClosing && (draft.flags & FLAG_HEDGE) === 0) return Reason.HALTED;
    if (desk.requests.isDown(draft.instrument)) return Reason.GATEWAY_DOWN;
    if (desk.orders.at(draft.strategy, draft.level) >= 0) return Reason.LEVEL_BUSY;
    if (!desk.orders.hasFree(entries)) return Reason.NO_ROOM;
    desk.risk.keepInFront(draft);
    return desk.risk.checkPlace(draft, draft.qtyLots, desk.nowUs);
  }

  /** Takes a leg. False: the strategy cannot be told of a refusal now. */
  collect(draft: Draft): boolean {
    const desk = this.#desk;
    const group = this.#groups[draft.strategy]!;
    const isOther = group.count > 0 && group.id !== draft.group;
    if (!desk.trail.canTell(draft.strategy, group.count + 1)) return false;
    if (isOther) this.#refuse(group, -1, Reason.NONE);
    if (draft.groupLegs > MOST_LEGS) {
      desk.trail.deny(draft, RecordKind.DENIED, 0, Reason.GROUP_REFUSED, true);
      return true;
    }
    if (group.count === 0) {
      group.id = draft.group;
      group.legs = draft.groupLegs;
      group.sinceUs = desk.nowUs;
      this.waiting++;
    }
    group.drafts[group.count++]!.copyFrom(draft);
    return true;
  }

  /** Sends or refuses the strategy's group when it is whole (or too old to become so). False: it is whole and there is no room for all of it now. */
  settle(strategy: number): boolean {
    const desk = this.#desk;
    const group = this.#groups[strategy]!;
    if (group.count === 0) return true;
    const isWhole = group.count === group.legs;
    if (!isWhole && desk.nowUs - group.sinceUs < WHOLE_WITHIN_US) return true;
    if (!desk.trail.canTell(strategy, group.count) || !desk.trail.hasRoom(group.count)) return false;
    if (!isWhole) this.#refuse(group, -1, Reason.NONE);
    else this.#decide(group);
    return true;
  }

  /** The strategy takes everything back. */
  drop(strategy: number): void {
    const group = this.#groups[strategy]!;
    if (group.count > 0) this.#refuse(group, -1, Reason.NONE);
  }

  /** Each leg is judged with those before it already held, so that two legs cannot spend the same balance. */
  #decide(group: Group): void {
    const desk = this.#desk;
    for (let leg = 0; leg < group.count; leg++) {
      const draft = group.drafts[leg]!;
      const reason = this.judge(draft, group.count - leg);
      if (reason !== Reason.NONE) {
        for (let n = leg - 1; n >= 0; n--) desk.withdraw(group.slots[n]!);
        this.#refuse(group, leg, reason);
        if (reason === Reason.SELF_TRADE) this.#clearWay(draft);
        return;
      }
      group.slots[leg] = desk.open(draft, 0);
    }
    const legs = group.count;
    this.#clear(group);
    for (let leg = 0; leg < legs; leg++) desk.requests.release(desk.orders.gatewayOf(group.slots[leg]!));
  }

  /** The leg at fault is told its own reason, the others that their group was refused. */
  #refuse(group: Group, faulty: number, reason: number): void {
    const count = group.count;
    this.#clear(group);
    for (let leg = 0; leg < count; leg++) {
      const draft = group.drafts[leg]!;
      this.#desk.trail.deny(draft, RecordKind.DENIED, 0, leg === faulty ? reason : Reason.GROUP_REFUSED, true);
    }
  }

  #clear(group: Group): void {
    group.count = 0;
    this.waiting--;
  }
}
