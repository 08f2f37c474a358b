/**
 * RFC 6455 frames out of a receive buffer, where they landed. Called by `websocket-client.ts` on every socket read, event-loop lane; allocates nothing per frame.
 *
 *   receive  | used | frames waiting: at most one, cut short | room: the next read lands here |
 *            0      readAt                                   writeAt                  capacity
 *
 * A whole unfragmented frame is handed on in place. One that a read cut short moves to the front, where the next read then lands behind it: a view of that place is
 * kept, so nothing is allocated, and bytes land where the processor's caches still are. A large one waits where it lies until the room behind it gets small.
 * Fragments, and frames larger than the receive buffer, are gathered in a buffer of our own ("spill") that grows as bytes arrive, never on the word of a header.
 */
import { CLOSE_NOT_UTF8, CLOSE_NO_CODE, CLOSE_PROTOCOL_ERROR, CLOSE_TOO_BIG, mayTravel } from './close-code.js';
import { TextCheck } from './text-check.js';

export const OP_CONTINUATION = 0x0;
export const OP_TEXT = 0x1;
export const OP_BINARY = 0x2;
export const OP_CLOSE = 0x8;
export const OP_PING = 0x9;
export const OP_PONG = 0xa;

/** Room below which waiting bytes move to the front: one TLS record, so that a read is rarely cut by us. */
const ROOM_MIN_BYTES = 16 * 1024;
/** A frame cut short moves to the front if no more than this of it has come. It ends there on a step, so that few places for the next read are needed. */
const FRONT_BYTES = 16 * 1024;
const FRONT_STEP = 64;
/** A spill buffer up to this size is kept for the next large message; a larger one is given back. */
const SPILL_KEPT_BYTES = 4 * 1024 * 1024;
const SPILL_FIRST_BYTES = 64 * 1024;
/** The longest payload whose length stands in two bytes. */
const RUN_FRAME_BYTES = 0xffff;

/** What the parser finds. Each callback says whether parsing may go on: false once the connection is closing. */
export interface FrameSink {
  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean): boolean;
  /** Bytes that wait, from the beginning of a frame: takes whole unmasked text frames of up to 64 KiB. @returns where the first begins that it left */
  onRun?(bytes: Uint8Array, start: number, end: number): number;
  /** Ping or pong; the payload is valid during the call. */
  onControl(opcode: number, bytes: Uint8Array, start: number, end: number): boolean;
  /** The peer's close frame; `CLOSE_NO_CODE` when it was empty. Nothing is parsed after it. */
  onPeerClose(code: number, reason: string): void;
}

export class FrameParser {
  /** Why the last `parse` failed, for the close reason and the log. */
  failure = '';
  readonly capacity: number;

  readonly #receive: Uint8Array;
  readonly #receiveText: TextCheck;
  readonly #maxMessageBytes: number;
  readonly #roomMin: number;
  readonly #frontBytes: number;
  /** The buffer from each step on; made when it is needed first. */
  readonly #rooms: (Uint8Array | undefined)[];
  readonly #sink: FrameSink;
  readonly #mustCheckText: boolean;
  /** Somebody takes runs, and nothing that they skip has to be looked at. */
  readonly #givesRuns: boolean;
  #readAt = 0;
  #writeAt = 0;

  #spill: Uint8Array | null = null;
  #spillText: TextCheck | null = null;
  #spillBytes = 0;
  /** Payload bytes of the frame that is being streamed into the spill; 0 when none is. */
  #streamLeft = 0;
  #streamIsLast = false;
  /** Opcode of the fragmented message under way, 0 when none is. */
  #openOpcode = 0;

  constructor(receive: Uint8Array, maxMessageBytes: number, sink: FrameSink, mustCheckText = true) {
    this.#receive = receive;
    this.#receiveText = new TextCheck(receive);
    this.capacity = receive.length;
    this.#maxMessageBytes = maxMessageBytes;
    this.#roomMin = Math.min(ROOM_MIN_BYTES, this.capacity >>> 2);
    this.#frontBytes = Math.min(FRONT_BYTES, this.capacity >>> 2);
    this.#rooms = Array.from({ length: Math.ceil(this.#frontBytes / FRONT_STEP) + 1 });
    this.#sink = sink;
    this.#mustCheckText = mustCheckText;
    this.#givesRuns = sink.onRun !== undefined && !mustCheckText && maxMessageBytes >= RUN_FRAME_BYTES;
  }

