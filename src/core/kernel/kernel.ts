/** What reads the bytes of a frame. One object per connection, on the feed's thread; the WebAssembly kernel fills the same interface. */
import type { Message } from './message.js';

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
