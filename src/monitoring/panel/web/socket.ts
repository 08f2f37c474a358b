/** The live socket: reconnects with a growing pause and asks for the events it missed. */
import type { LiveMessage } from '../../payload.ts';
import type { Store } from './store.ts';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
/** The engine speaks at least once a second; after this much silence the line is dead. */
const SILENCE_MS = 6_000;

export class LiveSocket {
  readonly #store: Store;
  #pauseMs = FIRST_PAUSE_MS;
  #socket: WebSocket | null = null;
  #lastMs = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  start(): void {
    this.#connect();
    setInterval(() => {
      if (this.#socket?.readyState === WebSocket.OPEN && Date.now() - this.#lastMs > SILENCE_MS) this.#socket.close();
    }, 2_000);
  }

  #connect(): void {
    const url = new URL('api/v1/live', location.href.replace(/^http/, 'ws'));
    const { seq, run } = this.#store.resumePoint();
    if (run !== null) url.search = `since=${seq}&run=${run}`;
    const socket = new WebSocket(url);
    this.#socket = socket;
    this.#lastMs = Date.now();
    socket.addEventListener('message', (event) => {
      this.#lastMs = Date.now();
      this.#pauseMs = FIRST_PAUSE_MS;
      this.#store.receive(JSON.parse(String(event.data)) as LiveMessage);
    });
    socket.addEventListener('close', () => {
      this.#store.disconnected();
      setTimeout(() => this.#connect(), this.#pauseMs * (0.75 + Math.random() / 2));
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 1.7);
    });
  }
}
