/** The part of pino-roll that logs.ts uses; the package brings no types. */
declare module 'pino-roll' {
  import type { EventEmitter } from 'node:events';

  interface RollOptions {
    readonly file: string;
    /** With a unit: `16384k`. */
    readonly size: string;
    readonly mkdir: boolean;
    readonly limit: { readonly count: number; readonly removeOtherLogFiles: boolean };
  }
  interface RollStream extends EventEmitter {
    write(text: string): boolean;
    /** Writes what waits, then emits 'close'. */
    end(): void;
  }
  export default function roll(options: RollOptions): Promise<RollStream>;
}
