/**
 * Executor, gateway, private feed and simulated venue together, under random wishes and random faults from a seed. Once the faults stop, both sides must hold the
 * same orders and the same fills to the last lot, whatever happened on the way. A failing seed names itself.
 */
import { expect, it } from 'vitest';
import { BookWriter } from '../../../../src/core/book/book-writer.js';
import { gridOf } from '../../../../src/core/book/grid.js';
import { BOOK_LIVE } from '../../../../src/core/memory/book-layout.js';
import { bookBase, CONTROL_RUN, RUN_TRADING } from '../../../../src/core/memory/layout.js';
import {
  FLAG_POST_ONLY,
  REC_CUM,
  REC_KIND,
  REC_ORDER_ID,
  REC_PRICE,
  REC_QTY,
  REC_STATE,
  RECORD_BYTES,
  RecordKind,
  SIDE_BUY,
  SIDE_SELL,
} from '../../../../src/core/memory/record.js';
import { SpscRing } from '../../../../src/core/memory/spsc-ring.js';
import { clientOrderIdOf } from '../../../../src/core/numbers/ids.js';
import { isTerminal } from '../../../../src/core/orders/order-state.js';
import { Executor } from '../../../../src/execution/executor.js';
import { compileRisk } from '../../../../src/execution/risk/limits.js';
import { DEFAULT_RISK } from '../../../../src/execution/risk/schema.js';
import type { FaultRequest } from '../../../../src/venue-sim/faults/script.js';
import { FlowRandom } from '../../../../src/venue-sim/flow/random.js';
import type { VenueId } from '../../../../src/venue-sim/market/spec.js';
import { isTorture, times } from '../../../support/torture.js';
import { readRow, writeRow, type Row } from '../../rig.js';
import { TAG } from './gateway-bench.js';
import { SimLoop } from './sim-loop.js';

/** One of each family, all of them under `npm run torture`. */
const VENUES: readonly VenueId[] = isTorture
  ? ['binance-spot', 'binance-usdm', 'binance-coinm', 'bybit', 'bitmex']
  : ['binance-usdm', 'bybit', 'bitmex'];
const LEVELS = 12;
const BOOK_EVERY_US = 100_000;

const FAULTS: readonly FaultRequest[] = [
  { kind: 'lose-answer', match: { op: 'place' }, count: 2 },
  { kind: 'lose-answer', match: { op: 'batch' }, count: 1 },
  { kind: 'lose-answer', match: { op: 'cancel' }, count: 2 },
  { kind: 'lose-answer', match: { op: 'amend' }, count: 1 },
  { kind: 'lose-answer', match: { op: 'query' }, count: 2 },
  { kind: 'answer-after-fill', count: 2, params: { ms: 1_500 } },
  { kind: 'fill-before-ack', count: 3 },
  { kind: 'repeat-fill', count: 3 },
  { kind: 'delay', count: 4, params: { ms: 700 } },
  { kind: 'delay', count: 3, params: { ms: 2_500, before: true } },
  { kind: 'status', count: 3, params: { status: 503 } },
  { kind: 'status', count: 2, params: { status: 502, accepted: true } },
  { kind: 'maintenance', forMs: 1_500 },
  { kind: 'rate-limit-storm', forMs: 1_000 },
  { kind: 'stream-cut', count: 1 },
  { kind: 'stream-stall', forMs: 2_000 },
  { kind: 'stream-gap', match: { stream: 'private' }, count: 5 },
  { kind: 'wrong-order', count: 5 },
  { kind: 'partial-batch-failure', count: 3 },
];

class Trader {
  readonly executor: Executor;
  readonly entries: Row[] = [];
  readonly notices: string[] = [];
  readonly #loop: SimLoop;
  readonly #random: FlowRandom;
  readonly #intents: SpscRing;
  readonly #events: SpscRing[];
  readonly #journal: SpscRing;
  readonly #books: BookWriter[];
  #bookDueUs = 0;
  #wishDueUs = 0;
  #sequence = 0;
  wishes = 0;
  isWishing = true;

