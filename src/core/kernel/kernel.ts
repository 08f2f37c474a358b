/** What reads the bytes of a frame. One object per connection, on the feed's thread; the WebAssembly kernel fills the same interface. */
import type { BookWriter } from '../book/book-writer.js';
import type { Message } from './message.js';

export { APPLY_NOT_MINE, APPLY_UNKNOWN_SYMBOL, DONE_BOOK, DONE_MESSAGE, DONE_PART, RUN_OVER } from './context.js';

/** The message is filled and may be applied. */
export const SCAN_DONE = 0;
/** No shape fits: the frame goes through JSON.parse and the venue's mapper. */
export const SCAN_NOT_MINE = 1;
/** The frame fits a shape but names a symbol that the table does not know; `symbolStart` and `symbolEnd` say where it stands. */
export const SCAN_UNKNOWN_SYMBOL = 2;

export type KernelName = 'wasm' | 'ts' | 'json';

export interface Kernel {
  readonly name: KernelName;
  readonly symbolStart: number;
  readonly symbolEnd: number;
  /** Reads `bytes[start, end)` and nothing beyond; fills `out` (which it clears first). SCAN_*. */
  scan(bytes: Uint8Array, start: number, end: number, out: Message): number;
}

/** A kernel that also writes books: from the bytes of a message that is next in order to the published book in one call. */
export interface BookKernel extends Kernel {
  /** Books of this memory only. */
  readonly memory: WebAssembly.Memory;
  /** Reads `bytes[start, end)`; nothing is touched when it is not the kernel's. @returns APPLY_*, or instrument x 4 + DONE_* */
  apply(bytes: Uint8Array, start: number, end: number, recvUs: number): number;
  /**
   * Applies whole text frames of a socket, headers included, for as long as each is a published book; about 4 KiB of them at most. @returns RUN_OVER, or what
   * `apply` says of the frame that followed them: `runFrom` to `runTo`
   */
  applyRun(bytes: Uint8Array, start: number, end: number, recvUs: number): number;
  /** Frames that the last run published, and the bytes of their payloads. */
  readonly runFrames: number;
  readonly runBytes: number;
  /** Payload of the frame at which it stopped; after RUN_OVER only `runTo`, where the next frame begins, and nothing when no frame was taken. */
  readonly runFrom: number;
  readonly runTo: number;
  /** Instruments whose books it published, each once. */
  readonly changedCount: number;
  changedAt(place: number): number;
  /** The name at which `apply` stopped with APPLY_UNKNOWN_SYMBOL. */
  unknownSymbol(): string;
  /** Makes a name known. @param book byte offset, 0 where its book is not in the memory @returns false when it cannot be kept */
  admit(symbolText: string, instrument: number, book: number): boolean;
  /** MESSAGE_* of a frame that ended with DONE_MESSAGE. */
  readonly messageKind: number;
  /** Its fields and numbers. */
  fill(out: Message): void;
  /** One field of the last frame. */
  field(field: number): number;
  /** First of the frame's rows that a DONE_PART left, -1 when none is. */
  readonly rowsLeft: number;
  /** Applies the levels that a DONE_PART left. */
  goOn(book: BookWriter): void;
}
