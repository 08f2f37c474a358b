/**
 * The lines of a grid as whole ticks and lots. Pure; called once when the anchor is known, and at start where the parameters alone decide.
 * A line is an interval: it buys at `buyTicks` and sells at `sellTicks`. Its home order comes first (a buy below the anchor, a sell above), its counter
 * order follows for what the home order filled. A line is known by its index, never by a price: several orders of a grid may share one price.
 */
import { UsageError } from '../../core/numbers/errors.js';
import { formatTicks, toTicksDown, toTicksUp } from '../../core/numbers/decimal.js';
import { SIDE_BUY, SIDE_SELL } from '../../core/memory/record.js';
import type { Instrument } from '../../core/orders/instrument.js';
import { roundTrip } from './cost.js';
import type { Distance, GridSettings } from './params.js';

export interface Ladder {
  readonly count: number;
  readonly anchorTicks: number;
  readonly buyTicks: Float64Array;
  readonly sellTicks: Float64Array;
  /** SIDE_* of the home order. */
  readonly homeSide: Uint8Array;
  readonly qtyLots: Float64Array;
}

/** Share of the price that the automatic step stays above the round-trip cost, and its least value: closer levels only pay for the venue. */
const AUTO_STEP_COST_RATIO = 1.5;
const AUTO_STEP_LEAST = 0.0005;

export function makeLadder(name: string, settings: GridSettings, instrument: Instrument, anchorTicks: number): Ladder {
  if (settings.direction === 'short' && instrument.kind === 'spot') {
    throw new UsageError(`${name}: direction short needs contracts; ${instrument.id} is spot`);
  }
  const edges = settings.lower === null ? edgesAround(name, settings, instrument, anchorTicks) : edgesBetween(name, settings, instrument);
  const count = edges.length - 1;
  if (count < 1) throw new UsageError(`${name}: a grid needs at least one level; count, buyLevels and sellLevels leave none`);
  const pivot = settings.lower === null ? settings.buyLevels : pivotOf(edges, anchorTicks);
  const buyTicks = new Float64Array(count);
  const sellTicks = new Float64Array(count);
  const homeSide = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const low = edges[i]!;
    const high = edges[i + 1]!;
    if (low < 1 || high <= low) {
      throw new UsageError(
        `${name}: levels ${i} and ${i + 1} fall on ${low} and ${high} ticks of ${instrument.tickSize}; the step must be at least one tick`,
      );
    }
    const isBuy = settings.direction === 'long' || (settings.direction === 'neutral' && i < pivot);
    homeSide[i] = isBuy ? SIDE_BUY : SIDE_SELL;
    const profit = settings.profit === null ? high - low : ticksOfDistance(settings.profit, isBuy ? low : high, instrument);
    buyTicks[i] = isBuy ? low : high - profit;
    sellTicks[i] = isBuy ? low + profit : high;
    if (buyTicks[i]! < 1) throw new UsageError(`${name}: profit ${profit} ticks puts the counter order of level ${i} below one tick`);
  }
  const ladder: Ladder = { count, anchorTicks, buyTicks, sellTicks, homeSide, qtyLots: sizes(name, settings, instrument, buyTicks, count) };
  checkCost(name, settings, instrument, ladder);
  checkSizes(name, instrument, ladder);
  return ladder;
}

/** The anchor that the parameters alone decide, or NaN when the market must be seen first. A range without direction needs none, but is cut by it. */
export function anchorOfSettings(settings: GridSettings, instrument: Instrument): number {
  return settings.anchor === 'price' && settings.anchorPrice !== null ? toTicksDown(settings.anchorPrice, instrument.tickSize) : Number.NaN;
}

/** Quote value of one lot at a price, as a float: for sizes and guards. */
export function lotValue(instrument: Instrument, priceTicks: number): number {
  const unit = Number(instrument.lotSize) * Number(instrument.multiplier);
  return instrument.kind === 'inverse' ? unit : unit * priceTicks * Number(instrument.tickSize);
}

/** Least lots that the venue takes at a price. */
export function leastLots(instrument: Instrument, priceTicks: number): number {
  const byQty = Math.max(1, toTicksUp(instrument.minQty, instrument.lotSize));
  const notional = Number(instrument.minNotional);
  if (!(notional > 0)) return byQty;
  // A hair more than needed: the venue's own sum is exact, this one is not.
  return Math.max(byQty, Math.ceil((notional / lotValue(instrument, priceTicks)) * (1 + 1e-12)));
}

export function feeRateOf(settings: GridSettings, instrument: Instrument): string {
  return settings.isPostOnly ? instrument.makerFee : instrument.takerFee;
}

function edgesBetween(name: string, settings: GridSettings, instrument: Instrument): Float64Array {
  const low = toTicksUp(settings.lower ?? '0', instrument.tickSize);
  const high = toTicksDown(settings.upper ?? '0', instrument.tickSize);
  if (!(low >= 1 && high > low)) throw new UsageError(`${name}: lower ${settings.lower} must be above 0 and below upper ${settings.upper}`);
  const edges = new Float64Array(settings.grids + 1);
  for (let i = 0; i <= settings.grids; i++) {
    const share = i / settings.grids;
    edges[i] = Math.round(settings.isGeometric ? low * (high / low) ** share : low + (high - low) * share);
  }
  return edges;
}

