/**
 * What stands in a strategy's place after its own code hung or killed the hot lane: asks its orders back, takes its events, does nothing else. Built by the hot lane
 * that is started in the place of the dead one.
 */
import { RESULT_OK } from '../core/numbers/errors.js';
import type { Strategy, StrategyContext, StrategyDefinition } from '../core/ports/strategy.js';

class ParkedStrategy implements Strategy {
  #owesCancel = true;

  onStart(ctx: StrategyContext): void {
    this.#cancel(ctx);
  }

  /** No room at start: asked again until there is. */
  onTimer(ctx: StrategyContext): void {
    this.#cancel(ctx);
  }

  #cancel(ctx: StrategyContext): void {
    if (this.#owesCancel) this.#owesCancel = ctx.intents.cancelAll() !== RESULT_OK;
  }
}

export const parkedStrategy: StrategyDefinition = {
  kind: 'parked',
  pnlKind: 'other',
  description: 'cancels its orders and rests',
  params: [],
  instruments: { min: 0, max: 1_000 },
  create: () => new ParkedStrategy(),
};