  constructor(loop: SimLoop, random: FlowRandom) {
    const { bench } = loop;
    const { views, plan, tables } = bench;
    this.#loop = loop;
    this.#random = random;
    const ring = (base: number, count: number): SpscRing => new SpscRing(views, base, RECORD_BYTES, count);
    this.#intents = ring(plan.intents, plan.counts.ringRecords);
    this.#events = tables.strategies.map((_, index) => ring(plan.events + plan.ringStride * index, plan.counts.ringRecords));
    this.#journal = ring(plan.journals, plan.counts.journalRecords);
    this.#books = tables.instruments.map((one) => new BookWriter(views, bookBase(plan, one.index), gridOf(one.tickSize, one.lotSize)));
    views.i32[(plan.control + CONTROL_RUN) >> 2] = RUN_TRADING;
    this.executor = new Executor({
      views,
      plan,
      tables,
      limits: compileRisk({ ...DEFAULT_RISK, cancelRatioMax: 1_000_000, messagesPerSecond: 1_000 } as typeof DEFAULT_RISK, tables),
      journal: ring(plan.journals, plan.counts.journalRecords),
      producer: 0,
      lane: 0,
      nowUs: () => loop.time.nowUs(),
      wallUs: (nowUs) => loop.time.wallUs() - loop.time.nowUs() + nowUs,
      recovered: { runs: 6, orders: [], fills: [], levels: [], notes: [] },
      lists: [true],
      reconcileEveryUs: 6_000_000,
      onNotice: (text) => this.notices.push(text),
      wakeService: () => undefined,
    });
    loop.trader = () => this.turn();
  }

