/**
 * Three markets of one venue that lead from an asset back to itself, and what a turn through them would earn. Pure, no allocation after construction; hot lane.
 * Floats, as in arb/edge: sizes and edges, not sums of money; orders leave as whole ticks and lots.
 */
import { UsageError } from '../../core/numbers/errors.js';
import { toTicksUp } from '../../core/numbers/decimal.js';
import { SIDE_BUY, SIDE_SELL } from '../../core/memory/record.js';
import type { Instrument } from '../../core/orders/instrument.js';

/** A market as the turn needs it: numbers only. */
export interface Edge {
  readonly slot: number;
  readonly base: string;
  readonly quote: string;
  readonly tick: number;
  readonly lot: number;
  readonly fee: number;
  readonly minLots: number;
  readonly minNotional: number;
}

/** One step of a turn: through which market, which way. */
export interface Step {
  readonly edge: Edge;
  readonly side: number;
  readonly from: string;
  readonly to: string;
}

export interface Triangle {
  readonly home: string;
  /** The two other assets, and the market that leads from each to home: there, what is left over is closed. */
  readonly others: readonly [string, string];
  readonly exits: readonly [Edge, Edge];
  /** Both ways round, each three steps from home to home. */
  readonly turns: readonly [readonly Step[], readonly Step[]];
}

/** Throws UsageError when the markets are not three spot markets of one venue that form a triangle. */
export function triangleOf(name: string, instruments: readonly Instrument[], home: string | null): Triangle {
  const shown = instruments.map((one) => `${one.id} (${one.base}/${one.quote})`).join(', ');
  const venue = instruments[0]?.venue;
  if (instruments.length !== 3 || instruments.some((one) => one.kind !== 'spot' || one.venue !== venue)) {
    throw new UsageError(`${name}: a triangle takes three spot markets of one venue, was ${shown}`);
  }
  const edges = instruments.map(edgeOf);
  const assets = [...new Set(edges.flatMap((edge) => [edge.base, edge.quote]))];
  const pairs = new Set(edges.map((edge) => [edge.base, edge.quote].sort().join(' ')));
  if (assets.length !== 3 || pairs.size !== 3)
    throw new UsageError(`${name}: the markets must lead from an asset back to itself, was ${shown}`);
  const asset = home ?? commonQuote(edges);
  if (!assets.includes(asset)) throw new UsageError(`${name}: home ${asset} is in none of ${shown}`);
  const others = assets.filter((one) => one !== asset) as [string, string];
  const between = (a: string, b: string): Edge => {
    const edge = edges.find((one) => (one.base === a && one.quote === b) || (one.base === b && one.quote === a));
    if (edge === undefined) throw new UsageError(`${name}: no market between ${a} and ${b}`);
    return edge;
  };
  const turn = (first: string, second: string): readonly Step[] =>
    [
      [asset, first],
      [first, second],
      [second, asset],
    ].map(([from = '', to = '']) => ({ edge: between(from, to), side: between(from, to).base === to ? SIDE_BUY : SIDE_SELL, from, to }));
  return {
    home: asset,
    others,
    exits: [between(others[0], asset), between(others[1], asset)],
    turns: [turn(others[0], others[1]), turn(others[1], others[0])],
  };
}

function edgeOf(instrument: Instrument, slot: number): Edge {
  return {
    slot,
    base: instrument.base,
    quote: instrument.quote,
    tick: Number(instrument.tickSize),
    lot: Number(instrument.lotSize),
    fee: Number(instrument.takerFee),
    minLots: Math.max(1, toTicksUp(instrument.minQty, instrument.lotSize)),
    minNotional: Number(instrument.minNotional),
  };
}

/** The asset that most markets are quoted in. */
function commonQuote(edges: readonly Edge[]): string {
  const count = (asset: string): number => edges.filter((edge) => edge.quote === asset).length;
  return edges.map((edge) => edge.quote).reduce((best, one) => (count(one) > count(best) ? one : best));
}

/** Best prices of the three markets by slot, in ticks and lots. */
export interface Tops {
  readonly bidTicks: Float64Array;
  readonly bidLots: Float64Array;
  readonly askTicks: Float64Array;
  readonly askLots: Float64Array;
}

/** Reused. */
export class TurnPlan {
  /** Home units out and back, after fees, with what rounding leaves over valued at the touch. */
  spent = 0;
  gained = 0;
  readonly lots = new Float64Array(3);
  readonly ticks = new Float64Array(3);

  get edge(): number {
    return this.spent > 0 ? this.gained / this.spent - 1 : -1;
  }
}

/** Home units that one home unit becomes, after fees, at the best prices. */
export function rateOf(turn: readonly Step[], tops: Tops): number {
  let amount = 1;
  for (let i = 0; i < 3; i++) {
    const { edge, side } = turn[i]!;
    const price = (side === SIDE_BUY ? tops.askTicks[edge.slot]! : tops.bidTicks[edge.slot]!) * edge.tick;
    if (!(price > 0)) return 0;
    amount = (side === SIDE_BUY ? amount / price : amount * price) * (1 - edge.fee);
  }
  return amount;
}

/**
 * The largest turn at the best prices: bounded by what stands there, by the home amount, and by what the account holds of each asset that a step pays with,
 * because all steps leave at once. Each step takes whole lots of what the one before brings. False when a step is below what the venue takes.
 * @param free of each step's `from` asset
 */
export function planTurn(turn: readonly Step[], tops: Tops, maxHome: number, free: Float64Array, out: TurnPlan): boolean {
  // How much of home one unit of each step's `from` asset is worth on the way through.
  let worth = 1;
  let most = maxHome;
  for (let i = 0; i < 3; i++) {
    const { edge, side } = turn[i]!;
    const isBuy = side === SIDE_BUY;
    const price = (isBuy ? tops.askTicks[edge.slot]! : tops.bidTicks[edge.slot]!) * edge.tick;
    const there = (isBuy ? tops.askLots[edge.slot]! : tops.bidLots[edge.slot]!) * edge.lot;
    most = Math.min(most, free[i]! * worth, (isBuy ? there * price : there) * worth);
    worth /= (isBuy ? 1 / price : price) * (1 - edge.fee);
  }
  let amount = most;
  out.spent = 0;
  out.gained = 0;
  let leftover = 0;
  let valueOf = 1;
  for (let i = 0; i < 3; i++) {
    const { edge, side } = turn[i]!;
    const isBuy = side === SIDE_BUY;
    const ticks = isBuy ? tops.askTicks[edge.slot]! : tops.bidTicks[edge.slot]!;
    const price = ticks * edge.tick;
    const lots = Math.floor((isBuy ? amount / price : amount) / edge.lot + 1e-9);
    if (lots < edge.minLots || lots * edge.lot * price < edge.minNotional) return false;
    const paid = lots * edge.lot * (isBuy ? price : 1);
    if (i === 0) out.spent = paid;
    else leftover += (amount - paid) * valueOf;
    amount = lots * edge.lot * (isBuy ? 1 : price) * (1 - edge.fee);
    valueOf = i === 0 ? paid / amount : (valueOf * paid) / amount;
    out.lots[i] = lots;
    out.ticks[i] = ticks;
  }
  out.gained = amount + leftover;
  return true;
}
