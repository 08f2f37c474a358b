/** What risk costs an intent, and the whole way from a wish in its ring to a request in its ring (risk, id, slot, journal entry, request) and back to the end. */
import { RecordKind, SIDE_BUY } from '../../src/core/memory/record.js';
import { Draft } from '../../src/execution/risk/draft.js';
import { compileRisk } from '../../src/execution/risk/limits.js';
import { Risk } from '../../src/execution/risk/risk.js';
import { DEFAULT_RISK } from '../../src/execution/risk/schema.js';
import { Rig, TABLES } from '../../test/execution/rig.js';
import { interleave, row, type BenchFile } from '../harness.js';

const LIMITS = compileRisk({ ...DEFAULT_RISK, messagesPerSecond: 100_000, messageBurst: 1_000_000, cancelGrace: 1_000_000 }, TABLES);

export const rows: BenchFile = async (options) => {
  const rig = new Rig();
  const risk = new Risk({ views: rig.views, plan: rig.plan, tables: TABLES, limits: LIMITS });
  rig.book(1, 600_000, 600_010);
  const draft = Object.assign(new Draft(), { instrument: 1, side: SIDE_BUY, priceTicks: 599_000, qtyLots: 10, causeUs: 0 });
  let nowUs = rig.nowUs;
  const [judged] = await interleave(
    [
      {
        name: 'risk',
        run: (count) => {
          let passed = 0;
          for (let n = 0; n < count; n++) {
            nowUs += 0.001;
            if (risk.checkPlace(draft, 10, nowUs) === 0) passed++;
          }
          if (passed !== count) throw new Error(`every order must pass, ${count - passed} of ${count} did not`);
          return passed;
        },
      },
    ],
    options,
    { sameResult: false },
  );
  const cycles = new Cycles();
  const [cycle] = await interleave([{ name: 'order', run: (count) => cycles.run(count) }], options, { sameResult: false });
  if (judged === undefined || cycle === undefined) throw new Error('nothing was measured');
  return [
    row('risk, one new order through every rule', judged, null, {
      conditions: 'live book read through its seqlock, one thread',
      check: 'every order passed',
    }),
    row('executor, place, acknowledge and fill of one order', cycle, null, {
      conditions: 'wish, request, two outcomes and two events through their rings, three journal entries, one thread',
      check: 'position equals the lots filled',
    }),
  ];
};

/** Orders one after the other, each filled whole at once; bought and sold in turn, so that no limit is reached. */
class Cycles {
  readonly #rig = new Rig({
    risk: { messagesPerSecond: 100_000, messageBurst: 1_000_000, cancelGrace: 1_000_000 },
  });
  #trade = 0;

  run(count: number): number {
    const rig = this.#rig;
    for (let n = 0; n < count; n++) {
      // The venue's budget must never be what is measured.
      rig.nowUs += 200_000;
      rig.book(1, 600_000, 600_010);
      const side = n & 1;
      rig.place({ instrument: 1, side, priceTicks: side === 0 ? 600_010 : 600_000, qtyLots: 10, level: 1 });
      rig.executor.step(rig.nowUs, 64);
      const [request] = rig.requests(1);
      if (request === undefined) throw new Error('the order was not sent');
      rig.answer(1, { ...request, kind: RecordKind.ACK });
      rig.answer(1, { ...request, kind: RecordKind.FILL, fillTicks: 600_000, fillLots: 10, tradeId: ++this.#trade });
      rig.executor.step(rig.nowUs, 64);
      if (rig.events(0).length !== 2) throw new Error('the strategy must be told of the acknowledgement and the fill');
      rig.readJournal();
      rig.entries.length = 0;
    }
    if (rig.executor.openOrders() !== 0) throw new Error('every order must be over');
    return count;
  }
}
