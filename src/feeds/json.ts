/** Reading parsed JSON of a venue: each helper returns our type or throws EngineError BAD_SHAPE with what was expected. Readable path only. */
import { EngineError } from '../core/numbers/errors.js';

export type JsonRecord = Readonly<Record<string, unknown>>;

function bad(expected: string, found: unknown): EngineError {
  return new EngineError('BAD_SHAPE', 'give-up', { expected, found: found === null ? 'null' : typeof found });
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function recordOf(value: unknown): JsonRecord {
  if (!isRecord(value)) throw bad('object', value);
  return value;
}

export function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw bad('list', value);
  return value;
}

export function textOf(value: unknown): string {
  if (typeof value !== 'string') throw bad('text', value);
  return value;
}

/** A number or text, as text: venues write decimals both ways. */
export function decimalOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  throw bad('decimal', value);
}

export function integerOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw bad('integer', value);
  return value;
}

/** Milliseconds of an ISO time; throws when it is none. */
export function millisOf(value: unknown): number {
  const text = textOf(value);
  const millis = Date.parse(text);
  if (!/^\d{4}-\d{2}-\d{2}T/.test(text) || Number.isNaN(millis)) throw bad('time', value);
  return millis;
}
