/** The preview of one grid entry around a price: for the verb `preview` and the running engine's page. Main thread; sends nothing. */
import { toTicksDown } from '../core/numbers/decimal.js';
import { UsageError } from '../core/numbers/errors.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { Params } from '../core/ports/strategy.js';
import { anchorOfSettings, makeLadder } from '../strategies/grid/ladder.js';
import { gridSettings } from '../strategies/grid/params.js';
import { previewGrid, type GridPreview } from '../strategies/grid/preview.js';

export interface PreviewAround {
  /** A person's price: before everything else. */
  readonly price?: string | null;
  /** The middle of the market in ticks, NaN when it was not seen. */
  readonly midTicks: number;
}

/** Throws UsageError with the numbers when the grid cannot pay, or when no price is known. */
export function previewEntry(name: string, params: Params, instrument: Instrument, { price = null, midTicks }: PreviewAround): GridPreview {
  const settings = gridSettings(name, params);
  const given = anchorOfSettings(settings, instrument);
  const anchorTicks = price !== null ? toTicksDown(price, instrument.tickSize) : given > 0 ? given : midTicks;
  if (!(anchorTicks > 0)) throw new UsageError(`${name}: no price of ${instrument.id} is known yet: the ladder is built around it`);
  return previewGrid(name, settings, instrument, makeLadder(name, settings, instrument, anchorTicks));
}
