/**
 * Threads follow cores. `--lanes N` counts trading lanes: 1 = everything in the main thread; 2 = feeds + one hot lane; n = n - 1 feed lanes + one hot lane. With 2
 * or more the main thread is the service thread: gateways, writer, monitoring; it mostly sleeps.
 */
import type { WaitMode } from './lane-loop.js';

export interface LaneLayout {
  /** Names by lane index; 0 is the main thread. */
  readonly names: readonly string[];
  readonly hotLane: number;
  /** Lane index of each feed lane. */
  readonly feedLanes: readonly number[];
  readonly isSingle: boolean;
  readonly wait: WaitMode;
  /** Feed lanes do not wait in epoll either: they keep their event loops turning. */
  readonly feedsSpin: boolean;
  readonly warning: string | null;
}

/** Journal producers: the hot lane's, and the main thread's. */
export const PRODUCER_HOT = 0;
export const PRODUCER_MAIN = 1;
export const PRODUCERS = 2;

/** Cores from which a spinning hot lane leaves enough for feeds, service and the system. */
const SPIN_FROM_CORES = 4;

/** @param venueCount a feed lane carries at least one venue */
export function layLanes(asked: number | 'auto', wait: WaitMode | 'auto', cores: number, venueCount: number): LaneLayout {
  const automatic = cores < 2 ? 1 : Math.min(2 + Math.floor(Math.max(0, cores - 4) / 2), 4);
  const wanted = asked === 'auto' ? automatic : asked;
  const count = Math.max(1, Math.min(wanted, venueCount + 1));
  const mode: WaitMode = wait === 'auto' ? (cores >= SPIN_FROM_CORES && count > 1 ? 'spin' : 'balanced') : wait;
  // A single lane is an event loop: it does not spin.
  const spinning = mode === 'spin' && count > 1 ? 1 : 0;
  const warning =
    spinning > cores - 1
      ? `--wait spin on ${cores} core${cores === 1 ? '' : 's'}: spinning lanes will delay each other; balanced is faster here`
      : null;
  if (count === 1) return { names: ['all'], hotLane: 0, feedLanes: [0], isSingle: true, wait: mode, feedsSpin: false, warning };
  const feeds = Array.from({ length: count - 1 }, (_, index) => index + 2);
  return {
    names: ['service', 'hot', ...feeds.map((_, index) => `feed-${index}`)],
    hotLane: 1,
    feedLanes: feeds,
    isSingle: false,
    wait: mode,
    // The service thread and the system keep a core.
    feedsSpin: spinning > 0 && spinning + feeds.length <= cores - 1,
    warning,
  };
}

/** Venues dealt to feed lanes in turn. */
export function venuesOfFeedLane(venues: readonly string[], feedLane: number, feedLaneCount: number): string[] {
  return venues.filter((_, index) => index % feedLaneCount === feedLane);
}
