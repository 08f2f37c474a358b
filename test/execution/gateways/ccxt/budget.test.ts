/** Rate limits as a venue states them in headers and answers, and what the gateway publishes of them. */
import { describe, expect, it } from 'vitest';
import {
  BUDGET_FREE_CANCELS,
  BUDGET_FREE_ORDERS,
  BUDGET_KNOWN,
  BUDGET_PAUSE_UNTIL_US,
  BUDGET_USED_PERMILLE,
  budgetBase,
} from '../../../../src/core/memory/layout.js';
import { RecordKind } from '../../../../src/core/memory/record.js';
import { GatewayBench, orderId } from './gateway-bench.js';
import { json, ScriptedHttp } from './scripted-http.js';

import { accepts, say, usdm } from './usdm-script.js';

const published = (
  bench: GatewayBench,
): { readonly free: number; readonly cancels: number; readonly pauseUs: number; readonly permille: number } => {
  const base = budgetBase(bench.plan, 0);
  const word = (at: number): number => Atomics.load(bench.views.i32, (base + at) >> 2);
  expect(word(BUDGET_KNOWN)).toBe(1);
  return {
    free: word(BUDGET_FREE_ORDERS),
    cancels: word(BUDGET_FREE_CANCELS),
    pauseUs: bench.views.f64[(base + BUDGET_PAUSE_UNTIL_US) >> 3] ?? 0,
    permille: word(BUDGET_USED_PERMILLE),
  };
};

describe('C8: the budget', () => {
  it('is debited by what leaves and corrected by what the venue counts', async () => {
    const [bench] = await usdm((sent) => ({
      ...accepts(sent),
      headers: { 'x-mbx-order-count-10s': '250', 'x-mbx-used-weight-1m': '300' },
    }));
    bench.step();
    const before = published(bench).free;
    await bench.asks({ orderId: orderId(1) });
    bench.step();
    // 270 of 300 are ours, and 250 are gone.
    expect(before).toBe(270);
    expect(published(bench)).toMatchObject({ free: 20, permille: 833 });
    expect(published(bench).cancels).toBeGreaterThan(1_000);
  });

  it('what does not fit waits for the next interval, cancels go', async () => {
    const [bench, http] = await usdm((sent) => ({
      ...accepts(sent),
      headers: { 'x-mbx-order-count-10s': '270' },
    }));
    await bench.asks({ orderId: orderId(1) });
    http.sent.length = 0;
    bench.ask({ orderId: orderId(2) });
    bench.ask({ kind: RecordKind.CANCEL, orderId: orderId(1) });
    await bench.settle();
    expect(http.sent.map(({ method }) => method)).toEqual(['DELETE']);
    expect(bench.gateway.nextDueUs()).toBeGreaterThan(bench.nowUs);
  });

  it.each([
    ['Retry-After', 429, {}, { 'retry-after': '7' }, 7_000_000],
    [
      'a ban until a time',
      418,
      { code: -1003, msg: `Way too much request weight used; IP banned until ${1_790_000_001_000 + 30_000}.` },
      {},
      30_000_000,
    ],
    ['nothing stated', 429, { code: -1003, msg: 'Too many requests' }, {}, 1_000_000],
  ] as const)('a limit answer pauses everything for the time of %s', async (_, status, body, headers, pauseUs) => {
    const [bench, http] = await usdm((sent) => (sent.method === 'POST' ? json(body, status, headers) : accepts(sent)));
    expect((await bench.asks({ orderId: orderId(1) })).map((told) => say(told))).toEqual(['REJECT RATE_LIMITED']);
    bench.step();
    expect(published(bench)).toMatchObject({ free: 0, cancels: 0, pauseUs: bench.nowUs + pauseUs });
    http.sent.length = 0;
    bench.ask({ kind: RecordKind.CANCEL, orderId: orderId(1) });
    await bench.settle();
    expect(http.sent).toEqual([]);
    bench.nowUs += pauseUs;
    await bench.settle();
    expect(http.sent.map(({ method }) => method)).toEqual(['DELETE']);
  });

  it('Bybit s 10006 pauses until its reset time, and its header counts', async () => {
    const http = new ScriptedHttp((sent) =>
      sent.path === '/v5/order/create'
        ? json({ retCode: 10006, retMsg: 'Too many visits. Exceeded the API Rate Limit.', result: {} }, 200, {
            'x-bapi-limit-reset-timestamp': String(1_790_000_001_000 + 400),
            'x-bapi-limit': '10',
            'x-bapi-limit-status': '0',
          })
        : json({ retCode: 0, result: { list: [] } }),
    );
    const bench = await GatewayBench.open({ venue: 'bybit', http });
    await bench.up();
    expect((await bench.asks({ orderId: orderId(1) })).map((told) => say(told))).toEqual(['REJECT RATE_LIMITED']);
    bench.step();
    expect(published(bench)).toMatchObject({ free: 0, pauseUs: bench.nowUs + 400_000 });
  });
});
