import { describe, expect, it } from 'vitest';
import {
  CONTROL_CLOSED,
  CONTROL_HALT,
  CONTROL_RUN,
  HALT_NEW_ORDERS,
  positionBase,
  POSITION_NET_LOTS,
  RUN_CLOSING,
  RUN_STARTING,
  RUN_TRADING,
} from '../../src/core/memory/layout.js';
import { beginClosing, closingOf, isClosed, unclosedOf } from '../../src/workers/closing.js';
import { BYBIT, memoryOf, TABLES } from './lane-fixture.js';

const FLAT = { onStop: 'flatten' };

describe('closing at a stop', () => {
  it('does not begin under a halt, or before trading: nothing could go out, nothing is held', () => {
    const { views, plan } = memoryOf();
    const at = (word: number): number => (plan.control + word) >> 2;
    views.i32[at(CONTROL_RUN)] = RUN_TRADING;
    views.i32[at(CONTROL_HALT)] = HALT_NEW_ORDERS;
    expect(beginClosing(views, plan)).toBe(false);
    expect(views.i32[at(CONTROL_RUN)]).toBe(RUN_TRADING);
    views.i32[at(CONTROL_HALT)] = 0;
    views.i32[at(CONTROL_RUN)] = RUN_STARTING;
    expect(beginClosing(views, plan)).toBe(false);
    views.i32[at(CONTROL_RUN)] = RUN_TRADING;
    expect(beginClosing(views, plan)).toBe(true);
    expect(views.i32[at(CONTROL_RUN)]).toBe(RUN_CLOSING);
    expect(isClosed(views, plan)).toBe(false);
    views.i32[at(CONTROL_CLOSED)] = 2 + 1;
    expect([isClosed(views, plan), unclosedOf(views, plan, TABLES)]).toEqual([false, 'btc-arb']);
    views.i32[at(CONTROL_CLOSED)] = 1;
    expect([isClosed(views, plan), unclosedOf(views, plan, TABLES)]).toEqual([true, null]);
  });

  it('names what strategies that were to be flat still hold, and only theirs', () => {
    const { views, plan } = memoryOf();
    const hold = (strategy: number, instrument: number, lots: number): void => {
      views.f64[(positionBase(plan, strategy + 1, instrument) + POSITION_NET_LOTS) >> 3] = lots;
    };
    hold(0, 0, 12);
    hold(1, 1, -3);
    const flat = (...names: string[]) => closingOf(views, plan, TABLES, (name) => (names.includes(name) ? FLAT : {}));
    expect(flat()).toBeNull();
    expect(flat('btc-arb')).toEqual({ strategies: ['btc-arb'], left: [{ strategy: 'btc-arb', instrument: BYBIT, qty: '-0.003' }] });
    hold(1, 1, 0);
    expect(flat('btc-arb')).toEqual({ strategies: ['btc-arb'], left: [] });
    expect(flat('btc-grid', 'btc-arb')?.left).toEqual([{ strategy: 'btc-grid', instrument: 'binance-usdm:BTCUSDT', qty: '0.012' }]);
  });
});
