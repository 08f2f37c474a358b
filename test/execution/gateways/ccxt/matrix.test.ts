/**
 * Every call that the gateway makes, at every venue, under every condition that a venue can put it in; against the simulated venues, by REST alone (the private
 * stream is given its turn in stream.test.ts). What each outcome must be is written once and holds for all venues.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { RecordKind } from '../../../../src/core/memory/record.js';
import type { VenueId } from '../../../../src/venue-sim/market/spec.js';
import { TestVenue } from '../../../venue-sim/support/venue-client.js';
import { clientOrderIdOf } from '../../../../src/core/numbers/ids.js';
import { orderId, TAG, type Told } from './gateway-bench.js';
import { SimLoop } from './sim-loop.js';

const VENUES: readonly VenueId[] = ['binance-spot', 'binance-usdm', 'binance-coinm', 'bybit', 'bitmex'];
type Call = 'create' | 'create batch' | 'amend' | 'amend batch' | 'cancel' | 'cancel batch' | 'query' | 'list' | 'fills' | 'positions';
type Condition =
  'success' | 'bad signature' | 'bad precision' | 'rate limited' | '5xx' | 'time-out after acceptance' | 'unknown order' | 'duplicate id';

const NOTHING = 'no answer';

function questioned(end: string): Partial<Record<Condition, string>> {
  return { success: end, 'bad signature': NOTHING, 'rate limited': end, '5xx': end, 'time-out after acceptance': end };
}

/** Outcome (of each item) by call and condition; a pair that is not there cannot happen. */
const EXPECTED: Readonly<Record<Call, Partial<Record<Condition, string>>>> = {
  create: {
    success: 'ACK',
    'bad signature': 'REJECT VENUE_REJECTED',
    'bad precision': 'REJECT BAD_ORDER',
    'rate limited': 'REJECT RATE_LIMITED',
    '5xx': 'UNKNOWN TIMEOUT',
    'time-out after acceptance': 'UNKNOWN TIMEOUT',
    'duplicate id': 'ACK',
  },
  'create batch': {
    success: 'ACK',
    'bad signature': 'REJECT VENUE_REJECTED',
    'bad precision': 'REJECT BAD_ORDER',
    'rate limited': 'REJECT RATE_LIMITED',
    '5xx': 'UNKNOWN TIMEOUT',
    'time-out after acceptance': 'UNKNOWN TIMEOUT',
    'duplicate id': 'ACK',
  },
  amend: {
    success: 'AMENDED',
    'bad signature': 'AMEND_REJECT VENUE_REJECTED',
    'bad precision': 'AMEND_REJECT BAD_ORDER',
    'rate limited': 'AMEND_REJECT RATE_LIMITED',
    '5xx': 'UNKNOWN TIMEOUT',
    'time-out after acceptance': 'UNKNOWN TIMEOUT',
    'unknown order': 'AMEND_REJECT UNKNOWN_ORDER',
  },
  'amend batch': {
    success: 'AMENDED',
    'bad signature': 'AMEND_REJECT VENUE_REJECTED',
    'bad precision': 'AMEND_REJECT BAD_ORDER',
    'rate limited': 'AMEND_REJECT RATE_LIMITED',
    '5xx': 'UNKNOWN TIMEOUT',
    'time-out after acceptance': 'UNKNOWN TIMEOUT',
    'unknown order': 'AMEND_REJECT UNKNOWN_ORDER',
  },
  cancel: {
    success: 'CANCELLED BY_REQUEST',
    'bad signature': 'CANCEL_REJECT VENUE_REJECTED',
    // It must come again: the executor asks, and cancels what still lives.
    'rate limited': 'UNKNOWN RATE_LIMITED',
    '5xx': 'UNKNOWN TIMEOUT',
    'time-out after acceptance': 'UNKNOWN TIMEOUT',
    'unknown order': 'CANCEL_REJECT UNKNOWN_ORDER',
  },
  'cancel batch': {
    success: 'CANCELLED BY_REQUEST',
    'bad signature': 'CANCEL_REJECT VENUE_REJECTED',
    'rate limited': 'UNKNOWN RATE_LIMITED',
    '5xx': 'UNKNOWN TIMEOUT',
    'time-out after acceptance': 'UNKNOWN TIMEOUT',
    'unknown order': 'CANCEL_REJECT UNKNOWN_ORDER',
  },
  query: {
    success: 'ACK',
    'bad signature': NOTHING,
    // A question that failed for what passes is asked again.
    'rate limited': 'ACK',
    '5xx': 'ACK',
    'time-out after acceptance': 'ACK',
    'unknown order': 'NOT_FOUND UNKNOWN_ORDER',
  },
  list: questioned('LIST_END'),
  fills: questioned('FILLS_END'),
  positions: questioned('POSITIONS_END'),
};