  turn(): void {
    const nowUs = this.#loop.time.nowUs();
    if (nowUs >= this.#bookDueUs) {
      this.#bookDueUs = nowUs + BOOK_EVERY_US;
      this.#showBooks(nowUs);
    }
    if (this.isWishing && nowUs >= this.#wishDueUs) {
      this.#wishDueUs = nowUs + Math.floor(this.#random.next() * 400_000);
      this.#wish();
    }
    for (let turns = 0; turns < 3; turns++) this.executor.step(nowUs, 64);
    for (const events of this.#events) while (events.front() >= 0) events.release();
    for (let at = this.#journal.front(); at >= 0; at = this.#journal.front()) {
      this.entries.push(readRow(this.#loop.bench.views, at));
      this.#journal.release();
    }
  }

  /** Our living orders, from the shared slots. */
  openOrders(): { readonly clientId: string; readonly ticks: number; readonly lots: number; readonly cum: number }[] {
    const { views, plan } = this.#loop.bench;
    const open = [];
    for (let slot = 0; slot < plan.counts.orderSlots; slot++) {
      const base = plan.orders + slot * RECORD_BYTES;
      const id = views.f64[(base + REC_ORDER_ID) >> 3] ?? 0;
      const state = views.u8[base + REC_STATE] ?? 0;
      if (id === 0 || state === 0 || isTerminal(state) || (views.u8[base + REC_KIND] ?? 0) === 0) continue;
      open.push({
        clientId: clientOrderIdOf(id, TAG),
        ticks: views.f64[(base + REC_PRICE) >> 3] ?? 0,
        lots: views.f64[(base + REC_QTY) >> 3] ?? 0,
        cum: views.f64[(base + REC_CUM) >> 3] ?? 0,
      });
    }
    return open.toSorted((one, other) => (one.clientId < other.clientId ? -1 : 1));
  }

  /** Fills as the journal has them: order, lots, price, fee. */
  fills(): string[] {
    const fills = this.entries.filter(({ kind }) => kind === RecordKind.FILL);
    return fills.map((one) => `${clientOrderIdOf(one.orderId, TAG)} ${one.fillLots}@${one.fillTicks} fee ${one.fee}`).toSorted(byText);
  }

  #wish(): void {
    const { bench } = this.#loop;
    const index = Math.floor(this.#random.next() * Math.min(2, bench.tables.instruments.length));
    const level = Math.floor(this.#random.next() * LEVELS) * 2 + index;
    const kinds = [RecordKind.INTENT_PLACE, RecordKind.INTENT_PLACE, RecordKind.INTENT_AMEND, RecordKind.INTENT_CANCEL];
    const kind = kinds[Math.floor(this.#random.next() * kinds.length)] ?? RecordKind.INTENT_PLACE;
    const { bids, asks } = this.#loop.market(index).engine;
    const side = level % 4 < 2 ? SIDE_BUY : SIDE_SELL;
    // From a little through the market to some way from it.
    const away = Math.floor((this.#random.next() - 0.15) * 60);
    const priceTicks = side === SIDE_BUY ? bids.bestTicks - away : asks.bestTicks + away;
    const lots = (bench.tables.venues[0] === 'binance-spot' ? 1_000 : 20) + Math.floor(this.#random.next() * 10);
    const at = this.#intents.reserve();
    if (at < 0) return;
    const flags = away > 5 ? FLAG_POST_ONLY : 0;
    writeRow(bench.views, at, { kind, strategy: 0, instrument: index, level, side, priceTicks, qtyLots: lots, flags });
    this.#intents.commit();
    this.wishes++;
  }

  #showBooks(nowUs: number): void {
    for (const [index, book] of this.#books.entries()) {
      const { engine } = this.#loop.market(index);
      const { priceUnit, priceScale, lotUnit, lotScale } = book.grid;
      book.begin();
      book.clear();
      book.setLevel(0, engine.bids.bestTicks * priceUnit, priceScale, 1_000 * lotUnit, lotScale);
      book.setLevel(1, engine.asks.bestTicks * priceUnit, priceScale, 1_000 * lotUnit, lotScale);
      book.publish(BOOK_LIVE, ++this.#sequence, nowUs, nowUs);
    }
  }
}

function byText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

async function live(id: VenueId, seed: number, seconds: number): Promise<void> {
  const loop = await SimLoop.start(id, { isWhole: true, seed });
  const random = FlowRandom.of(seed, `wishes ${id}`);
  const trader = new Trader(loop, random);
  for (let second = 0; second < seconds; second++) {
    const fault = FAULTS[Math.floor(random.next() * FAULTS.length)];
    if (fault !== undefined && random.next() < 0.5) loop.fault(fault);
    await loop.run(1_000);
  }
  loop.clearFaults();
  trader.isWishing = false;
  const { exchange } = loop.venue.venue;
  const [account] = exchange.testAccounts;
  if (account === undefined) throw new Error('no account');
  const counts = (): ReturnType<Executor['counts']> => trader.executor.counts();
  const isQuiet = (): boolean =>
    loop.bench.counters.get('up') === 1 && counts().unanswered === 0 && counts().unknown === 0 && counts().waiting === 0;
  // Two rounds of reconciliation after the last fault.
  await loop.run(15_000);
  await loop.until('quiet', isQuiet, 120_000);
  await loop
    .until('no fill on its way', () => trader.fills().length === new Set(exchange.fills(account).map((fill) => fill.id)).size, 30_000)
    .catch(() => undefined);
  const ours = exchange
    .openOrders(account)
    .map((order) => ({ clientId: order.clientId, ticks: order.ticks, lots: order.lots, cum: order.filledLots }));
  const names = exchange.orders(account).map(({ clientId }) => clientId);
  const venueFills = [...new Map(exchange.fills(account).map((fill) => [fill.id, fill])).values()];
  const where = `${id} seed ${seed}`;
  expect([where, trader.openOrders()]).toEqual([where, ours.toSorted((one, other) => byText(one.clientId, other.clientId))]);
  expect([where, trader.fills()]).toEqual([
    where,
    venueFills
      .map((fill) => `${fill.clientId} ${fill.lots}@${fill.ticks} fee ${fill.feeUnits * 10n ** BigInt(8 - fill.feeAsset.decimals)}`)
      .toSorted(byText),
  ]);
  expect([where, names.length]).toEqual([where, new Set(names).size]);
  expect(trader.wishes).toBeGreaterThan(seconds);
  expect(venueFills.length).toBeGreaterThan(0);
}

for (const id of VENUES)
  for (let seed = 1; seed <= times(1, 20); seed++)
    it(
      `C1 C2 C9: ${id}, seed ${seed}: no order and no fill is lost or doubled by any fault`,
      () => live(id, seed, times(12, 120)),
      isTorture ? 300_000 : 60_000,
    );
