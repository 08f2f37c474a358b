/** What a run says: JSON lines or words on stdout, notes in the log file, the status table on a terminal. Main thread. */
import type { TradeOptions } from './trade-options.js';
import { summaryLines, type Summary } from './summary.js';
import { createLogger, type Logger } from '../monitoring/logs.js';
import type { TerminalView } from '../monitoring/terminal.js';

export class RunOutput {
  readonly #options: TradeOptions;
  readonly #dataDir: string;
  readonly #log: Logger;
  /** Owns the terminal while it runs: lines go above its table. */
  #terminal: TerminalView | null = null;

  constructor(options: TradeOptions, dataDir: string) {
    this.#options = options;
    this.#dataDir = dataDir;
    this.#log = createLogger({ dataDir, isVerbose: options.isVerbose });
  }

  get usesTerminal(): boolean {
    return !this.#options.isJson && !this.#options.isQuiet;
  }

  /** To the person and the log. */
  say(text: string): void {
    this.#log.info({ source: 'thor' }, text);
    if (!this.#options.isQuiet && !this.#options.isJson) this.#writeLine(text);
  }

  /** To the log only. */
  note(source: string, text: string): void {
    this.#log.info({ source }, text);
  }

  error(source: string, text: string): void {
    this.#log.error({ source }, text);
    if (!this.#options.isJson) this.#writeLine(`${source}: ${text}`);
  }

  started(facts: Readonly<Record<string, unknown>>, line: string): void {
    this.#log.info(facts, 'started');
    if (this.#options.isJson) process.stdout.write(`${JSON.stringify(facts)}\n`);
    else if (!this.#options.isQuiet) this.#writeLine(line);
  }

  useTerminal(terminal: TerminalView | null): void {
    this.#terminal = terminal;
  }

  /** Before an exit that skips everything else: the cursor comes back. */
  leaveTerminal(): void {
    this.#terminal?.stop();
    this.#terminal = null;
  }

  #writeLine(line: string): void {
    if (this.#terminal !== null) this.#terminal.line(line);
    else (this.#options.isJson ? process.stderr : process.stdout).write(`${line}\n`);
  }

  finish(summary: Summary, resume: string): void {
    this.#log.info({ summary }, 'ended');
    if (this.#options.isJson) process.stdout.write(`${JSON.stringify(summary)}\n`);
    else for (const line of summaryLines(summary, `${resume} (data in ${this.#dataDir})`)) process.stdout.write(`${line}\n`);
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}
