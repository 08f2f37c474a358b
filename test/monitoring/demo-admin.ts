/** An admin that keeps what it was asked, and previews grids as the engine does: for tests of API and page. */
import { EngineError, UsageError } from '../../src/core/numbers/errors.js';
import type { Instrument } from '../../src/core/orders/instrument.js';
import type { Params, ParamValue } from '../../src/core/ports/strategy.js';
import type { AdminPort } from '../../src/monitoring/admin.js';
import type { HaltAnswer, HaltOrder, ParamsAnswer, ParamsPayload, PreviewPayload } from '../../src/monitoring/payload-admin.js';
import grid from '../../src/strategies/grid.js';
import { checkParams } from '../../src/strategies/params.js';
import { previewEntry } from '../../src/workers/grid-preview.js';

export const TOKEN = 'a-token-of-this-run';
const GIVEN = { step: '0.1%', count: 8, investment: '20000' };

export class DemoAdmin implements AdminPort {
  readonly token = TOKEN;
  readonly calls: unknown[][] = [];
  /** Set by who wants previews with numbers. */
  instrument: Instrument | null = null;
  onHalt: (order: HaltOrder) => void = () => undefined;
  #values: Params = checkParams('btc-grid', grid, GIVEN);

  halt(order: HaltOrder): HaltAnswer {
    this.calls.push(['halt', order]);
    this.onHalt(order);
    return { ...order, ordersOpen: 3 };
  }

  preview(strategy: string, changes: Readonly<Record<string, unknown>> | null): PreviewPayload {
    this.calls.push(['preview', strategy, changes]);
    if (changes?.['step'] === '0') throw new UsageError('g: step below cost');
    const after = this.instrument === null ? {} : checkParams(strategy, grid, { ...this.#values, ...changes });
    const isChange = Object.keys(changes ?? {}).length > 0;
    return {
      strategy,
      kind: 'grid',
      values: valuesOf(after),
      isChange,
      effect: isChange ? 'rebuilt' : 'live',
      said: isChange ? '16 open orders are cancelled, then the new levels are placed around the market.' : 'This is what runs.',
      grid: this.instrument === null ? null : previewEntry(strategy, after, this.instrument, { midTicks: 6_180_000 }),
    };
  }

  params(): ParamsPayload[] {
    const values = valuesOf(this.#values);
    return [
      {
        strategy: 'btc-grid',
        kind: 'grid',
        specs: grid.params,
        values,
        file: valuesOf(checkParams('g', grid, GIVEN)),
        from: 'file',
        isLive: true,
        changes: [],
      },
    ];
  }

  setParams(strategy: string, changes: Readonly<Record<string, unknown>>): Promise<ParamsAnswer> {
    this.calls.push(['set', strategy, changes]);
    if ('busy' in changes) return Promise.reject(new EngineError('CHANGE_UNDER_WAY', 'retry', { strategy }));
    if (this.instrument !== null) this.#values = checkParams(strategy, grid, { ...this.#values, ...changes });
    return Promise.resolve({ strategy, effect: 'rebuilt', text: `${strategy}: changed`, values: {} });
  }

  rollback(strategy: string): Promise<ParamsAnswer> {
    this.calls.push(['rollback', strategy]);
    return Promise.resolve({ strategy, effect: 'live', text: `${strategy}: rolled back`, values: {} });
  }
}

function valuesOf(params: Params): Record<string, ParamValue> {
  return Object.fromEntries(Object.entries(params).filter((pair): pair is [string, ParamValue] => pair[1] !== undefined));
}