/** Calls that a venue does not have, or that the gateway does not make there. */
function isMade(venue: VenueId, call: Call): boolean {
  if (venue === 'binance-spot') return !call.includes('batch') && call !== 'amend';
  return venue !== 'bitmex' || (call !== 'create batch' && call !== 'amend batch');
}

/** Orders of the call that stand at the venue afterwards, of all that it is about: the refused was not done, the unanswered may be. */
function stands(call: Call, condition: Condition): boolean {
  if (condition === 'unknown order') return false;
  const isDone = condition === 'success' || condition === 'time-out after acceptance';
  if (call.startsWith('create')) return isDone || condition === 'duplicate id';
  return !(call.startsWith('cancel') && isDone);
}

const KIND: Readonly<Record<string, number>> = {
  create: RecordKind.CREATE,
  amend: RecordKind.AMEND,
  cancel: RecordKind.CANCEL,
  query: RecordKind.QUERY,
  list: RecordKind.LIST,
  fills: RecordKind.FILLS,
  positions: RecordKind.POSITIONS,
};
const ITEMS = 3;

const finer = (step: string): string => String(Number(step) / 10);

class Venue {
  readonly honest: SimLoop;
  readonly unsigned: SimLoop;
  /** Its instruments have steps ten times finer than the venue's. */
  readonly imprecise: SimLoop;
  #next = 1;

  private constructor(honest: SimLoop, unsigned: SimLoop, imprecise: SimLoop) {
    this.honest = honest;
    this.unsigned = unsigned;
    this.imprecise = imprecise;
  }

  static async start(id: VenueId): Promise<Venue> {
    const venue = new TestVenue(id);
    return new Venue(
      await SimLoop.start(id, { hasStream: false }, venue),
      await SimLoop.start(id, { hasStream: false, secret: 'not-the-secret-of-this-key' }, venue),
      await SimLoop.start(
        id,
        { hasStream: false, adjust: (one) => ({ ...one, lotSize: finer(one.lotSize), tickSize: finer(one.tickSize) }) },
        venue,
      ),
    );
  }

