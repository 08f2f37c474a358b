/** What the parts of an arbitrage share: the settings of this moment, pairs, records, what is naked; and the way of an order out and back. Hot lane. */
import { assert, RESULT_OK } from '../../core/numbers/errors.js';
import { TIF_IOC } from '../../core/memory/record.js';
import type { Instrument } from '../../core/orders/instrument.js';
import type { StrategyContext, StrategySetup } from '../../core/ports/strategy.js';
import { orderDraft } from '../drafts.js';
import { legTerms, type LegTerms } from './edge.js';
import { Hedges } from './hedges.js';
import { LegState, type Leg } from './leg.js';
import { PairState, type Pair } from './pair.js';
import { PairRecords } from './pair-records.js';
import { PairTable } from './pair-table.js';
import type { ArbSettings } from './params.js';

/** The pause after deals that filled nothing doubles up to this. */
const FAILURE_PAUSE_MOST_US = 30_000_000;

export class ArbDesk {
  #settings: ArbSettings;
  /** By slot. */
  readonly instruments: readonly Instrument[];
  readonly terms: readonly LegTerms[];
  readonly pairs: PairTable;
  readonly records: PairRecords;
  readonly hedges: Hedges;
  readonly #draft = orderDraft(TIF_IOC);

  constructor(setup: StrategySetup, settings: ArbSettings) {
    this.#settings = settings;
    this.instruments = setup.instruments;
    this.terms = setup.instruments.map(legTerms);
    this.pairs = new PairTable(setup, settings);
    this.records = new PairRecords(this.pairs);
    this.hedges = new Hedges(settings, setup.instruments);
  }

  get settings(): ArbSettings {
    return this.#settings;
  }

  /** Other settings from here on; which pairs there are stays. */
  use(settings: ArbSettings): void {
    this.#settings = settings;
    this.hedges.use(settings);
  }

  /** There was room, and the leg says what to place. @param group 0 for an order that stands alone */
  place(ctx: StrategyContext, leg: Leg, flags: number, group: number, timeInForce: number = TIF_IOC): void {
    const draft = this.#draft;
    draft.level = leg.level;
    draft.slot = leg.slot;
    draft.side = leg.side;
    draft.priceTicks = leg.priceTicks;
    draft.qtyLots = leg.qtyLots;
    draft.flags = flags;
    draft.timeInForce = timeInForce;
    draft.group = group;
    draft.groupLegs = group === 0 ? 0 : 2;
    assert(ctx.intents.place(draft) === RESULT_OK, `room for leg ${leg.level} was checked`);
  }

  /** Asks an order back that is not asked back yet. */
  withdraw(ctx: StrategyContext, leg: Leg): void {
    if (leg.state !== LegState.SENT || ctx.intents.cancel(leg.level) !== RESULT_OK) return;
    leg.state = LegState.CANCELLING;
    leg.cancelledUs = ctx.nowUs;
    this.records.publishLeg(ctx, leg);
  }

  /** The pause is over and both books have changed since: what we took ourselves is not taken for an opportunity. */
  isRested(ctx: StrategyContext, pair: Pair): boolean {
    const pauseUs = Math.min(FAILURE_PAUSE_MOST_US, this.#settings.cooldownUs * 2 ** Math.min(pair.failures, 20));
    if (ctx.nowUs - pair.endedUs < pauseUs) return false;
    if (ctx.book(pair.first).recvUs <= pair.endedUs || ctx.book(pair.second).recvUs <= pair.endedUs) return false;
    this.pairs.go(pair, PairState.IDLE);
    return true;
  }
}
