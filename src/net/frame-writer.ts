/** Masked client frames (RFC 6455 section 5.3), built whole for one write. Called by `websocket-client.ts`, event-loop lane. */
import { randomFillSync } from 'node:crypto';
import { OP_CLOSE, OP_PING, OP_PONG, OP_TEXT } from './frame-parser.js';
import { CLOSE_NO_CODE, REASON_BYTES_MAX } from './close-code.js';

/** Keys are drawn this many bytes at a time: one call into the random source per thousand frames. */
const MASK_POOL_BYTES = 4096;

export class FrameWriter {
  readonly #pool = Buffer.alloc(MASK_POOL_BYTES);
  #poolAt = MASK_POOL_BYTES;

  text(text: string): Buffer {
    const length = Buffer.byteLength(text);
    const header = length < 126 ? 6 : length < 0x10000 ? 8 : 14;
    const frame = Buffer.allocUnsafe(header + length);
    frame.write(text, header);
    return this.#finish(frame, OP_TEXT, header, length);
  }

  /** Payload up to 125 bytes, copied. */
  control(opcode: typeof OP_PING | typeof OP_PONG | typeof OP_CLOSE, payload: Uint8Array): Buffer {
    const frame = Buffer.allocUnsafe(6 + payload.length);
    frame.set(payload, 6);
    return this.#finish(frame, opcode, 6, payload.length);
  }

  /** `CLOSE_NO_CODE` gives an empty close frame. A reason too long is cut between characters. */
  close(code: number, reason: string): Buffer {
    if (code === CLOSE_NO_CODE) return this.control(OP_CLOSE, new Uint8Array(0));
    const payload = Buffer.alloc(2 + REASON_BYTES_MAX);
    payload.writeUInt16BE(code, 0);
    const { written } = new TextEncoder().encodeInto(reason, payload.subarray(2));
    return this.control(OP_CLOSE, payload.subarray(0, 2 + written));
  }

  #finish(frame: Buffer, opcode: number, header: number, length: number): Buffer {
    frame[0] = 0x80 | opcode;
    if (header === 6) frame[1] = 0x80 | length;
    else if (header === 8) {
      frame[1] = 0x80 | 126;
      frame.writeUInt16BE(length, 2);
    } else {
      frame[1] = 0x80 | 127;
      frame.writeUInt32BE(Math.floor(length / 0x1_0000_0000), 2);
      frame.writeUInt32BE(length >>> 0, 6);
    }
    if (this.#poolAt === MASK_POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#poolAt = 0;
    }
    const pool = this.#pool;
    const at = this.#poolAt;
    this.#poolAt = at + 4;
    const key = header - 4;
    for (let i = 0; i < 4; i++) frame[key + i] = pool[at + i] as number;
    for (let i = 0; i < length; i++) frame[header + i] = (frame[header + i] as number) ^ (pool[at + (i & 3)] as number);
    return frame;
  }
}