  /** Where the next read must land: the whole buffer while nothing waits, else what is behind a frame that was cut short. Never empty. */
  room(): Uint8Array {
    const waiting = this.#writeAt - this.#readAt;
    if (waiting === 0) {
      this.#readAt = 0;
      this.#writeAt = 0;
      return this.#receive;
    }
    if (waiting <= this.#frontBytes) {
      const step = Math.ceil(waiting / FRONT_STEP);
      const end = step * FRONT_STEP;
      if (this.#writeAt !== end) {
        this.#receive.copyWithin(end - waiting, this.#readAt, this.#writeAt);
        this.#readAt = end - waiting;
        this.#writeAt = end;
      }
      return (this.#rooms[step] ??= this.#receive.subarray(end));
    }
    if (this.capacity - this.#writeAt < this.#roomMin) this.#toFront();
    return this.#receive.subarray(this.#writeAt);
  }

  /** `count` bytes have landed in the room. */
  landed(count: number): void {
    this.#writeAt += count;
  }

  /** Bytes that wait, for the reader of the opening handshake: `waiting[0]` is the first byte not yet used. */
  waiting(): Uint8Array {
    return this.#receive.subarray(this.#readAt, this.#writeAt);
  }

  skip(count: number): void {
    this.#readAt += count;
  }

  /** Size of the gathering buffer that is held now. */
  get gatheredCapacity(): number {
    return this.#spill?.length ?? 0;
  }

  /** Hands on every whole frame. 0, or the close code with which the connection must fail (`failure` says why). */
  parse(): number {
    const bytes = this.#receive;
    for (;;) {
      if (this.#streamLeft > 0) {
        const code = this.#stream();
        if (code !== 0) return code < 0 ? 0 : code;
        if (this.#streamLeft > 0) return 0;
        continue;
      }
      const at = this.#readAt;
      const waiting = this.#writeAt - at;
      if (waiting < 2) return 0;
      if (this.#givesRuns && this.#openOpcode === 0) {
        const next = this.#sink.onRun?.(bytes, at, this.#writeAt) ?? at;
        if (next !== at) {
          this.#readAt = next;
          continue;
        }
      }
      const first = bytes[at] as number;
      const second = bytes[at + 1] as number;
      const opcode = first & 0x0f;
      const isFinal = (first & 0x80) !== 0;
      if ((first & 0x70) !== 0) return this.#fail(CLOSE_PROTOCOL_ERROR, 'reserved bit set');
      if ((second & 0x80) !== 0) return this.#fail(CLOSE_PROTOCOL_ERROR, 'masked frame from a server');
      let length = second & 0x7f;
      let header = 2;
      if (opcode >= OP_CLOSE) {
        if (opcode > OP_PONG) return this.#fail(CLOSE_PROTOCOL_ERROR, 'unknown opcode');
        if (!isFinal) return this.#fail(CLOSE_PROTOCOL_ERROR, 'fragmented control frame');
        if (length > 125) return this.#fail(CLOSE_PROTOCOL_ERROR, 'control frame over 125 bytes');
        if (waiting < 2 + length) return 0;
        this.#readAt = at + 2 + length;
        if (opcode === OP_CLOSE) return this.#close(at + 2, length);
        if (!this.#sink.onControl(opcode, bytes, at + 2, at + 2 + length)) return 0;
        continue;
      }
      if (opcode > OP_BINARY) return this.#fail(CLOSE_PROTOCOL_ERROR, 'unknown opcode');
      if (opcode === OP_CONTINUATION) {
        if (this.#openOpcode === 0) return this.#fail(CLOSE_PROTOCOL_ERROR, 'continuation of nothing');
      } else if (this.#openOpcode !== 0) return this.#fail(CLOSE_PROTOCOL_ERROR, 'new message inside a fragmented one');
      if (length === 126) {
        if (waiting < 4) return 0;
        length = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
        header = 4;
        if (length < 126) return this.#fail(CLOSE_PROTOCOL_ERROR, 'length not minimal');
      } else if (length === 127) {
        if (waiting < 10) return 0;
        const high = this.#word(at + 2);
        const low = this.#word(at + 6);
        if (high >= 0x80000000) return this.#fail(CLOSE_PROTOCOL_ERROR, 'length over 63 bits');
        if (high === 0 && low < 0x10000) return this.#fail(CLOSE_PROTOCOL_ERROR, 'length not minimal');
        length = high * 0x1_0000_0000 + low;
        header = 10;
      }
      const gathered = this.#openOpcode === 0 ? 0 : this.#spillBytes;
      if (length + gathered > this.#maxMessageBytes) return this.#fail(CLOSE_TOO_BIG, `message over ${this.#maxMessageBytes} bytes`);
      if (isFinal && opcode !== OP_CONTINUATION && header + length <= this.capacity) {
        if (waiting < header + length) {
          // It must fit behind readAt: a frame that began too far back moves to the front now, once.
          if (at + header + length > this.capacity) this.#toFront();
          return 0;
        }
        const start = at + header;
        const end = start + length;
        this.#readAt = end;
        if (opcode === OP_TEXT && this.#mustCheckText && !this.#receiveText.isUtf8(start, end))
          return this.#fail(CLOSE_NOT_UTF8, 'text is not UTF-8');
        if (!this.#sink.onMessage(bytes, start, end, opcode === OP_TEXT)) return 0;
        continue;
      }
      this.#readAt = at + header;
      if (opcode !== OP_CONTINUATION) {
        this.#openOpcode = opcode;
        this.#spillBytes = 0;
      }
      this.#streamLeft = length;
      this.#streamIsLast = isFinal;
      if (length === 0 && isFinal) {
        const code = this.#gathered();
        if (code !== 0) return code < 0 ? 0 : code;
      }
    }
  }

  /** Moves payload bytes into the spill. 0 to go on, a close code, or -1 when the sink said stop. */
  #stream(): number {
    const count = Math.min(this.#streamLeft, this.#writeAt - this.#readAt);
    if (count > 0) {
      this.#grow(this.#spillBytes + count).set(this.#receive.subarray(this.#readAt, this.#readAt + count), this.#spillBytes);
      this.#spillBytes += count;
      this.#readAt += count;
      this.#streamLeft -= count;
    }
    return this.#streamLeft === 0 && this.#streamIsLast ? this.#gathered() : 0;
  }

  /** The message in the spill is whole. */
  #gathered(): number {
    const isText = this.#openOpcode === OP_TEXT;
    const bytes = this.#grow(this.#spillBytes);
    const count = this.#spillBytes;
    const isValid = !isText || !this.#mustCheckText || this.#spillText === null || this.#spillText.isUtf8(0, count);
    this.#openOpcode = 0;
    this.#spillBytes = 0;
    if (bytes.length > SPILL_KEPT_BYTES) {
      this.#spill = null;
      this.#spillText = null;
    }
    if (!isValid) return this.#fail(CLOSE_NOT_UTF8, 'text is not UTF-8');
    return this.#sink.onMessage(bytes, 0, count, isText) ? 0 : -1;
  }

  #grow(needed: number): Uint8Array {
    const old = this.#spill;
    if (old !== null && old.length >= needed) return old;
    let size = old === null ? SPILL_FIRST_BYTES : old.length;
    while (size < needed) size *= 2;
    const grown = new Uint8Array(Math.min(size, Math.max(needed, this.#maxMessageBytes)));
    if (old !== null) grown.set(old.subarray(0, this.#spillBytes));
    this.#spill = grown;
    this.#spillText = new TextCheck(grown);
    return grown;
  }

  #close(start: number, length: number): number {
    if (length === 0) {
      this.#sink.onPeerClose(CLOSE_NO_CODE, '');
      return 0;
    }
    if (length === 1) return this.#fail(CLOSE_PROTOCOL_ERROR, 'close frame of one byte');
    const bytes = this.#receive;
    const code = ((bytes[start] as number) << 8) | (bytes[start + 1] as number);
    if (!mayTravel(code)) return this.#fail(CLOSE_PROTOCOL_ERROR, `close code ${code} may not be sent`);
    if (!this.#receiveText.isUtf8(start + 2, start + length)) return this.#fail(CLOSE_NOT_UTF8, 'close reason is not UTF-8');
    this.#sink.onPeerClose(code, Buffer.from(bytes.subarray(start + 2, start + length)).toString('utf8'));
    return 0;
  }

  #toFront(): void {
    if (this.#readAt === 0) return;
    this.#receive.copyWithin(0, this.#readAt, this.#writeAt);
    this.#writeAt -= this.#readAt;
    this.#readAt = 0;
  }

  #word(at: number): number {
    const bytes = this.#receive;
    const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    return high * 0x10000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
  }

  #fail(code: number, why: string): number {
    this.failure = why;
    return code;
  }
}
