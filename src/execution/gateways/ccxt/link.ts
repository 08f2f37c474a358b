/**
 * Whether a venue can be traded on: its private stream is up, and its requests are answered. While it is not, the executor sends nothing new; cancels are still
 * tried, and the venue is probed with growing pauses. Every change is told once. Gateway's lane.
 */

/** Requests in a row without a word from the venue before it counts as gone. */
const OUTAGES_MOST = 3;
const PROBE_FIRST_US = 250_000;
const PROBE_MOST_US = 10_000_000;

export class Link {
  #isStreamUp: boolean;
  #isReachable = true;
  #outages = 0;
  #probeUs = PROBE_FIRST_US;
  #dueUs = Infinity;
  readonly #tell: (isUp: boolean, reason: string) => void;

  /** @param hasStream false when no private stream exists: then only requests count @param tell called at every change */
  constructor(hasStream: boolean, tell: (isUp: boolean, reason: string) => void) {
    this.#isStreamUp = !hasStream;
    this.#tell = tell;
  }

  get isUp(): boolean {
    return this.#isStreamUp && this.#isReachable;
  }

  get isStreamUp(): boolean {
    return this.#isStreamUp;
  }

  /** When the next sign of life should be asked for, Infinity while there is no need. */
  get probeDueUs(): number {
    return this.#dueUs;
  }

  streamUp(): void {
    this.#change(() => (this.#isStreamUp = true), '');
  }

  streamDown(reason: string): void {
    this.#change(() => (this.#isStreamUp = false), reason);
  }

  /** The venue said something sensible. */
  answered(): void {
    this.#outages = 0;
    this.#dueUs = Infinity;
    this.#probeUs = PROBE_FIRST_US;
    this.#change(() => (this.#isReachable = true), '');
  }

  outage(nowUs: number, reason: string): void {
    this.#outages++;
    if (this.#outages < OUTAGES_MOST && this.#isReachable) return;
    this.#dueUs = nowUs + this.#probeUs;
    this.#probeUs = Math.min(PROBE_MOST_US, this.#probeUs * 2);
    this.#change(() => (this.#isReachable = false), reason);
  }

  /** A probe leaves; should nothing at all come of it, the next one follows all the same. */
  probing(nowUs: number): void {
    this.#dueUs = nowUs + PROBE_MOST_US;
  }

  #change(set: () => void, reason: string): void {
    const before = this.isUp;
    set();
    if (this.isUp !== before) this.#tell(this.isUp, reason);
  }
}
