/** What a change of parameters needs to know of the market and of a strategy's holdings, read from what monitoring shows. Main thread. */
import { toTicksDown } from '../core/numbers/decimal.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { EngineView } from '../monitoring/state.js';
import type { ParamsDeskParts } from './params-desk.js';

export function marketOf(view: EngineView): Pick<ParamsDeskParts, 'midTicks' | 'anchorTicks' | 'holdings'> {
  return {
    midTicks: (instrument: Instrument) => {
      const { bid, ask } = view.books.row(instrument);
      if (bid === null || ask === null) return Number.NaN;
      return Math.round((toTicksDown(bid, instrument.tickSize) + toTicksDown(ask, instrument.tickSize)) / 2);
    },
    anchorTicks: (strategy: string, instrument: Instrument) => {
      // The newest of them: a ladder that gave way to a smaller one may have left its own.
      const metas = view.journal.levels().filter((level) => level.strategy === strategy && level.state === 'meta');
      const meta = metas.toSorted((a, b) => a.tsUs - b.tsUs).at(-1);
      return meta === undefined ? Number.NaN : toTicksDown(meta.price, instrument.tickSize);
    },
    holdings: (strategy: string) => ({
      ordersOpen: view.strategies().find((row) => row.strategy === strategy)?.open ?? 0,
      positions: view.shared
        .positions()
        .filter((row) => row.strategy === strategy && Number(row.net) !== 0)
        .map((row) => `${row.net} of ${row.instrument}`),
    }),
  };
}
