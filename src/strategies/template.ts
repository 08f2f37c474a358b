/**
 * `quotes`: the template for a strategy of your own. It rests one buy below and one sell above the middle of the market and moves them when the market
 * moves. Copy this file, change the imports to `'thor/strategy'`, change what it does, and start it with `--strategies ./my-strategy.ts`.
 *
 * Three rules hold for every strategy. It is synchronous: no promise, no timer, no clock; the time is `ctx.nowUs`. It sees only `ctx`: the same file runs
 * in a backtest, on simulated venues, on paper and live. And it speaks in whole ticks and lots: a price is ticks x tickSize, a quantity lots x lotSize.
 */
import { FLAG_POST_ONLY, RecordKind, SIDE_BUY, SIDE_SELL, TIF_GTC } from '../core/memory/record.js';
import { toTicksDown } from '../core/numbers/decimal.js';
import { RESULT_OK, UsageError } from '../core/numbers/errors.js';
import { isTerminal } from '../core/orders/order-state.js';
import type { OrderDraft, OrderEvent, Strategy, StrategyContext, StrategyDefinition, StrategySetup } from '../core/ports/strategy.js';

/** An order of ours is known by its level, a number we choose; at most one live order a level. Here: level 0 buys, level 1 sells. */
const LEVEL_SIDES = [SIDE_BUY, SIDE_SELL] as const;
/** After a refusal, wait: what was refused a moment ago is refused again. */
const PAUSE_US = 2_000_000;

class Quotes implements Strategy {
  readonly #distance: number;
  readonly #follow: number;
  readonly #qtyLots: number;
  readonly #maxLots: number;
  /** Per level: may an order be live, was it acknowledged, at which price, and when may we act again. */
  readonly #isLive = [false, false];
  readonly #isOpen = [false, false];
  readonly #priceTicks = [0, 0];
  readonly #notBeforeUs = [0, 0];
  readonly #draft: OrderDraft = {
    level: 0,
    slot: 0, // the first of our instruments
    side: SIDE_BUY,
    priceTicks: 0,
    qtyLots: 0,
    flags: FLAG_POST_ONLY, // never take
    timeInForce: TIF_GTC,
    group: 0,
    groupLegs: 0,
  };

  constructor(setup: StrategySetup) {
    const instrument = setup.instruments[0];
    if (instrument === undefined) throw new UsageError(`${setup.name}: needs an instrument`);
    // Parameters come checked against the declaration below: decimals are text, integers numbers.
    this.#distance = Number(setup.params['distance']);
    this.#follow = Number(setup.params['follow']);
    this.#qtyLots = toTicksDown(String(setup.params['size']), instrument.lotSize);
    this.#maxLots = this.#qtyLots * Number(setup.params['maxOrders']);
    if (this.#qtyLots < 1) {
      throw new UsageError(
        `${setup.name}: size ${String(setup.params['size'])} is below one lot of ${instrument.lotSize} (${instrument.id})`,
      );
    }
    // Orders of an earlier run that still rest: go on from them instead of placing others beside them.
    for (const order of setup.recovered?.orders ?? []) {
      if (order.level > 1 || isTerminal(order.state)) continue;
      this.#isLive[order.level] = true;
      this.#isOpen[order.level] = true;
      this.#priceTicks[order.level] = order.priceTicks;
    }
  }

  /** The book changed. */
  onTop(ctx: StrategyContext): void {
    const book = ctx.book(0);
    // A book that is not in sync, or old, is no book. One side may be empty: then its best price is not a number.
    if (!book.isFresh(ctx.nowUs, 1_000_000) || !(book.bidTicks > 0 && book.askTicks > book.bidTicks)) return;
    const mid = (book.bidTicks + book.askTicks) / 2;
    for (const level of [0, 1]) this.#quote(ctx, level, mid);
  }

  /** Something happened to an order of ours. */
  onOrder(ctx: StrategyContext, event: OrderEvent): void {
    const level = event.level;
    switch (event.kind) {
      case RecordKind.ACK:
      case RecordKind.AMENDED:
        this.#isLive[level] = true;
        this.#isOpen[level] = true;
        this.#priceTicks[level] = event.priceTicks;
        break;
      case RecordKind.AMEND_REJECT:
      case RecordKind.CANCEL_REJECT:
        this.#isOpen[level] = true;
        this.#notBeforeUs[level] = ctx.nowUs + PAUSE_US;
        break;
      case RecordKind.FILL:
        // May come in parts: `fillLots` is this part, `cumLots` all so far.
        if (event.cumLots >= event.qtyLots) this.#forget(level);
        break;
      case RecordKind.CANCELLED:
      case RecordKind.EXPIRED:
        this.#forget(level);
        break;
      case RecordKind.REJECT:
      case RecordKind.DENIED:
      case RecordKind.NOT_FOUND:
        // Refused by the venue, or by our own risk limits before it was sent; `event.reason` says why.
        this.#forget(level);
        this.#notBeforeUs[level] = ctx.nowUs + PAUSE_US;
        break;
      default:
        // UNKNOWN: the outcome is being asked for. Until it is known the order counts as live.
        break;
    }
  }

  #quote(ctx: StrategyContext, level: number, mid: number): void {
    if (ctx.isStopping || ctx.nowUs < this.#notBeforeUs[level]!) return;
    const side = LEVEL_SIDES[level]!;
    const away = Math.max(1, Math.round(mid * this.#distance));
    const wanted = side === SIDE_BUY ? Math.floor(mid) - away : Math.ceil(mid) + away;
    if (this.#isLive[level]!) {
      // Follow only when the market moved enough: every amend costs rate budget and the place in the queue.
      const isFar = Math.abs(wanted - this.#priceTicks[level]!) > mid * this.#follow;
      if (!this.#isOpen[level]! || !isFar) return;
      if (ctx.intents.amend(level, wanted, this.#qtyLots) === RESULT_OK) this.#isOpen[level] = false;
      return;
    }
    // Never more than maxOrders sizes on one side.
    const position = ctx.positionLots(0);
    if (side === SIDE_BUY ? position >= this.#maxLots : position <= -this.#maxLots) return;
    const draft = this.#draft;
    draft.level = level;
    draft.side = side;
    draft.priceTicks = wanted;
    draft.qtyLots = this.#qtyLots;
    if (ctx.intents.place(draft) !== RESULT_OK) return; // the ring is full: the next change of the book tries again
    this.#isLive[level] = true;
    this.#isOpen[level] = false;
    this.#priceTicks[level] = wanted;
  }

  #forget(level: number): void {
    this.#isLive[level] = false;
    this.#isOpen[level] = false;
  }
}

const template: StrategyDefinition = {
  kind: 'quotes',
  pnlKind: 'other',
  description: 'One resting buy and one resting sell around the middle of the market: the template for a strategy of your own.',
  params: [
    {
      key: 'distance',
      unit: 'ratio',
      type: 'decimal',
      default: '0.001',
      min: '0',
      max: '0.5',
      reason: 'Distance of each order from the middle.',
    },
    {
      key: 'follow',
      unit: 'ratio',
      type: 'decimal',
      default: '0.0003',
      min: '0',
      max: '0.5',
      reason: 'The market moves this far before the orders follow.',
    },
    { key: 'size', unit: 'base or contracts', type: 'decimal', min: '0', reason: 'Quantity of one order.' },
    { key: 'maxOrders', unit: '', type: 'integer', default: 3, min: 1, max: 1000, reason: 'Most sizes held long or short.' },
  ],
  instruments: { min: 1, max: 1 },
  create: (setup) => new Quotes(setup),
};

export default template;
