/**
 * The strategy of the tick-to-order benchmark: an order for every n-th change of the book, quickly at first and then at the pace that the venue's order budget allows,
 * so that no request waits for budget. Prices tell which change caused an order. Loaded by the engine as a user's strategy file is.
 */
import { FLAG_POST_ONLY, RESULT_OK, SIDE_BUY, TIF_GTC } from 'thor/strategy';
import type { OrderDraft, Strategy, StrategyContext, StrategyDefinition, StrategySetup } from 'thor/strategy';

class OrderEachTick implements Strategy {
  readonly #firstOrders: number;
  readonly #firstEvery: number;
  readonly #every: number;
  readonly #distance: number;
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
  }

  onTop(ctx: StrategyContext): void {
    const book = ctx.book(0);
    if (ctx.isStopping || !book.isLive || !(book.bidTicks > 0) || --this.#untilNext > 0) return;
    const draft = this.#draft;
    draft.priceTicks = book.bidTicks - this.#distance;
    if (ctx.intents.place(draft) !== RESULT_OK) return;
    draft.level++;
    this.#untilNext = draft.level < this.#firstOrders ? this.#firstEvery : this.#every;
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
  ],
  instruments: { min: 1, max: 1 },
  create: (setup) => new OrderEachTick(setup),
};

export default definition;
