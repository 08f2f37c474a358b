/**
 * Cancels what is ours at every venue, whatever state the engine left it in: list, cancel, list again, until two lists in a row show nothing of ours. Bounded in
 * rounds; a venue that refuses does not delay another. Called by the supervisor.
 */
import { MAX_RUNS, orderIdOf, partsOfOrderId } from '../../core/numbers/ids.js';
import { messageOf } from '../../core/numbers/errors.js';
import { RateLimited, type OpenOrder, type VenueOrders } from './venue-orders.js';

/** Rounds of one venue. The engine's last request may arrive after our first list. */
const ROUNDS_MOST = 12;
const EMPTY_LISTS = 2;
/** Waits for the limits of one venue, in all rounds together. */
const WAITS_MOST = 60;
/** Between two rounds; longer with every one that failed. */
const PAUSE_MS = 500;
const PAUSE_MOST_MS = 5_000;

export interface CancelAllDeps {
  readonly tag: string;
  readonly run: number;
  readonly pause: (ms: number) => Promise<void>;
  readonly log: (line: Readonly<Record<string, string | number>>) => void;
}

export interface CancelResult {
  readonly venue: string;
  /** Orders for which a cancel was accepted or that were gone. */
  readonly cancelled: number;
  /** Ours, open in the last list; null when no list was ever answered. */
  readonly left: number | null;
  readonly error: string;
}

export async function cancelAll(venue: string, orders: VenueOrders, deps: CancelAllDeps): Promise<CancelResult> {
  const asked = new Set<string>();
  let left: number | null = null;
  let empty = 0;
  let failures = 0;
  let error = '';
  let waits = 0;
  /** A venue's limit is waited for: asked on and on, it would refuse the rest of the round, and the next one later still. */
  const patiently = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    for (;;) {
      try {
        return await ask();
      } catch (caught) {
        if (!(caught instanceof RateLimited) || waits++ >= WAITS_MOST) throw caught;
        await deps.pause(caught.waitMs);
      }
    }
  };
  for (let round = 0; round < ROUNDS_MOST && empty < EMPTY_LISTS; round++) {
    if (round > 0) await deps.pause(Math.min(PAUSE_MOST_MS, PAUSE_MS * 2 ** failures));
    // Nothing is decided by a failure: the next list tells what stands, and one symbol that refuses does not keep the others.
    const failed = (caught: unknown): void => {
      error = messageOf(caught);
      deps.log({ venue, round, error });
    };
    error = '';
    try {
      const ours = (await patiently(() => orders.open())).filter((order) => isOurs(order, deps));
      left = ours.length;
      empty = ours.length === 0 ? empty + 1 : 0;
      for (const group of grouped(ours, orders.batch)) {
        try {
          await patiently(() => orders.cancel(group));
          for (const { clientId } of group) asked.add(clientId);
        } catch (caught) {
          failed(caught);
        }
      }
    } catch (caught) {
      failed(caught);
      empty = 0;
    }
    failures = error === '' ? 0 : failures + 1;
  }
  if (empty < EMPTY_LISTS && error === '') error = 'orders still stand after the last round';
  return { venue, cancelled: asked.size - (left ?? 0), left, error: empty >= EMPTY_LISTS ? '' : error };
}

/** Of this data directory, and not of a later run: an engine that took over has its own. Runs are counted modulo 4096. */
export function isOurs({ clientId }: OpenOrder, { tag, run }: Pick<CancelAllDeps, 'tag' | 'run'>): boolean {
  const orderId = orderIdOf(clientId, tag);
  if (orderId === null) return false;
  const later = (partsOfOrderId(orderId).run - run + MAX_RUNS) % MAX_RUNS;
  return later === 0 || later > MAX_RUNS / 2;
}

/** One symbol of one market each, at most `most` orders. */
function grouped(orders: readonly OpenOrder[], most: number): OpenOrder[][] {
  const groups: OpenOrder[][] = [];
  const open = new Map<string, OpenOrder[]>();
  for (const order of orders) {
    const key = `${order.market}\n${order.symbol}`;
    let group = open.get(key);
    if (group === undefined || group.length >= most) {
      group = [];
      open.set(key, group);
      groups.push(group);
    }
    group.push(order);
  }
  return groups;
}
