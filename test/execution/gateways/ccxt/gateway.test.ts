/** The gateway's own rules, with the test as the venue: rings, journal, halt word, up and down, dead-man switch. */
import { describe, expect, it } from 'vitest';
import { HALT_ALL, HALT_NEW_ORDERS, HALT_NONE } from '../../../../src/core/memory/layout.js';
import { RecordKind } from '../../../../src/core/memory/record.js';
import { DEFAULT_CCXT_OPTIONS } from '../../../../src/execution/gateways/ccxt.js';
import { OUTBOX_MOST } from '../../../../src/execution/gateways/ccxt/outbox.js';
import { GatewayBench, orderId } from './gateway-bench.js';
import { json, noAnswer, ScriptedHttp } from './scripted-http.js';

import { accepts, event, say, usdm } from './usdm-script.js';

describe('rings and journal', () => {
  it('a request leaves only when the journal cursor has reached its entry', async () => {
    const [bench, http] = await usdm(accepts, { durability: 'interval' });
    bench.ask({ orderId: orderId(1), journalSeq: 5 });
    await bench.settle();
    expect(http.of('POST', '/fapi/v1/order')).toHaveLength(0);
    expect(bench.counters.get('waitedForJournal')).toBeGreaterThan(0);
    Atomics.store(bench.views.i32, bench.plan.cursors >> 2, 5);
    await bench.settle();
    expect(http.of('POST', '/fapi/v1/order')).toHaveLength(1);
  });

  it('a full outcomes ring stops the intake and loses nothing', async () => {
    const [bench, http] = await usdm(accepts, {}, 8);
    for (let one = 1; one <= 8; one++) bench.ask({ orderId: orderId(one) });
    await bench.settle();
    expect(bench.outcomes.waiting()).toBe(8);
    for (let one = 9; one <= 16; one++) bench.ask({ orderId: orderId(one) });
    // The answers of the first are taken by nobody: some of the next are answered and wait, then nothing more is read.
    await bench.settle();
    const acked: number[] = [];
    for (let turn = 0; turn < 30; turn++) {
      acked.push(
        ...bench
          .heard(3)
          .filter(({ kind }) => kind === 'ACK')
          .map(({ orderId: id }) => id),
      );
      await bench.settle(3);
    }
    expect(bench.counters.get('outcomesFull')).toBeGreaterThan(0);
    expect(acked.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 16 }, (_, index) => orderId(index + 1)));
    expect(http.sent.length).toBeGreaterThan(0);
  });

  it('news that find no room count as a lost stream, until there is room again', async () => {
    const [bench] = await usdm(accepts, {}, 8);
    for (let one = 0; one < OUTBOX_MOST + 20; one++)
      bench.gateway.onPrivateBalance({ asset: 'USDT', total: String(one), free: null, tsUs: one });
    expect(bench.counters.get('up')).toBe(0);
    const kinds: string[] = [];
    for (let turn = 0; turn < OUTBOX_MOST && (bench.counters.get('up') === 0 || turn < 10); turn++) {
      bench.step();
      kinds.push(...bench.heard().map(({ kind }) => kind));
    }
    for (let turn = 0; turn < OUTBOX_MOST / 4; turn++) {
      bench.step();
      kinds.push(...bench.heard().map(({ kind }) => kind));
    }
    expect(kinds.filter((kind) => kind.startsWith('GATEWAY'))).toEqual(['GATEWAY_DOWN', 'GATEWAY_UP']);
  });

  it('isDrained only when nothing is under way and everything was taken', async () => {
    const answers: (() => void)[] = [];
    const [bench] = await usdm((sent) => new Promise((resolve) => answers.push(() => resolve(accepts(sent)))));
    expect(bench.gateway.isDrained()).toBe(true);
    bench.ask({ orderId: orderId(1) });
    expect(bench.gateway.isDrained()).toBe(false);
    await bench.settle();
    expect(bench.gateway.isDrained()).toBe(false);
    answers[0]?.();
    await bench.settle();
    expect(bench.gateway.isDrained()).toBe(false);
    bench.heard();
    expect(bench.gateway.isDrained()).toBe(true);
    expect(bench.gateway.openOrderCount()).toBe(1);
  });

  it('latency from the decision to the bytes is recorded', async () => {
    const [bench] = await usdm(accepts);
    bench.ask({ orderId: orderId(1), decidedUs: bench.nowUs - 250 });
    await bench.settle();
    expect(bench.orderToBytesMax()).toBe(250);
  });
});

describe('C17: the halt word', () => {
  it('keeps back new orders and amends, lets cancels go', async () => {
    const [bench, http] = await usdm(accepts);
    await bench.asks({ orderId: orderId(1) });
    http.sent.length = 0;
    bench.halt(HALT_NEW_ORDERS);
    expect((await bench.asks({ orderId: orderId(2) })).map((told) => say(told))).toEqual(['REJECT HALTED']);
    expect((await bench.asks({ kind: RecordKind.AMEND, orderId: orderId(1) })).map((told) => say(told))).toEqual(['AMEND_REJECT HALTED']);
    expect((await bench.asks({ kind: RecordKind.CANCEL, orderId: orderId(1) })).map((told) => say(told))).toEqual(['CANCELLED BY_REQUEST']);
    expect(http.sent.map(({ method }) => method)).toEqual(['DELETE']);
  });

  it('with everything halted nothing goes out, not even a question', async () => {
    const [bench, http] = await usdm(accepts);
    await bench.asks({ orderId: orderId(1) });
    http.sent.length = 0;
    bench.halt(HALT_ALL);
    expect((await bench.asks({ kind: RecordKind.CANCEL, orderId: orderId(1) })).map((told) => say(told))).toEqual(['CANCEL_REJECT HALTED']);
    expect(await bench.asks({ kind: RecordKind.QUERY, orderId: orderId(1) })).toEqual([]);
    expect(http.sent).toEqual([]);
    bench.halt(HALT_NONE);
  });

  it('is read after everything else: a word written while the request was being made still stops it', async () => {
    // The clock is read for the signature, just before the bytes leave.
    let onSign: (() => void) | null = null;
    const [bench, http] = await usdm(accepts, {
      wallUs: (nowUs) => {
        onSign?.();
        return 1_790_000_000_000_000 + nowUs;
      },
    });
    http.sent.length = 0;
    bench.ask({ orderId: orderId(1) });
    let reads = 0;
    onSign = () => {
      // The first readings are the budget's: whichever it is, the halt that it brings must be seen.
      if (++reads === 3) bench.halt(HALT_NEW_ORDERS);
    };
    await bench.settle();
    onSign = null;
    expect(reads).toBeGreaterThanOrEqual(3);
    expect(http.of('POST', '/fapi/v1/order')).toEqual([]);
    expect(bench.heard().map((told) => say(told))).toEqual(['REJECT HALTED']);
  });
});

