/** A client's socket as a protocol sees it: what is sent goes past the fault gate, which may stall it. Made by `VenueFaultGate` for every accepted socket. */
import type { ServerSocket } from '../../core/ports/http.js';
import type { Occasion } from './script.js';

/** A stalled socket holds this many messages, then it breaks like one whose reader is gone. */
const MOST_STALLED = 20_000;

export class GateSocket implements ServerSocket {
  readonly id: number;
  readonly request: ServerSocket['request'];
  readonly #socket: ServerSocket;
  readonly #onSend: (socket: GateSocket, data: string | Uint8Array) => 'sent' | 'queued' | 'dropped';
  #stalled: { readonly deliver: () => void; readonly occasion: Occasion }[] = [];
  #isOpen = false;

  constructor(socket: ServerSocket, onSend: (socket: GateSocket, data: string | Uint8Array) => 'sent' | 'queued' | 'dropped') {
    this.id = socket.id;
    this.request = socket.request;
    this.#socket = socket;
    this.#onSend = onSend;
  }

  get data(): unknown {
    return this.#socket.data;
  }

  set data(data: unknown) {
    this.#socket.data = data;
  }

  get isStalled(): boolean {
    return this.#stalled.length > 0;
  }

  /** What the waiting messages are: the stall is over when no fault holds any of them. */
  get stalledFor(): readonly Occasion[] {
    const kinds = new Map(this.#stalled.map(({ occasion }) => [`${occasion.stream} ${occasion.type} ${occasion.symbol}`, occasion]));
    return [...kinds.values()];
  }

  send(data: string | Uint8Array): 'sent' | 'queued' | 'dropped' {
    return this.#isOpen ? this.#socket.send(data) : this.#onSend(this, data);
  }

  /** To the client, whatever faults there are. */
  pass(data: string | Uint8Array): 'sent' | 'queued' | 'dropped' {
    return this.#socket.send(data);
  }

  /** Everything sent inside `run` goes straight to the client. */
  openly(run: () => void): void {
    const before = this.#isOpen;
    this.#isOpen = true;
    try {
      run();
    } finally {
      this.#isOpen = before;
    }
  }

  /** Keeps a message for later; false when too many wait. */
  stall(deliver: () => void, occasion: Occasion): boolean {
    if (this.#stalled.length >= MOST_STALLED) return false;
    this.#stalled.push({ deliver, occasion });
    return true;
  }

  flush(): void {
    const waiting = this.#stalled;
    this.#stalled = [];
    this.openly(() => {
      for (const { deliver } of waiting) deliver();
    });
  }

  bufferedBytes(): number {
    return this.#socket.bufferedBytes();
  }

  ping(): void {
    this.#socket.ping();
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#stalled = [];
    this.#socket.terminate();
  }
}
