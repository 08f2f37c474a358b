/**
 * The status table on a terminal: redrawn in place without flicker on a TTY, a plain line every few seconds elsewhere. Main thread; the host gives the stream
 * and timers of the wall.
 */
import type { TimerHandle, Timers } from '../core/ports/clock.js';
import type { EngineView } from './state.js';
import { LEAST_WIDTH, renderPlainLine, renderTable, type TerminalState } from './terminal-table.js';

export { renderPlainLine, renderTable, type TerminalState } from './terminal-table.js';

/** Twice a second is quick enough to read. */
export const REDRAW_MS = 500;
export const PLAIN_LINE_MS = 5_000;
const DEFAULT_WIDTH = 100;
const DEFAULT_HEIGHT = 40;

const ESCAPE = '\u001b';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
/** Terminals that know it show the frame at once; others ignore it. */
const BEGIN_FRAME = '\u001b[?2026h';
const END_FRAME = '\u001b[?2026l';
const CLEAR_TO_EOL = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
/** Colours are not part of a line's width. */
const COLOUR = new RegExp(`${ESCAPE}\\[[0-9;]*m`, 'g');

/** The part of a stream that is used; process.stdout is one. */
export interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export interface TerminalOptions {
  readonly out: TerminalStream;
  /** Timers of the wall. */
  readonly timers: Timers;
  readonly view: EngineView;
  readonly url: string;
  /** Default: when the stream is a terminal. Hosts pass false when NO_COLOR is set. */
  readonly isColoured?: boolean;
}

export class TerminalView {
  readonly #options: TerminalOptions;
  readonly #isTty: boolean;
  #timer: TimerHandle | null = null;
  /** Visible widths of the lines that stand on the terminal now. */
  #drawn: number[] = [];

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.#isTty = options.out.isTTY === true;
  }

  start(): void {
    if (this.#timer !== null) return;
    if (this.#isTty) this.#options.out.write(HIDE_CURSOR);
    this.#timer = this.#options.timers.every(this.#isTty ? REDRAW_MS : PLAIN_LINE_MS, () => this.draw());
    if (this.#isTty) this.draw();
  }

  /** A line that stays: above the table on a terminal. */
  line(text: string): void {
    if (!this.#isTty || this.#timer === null) {
      this.#options.out.write(`${text}\n`);
      return;
    }
    this.#options.out.write(`${BEGIN_FRAME}${this.#backToTop()}${text}${CLEAR_TO_EOL}\n${CLEAR_BELOW}`);
    this.#drawn = [];
    this.draw();
    this.#options.out.write(END_FRAME);
  }

  draw(): void {
    const { out, isColoured } = this.#options;
    if (!this.#isTty) {
      out.write(`${renderPlainLine(this.#state())}\n`);
      return;
    }
    const width = Math.max(LEAST_WIDTH, (out.columns ?? DEFAULT_WIDTH) - 1);
    const height = Math.max(4, (out.rows ?? DEFAULT_HEIGHT) - 1);
    const lines = renderTable(this.#state(), width, { isColoured: isColoured ?? true, height });
    // One write a frame: each line is overwritten and its rest cleared, so nothing blinks.
    out.write(`${BEGIN_FRAME}${this.#backToTop()}${lines.map((text) => `${text}${CLEAR_TO_EOL}\n`).join('')}${CLEAR_BELOW}${END_FRAME}`);
    this.#drawn = lines.map((text) => text.replace(COLOUR, '').length);
  }

  /** The last table stays on the terminal; the cursor comes back. */
  stop(): void {
    if (this.#timer === null) return;
    this.#options.timers.cancel(this.#timer);
    this.#timer = null;
    this.draw();
    this.#drawn = [];
    if (this.#isTty) this.#options.out.write(SHOW_CURSOR);
  }

  /** A terminal that was made narrower has wrapped our lines: they take more rows than we wrote. */
  #backToTop(): string {
    const width = this.#options.out.columns ?? DEFAULT_WIDTH;
    const rows = this.#drawn.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / width)), 0);
    return rows === 0 ? '' : `\u001b[${rows}A\r`;
  }

  #state(): TerminalState {
    const { view, url } = this.#options;
    return { status: view.status(), books: view.books.rows(), pnl: view.pnl(), strategyPnl: view.strategyPnl(), url };
  }
}
