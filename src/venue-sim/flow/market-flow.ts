/**
 * The participants of one simulated market: makers that keep a layered book around their own fair price, takers that arrive in bursts, and informed takers
 * that lift what is left behind when the price moves. They see levels and their own orders only: nothing here can tell whose a foreign order is.
 * Stepped by `Market` once per quantum of market time.
 */
import type { BookOrder, BookSide, Side } from '../engine/book-side.js';
import type { EngineTrade, MatchingEngine } from '../engine/matching-engine.js';
import type { FlowProfile } from './profile.js';
import type { FlowRandom, RandomState } from './random.js';

/** Accounts of the flow; the test accounts' numbers start above them. Accounts mean nothing to the engine. */
export const FIRST_TEST_ACCOUNT = 1_000;
const MAKER_ACCOUNTS = 5;
const TAKER_ACCOUNT = 900;
const INFORMED_ACCOUNT = 901;
export const FLOW_ACCOUNTS: readonly number[] = [
  ...Array.from({ length: MAKER_ACCOUNTS }, (_, index) => 1 + index),
  TAKER_ACCOUNT,
  INFORMED_ACCOUNT,
];

/** An informed taker brings at most this many times the typical size of the touch per move: a large enough wall holds the price for a while. */
const INFORMED_TOUCHES = 6;
/** Levels beyond this stay until the next look. */
const MOST_STALE_LEVELS = 64;
/** Most new levels that makers add per side when the price moves on. */
const NEW_LEVELS_PER_MOVE = 4;
/** One order more at the best price than this and somebody leaves it. */
const TOUCH_ORDERS = 7;
/** Each market order brings this many others soon after, on average; a dislocation brings a burst. Below 1, or the bursts would never end. */
const FOLLOWERS = 0.45;
const BURST_PER_SECOND = 14;
const EXCITEMENT_SECONDS = 0.8;

export interface FlowMarket {
  /** Price of one tick and value of one lot in US dollars at that price. */
  readonly tick: number;
  lotUsd(price: number): number;
}

export interface SavedFlow {
  readonly random: RandomState;
  readonly fair: number;
  readonly noise: number;
  readonly kick: number;
  readonly excitement: number;
  readonly lean: number;
  /** Its resting orders, in the order in which chance picks among them. */
  readonly orders: Readonly<Record<Side, readonly number[]>>;
}

interface OwnOrder {
  readonly id: number;
  readonly side: Side;
  readonly ticks: number;
  /** Index in the list of its side. */
  place: number;
}

export class MarketFlow {
  readonly #engine: MatchingEngine;
  readonly #market: FlowMarket;
  readonly #profile: FlowProfile;
  readonly #random: FlowRandom;
  readonly #own = new Map<number, OwnOrder>();
  readonly #lists: Record<Side, OwnOrder[]> = { buy: [], sell: [] };
  /** Fair price in ticks (a fraction), as this venue's makers see it. */
  #fair = Number.NaN;
  #noise = 0;
  #kick = 0;
  /** Market orders per second beyond the usual ones. */
  #excitement = 0;
  /** Takers' current preference, -1 (selling) to 1 (buying). */
  #lean = 0;

  constructor(engine: MatchingEngine, market: FlowMarket, profile: FlowProfile, random: FlowRandom) {
    this.#engine = engine;
    this.#market = market;
    this.#profile = profile;
    this.#random = random;
  }