function edgesAround(name: string, settings: GridSettings, instrument: Instrument, anchorTicks: number): Float64Array {
  const { buyLevels, sellLevels } = settings;
  const step = settings.step ?? autoStep(settings, instrument);
  const first = ticksOfDistance(step, anchorTicks, instrument);
  if (first * buyLevels >= anchorTicks && !settings.isGeometric) {
    throw new UsageError(
      `${name}: ${buyLevels} buy levels of ${formatTicks(first, instrument.tickSize)} reach below zero from ${formatTicks(anchorTicks, instrument.tickSize)}`,
    );
  }
  const ratio = step.isRatio ? step.ratio : first / anchorTicks;
  const edges = new Float64Array(buyLevels + sellLevels + 1);
  for (let i = 0; i < edges.length; i++) {
    const k = i - buyLevels;
    const away = settings.isGeometric ? anchorTicks * (1 + ratio) ** k : anchorTicks + k * first;
    // Away from the anchor, so that rounding never makes a step smaller than asked for on its first level.
    edges[i] = k < 0 ? Math.floor(away) : Math.ceil(away);
  }
  return edges;
}

function autoStep(settings: GridSettings, instrument: Instrument): Distance {
  const fee = Number(feeRateOf(settings, instrument));
  const needed = (2 * fee + Number(settings.minProfit)) / (1 - fee);
  return { isRatio: true, ratio: Math.max(AUTO_STEP_LEAST, needed * AUTO_STEP_COST_RATIO), quote: '0' };
}

export function ticksOfDistance(distance: Distance, atTicks: number, instrument: Instrument): number {
  return Math.max(1, distance.isRatio ? Math.ceil(atTicks * distance.ratio - 1e-9) : toTicksUp(distance.quote, instrument.tickSize));
}

/** Lines below it open with a buy. The edge nearest to the anchor stays empty. */
function pivotOf(edges: Float64Array, anchorTicks: number): number {
  let nearest = 0;
  for (let i = 1; i < edges.length; i++) if (Math.abs(edges[i]! - anchorTicks) < Math.abs(edges[nearest]! - anchorTicks)) nearest = i;
  return nearest;
}

function sizes(name: string, settings: GridSettings, instrument: Instrument, buyTicks: Float64Array, count: number): Float64Array {
  const weights = new Float64Array(count);
  let weightSum = 0;
  for (let i = 0; i < count; i++) {
    const fromMiddle = count === 1 ? 0 : Math.abs((2 * i) / (count - 1) - 1);
    weights[i] = settings.profile === 'flat' ? 1 : settings.profile === 'mountain' ? 2 - fromMiddle : 1 + fromMiddle;
    weightSum += weights[i]!;
  }
  const lots = new Float64Array(count);
  if (settings.size !== null) {
    const each = toTicksDown(settings.size, instrument.lotSize);
    for (let i = 0; i < count; i++) lots[i] = Math.floor((each * weights[i]! * count) / weightSum + 1e-9);
    return lots;
  }
  const budget = Number(settings.investment) * (instrument.kind === 'spot' ? 1 : settings.leverage);
  if (!(budget > 0)) throw new UsageError(`${name}: investment must be above 0, was ${settings.investment}`);
  // Arithmetic grids hold the same quantity at every level, geometric ones the same value.
  let valueOfWeights = 0;
  for (let i = 0; i < count; i++) valueOfWeights += weights[i]! * (settings.isGeometric ? 1 : lotValue(instrument, buyTicks[i]!));
  for (let i = 0; i < count; i++) {
    const share = (budget * weights[i]!) / valueOfWeights;
    lots[i] = Math.floor((settings.isGeometric ? share / lotValue(instrument, buyTicks[i]!) : share) + 1e-9);
  }
  return lots;
}

function checkCost(name: string, settings: GridSettings, instrument: Instrument, ladder: Ladder): void {
  const feeRate = feeRateOf(settings, instrument);
  for (let i = 0; i < ladder.count; i++) {
    const trip = roundTrip(ladder.buyTicks[i]!, ladder.sellTicks[i]!, feeRate, settings.minProfit);
    if (trip.pays) continue;
    const buy = formatTicks(ladder.buyTicks[i]!, instrument.tickSize);
    const sell = formatTicks(ladder.sellTicks[i]!, instrument.tickSize);
    throw new UsageError(
      `${name}: step below cost: level ${i} buys at ${buy} and sells at ${sell}, a step of ${trip.stepPercent}; the fees of both sides are ` +
        `${trip.feesPercent} (${feeRate} each, ${settings.isPostOnly ? 'maker' : 'taker'}, ${instrument.id}); needed: more than ${trip.neededPercent}`,
    );
  }
}

function checkSizes(name: string, instrument: Instrument, ladder: Ladder): void {
  const most = instrument.maxQty === '' || Number(instrument.maxQty) === 0 ? Infinity : toTicksDown(instrument.maxQty, instrument.lotSize);
  for (let i = 0; i < ladder.count; i++) {
    const least = Math.max(leastLots(instrument, ladder.buyTicks[i]!), leastLots(instrument, ladder.sellTicks[i]!));
    const lots = ladder.qtyLots[i]!;
    if (lots >= least && lots <= most) continue;
    const price = formatTicks(ladder.buyTicks[i]!, instrument.tickSize);
    const bound = lots < least ? `at least ${formatTicks(least, instrument.lotSize)}` : `at most ${instrument.maxQty}`;
    throw new UsageError(
      `${name}: level ${i} at ${price} would trade ${formatTicks(lots, instrument.lotSize)}; ${instrument.id} takes ${bound} ` +
        `(minQty ${instrument.minQty}, minNotional ${instrument.minNotional} ${instrument.quote}): change investment, size or the number of levels`,
    );
  }
}
