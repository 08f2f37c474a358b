import { describe, expect, it } from 'vitest';
import { CONTROL_RUN, RUN_CLOSING } from '../../src/core/memory/layout.js';
import { FLAG_HEDGE, RecordKind, SIDE_BUY } from '../../src/core/memory/record.js';
import { Reason } from '../../src/core/orders/reasons.js';
import { LINEAR, Rig } from './rig.js';

const WISH = { instrument: LINEAR.index, side: SIDE_BUY, priceTicks: 649_000, qtyLots: 10 };

describe('a run that is about to end', () => {
  it('takes orders that close something and cancels, and nothing new, whatever a strategy wishes', () => {
    const rig = new Rig();
    rig.book(LINEAR.index, 650_000, 650_010);
    rig.place({ ...WISH, level: 1 });
    rig.step();
    const [resting] = rig.requests(1);
    rig.answer(1, { ...resting!, kind: RecordKind.ACK });
    rig.step();
    rig.events(0);
    rig.control(CONTROL_RUN, RUN_CLOSING);
    rig.place({ ...WISH, level: 2 });
    rig.place({ ...WISH, level: 3, flags: FLAG_HEDGE });
    rig.wish({ kind: RecordKind.INTENT_CANCEL, level: 1 });
    rig.step();
    expect(rig.events(0).map(({ level, kind, reason }) => [level, kind, reason])).toEqual([[2, RecordKind.DENIED, Reason.HALTED]]);
    expect(rig.requests(1).map(({ level, kind }) => [level, kind])).toEqual([
      [3, RecordKind.CREATE],
      [1, RecordKind.CANCEL],
    ]);
  });
});
