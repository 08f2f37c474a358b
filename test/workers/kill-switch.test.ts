/** The kill switch over real shared memory: words, journal, what holds over a restart. */
import { describe, expect, it } from 'vitest';
import { Doorbell } from '../../src/core/memory/doorbell.js';
import {
  CONTROL_CANCEL_ALL,
  CONTROL_HALT,
  CONTROL_TRADING_STATE,
  HALT_ALL,
  HALT_NEW_ORDERS,
  HALT_NONE,
} from '../../src/core/memory/layout.js';
import { RECORD_BYTES, RecordKind } from '../../src/core/memory/record.js';
import { SpscRing } from '../../src/core/memory/spsc-ring.js';
import { EngineError } from '../../src/core/numbers/errors.js';
import { readRecord, type JournalRecord } from '../../src/core/orders/journal-record.js';
import { Reason } from '../../src/core/orders/reasons.js';
import { KillSwitch } from '../../src/workers/kill-switch.js';
import { PRODUCER_MAIN } from '../../src/workers/lanes.js';
import { memoryOf } from './lane-fixture.js';

function bench() {
  const { views, plan } = memoryOf();
  const kept: string[] = [];
  const notices: string[] = [];
  const killSwitch = new KillSwitch({
    views,
    plan,
    hotBell: new Doorbell(views, plan, 1),
    wallUs: () => 1_700_000_000_000_000,
    ordersOpen: () => 7,
    keep: (level) => kept.push(level),
    notice: (text) => notices.push(text),
    wake: () => undefined,
  });
  const word = (offset: number): number => Atomics.load(views.i32, (plan.control + offset) >> 2);
  const journal = new SpscRing(views, plan.journals + plan.journalStride * PRODUCER_MAIN, RECORD_BYTES, plan.counts.journalRecords);
  const records = (): JournalRecord[] => {
    const found: JournalRecord[] = [];
    for (let at = journal.front(); at >= 0; at = journal.front()) {
      found.push(readRecord(views.u8, views.f64, at));
      journal.release();
    }
    return found;
  };
  return { views, plan, killSwitch, word, records, kept, notices };
}

describe('the kill switch', () => {
  it('D13: stops the executor and what waits in the gateways, asks every order back, and is an audit row', () => {
    const { killSwitch, word, records, kept } = bench();
    expect(killSwitch.press({ level: 'halted', cancel: true })).toEqual({ level: 'halted', cancel: true, ordersOpen: 7 });
    expect([word(CONTROL_TRADING_STATE), word(CONTROL_HALT), word(CONTROL_CANCEL_ALL)]).toEqual([2, HALT_NEW_ORDERS, 1]);
    expect(records()).toMatchObject([{ kind: RecordKind.HALT, state: 2, reason: Reason.BY_REQUEST, tsUs: 1_700_000_000_000_000 }]);
    expect(kept).toEqual(['halted']);
  });

  it('D14: reducing and active let the gateways send again', () => {
    const { killSwitch, word, records } = bench();
    killSwitch.press({ level: 'halted', cancel: false });
    killSwitch.press({ level: 'reducing', cancel: false });
    expect([word(CONTROL_TRADING_STATE), word(CONTROL_HALT)]).toEqual([1, HALT_NONE]);
    killSwitch.press({ level: 'active', cancel: false });
    expect([word(CONTROL_TRADING_STATE), word(CONTROL_HALT), word(CONTROL_CANCEL_ALL)]).toEqual([0, HALT_NONE, 0]);
    expect(records().map(({ state }) => state)).toEqual([2, 1, 0]);
  });

  it('does not let an engine go on that stopped itself', () => {
    const { views, plan, killSwitch, word } = bench();
    Atomics.store(views.i32, (plan.control + CONTROL_HALT) >> 2, HALT_ALL);
    expect(() => killSwitch.press({ level: 'active', cancel: false })).toThrow(EngineError);
    killSwitch.press({ level: 'halted', cancel: true });
    expect(word(CONTROL_HALT)).toBe(HALT_ALL);
  });

  it('holds over a restart until it is lifted, and never makes a start less careful than the file', () => {
    const first = bench();
    first.killSwitch.restore('halted');
    expect([first.word(CONTROL_TRADING_STATE), first.word(CONTROL_HALT)]).toEqual([2, HALT_NEW_ORDERS]);
    expect(first.notices.join()).toContain('as the last run was left');
    const second = bench();
    Atomics.store(second.views.i32, (second.plan.control + CONTROL_TRADING_STATE) >> 2, 1);
    second.killSwitch.restore('active');
    second.killSwitch.restore(undefined);
    expect([second.word(CONTROL_TRADING_STATE), second.notices]).toEqual([1, []]);
  });

  it('pressed while the lanes still start is not undone by the state of the file', () => {
    const { views, plan, killSwitch, word } = bench();
    killSwitch.press({ level: 'halted', cancel: false });
    Atomics.store(views.i32, (plan.control + CONTROL_TRADING_STATE) >> 2, 0);
    killSwitch.restore(undefined);
    expect(word(CONTROL_TRADING_STATE)).toBe(2);
  });

  it('does not let anything out of an engine whose hot lane is being started again', () => {
    const { views, plan, killSwitch, word } = bench();
    killSwitch.press({ level: 'halted', cancel: false });
    Atomics.store(views.i32, (plan.control + CONTROL_HALT) >> 2, HALT_ALL);
    Atomics.store(views.i32, (plan.control + CONTROL_TRADING_STATE) >> 2, 0);
    killSwitch.restore(undefined);
    expect([word(CONTROL_TRADING_STATE), word(CONTROL_HALT)]).toEqual([2, HALT_ALL]);
  });

  it('stops trading also when the journal has no room for the row', () => {
    const { killSwitch, word, plan, notices } = bench();
    for (let i = 0; i < plan.counts.journalRecords; i++) killSwitch.press({ level: 'active', cancel: false });
    killSwitch.press({ level: 'halted', cancel: true });
    expect(word(CONTROL_TRADING_STATE)).toBe(2);
    expect(notices.some((text) => text.includes('the journal has no room'))).toBe(true);
  });
});
