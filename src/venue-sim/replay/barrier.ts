/**
 * Waits until clients have read what was sent: each gets a ping, and its pong comes only after everything before it was taken from the socket. This is how a
 * replay at full speed keeps its clients together: nobody is more than a window ahead. Called by the player on the thread of the `venues` process.
 */
import type { ServerSocket } from '../../core/ports/http.js';
import type { Timers } from '../../core/ports/clock.js';

export class Barrier {
  readonly #timers: Timers;
  readonly #limitMs: number;
  readonly #waiting = new Set<ServerSocket>();
  #resolve: (() => void) | null = null;

  /** @param limitMs a client that does not answer in this time is cut. */
  constructor(timers: Timers, limitMs: number) {
    this.#timers = timers;
    this.#limitMs = limitMs;
  }

  async pass(sockets: readonly ServerSocket[]): Promise<void> {
    if (sockets.length === 0) return;
    for (const socket of sockets) this.#waiting.add(socket);
    const answered = new Promise<void>((resolve) => (this.#resolve = resolve));
    const limit = this.#timers.after(this.#limitMs, () => {
      for (const socket of this.#waiting) {
        this.#waiting.delete(socket);
        socket.terminate();
      }
      this.#release();
    });
    for (const socket of sockets) socket.ping();
    await answered;
    this.#timers.cancel(limit);
  }

  onPong(socket: ServerSocket): void {
    this.#waiting.delete(socket);
    this.#release();
  }

  /** A closed socket answers nothing. */
  onClose(socket: ServerSocket): void {
    this.#waiting.delete(socket);
    this.#release();
  }

  #release(): void {
    if (this.#waiting.size > 0) return;
    this.#resolve?.();
    this.#resolve = null;
  }
}
