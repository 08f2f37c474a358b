import { describe, expect, it } from 'vitest';
import { clientOrderIdOf, makeOrderId } from '../../../src/core/numbers/ids.js';
import { cancelAll, isOurs, type CancelAllDeps } from '../../../src/workers/supervisor/cancel-all.js';
import { RateLimited, VenueRefusal, type OpenOrder, type VenueOrders } from '../../../src/workers/supervisor/venue-orders.js';

const TAG = 'abc';
const RUN = 7;
const order = (level: number, symbol = 'BTCUSDT', run = RUN, tag = TAG): OpenOrder => ({
  clientId: clientOrderIdOf(makeOrderId(run, 0, level, 1), tag),
  symbol,
  market: '',
});
const FOREIGN: OpenOrder = { clientId: 'by-hand-1', symbol: 'BTCUSDT', market: '' };

/** A venue of open orders; `refusals` are thrown by the calls that come first. */
class FakeVenue implements VenueOrders {
  readonly batch = 2;
  readonly groups: OpenOrder[][] = [];
  lists = 0;
  refusals: string[] = [];
  /** Arrives after the first list: the engine's last request. */
  late: OpenOrder[] = [];
  standing: OpenOrder[];

  constructor(standing: readonly OpenOrder[]) {
    this.standing = [...standing];
  }

  async open(): Promise<OpenOrder[]> {
    this.#refuse();
    const seen = [...this.standing];
    if (this.lists++ === 0) this.standing.push(...this.late);
    return Promise.resolve(seen);
  }

  async cancel(orders: readonly OpenOrder[]): Promise<void> {
    this.#refuse();
    this.groups.push([...orders]);
    this.standing = this.standing.filter((one) => !orders.includes(one));
    return Promise.resolve();
  }

  #refuse(): void {
    const refusal = this.refusals.shift();
    if (refusal !== undefined && refusal !== '') throw new VenueRefusal(refusal, { apiKey: 'key', secret: 'secret' });
  }
}

function deps(pauses: number[] = []): CancelAllDeps {
  return {
    tag: TAG,
    run: RUN,
    log: () => undefined,
    pause: (ms) => {
      pauses.push(ms);
      return Promise.resolve();
    },
  };
}

describe('cancelAll', () => {
  it('C10 C17: cancels all of ours and nothing else, by symbol and in batches', async () => {
    const other = order(1, 'BTCUSDT', RUN, 'other');
    const venue = new FakeVenue([order(1), FOREIGN, order(2), order(3, 'ETHUSDT'), other, order(4), order(5, 'BTCUSDT', RUN - 1)]);
    const result = await cancelAll('v', venue, deps());
    expect(result).toEqual({ venue: 'v', cancelled: 5, left: 0, error: '' });
    expect(venue.standing).toEqual([FOREIGN, other]);
    expect(venue.groups.map((group) => [group[0]?.symbol, group.length])).toEqual([
      ['BTCUSDT', 2],
      ['ETHUSDT', 1],
      ['BTCUSDT', 2],
    ]);
  });

  it('C17: an order that arrives after the first list is found: two empty lists in a row are wanted', async () => {
    const venue = new FakeVenue([]);
    venue.late = [order(9)];
    expect(await cancelAll('v', venue, deps())).toMatchObject({ cancelled: 1, left: 0, error: '' });
    expect([venue.standing, venue.lists]).toEqual([[], 4]);
  });

  it('C17: tries again after refusals, later each time, and says when it could not', async () => {
    const pauses: number[] = [];
    const venue = new FakeVenue([order(1)]);
    venue.refusals = ['busy', 'busy', '', 'busy'];
    expect(await cancelAll('v', venue, deps(pauses))).toMatchObject({ cancelled: 1, left: 0, error: '' });
    expect(pauses.slice(0, 3)).toEqual([1_000, 2_000, 4_000]);
    const deaf = new FakeVenue([order(1)]);
    deaf.refusals = Array.from({ length: 100 }, () => 'maintenance');
    expect(await cancelAll('v', deaf, deps())).toEqual({ venue: 'v', cancelled: 0, left: null, error: 'maintenance' });
  });

  it('C17: a limit is waited for as long as the venue says, in the same round and with the same orders, but not for ever', async () => {
    const pauses: number[] = [];
    const venue = new FakeVenue([order(1), order(2), order(3)]);
    const cancel = venue.cancel.bind(venue);
    let limits = 2;
    venue.cancel = async (orders) => {
      if (limits-- > 0) throw new RateLimited('too many visits', { apiKey: 'key', secret: 'secret' }, 700);
      return cancel(orders);
    };
    expect(await cancelAll('v', venue, deps(pauses))).toMatchObject({ cancelled: 3, left: 0, error: '' });
    expect(pauses).toEqual([700, 700, 500, 500]);
    expect(venue.groups.map((group) => group.length)).toEqual([2, 1]);
    const strict = new FakeVenue([order(1)]);
    strict.cancel = () => Promise.reject(new RateLimited('too many visits', { apiKey: 'key', secret: 'secret' }, Number.NaN));
    pauses.length = 0;
    expect(await cancelAll('v', strict, deps(pauses))).toMatchObject({ left: 1, error: 'too many visits' });
    expect(pauses.filter((ms) => ms === 1_000).length).toBeLessThan(70);
  });

  it('C17: a symbol that refuses does not keep the others', async () => {
    const venue = new FakeVenue([order(1), order(2, 'ETHUSDT')]);
    venue.refusals = ['', 'BTCUSDT is halted', ''];
    const lists = venue.open.bind(venue);
    let afterFirst: OpenOrder[] = [];
    venue.open = async () => {
      if (venue.lists === 1) afterFirst = [...venue.standing];
      return lists();
    };
    expect(await cancelAll('v', venue, deps())).toMatchObject({ cancelled: 2, left: 0, error: '' });
    expect(afterFirst).toEqual([order(1)]);
  });

  it('C10: orders of an engine that took over the directory are left alone, also where runs begin anew after 4096', () => {
    const runs = (run: number, by: number): boolean => isOurs(order(1, 'BTCUSDT', by), { tag: TAG, run });
    expect([runs(7, 7), runs(7, 6), runs(7, 8)]).toEqual([true, true, false]);
    expect([runs(4095, 4096), runs(4097, 4095), runs(4097, 4097)]).toEqual([false, true, true]);
    expect(isOurs(FOREIGN, { tag: TAG, run: 7 })).toBe(false);
  });
});
