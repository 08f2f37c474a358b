/**
 * Orders that the venue took by REST and whose event must follow on the stream: a stream that stays silent about them is dead, however well it answers its
 * heartbeats. Stands between a private feed's reader and its sink, and hears all that is told.
 */
import type {
  PrivateBalanceEvent,
  PrivateFillEvent,
  PrivateFundingEvent,
  PrivateOrderEvent,
  PrivatePositionEvent,
  PrivateSink,
} from '../../core/ports/private-events.js';

/** Events follow within milliseconds; a venue in trouble takes seconds. */
const WITHIN_US = 10_000_000;
/** Client ids heard of late: the event may come before the answer to the request. */
const MOST_HEARD = 4_000;

export class Expectations implements PrivateSink {
  readonly #sink: PrivateSink;
  readonly #withinUs: number;
  readonly #due = new Map<string, number>();
  #heard = new Set<string>();
  #heardBefore = new Set<string>();

  /** @param patience factor of the deadline */
  constructor(sink: PrivateSink, patience: number) {
    this.#sink = sink;
    this.#withinUs = WITHIN_US * patience;
  }

  expect(clientId: string, nowUs: number): void {
    if (!this.#heard.has(clientId) && !this.#heardBefore.has(clientId)) this.#due.set(clientId, nowUs + this.#withinUs);
  }

  /** The order that should have been told by now, null when there is none. */
  overdue(nowUs: number): string | null {
    for (const [clientId, dueUs] of this.#due) {
      // In the order of their deadlines.
      if (dueUs > nowUs) return null;
      return clientId;
    }
    return null;
  }

  /** A new connection: what was not told will not be. */
  forget(): void {
    this.#due.clear();
  }

  onPrivateUp(nowUs: number): void {
    this.#sink.onPrivateUp(nowUs);
  }
  onPrivateDown(nowUs: number, reason: string): void {
    this.#sink.onPrivateDown(nowUs, reason);
  }
  onPrivateOrder(event: PrivateOrderEvent): void {
    this.#hear(event.clientId);
    this.#sink.onPrivateOrder(event);
  }
  onPrivateFill(event: PrivateFillEvent): void {
    this.#hear(event.clientId);
    this.#sink.onPrivateFill(event);
  }
  onPrivateBalance(event: PrivateBalanceEvent): void {
    this.#sink.onPrivateBalance(event);
  }
  onPrivatePosition(event: PrivatePositionEvent): void {
    this.#sink.onPrivatePosition(event);
  }
  onPrivateFunding(event: PrivateFundingEvent): void {
    this.#sink.onPrivateFunding(event);
  }

  #hear(clientId: string): void {
    this.#due.delete(clientId);
    this.#heard.add(clientId);
    if (this.#heard.size < MOST_HEARD) return;
    this.#heardBefore = this.#heard;
    this.#heard = new Set();
  }
}
