/** A recording, line by line, plain or gzip, in bounded memory: what `verify` and replays read. Format: recordings/README.md. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { pipeline } from 'node:stream';
import { EngineError, messageOf } from '../core/numbers/errors.js';

/** Longest line taken; the largest recorded is 1.9 MB of instrument metadata. */
const MOST_LINE_BYTES = 256 * 1024 * 1024;

export interface RecordedLine {
  /** Counts from 1, empty lines included. */
  readonly line: number;
  /** Local receive time, milliseconds since 1970 with a fraction. */
  readonly t: number;
  /** `in` and `out` are frames, `http` is a REST answer. */
  readonly kind: 'in' | 'out' | 'http';
  /** Connection of a frame. */
  readonly conn: string;
  /** `GET /path?query` of a REST answer. */
  readonly http: string;
  readonly raw: string;
}

function badLine(line: number, reason: string): EngineError {
  return new EngineError('BAD_RECORDING', 'give-up', { line, reason });
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(2);
    const { bytesRead } = await file.read(head, 0, 2, 0);
    return bytesRead === 2 && head[0] === 0x1f && head[1] === 0x8b;
  } finally {
    await file.close();
  }
}

/** Throws EngineError BAD_RECORDING with line and reason at the first thing that is wrong; lines before it have been yielded. */
export async function* readRecording(path: string): AsyncGenerator<RecordedLine> {
  const source = createReadStream(path, { highWaterMark: 1 << 18 });
  // The error reaches us through the iteration; pipeline's own report of it is not needed twice.
  const stream = (await isGzip(path)) ? pipeline(source, createGunzip({ chunkSize: 1 << 18 }), () => undefined) : source;
  let line = 0;
  let parts: Buffer[] = [];
  let held = 0;
  try {
    for await (const piece of stream) {
      const chunk = piece as Buffer;
      let from = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        parts.push(chunk.subarray(from, at));
        line++;
        const record = parseLine(joined(parts), line);
        parts = [];
        held = 0;
        from = at + 1;
        if (record !== null) yield record;
      }
      if (from < chunk.length) {
        parts.push(chunk.subarray(from));
        held += chunk.length - from;
        if (held > MOST_LINE_BYTES) throw badLine(line + 1, `longer than ${MOST_LINE_BYTES} bytes`);
      }
    }
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw badLine(line + 1, `the file ends early or is damaged: ${messageOf(error)}`);
  }
  if (held > 0) {
    const record = parseLine(joined(parts), line + 1);
    if (record !== null) yield record;
  }
}

function joined(parts: readonly Buffer[]): string {
  return parts.length === 1 && parts[0] !== undefined ? parts[0].toString('utf8') : Buffer.concat(parts).toString('utf8');
}

/** Null for an empty line. */
export function parseLine(text: string, line: number): RecordedLine | null {
  if (text.trim() === '') return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badLine(line, `no JSON: ${messageOf(error)}`);
  }
  if (typeof value !== 'object' || value === null) throw badLine(line, 'no JSON object');
  const fields = value as Readonly<Record<string, unknown>>;
  const { t, dir, conn, http, raw } = fields;
  if (typeof t !== 'number' || !Number.isFinite(t)) throw badLine(line, "'t' must be a time in milliseconds");
  if (typeof raw !== 'string') throw badLine(line, "'raw' must be a text");
  if (typeof http === 'string') return { line, t, kind: 'http', conn: '', http, raw };
  if (dir !== 'in' && dir !== 'out') throw badLine(line, "'dir' must be 'in' or 'out', or 'http' be there");
  return { line, t, kind: dir, conn: typeof conn === 'string' ? conn : '', http: '', raw };
}
