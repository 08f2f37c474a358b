/**
 * Log files of a run: `DATA/logs/thor.N.log` with everything and `DATA/logs/error.N.log` with errors alone, JSON lines, rotated by size, a bounded number kept.
 * Made by the host on the main thread; writes go through memory, so a slow disk delays nobody. No worker thread, no timer: after `close` no handle is left.
 */
import { join } from 'node:path';
import { pino } from 'pino';
import roll from 'pino-roll';
import { messageOf } from '../core/numbers/errors.js';

/** One file holds some 80,000 lines; with KEPT_FILES of them a data directory's logs stay below 150 MB. */
export const LOG_FILE_BYTES = 16 * 1024 * 1024;
/** Full files kept beside the one being written. */
export const KEPT_FILES = 8;
/** Lines held while the file is being opened; more are dropped and counted. */
const PENDING_LINES = 10_000;

export interface LogOptions {
  readonly dataDir: string;
  /** Lines also go to stderr. */
  readonly isVerbose?: boolean;
  readonly fileBytes?: number;
  readonly keptFiles?: number;
  /** Where a log that cannot be written says so, once a file. */
  readonly onError?: (text: string) => void;
}

export interface Logger {
  debug(facts: Readonly<Record<string, unknown>>, text: string): void;
  info(facts: Readonly<Record<string, unknown>>, text: string): void;
  warn(facts: Readonly<Record<string, unknown>>, text: string): void;
  error(facts: Readonly<Record<string, unknown>>, text: string): void;
  /** Writes what waits and lets go of the files. */
  close(): Promise<void>;
}

/** Field names that never reach a file, at the first three depths of an object. */
const SECRET_FIELDS = [
  'secret',
  'apiKey',
  'apiSecret',
  'privateKey',
  'passphrase',
  'password',
  'token',
  'signature',
  'authorization',
  'cookie',
];
const REDACTED = '[redacted]';
/** Secrets inside of texts: query parameters, and user and password of an address. */
const SECRET_TEXT = /\b(signature|secret|api_?key|passphrase|password|token|sign)=[^&\s"'\\]+/gi;
const SECRET_ADDRESS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s:@"'\\]*:[^/\s@"'\\]+@/gi;

/** A line of a log without secrets in its texts. */
export function scrub(line: string): string {
  return line.replace(SECRET_TEXT, `$1=${REDACTED}`).replace(SECRET_ADDRESS, `$1${REDACTED}@`);
}

export function createLogger(options: LogOptions): Logger {
  const onError = options.onError ?? ((text: string): void => void process.stderr.write(`thor: ${text}\n`));
  const folder = join(options.dataDir, 'logs');
  const size = options.fileBytes ?? LOG_FILE_BYTES;
  const kept = options.keptFiles ?? KEPT_FILES;
  const files = ['thor.log', 'error.log'].map((name) => new RollingFile({ path: join(folder, name), size, kept, onError }));
  const [all, errors] = files;
  const streams: pino.StreamEntry[] = [];
  if (all !== undefined) streams.push({ level: 'debug', stream: all });
  if (errors !== undefined) streams.push({ level: 'error', stream: errors });
  if (options.isVerbose === true)
    streams.push({ level: 'info', stream: { write: (line: string) => void process.stderr.write(scrub(line)) } });
  const log = pino(
    {
      level: 'debug',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: REDACTED },
    },
    pino.multistream(streams),
  );
  return {
    debug: (facts, text) => log.debug(facts, text),
    info: (facts, text) => log.info(facts, text),
    warn: (facts, text) => log.warn(facts, text),
    error: (facts, text) => log.error(facts, text),
    close: async () => {
      await Promise.all(files.map((file) => file.close()));
    },
  };
}

type RollStream = Awaited<ReturnType<typeof roll>>;

interface RollingFileOptions {
  readonly path: string;
  readonly size: number;
  readonly kept: number;
  readonly onError: (text: string) => void;
}

/** A rotated file that may be written before it is open. */
class RollingFile {
  readonly #options: RollingFileOptions;
  readonly #opened: Promise<void>;
  #stream: RollStream | null = null;
  #pending: string[] | null = [];
  #hasFailed = false;
  #dropped = 0;

  constructor(options: RollingFileOptions) {
    this.#options = options;
    this.#opened = this.#open();
  }

  write(line: string): void {
    const text = scrub(line);
    if (this.#stream !== null) this.#stream.write(text);
    else if (this.#pending !== null && this.#pending.length < PENDING_LINES) this.#pending.push(text);
    else this.#dropped++;
  }

  async close(): Promise<void> {
    await this.#opened;
    const stream = this.#stream;
    this.#stream = null;
    if (stream === null || this.#hasFailed) return;
    if (this.#dropped > 0) stream.write(`${JSON.stringify({ level: 'warn', msg: `${this.#dropped} lines were dropped` })}\n`);
    const ended = new Promise<void>((resolve) => {
      stream.once('close', () => resolve());
      stream.once('error', () => resolve()); // said by #failed
    });
    stream.end();
    await ended;
  }

  async #open(): Promise<void> {
    const { path, size, kept } = this.#options;
    try {
      // pino-roll reads a bare number as megabytes; kilobytes are the finest unit that it has.
      const stream = await roll({
        file: path,
        size: `${Math.max(1, Math.ceil(size / 1024))}k`,
        mkdir: true,
        limit: { count: kept, removeOtherLogFiles: true },
      });
      stream.on('error', (error: unknown) => this.#failed(error));
      for (const line of this.#pending ?? []) stream.write(line);
      this.#pending = null;
      this.#stream = stream;
    } catch (error) {
      this.#pending = null;
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#options.onError(`the log ${this.#options.path} cannot be written: ${messageOf(error)}`);
  }
}