  /** The first book, at `price`. */
  open(price: number): void {
    this.#fair = price / this.#market.tick;
    const bid = this.#wantedBid();
    for (const side of ['buy', 'sell'] as const) {
      const best = side === 'buy' ? bid : bid + this.#profile.spreadTicks;
      this.#place(side, best, this.#profile.touchUsd);
      for (let level = 1; level < this.#profile.levelsPerSide; level++) this.#placeDeep(side, best);
    }
  }

  /** @param latent the price as this venue sees it now (lag applied) */
  step(seconds: number, latent: number): void {
    this.#wander(seconds);
    const profile = this.#profile;
    if (this.#random.chance(profile.requotesPerSecond * seconds)) this.#requote(latent);
    for (let count = this.#random.poisson(profile.churnPerSecond * seconds); count > 0; count--) this.#churn();
    for (let count = this.#random.poisson(profile.touchPerSecond * seconds); count > 0; count--) this.#changeTouch();
    const rate = profile.takersPerSecond + this.#excitement;
    for (let count = this.#random.poisson(rate * seconds); count > 0; count--) this.#takeAtMarket();
  }

  /** The engine executed one of this flow's resting orders; others' are not in its list. */
  onTrade(trade: EngineTrade): void {
    if (trade.makerLotsLeft === 0) this.#forget(trade.makerOrderId);
  }

  save(): SavedFlow {
    const ids = (side: Side): number[] => this.#lists[side].map((own) => own.id);
    return {
      random: this.#random.state,
      fair: this.#fair,
      noise: this.#noise,
      kick: this.#kick,
      excitement: this.#excitement,
      lean: this.#lean,
      orders: { buy: ids('buy'), sell: ids('sell') },
    };
  }

  /** After the engine has loaded its book. */
  load(saved: SavedFlow): void {
    this.#random.state = saved.random;
    this.#fair = saved.fair;
    this.#noise = saved.noise;
    this.#kick = saved.kick;
    this.#excitement = saved.excitement;
    this.#lean = saved.lean;
    for (const id of [...saved.orders.buy, ...saved.orders.sell]) {
      const order = this.#engine.order(id);
      if (order !== undefined) this.#remember(id, order.side, order.ticks);
    }
  }

  #wander(seconds: number): void {
    const profile = this.#profile;
    const random = this.#random;
    const noiseStep = Math.sqrt((2 * seconds) / profile.noiseSeconds) * profile.noiseBp * 1e-4;
    this.#noise += (-this.#noise * seconds) / profile.noiseSeconds + noiseStep * random.normal();
    this.#kick *= Math.exp((-seconds * 1_000) / profile.kickMs);
    if (random.chance((profile.kicksPerMinute / 60) * seconds)) {
      this.#kick = random.logNormal(profile.kickBp, 0.5) * 1e-4 * (random.chance(0.5) ? 1 : -1);
      this.#excitement += BURST_PER_SECOND;
      this.#lean = Math.sign(this.#kick);
    }
    this.#excitement *= Math.exp(-seconds / EXCITEMENT_SECONDS);
    this.#lean += (-this.#lean * seconds) / 4 + Math.sqrt(seconds / 2) * 0.6 * random.normal();
    this.#lean = Math.max(-1, Math.min(1, this.#lean));
  }

  /** Makers look at the price again: stale quotes are pulled or taken, new ones come up to the new touch. */
  #requote(latent: number): void {
    this.#fair = (latent * (1 + this.#noise + this.#kick)) / this.#market.tick;
    const bid = this.#wantedBid();
    const ask = bid + this.#profile.spreadTicks;
    this.#clearStale('buy', bid);
    this.#clearStale('sell', ask);
    this.#comeUp('buy', bid);
    this.#comeUp('sell', ask);
  }

  #wantedBid(): number {
    return Math.max(1, Math.floor(this.#fair - (this.#profile.spreadTicks - 1) / 2));
  }

  /** Quotes better than `wanted` are on the wrong side of the fair price. */
  #clearStale(side: Side, wanted: number): void {
    const book = this.#engine.side(side);
    if (!better(side, book.bestTicks, wanted)) return;
    let pulled = 0;
    // From the back, so that levels that disappear do not move those still to be looked at.
    let rank = 0;
    while (rank < MOST_STALE_LEVELS && better(side, book.ranked(rank)?.ticks ?? Number.NaN, wanted)) rank++;
    for (rank--; rank >= 0; rank--) {
      for (let order = book.ranked(rank)?.first ?? null; order !== null;) {
        const next: BookOrder | null = order.next;
        if (this.#own.has(order.id) && this.#random.chance(this.#profile.pulledShare)) {
          this.#cancel(order.id);
          pulled++;
        }
        order = next;
      }
    }
    const limit = side === 'buy' ? wanted + 1 : wanted - 1;
    let lots = 0;
    for (const level of book.levels(MOST_STALE_LEVELS)) {
      if (!better(side, level.ticks, wanted)) break;
      lots += level.lots;
    }
    const most = this.#lots(this.#profile.touchUsd * INFORMED_TOUCHES * this.#random.logNormal(1, 0.4));
    if (lots > 0) this.#take(opposite(side), limit, Math.min(lots, most), INFORMED_ACCOUNT);
    for (; pulled > 0 && this.#lists[side].length < this.#profile.levelsPerSide; pulled--) this.#placeDeep(side, wanted);
  }

  /** New levels between the old touch and the wanted one; far orders are moved up, so that the book keeps its size. */
  #comeUp(side: Side, wanted: number): void {
    const old = this.#engine.side(side).bestTicks;
    if (!Number.isNaN(old) && !better(side, wanted, old)) return;
    const step = side === 'buy' ? -1 : 1;
    let ticks = wanted + step * this.#gap(1);
    for (let count = 0; count < NEW_LEVELS_PER_MOVE && ticks > 0 && (Number.isNaN(old) || better(side, ticks, old)); count++) {
      this.#place(side, ticks, this.#profile.levelUsd);
      this.#dropFar(side);
      ticks += step * this.#gap(1 + count);
    }
    this.#place(side, wanted, this.#profile.touchUsd);
    this.#dropFar(side);
  }

  #churn(): void {
    const side: Side = this.#random.chance(0.5) ? 'buy' : 'sell';
    const list = this.#lists[side];
    const own = list[this.#random.below(list.length)];
    const best = this.#engine.side(side).bestTicks;
    if (own !== undefined && list.length >= this.#profile.levelsPerSide && own.ticks !== best) this.#cancel(own.id);
    this.#placeDeep(side, Number.isNaN(best) ? this.#wanted(side) : best);
  }

  #changeTouch(): void {
    const side: Side = this.#random.chance(0.5) ? 'buy' : 'sell';
    const level = this.#engine.side(side).best();
    const wanted = this.#wanted(side);
    if (level === undefined || better(side, wanted, level.ticks)) {
      this.#place(side, wanted, this.#profile.touchUsd);
      return;
    }
    const leaves = level.orders > 1 && this.#random.chance(level.orders / (2 * TOUCH_ORDERS) + 0.15);
    if (!leaves) {
      this.#place(side, level.ticks, this.#profile.touchUsd * 0.35);
      return;
    }
    const skip = this.#random.below(level.orders);
    let order = level.first;
    for (let index = 0; index < skip && order !== null && order.next !== null; index++) order = order.next;
    if (order !== null && this.#own.has(order.id)) this.#cancel(order.id);
  }

  #takeAtMarket(): void {
    const side: Side = this.#random.chance(0.5 + 0.35 * this.#lean) ? 'buy' : 'sell';
    this.#excitement += FOLLOWERS / EXCITEMENT_SECONDS;
    this.#take(side, null, this.#lots(this.#random.logNormal(this.#profile.takerUsd, 1.5)), TAKER_ACCOUNT);
  }

  #take(side: Side, ticks: number | null, lots: number, owner: number): void {
    const other = this.#engine.side(opposite(side));
    if (other.levelCount === 0) return;
    this.#engine.submit({ owner, side, ticks: ticks ?? protectedLimit(other, side), lots, timeInForce: 'ioc' });
  }

  /** An order somewhere behind the touch: half of them near, half spread evenly over the orders of magnitude out to the band. */
  #placeDeep(side: Side, best: number): void {
    const band = Math.max(20, this.#fair * this.#profile.bandBp * 1e-4);
    const near = Math.min(band / 2, this.#profile.gapTicks * 12);
    const distance = this.#random.chance(0.5) ? this.#random.exponential(near) : near * (band / near) ** this.#random.next();
    const ticks = side === 'buy' ? Math.round(best - distance) : Math.round(best + distance);
    if (ticks > 0) this.#place(side, ticks, this.#profile.levelUsd * (distance > near * 4 ? 1.5 : 1));
  }

  #place(side: Side, ticks: number, usd: number): void {
    const lots = this.#lots(this.#random.logNormal(usd, 0.9));
    const owner = 1 + this.#random.below(MAKER_ACCOUNTS);
    const result = this.#engine.submit({ owner, side, ticks, lots, timeInForce: 'gtc', postOnly: true });
    if (result.restingLots > 0) this.#remember(result.orderId, side, ticks);
  }

  /** One of three picked at random leaves, the one farthest from the touch, when the side holds more than it should. */
  #dropFar(side: Side): void {
    const list = this.#lists[side];
    if (list.length <= this.#profile.levelsPerSide) return;
    let far: OwnOrder | undefined;
    for (let tries = 0; tries < 3; tries++) {
      const own = list[this.#random.below(list.length)];
      if (own !== undefined && (far === undefined || better(side, far.ticks, own.ticks))) far = own;
    }
    if (far !== undefined) this.#cancel(far.id);
  }

  #cancel(orderId: number): void {
    this.#engine.cancel(orderId);
    this.#forget(orderId);
  }

  #remember(id: number, side: Side, ticks: number): void {
    const list = this.#lists[side];
    const order: OwnOrder = { id, side, ticks, place: list.length };
    list.push(order);
    this.#own.set(id, order);
  }

  #forget(id: number): void {
    const own = this.#own.get(id);
    if (own === undefined) return;
    this.#own.delete(id);
    const list = this.#lists[own.side];
    const last = list.pop();
    if (last === undefined || last === own) return;
    last.place = own.place;
    list[last.place] = last;
  }

  #wanted(side: Side): number {
    return side === 'buy' ? this.#wantedBid() : this.#wantedBid() + this.#profile.spreadTicks;
  }

  #gap(factor: number): number {
    return Math.max(1, Math.round(this.#random.exponential(this.#profile.gapTicks * factor)));
  }

  #lots(usd: number): number {
    return Math.max(1, Math.round(usd / this.#market.lotUsd(this.#fair * this.#market.tick)));
  }
}

/** A market order of the flow never walks more than half a percent through the book. */
function protectedLimit(other: BookSide, side: Side): number {
  const best = other.bestTicks;
  return side === 'buy' ? Math.ceil(best * 1.005) : Math.max(1, Math.floor(best * 0.995));
}

function opposite(side: Side): Side {
  return side === 'buy' ? 'sell' : 'buy';
}

/** Whether price `a` is more eager than `b`: higher for a bid, lower for an ask. */
function better(side: Side, a: number, b: number): boolean {
  return side === 'buy' ? a > b : a < b;
}
