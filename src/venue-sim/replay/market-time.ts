/** Who follows the recording's clock: the `/clock` sockets of the admin address. Owned by the replay's process. */
import type { ServerSocket } from '../../core/ports/http.js';

export class MarketTimeFeed {
  readonly #sockets = new Map<number, ServerSocket>();
  #nowUs: number;
  #isEnded = false;

  constructor(startUs: number) {
    this.#nowUs = startUs;
  }

  get nowUs(): number {
    return this.#nowUs;
  }
  get sockets(): ServerSocket[] {
    return [...this.#sockets.values()];
  }
  get isEnded(): boolean {
    return this.#isEnded;
  }

  open(socket: ServerSocket): void {
    this.#sockets.set(socket.id, socket);
    socket.send(`{"marketUs":${this.#nowUs}}`);
    if (this.#isEnded) socket.send('{"ended":true}');
  }

  close(socket: ServerSocket): void {
    this.#sockets.delete(socket.id);
  }

  /** Recorded time moved on; it never goes back. */
  set(nowUs: number): void {
    this.#nowUs = Math.max(this.#nowUs, nowUs);
  }

  tell(): void {
    const text = `{"marketUs":${this.#nowUs}}`;
    for (const socket of this.sockets) socket.send(text);
  }

  end(): void {
    this.#isEnded = true;
    this.tell();
    for (const socket of this.sockets) socket.send('{"ended":true}');
  }
}
