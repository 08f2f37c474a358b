/**
 * The strategy of the tick-to-order benchmark: an order for every n-th change of the book, quickly at first and then at the pace that the venue's order budget allows,
 * so that no request waits for budget; or, where the benchmark lifted that budget, an order or the cancel of one for every change. Prices tell which change caused an order.
 * Loaded by the engine as a user's strategy file is.
 */
import { writeFileSync } from 'node:fs';
import { PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';
import { FLAG_POST_ONLY, RecordKind, RESULT_OK, SIDE_BUY, TIF_GTC } from 'thor/strategy';
import type { OrderDraft, OrderEvent, Strategy, StrategyContext, StrategyDefinition, StrategySetup } from 'thor/strategy';

interface Budget {
  burst: number;
  perSecond: number;
}

// The budget is our own data, not the venue's doing: lifted only to see the path when it is used often. The address of its module comes from the benchmark.
const lifted = process.env['THOR_BENCH_CAPS'];
if (lifted !== undefined) {
  const { capsOf } = (await import(lifted)) as { readonly capsOf: (venue: string) => Budget };
  Object.assign(capsOf('bybit'), { burst: 1e6, perSecond: 1e6 });
}

// Where a file is named, the collections on this thread are written to it when the thread ends; the loop of a hot lane turns only then.
const gcFile = process.env['THOR_BENCH_GC'];
const gc = gcFile === undefined || isMainThread ? null : watchCollections(gcFile);

/** What a collection was: when it began and how long it took, milliseconds of this thread's clock. */
interface Collection {
  readonly kind: number;
  readonly atMs: number;
  readonly tookMs: number;
}

interface CollectionWatch {
  /** Changes of the book seen. */
  changes: number;
  /** When the start was over, milliseconds of this thread's clock. */
  fromMs: number;
}

function watchCollections(file: string): CollectionWatch {
  const watch: CollectionWatch = { changes: 0, fromMs: Infinity };
  const seen: Collection[] = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { detail } = entry as PerformanceEntry & { readonly detail: { readonly kind: number } };
      seen.push({ kind: detail.kind, atMs: entry.startTime, tookMs: entry.duration });
    }
  }).observe({ entryTypes: ['gc'] });
  // A collection that must be seen, or nothing is.
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  process.once('exit', () => writeFileSync(file, JSON.stringify({ ...watch, untilMs: performance.now(), seen })));
  return watch;
}

/** Milliseconds from the first change of the book until a start is over. */
const GC_WARM_MS = 1_000;

/** Orders that rest at once when every order is cancelled again. */
const CYCLED_LEVELS = 8;
const FREE = 0;
const WAITING = 1;
const OPEN = 2;

class OrderEachTick implements Strategy {
  readonly #firstOrders: number;
  readonly #firstEvery: number;
  readonly #every: number;
  readonly #distance: number;
  readonly #isCycling: boolean;
  readonly #levels = new Uint8Array(CYCLED_LEVELS);
  #untilNext = 1;
  readonly #draft: OrderDraft = {
    level: 0,
    slot: 0,
    side: SIDE_BUY,
    priceTicks: 0,
    qtyLots: 1,
    flags: FLAG_POST_ONLY,
    timeInForce: TIF_GTC,
    group: 0,
    groupLegs: 0,
  };

  constructor(setup: StrategySetup) {
    this.#firstOrders = Number(setup.params['firstOrders']);
    this.#firstEvery = Number(setup.params['firstEvery']);
    this.#every = Number(setup.params['every']);
    this.#distance = Number(setup.params['distance']);
    this.#isCycling = setup.params['cycles'] === true;
  }

  onTop(ctx: StrategyContext): void {
    if (gc !== null && ++gc.changes === 1) gc.fromMs = performance.now() + GC_WARM_MS;
    const book = ctx.book(0);
    if (ctx.isStopping || !book.isLive || !(book.bidTicks > 0) || --this.#untilNext > 0) return;
    const draft = this.#draft;
    draft.priceTicks = book.bidTicks - this.#distance;
    if (this.#isCycling) {
      this.#cycle(ctx, draft);
      return;
    }
    if (ctx.intents.place(draft) !== RESULT_OK) return;
    draft.level++;
    this.#untilNext = draft.level < this.#firstOrders ? this.#firstEvery : this.#every;
  }

  onOrder(_ctx: StrategyContext, event: OrderEvent): void {
    if (!this.#isCycling) return;
    if (event.kind === RecordKind.ACK) this.#levels[event.level] = OPEN;
    else if (event.kind === RecordKind.CANCELLED || event.kind === RecordKind.DENIED) this.#levels[event.level] = FREE;
  }

  #cycle(ctx: StrategyContext, draft: OrderDraft): void {
    const level = draft.level;
    const state = this.#levels[level]!;
    if (state === FREE && ctx.intents.place(draft) === RESULT_OK) this.#levels[level] = WAITING;
    else if (state === OPEN && ctx.intents.cancel(level) === RESULT_OK) this.#levels[level] = WAITING;
    draft.level = (level + 1) % CYCLED_LEVELS;
  }
}

const integer = (key: string, reason: string): StrategyDefinition['params'][number] => ({
  key,
  unit: '',
  type: 'integer',
  min: 1,
  max: 1_000_000,
  reason,
});

const definition: StrategyDefinition = {
  kind: 'order-each-tick',
  pnlKind: 'other',
  description: 'Places an order for every n-th change of the book.',
  params: [
    integer('firstOrders', 'Orders of the quick beginning.'),
    integer('firstEvery', 'Changes for an order then.'),
    integer('every', 'Changes for an order later.'),
    integer('distance', 'Ticks below the best bid.'),
    { key: 'cycles', unit: '', type: 'boolean', default: false, reason: 'Cancels its orders again, one order or cancel for every change.' },
  ],
  instruments: { min: 1, max: 1 },
  create: (setup) => new OrderEachTick(setup),
};

export default definition;
