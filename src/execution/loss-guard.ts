/**
 * The limits of what may be lost, enforced: a limit that is reached turns the trading state to reducing, cancels what would make a position larger, and says so in
 * the journal and to the person. A daily one lets go at the next UTC midnight; a drawdown stays, over restarts too, until a person trades on (the trading state set
 * to active, or `risk.drawdownFrom`). Called by the executor on the hot lane with every sweep.
 */
import { CONTROL_TRADING_STATE, type MemoryPlan } from '../core/memory/layout.js';
import { FLAG_HEDGE, FLAG_REDUCE_ONLY, REC_FLAGS, SIDE_BUY } from '../core/memory/record.js';
import { OrderState } from '../core/orders/order-state.js';
import { Reason, reasonName } from '../core/orders/reasons.js';
import type { RecoveredState } from '../core/orders/recovered.js';
import type { Desk } from './desk.js';
import { TRADING_ACTIVE, TRADING_REDUCING } from './risk/limits.js';
import type { LossLimit, LossSink } from './risk/losses.js';

export interface LossGuardDeps {
  readonly desk: Desk;
  readonly plan: MemoryPlan;
  readonly recovered: RecoveredState;
  readonly nowUs: () => number;
  readonly wallUs: (nowUs: number) => number;
  readonly cancel: (slot: number) => void;
  readonly onNotice: (text: string) => void;
}

export class LossGuard implements LossSink {
  readonly #deps: LossGuardDeps;
  readonly #stateWord: number;
  /** The state is reducing because of a limit, not of a person. */
  #hasReduced = false;

  constructor(deps: LossGuardDeps) {
    this.#deps = deps;
    this.#stateWord = (deps.plan.control + CONTROL_TRADING_STATE) >> 2;
    const { losses } = deps.desk.risk;
    const wallUs = deps.wallUs(deps.nowUs());
    losses.recover(deps.recovered.lossMarks ?? [], wallUs);
    if (deps.desk.risk.limits.drawdownFromUs > wallUs && losses.limits.some(({ reason }) => reason === Reason.DRAWDOWN))
      deps.onNotice('risk.drawdownFrom is in the future: until then each start forgets the drawdown of before');
    for (const limit of losses.limits) {
      if (!limit.isReached) continue;
      this.#reduce(limit.reason);
      deps.onNotice(`${this.#name(limit)} was reached before this start: only what makes positions smaller goes, ${howLong(limit)}`);
    }
  }

  sweep(nowUs: number): void {
    const { desk, wallUs } = this.#deps;
    const { losses } = desk.risk;
    // Each limit may tell its marks and a change of state, twice; without room for that nothing is decided yet.
    if (losses.limits.length === 0 || !desk.trail.hasRoom(2 * losses.limits.length * (losses.pairs + 2))) return;
    if (this.#state() === TRADING_ACTIVE && losses.limits.some((limit) => limit.isReached)) {
      desk.risk.reducingReason = Reason.REDUCING;
      // Without a price they count from the first one.
      if (losses.restart(wallUs(nowUs), this))
        this.#deps.onNotice('trading state set to active: the limits that were reached count from now');
    }
    losses.sweep(nowUs, wallUs(nowUs), this);
  }

  onMark(limit: LossLimit): void {
    const { desk, wallUs } = this.#deps;
    const tsUs = wallUs(desk.nowUs);
    desk.risk.losses.eachMark(limit, (strategy, instrument, result) => {
      desk.trail.lossMark(strategy, instrument, limit.reason, result, limit.isReached, tsUs);
    });
  }

  onReached(limit: LossLimit): void {
    const { desk, wallUs, onNotice } = this.#deps;
    this.#reduce(limit.reason);
    const { asset } = desk.risk.limits.losses[limit.group]!;
    desk.trail.stateChanged(limit.reason, this.#state(), asset, limit.loss, wallUs(desk.nowUs));
    onNotice(
      `${this.#name(limit)}: ${Number(limit.loss.toFixed(8))} are lost, ${limit.most} may be: only what makes positions smaller goes from now on, ${howLong(limit)}`,
    );
    this.#cancelOpening();
  }

  onEnded(limit: LossLimit): void {
    const { desk, wallUs, onNotice } = this.#deps;
    const { risk, trail } = desk;
    const still = risk.losses.limits.find((other) => other.isReached);
    if (still !== undefined) {
      risk.reducingReason = still.reason as Reason;
      return;
    }
    risk.reducingReason = Reason.REDUCING;
    if (!this.#hasReduced || this.#state() !== TRADING_REDUCING) return;
    this.#hasReduced = false;
    Atomics.store(desk.views.i32, this.#stateWord, TRADING_ACTIVE);
    trail.stateChanged(limit.reason, TRADING_ACTIVE, risk.limits.losses[limit.group]!.asset, 0, wallUs(desk.nowUs));
    onNotice(`${this.#name(limit)}: a new day, trading goes on`);
  }

  /** A stricter state stays. */
  #reduce(reason: number): void {
    this.#deps.desk.risk.reducingReason = reason as Reason;
    if (this.#state() !== TRADING_ACTIVE) return;
    this.#hasReduced = true;
    Atomics.store(this.#deps.desk.views.i32, this.#stateWord, TRADING_REDUCING);
  }

  #state(): number {
    return Atomics.load(this.#deps.desk.views.i32, this.#stateWord);
  }

  /** Of the orders that lead towards flat as many stay as the position has lots; hedge legs and reduce-only orders stay as they are. */
  #cancelOpening(): void {
    const { desk, cancel } = this.#deps;
    const { orders, risk } = desk;
    const left = new Map<number, number>();
    for (let place = orders.liveCount - 1; place >= 0; place--) {
      const slot = orders.liveAt(place);
      if ((desk.views.u8[orders.base(slot) + REC_FLAGS]! & (FLAG_HEDGE | FLAG_REDUCE_ONLY)) !== 0) continue;
      const instrument = orders.instrumentOf(slot);
      const net = risk.positions.net(instrument);
      const isClosing = orders.sideOf(slot) === SIDE_BUY ? net < 0 : net > 0;
      const lots = left.get(instrument) ?? Math.abs(net);
      const held = orders.heldLots[slot]!;
      if (isClosing && held <= lots) left.set(instrument, lots - held);
      else if (orders.state(slot) !== OrderState.NONE || desk.trail.canTell(orders.strategyOf(slot), 1)) cancel(slot);
    }
  }

  #name(limit: LossLimit): string {
    return `${reasonName(limit.reason)} of ${this.#deps.desk.risk.limits.losses[limit.group]!.coin}`;
  }
}

function howLong(limit: LossLimit): string {
  return limit.reason === Reason.DAILY_LOSS ? 'until the next UTC day' : 'until a person trades on (risk.drawdownFrom)';
}
