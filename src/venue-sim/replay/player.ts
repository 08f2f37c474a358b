/**
 * Plays merged recordings to the venues: at a pace, or as fast as clients read. At full speed a window of messages goes out only after every client has read the
 * one before and knows the time of the next, so that nothing is lost and nobody runs ahead. Called by the replay's process on its one thread.
 */
import type { Clock, Timers } from '../../core/ports/clock.js';
import { Barrier } from './barrier.js';
import type { MarketTimeFeed } from './market-time.js';
import type { MergedLine, MergedLines } from './merged-lines.js';
import { timeUs } from './recorded-line.js';
import type { ReplayVenue } from './replay-venue.js';

/** A window of full speed ends at the first of these. */
const WINDOW_US = 50_000;
const WINDOW_MESSAGES = 2_000;
const WINDOW_CHARACTERS = 1_000_000;
/** A client that takes longer over a window is cut (wall time). */
const CLIENT_LIMIT_MS = 10_000;
/** After an answer on another connection: time for the client to take it in (wall time). */
const ANSWER_PAUSE_MS = 10;
/** Who comes, goes or asks for something new gets time to: the recording stands still until clients were quiet for so long (wall time), within a limit. */
const QUIET_MS = 100;
const QUIET_LOOK_MS = 10;
const QUIET_LIMIT_MS = 2_000;
/** Clients learn the time this often at a pace (market time, and wall time at high speeds). */
const TELL_MARKET_US = 50_000;
const TELL_WALL_US = 20_000;
/** Lead-in at full speed: each step leaves room for the clients' timers (wall time). */
const LEAD_PAUSE_MS = 4;
/** What waits for slow clients at the end is looked at this often, and given up after so many looks. */
const FLUSH_MS = 20;
const MOST_FLUSHES = 500;

export interface PlayerOptions {
  readonly speed: number | 'max';
  readonly clock: Clock;
  readonly timers: Timers;
  readonly lines: MergedLines;
  readonly time: MarketTimeFeed;
  readonly venues: readonly ReplayVenue[];
  readonly play: (line: MergedLine) => void;
}

export class Player {
  readonly barrier: Barrier;
  readonly #options: PlayerOptions;
  #isStopped = false;
  #wasAnswered = false;
  #activity = 0;

  constructor(options: PlayerOptions) {
    this.#options = options;
    this.barrier = new Barrier(options.timers, CLIENT_LIMIT_MS);
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** A snapshot went out on a connection of its own. */
  onAnswered(): void {
    this.#wasAnswered = true;
  }

  /** Full speed only: time passes, nothing is sent yet; clients' timers see it. */
  async leadIn(untilUs: number): Promise<void> {
    const { time } = this.#options;
    while (!this.#isStopped && time.nowUs < untilUs) {
      await this.#reach(Math.min(untilUs, time.nowUs + WINDOW_US));
      await this.pause(LEAD_PAUSE_MS);
    }
  }

  /** @param startWallUs wall time of the first line, for a pace */
  async run(startWallUs: number): Promise<void> {
    const { speed, lines } = this.#options;
    const first = await lines.next();
    if (first !== null) await (speed === 'max' ? this.#windows(first) : this.#paced(first, startWallUs, speed));
    await this.#flush();
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.timers.after(ms, resolve));
  }

  async #windows(first: MergedLine): Promise<void> {
    const { time, lines, venues, play } = this.#options;
    let next: MergedLine | null = first;
    while (next !== null && !this.#isStopped) {
      await this.#reach(timeUs(next.record));
      const endUs = time.nowUs + WINDOW_US;
      let characters = 0;
      for (let count = 0; next !== null && count < WINDOW_MESSAGES && characters < WINDOW_CHARACTERS; count++) {
        if (timeUs(next.record) > endUs) break;
        characters += next.record.raw.length;
        play(next);
        next = await lines.next();
        if (this.#wasAnswered) break;
      }
      await this.barrier.pass(venues.flatMap(touched));
      if (this.#wasAnswered) await this.pause(ANSWER_PAUSE_MS);
      this.#wasAnswered = false;
      await this.#untilQuiet();
    }
  }

  /** Recorded time goes on in steps, through silence too, and everybody who follows it knows before the messages come. */
  async #reach(us: number): Promise<void> {
    const { time } = this.#options;
    do {
      time.set(Math.min(us, time.nowUs + WINDOW_US));
      time.tell();
      await this.barrier.pass(time.sockets);
    } while (time.nowUs < us && !this.#isStopped);
  }

  async #untilQuiet(): Promise<void> {
    let quietMs = QUIET_MS;
    for (let waitedMs = 0; waitedMs < QUIET_LIMIT_MS && !this.#isStopped; waitedMs += QUIET_LOOK_MS) {
      const activity = this.#options.venues.reduce((sum, venue) => sum + venue.audience.activity, 0);
      if (activity !== this.#activity) quietMs = 0;
      this.#activity = activity;
      if (quietMs >= QUIET_MS) return;
      await this.pause(QUIET_LOOK_MS);
      quietMs += QUIET_LOOK_MS;
    }
  }

  async #paced(first: MergedLine, startWallUs: number, speed: number): Promise<void> {
    const { clock, time, lines, play } = this.#options;
    const startUs = timeUs(first.record);
    let next: MergedLine | null = first;
    let toldUs = -Infinity;
    let toldWallUs = -Infinity;
    while (next !== null && !this.#isStopped) {
      const wallUs = clock.wallUs();
      const marketUs = startUs + (wallUs - startWallUs) * speed;
      if (marketUs >= startUs) time.set(Math.round(marketUs));
      if (time.nowUs - toldUs >= TELL_MARKET_US && wallUs - toldWallUs >= TELL_WALL_US) {
        time.tell();
        toldUs = time.nowUs;
        toldWallUs = wallUs;
      }
      while (next !== null && timeUs(next.record) <= marketUs && !this.#isStopped) {
        play(next);
        next = await lines.next();
      }
      if (next === null) break;
      const waitMs = (timeUs(next.record) - marketUs) / speed / 1000;
      await this.pause(Math.min(Math.max(waitMs, 1), TELL_WALL_US / 1000));
    }
  }

  /** Until everything sent has left this process. */
  async #flush(): Promise<void> {
    for (const venue of this.#options.venues) venue.finish();
    const waits = (): boolean =>
      this.#options.venues.some((venue) => venue.audience.listeners.some((listener) => listener.socket.bufferedBytes() > 0));
    for (let looks = 0; looks < MOST_FLUSHES && !this.#isStopped && waits(); looks++) await this.pause(FLUSH_MS);
  }
}

/** Sockets that were sent something since the last call. */
function touched(venue: ReplayVenue): ReplayVenue['audience']['listeners'][number]['socket'][] {
  return venue.audience.listeners
    .filter((listener) => listener.isTouched)
    .map((listener) => {
      listener.isTouched = false;
      return listener.socket;
    });
}