describe('C13: up and down', () => {
  it('starts down and is up with the private stream', async () => {
    const http = new ScriptedHttp(() => json([]));
    const bench = await GatewayBench.open({ venue: 'binance-usdm', http });
    bench.step();
    expect(bench.heard().map((told) => say(told))).toEqual(['GATEWAY_DOWN GATEWAY_DOWN']);
    expect((await bench.asks({ orderId: orderId(1) })).map((told) => say(told))).toEqual(['REJECT GATEWAY_DOWN']);
    bench.gateway.onPrivateUp(bench.nowUs);
    expect(bench.heard().map((told) => say(told))).toEqual(['GATEWAY_UP']);
  });

  it('three requests without a word from the venue are down; it is probed with growing pauses, cancels are tried, a word brings it up', async () => {
    let isDead = false;
    const [bench, http] = await usdm((sent) => {
      if (isDead) noAnswer();
      return sent.path === '/fapi/v1/time' ? json({ serverTime: 1_790_000_001_000 }) : accepts(sent);
    });
    await bench.asks({ orderId: orderId(1) });
    isDead = true;
    for (let one = 2; one <= 4; one++) await bench.asks({ orderId: orderId(one) });
    expect(bench.counters.get('up')).toBe(0);
    expect((await bench.asks({ orderId: orderId(5) })).map((told) => say(told))).toEqual(['REJECT GATEWAY_DOWN']);
    expect((await bench.asks({ kind: RecordKind.CANCEL, orderId: orderId(1) })).map((told) => say(told))).toEqual(['UNKNOWN TIMEOUT']);
    http.sent.length = 0;
    for (let ms = 0; ms < 20_000; ms += 50) {
      bench.nowUs += 50_000;
      await bench.settle(2);
    }
    const probes = http.of('GET', '/fapi/v1/time').length;
    expect(probes).toBeGreaterThan(3);
    expect(probes).toBeLessThan(12);
    isDead = false;
    for (let ms = 0; ms < 11_000; ms += 50) {
      bench.nowUs += 50_000;
      await bench.settle(2);
    }
    expect(bench.counters.get('up')).toBe(1);
    expect(bench.heard().map((told) => say(told))).toEqual(['GATEWAY_UP']);
  });

  it('a private message that makes no sense counts as a lost stream', async () => {
    const [bench] = await usdm(accepts);
    await bench.asks({ orderId: orderId(1) });
    bench.gateway.onPrivateOrder(event({ price: 'ten' }));
    expect(bench.heard().map((told) => say(told))).toEqual(['GATEWAY_DOWN GATEWAY_DOWN']);
    bench.step();
    expect(bench.heard().map((told) => say(told))).toEqual(['GATEWAY_UP']);
  });
});

describe('C12: the dead-man switch', () => {
  it('is renewed while the executor lives, runs out when it does not, and is taken off at a clean stop', async () => {
    const [bench, http] = await usdm(() => json({}), { options: { ...DEFAULT_CCXT_OPTIONS, deadManMs: 40_000 } });
    const renewals = (): string[] =>
      http.of('POST', '/fapi/v1/countdownCancelAll').map(({ params }) => `${params['symbol']} ${params['countdownTime']}`);
    bench.nowUs += 20_000_000;
    await bench.settle();
    expect(renewals()).toEqual(['BTCUSDT 40000', 'ETHUSDT 40000']);
    http.sent.length = 0;
    bench.isAlive = false;
    for (let seconds = 0; seconds < 60; seconds++) {
      bench.nowUs += 1_000_000;
      await bench.settle(1);
    }
    expect(renewals()).toEqual([]);
    bench.isAlive = true;
    bench.nowUs += 10_000_000;
    await bench.settle();
    expect(renewals()).toHaveLength(2);
    bench.gateway.beginStop();
    await bench.settle();
    expect(renewals().slice(2)).toEqual(['BTCUSDT 0', 'ETHUSDT 0']);
    http.sent.length = 0;
    bench.nowUs += 60_000_000;
    await bench.settle();
    expect(renewals()).toEqual([]);
  });

  it('BitMEX is told milliseconds', async () => {
    const http = new ScriptedHttp(() => json({}));
    const bench = await GatewayBench.open({ venue: 'bitmex', http, change: { options: { ...DEFAULT_CCXT_OPTIONS, deadManMs: 60_000 } } });
    await bench.up();
    expect(http.of('POST', '/api/v1/order/cancelAllAfter').map(({ json: body }) => body)).toEqual([{ timeout: 60_000 }]);
  });
});