  nextId(): number {
    return orderId(this.#next++ % 8_000, 0, this.#next % 8_000);
  }
}

function lotsOf(venue: VenueId): number {
  return venue === 'binance-spot' ? 1_000 : 20;
}

function loopOf(venue: Venue, condition: Condition): SimLoop {
  return condition === 'bad signature' ? venue.unsigned : condition === 'bad precision' ? venue.imprecise : venue.honest;
}

/** Orders that stand at the venue, as this loop's gateway knows them. */
async function openOrders(venue: Venue, id: VenueId, count: number): Promise<number[]> {
  const { honest } = venue;
  const ids = Array.from({ length: count }, () => venue.nextId());
  for (const [place, one] of ids.entries()) honest.bench.ask({ orderId: one, price: honest.farBid() - place, qty: lotsOf(id) });
  await honest.until('orders stand', () => ids.every((one) => honest.of(one).some(({ kind }) => kind === 'ACK')), 3_000);
  return ids;
}

function say({ kind, reason }: Told): string {
  return reason === 'NONE' ? kind : `${kind} ${reason}`;
}

/** Finer instruments count ten times as many steps; an odd number of them is none of the venue's. */
function terms(condition: Condition, ticks: number, lots: number): { readonly price: number; readonly qty: number } {
  return condition === 'bad precision' ? { price: ticks * 10, qty: lots * 10 + 3 } : { price: ticks, qty: lots };
}

interface Made {
  readonly outcomes: readonly string[];
  /** How many of them the venue has open. */
  readonly open: number;
  readonly count: number;
}

async function make(id: VenueId, venue: Venue, call: Call, condition: Condition): Promise<Made> {
  const loop = loopOf(venue, condition);
  const verb = call.replace(' batch', '');
  const count = call.includes('batch') ? ITEMS : 1;
  // Its limits are two requests a second: the account gets its credit back.
  if (id === 'bitmex') for (const one of [venue.honest, venue.unsigned, venue.imprecise]) one.skip(10_000);
  const isOrder = ['create', 'amend', 'cancel', 'query'].includes(verb);
  const needsOpen = isOrder && verb !== 'create' && condition !== 'unknown order';
  const ids =
    needsOpen || condition === 'duplicate id' ? await openOrders(venue, id, count) : Array.from({ length: count }, () => venue.nextId());
  const price = loop === venue.imprecise ? venue.honest.farBid() : loop.farBid();
  if (condition === 'rate limited') loop.fault({ kind: 'rate-limit-storm', count: 1 });
  if (condition === '5xx') loop.fault({ kind: 'status', count: 1, params: { status: 503 } });
  if (condition === 'time-out after acceptance') loop.fault({ kind: 'lose-answer', count: 1 });
  const from = loop.all.length;
  for (const [place, one] of ids.entries()) {
    const orderIdAsked = isOrder ? one : 0;
    const wanted = terms(condition, price - 5 - place, lotsOf(id));
    loop.bench.ask({ kind: KIND[verb] ?? 0, orderId: orderIdAsked, ...wanted, tsUs: loop.time.wallUs() - 60_000_000 });
    if (!isOrder) break;
  }
  const isAskedAgain = ['query', 'list', 'fills', 'positions'].includes(verb) && (condition === 'rate limited' || condition === '5xx');
  await loop.run(condition === 'time-out after acceptance' ? 2_700 : isAskedAgain ? 1_600 : 150);
  const told = loop.all.slice(from);
  loop.clearFaults();
  // A pause that the venue asked for is over before the next case.
  if (condition === 'rate limited') await loop.run(1_200);
  if (!isOrder) {
    const ends = told.filter(({ kind }) => kind.endsWith('_END'));
    return { outcomes: ends.length === 0 ? [NOTHING] : ends.map((one) => say(one)), open: 0, count: 0 };
  }
  const outcomes = ids.map((one) => {
    const last = told.findLast(({ orderId: about, kind }) => about === one && kind !== 'FILL');
    return last === undefined ? NOTHING : say(last);
  });
  const names = ids.map((one) => clientOrderIdOf(one, TAG));
  return { outcomes, open: loop.openAtVenue().filter(({ clientId }) => names.includes(clientId)).length, count };
}

for (const id of VENUES)
  describe(id, () => {
    let venue: Venue;
    beforeAll(async () => {
      venue = await Venue.start(id);
    });

    for (const [call, conditions] of Object.entries(EXPECTED) as [Call, Partial<Record<Condition, string>>][]) {
      if (!isMade(id, call)) continue;
      for (const [condition, wanted] of Object.entries(conditions) as [Condition, string][])
        it(`${call}, ${condition}: ${wanted}`, async () => {
          const { outcomes, open, count } = await make(id, venue, call, condition);
          expect(outcomes).toEqual(outcomes.map(() => wanted));
          expect(open).toBe(stands(call, condition) ? count : 0);
        });
    }
  });
