/** What risk costs an intent, and the whole way from a wish in its ring to a request in its ring (risk, id, slot, journal entry, request) and back to the end. */
import {
  RecordKind,
  REC_FILL_PRICE,
  REC_FILL_QTY,
  REC_INSTRUMENT,
  REC_KIND,
  REC_LEVEL,
  REC_PRICE,
  REC_QTY,
  REC_SIDE,
  REC_TRADE_ID,
  RECORD_BYTES,
  SIDE_BUY,
} from '../../src/core/memory/record.js';
import { SpscRing } from '../../src/core/memory/spsc-ring.js';
import { Draft } from '../../src/execution/risk/draft.js';
import { compileRisk } from '../../src/execution/risk/limits.js';
import { Risk } from '../../src/execution/risk/risk.js';
import { DEFAULT_RISK } from '../../src/execution/risk/schema.js';
import { Rig, TABLES } from '../../test/execution/rig.js';
import { interleave, row, type BenchFile } from '../harness.js';

/** What is off by default. */
const EVERY_LIMIT = { exposure: { BTC: '1000000' }, dailyLoss: { USDT: '1000000' }, drawdown: { USDT: '1000000' } };
const LIMITS = compileRisk({ ...DEFAULT_RISK, ...EVERY_LIMIT, messagesPerSecond: 1e9, messageBurst: 1e9, cancelGrace: 1e9 }, TABLES);

export const rows: BenchFile = async (options) => {
  const rig = new Rig();
  const risk = new Risk({ views: rig.views, plan: rig.plan, tables: TABLES, limits: LIMITS });
  rig.book(1, 600_000, 600_010);
  // A wallet that is known, so that leverage is counted, and something held.
  risk.funds.told(1, 0, 1e9, 1e9, 0);
  risk.positions.fill(0, 1, SIDE_BUY, 10, 600_000);
  risk.revalue(rig.nowUs);
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
      check: 'each was sent, journaled three times, told twice, and over',
    }),
  ];
};

/** Orders one after the other, each filled whole at once; bought and sold in turn, so that no limit is reached. Records are copied, not unpacked: the executor is measured. */
class Cycles {
  readonly #rig = new Rig({ risk: { messagesPerSecond: 1e9, messageBurst: 1e9, cancelGrace: 1e9 } });
  readonly #intents = this.#ring(this.#rig.plan.intents, 0);
  readonly #events = this.#ring(this.#rig.plan.events, 0);
  readonly #requests = this.#ring(this.#rig.plan.requests, 1);
  readonly #outcomes = this.#ring(this.#rig.plan.outcomes, 1);
  readonly #journal: SpscRing;
  #trade = 0;

  constructor() {
    const { views, plan } = this.#rig;
    this.#journal = new SpscRing(views, plan.journals, RECORD_BYTES, plan.counts.journalRecords);
    this.#rig.book(1, 600_000, 600_010);
  }

  run(count: number): number {
    const rig = this.#rig;
    const { views } = rig;
    for (let n = 0; n < count; n++) {
      // The venue's budget must never be what is measured, nor the age of the book.
      rig.nowUs += 200_000;
      if (n % 16 === 0) rig.book(1, 600_000, 600_010);
      const wish = this.#intents.reserve();
      const side = n & 1;
      views.u8[wish + REC_KIND] = RecordKind.INTENT_PLACE;
      views.u8[wish + REC_SIDE] = side;
      views.u32[(wish + REC_INSTRUMENT) >> 2] = 1;
      views.u32[(wish + REC_LEVEL) >> 2] = 1;
      views.f64[(wish + REC_PRICE) >> 3] = side === 0 ? 600_010 : 600_000;
      views.f64[(wish + REC_QTY) >> 3] = 10;
      this.#intents.commit();
      rig.executor.step(rig.nowUs, 64);
      const request = this.#requests.front();
      if (request < 0) throw new Error('the order was not sent');
      this.#answer(request, RecordKind.ACK);
      this.#answer(request, RecordKind.FILL);
      this.#requests.release();
      rig.executor.step(rig.nowUs, 64);
      if (this.#drain(this.#events) !== 2) throw new Error('the strategy must be told of the acknowledgement and the fill');
      if (this.#drain(this.#journal) !== 3) throw new Error('create, acknowledgement and fill must be journaled');
    }
    if (rig.executor.openOrders() !== 0) throw new Error('every order must be over');
    return count;
  }

  #answer(request: number, kind: number): void {
    const { views } = this.#rig;
    const at = this.#outcomes.reserve();
    for (let word = 0; word < RECORD_BYTES >> 3; word++) views.f64[(at >> 3) + word] = views.f64[(request >> 3) + word] ?? 0;
    views.u8[at + REC_KIND] = kind;
    views.f64[(at + REC_FILL_PRICE) >> 3] = 600_000;
    views.f64[(at + REC_FILL_QTY) >> 3] = 10;
    views.f64[(at + REC_TRADE_ID) >> 3] = ++this.#trade;
    this.#outcomes.commit();
  }

  #drain(ring: SpscRing): number {
    let count = 0;
    for (; ring.front() >= 0; count++) ring.release();
    return count;
  }

  #ring(region: number, index: number): SpscRing {
    const { views, plan } = this.#rig;
    return new SpscRing(views, region + plan.ringStride * index, RECORD_BYTES, plan.counts.ringRecords);
  }
}
