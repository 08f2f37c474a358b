/**
 * `--commit`: nobody is told anything before the state that it speaks of is saved, so that a killed process has forgotten nothing that a client knows. Stands between
 * listeners and fault gates (`process.ts`); the state folder says when a snapshot was taken and when it was written.
 *
 *   account changed -> isDirty -> what is said from now on is held -> snapshot taken -> written -> said, in order
 */
import type { HttpServerHandlers, ServerSocket } from '../core/ports/http.js';

export class Commit {
  readonly #saveNow: () => void;
  #isDirty = false;
  /** A snapshot was taken and is not written yet. */
  #isSaving = false;
  /** Said before that snapshot, and since. */
  #taken: (() => void)[] = [];
  #held: (() => void)[] = [];
  #isOver = false;

  /** @param saveNow asks for a save; what is asked while one is under way may be one save */
  constructor(saveNow: () => void) {
    this.#saveNow = saveNow;
  }

  /** A client's account changed. */
  changed(): void {
    if (this.#isDirty || this.#isOver) return;
    this.#isDirty = true;
    if (!this.#isSaving) this.#saveNow();
  }

  /** Now, when everything is saved; else later, in order. */
  say(run: () => void): void {
    if (this.#isDirty || this.#isSaving) this.#held.push(run);
    else run();
  }

  onTaken(): void {
    this.#isSaving = true;
    this.#isDirty = false;
    this.#taken = [...this.#taken, ...this.#held];
    this.#held = [];
  }

  onWritten(): void {
    this.#isSaving = false;
    // Since the snapshot nothing changed: what was said since is covered too.
    const due = this.#isDirty ? this.#taken : [...this.#taken, ...this.#held];
    this.#taken = [];
    if (this.#isDirty) this.#saveNow();
    else this.#held = [];
    for (const run of due) run();
  }

  /** What was held stays so until a save succeeds. */
  onFailed(): void {
    this.#isSaving = false;
    this.#isDirty = true;
  }

  /** The exchanges stop, with everything saved: nothing is held any more. */
  end(): void {
    this.#isOver = true;
    this.#isDirty = false;
    this.onWritten();
  }

  /** One listener's handlers. */
  wrap(handlers: HttpServerHandlers): HttpServerHandlers {
    const sockets = new Map<number, HeldSocket>();
    const heldOf = (socket: ServerSocket): ServerSocket => sockets.get(socket.id) ?? socket;
    return {
      onRequest: (request, respond) => handlers.onRequest(request, (reply) => this.say(() => respond(reply))),
      ...(handlers.onUpgrade === undefined ? {} : { onUpgrade: (request) => handlers.onUpgrade?.(request) ?? null }),
      onOpen: (socket) => {
        const held = new HeldSocket(socket, (run) => this.say(run));
        sockets.set(socket.id, held);
        handlers.onOpen?.(held);
      },
      onMessage: (socket, bytes, isText) => handlers.onMessage?.(heldOf(socket), bytes, isText),
      onPong: (socket) => handlers.onPong?.(heldOf(socket)),
      onDrain: (socket) => handlers.onDrain?.(heldOf(socket)),
      onClose: (socket, code, reason) => {
        const held = sockets.get(socket.id);
        held?.gone();
        sockets.delete(socket.id);
        handlers.onClose?.(held ?? socket, code, reason);
      },
    };
  }
}

/** A client's socket whose messages wait. */
class HeldSocket implements ServerSocket {
  readonly id: number;
  readonly request: ServerSocket['request'];
  readonly #socket: ServerSocket;
  readonly #say: (run: () => void) => void;
  #isGone = false;

  constructor(socket: ServerSocket, say: (run: () => void) => void) {
    this.id = socket.id;
    this.request = socket.request;
    this.#socket = socket;
    this.#say = say;
  }

  get data(): unknown {
    return this.#socket.data;
  }

  set data(data: unknown) {
    this.#socket.data = data;
  }

  send(data: string | Uint8Array): 'sent' | 'queued' | 'dropped' {
    let outcome: 'sent' | 'queued' | 'dropped' = 'sent';
    // The sender may write into its bytes again.
    const kept = typeof data === 'string' ? data : data.slice();
    this.#say(() => {
      if (!this.#isGone) outcome = this.#socket.send(kept);
    });
    return outcome;
  }

  gone(): void {
    this.#isGone = true;
  }

  bufferedBytes(): number {
    return this.#isGone ? 0 : this.#socket.bufferedBytes();
  }

  ping(): void {
    this.#say(() => this.#isGone || this.#socket.ping());
  }

  close(code?: number, reason?: string): void {
    this.#say(() => this.#isGone || this.#socket.close(code, reason));
  }

  terminate(): void {
    this.#socket.terminate();
  }
}
