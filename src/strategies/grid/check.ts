/** What parameters alone can tell of a grid: told before anything runs, and before parameters of a running one change. Pure. */
import { UsageError } from '../../core/numbers/errors.js';
import type { Instrument } from '../../core/orders/instrument.js';
import { roundTrip } from './cost.js';
import { anchorOfSettings, feeRateOf, makeLadder } from './ladder.js';
import type { GridSettings } from './params.js';

/** Throws UsageError with the numbers. */
export function checkGrid(name: string, settings: GridSettings, instrument: Instrument, levelCapacity: number): void {
  const count = settings.lower === null ? settings.buyLevels + settings.sellLevels : settings.grids;
  if (count * 2 + 2 > levelCapacity) {
    throw new UsageError(
      `${name}: ${count} levels need ${count * 2 + 2} level slots, this run has ${levelCapacity} a strategy: use fewer levels`,
    );
  }
  if (instrument.maxOpenOrders > 0 && settings.activePerSide * 2 > instrument.maxOpenOrders) {
    throw new UsageError(
      `${name}: activePerSide ${settings.activePerSide} may rest ${settings.activePerSide * 2} orders; ${instrument.id} takes ${instrument.maxOpenOrders}`,
    );
  }
  const anchorTicks = anchorOfSettings(settings, instrument);
  if (anchorTicks > 0 || settings.lower !== null) {
    makeLadder(name, settings, instrument, anchorTicks > 0 ? anchorTicks : 1);
  } else if (settings.step?.isRatio === true && settings.profit === null) {
    const far = 1e12;
    const trip = roundTrip(far, Math.round(far * (1 + settings.step.ratio)), feeRateOf(settings, instrument), settings.minProfit);
    if (!trip.pays) {
      throw new UsageError(
        `${name}: step below cost: a step of ${trip.stepPercent}; the fees of both sides are ${trip.feesPercent} ` +
          `(${feeRateOf(settings, instrument)} each, ${settings.isPostOnly ? 'maker' : 'taker'}, ${instrument.id}); needed: more than ${trip.neededPercent}`,
      );
    }
  }
}
