/** Reading parsed answers, whose numbers are texts: each helper returns our type or throws EngineError BAD_SHAPE. */
import { EngineError } from '../core/numbers/errors.js';

export type Row = Readonly<Record<string, unknown>>;

function bad(expected: string, found: unknown): EngineError {
  return new EngineError('BAD_SHAPE', 'give-up', { expected, found: found === null ? 'null' : typeof found });
}

export function rowOf(value: unknown): Row {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('object', value);
  return value as Row;
}

export function rowsOf(value: unknown): readonly Row[] {
  if (!Array.isArray(value)) throw bad('list', value);
  return value.map(rowOf);
}

export function textOf(row: Row, key: string): string {
  const value = row[key];
  if (typeof value !== 'string') throw bad(`text in ${key}`, value);
  return value;
}

/** Absent, null and '' are 0. */
export function decimalOf(row: Row, key: string): string {
  const value = row[key];
  return value === undefined || value === null || value === '' ? '0' : textOf(row, key);
}

export function sideOf(row: Row): 'buy' | 'sell' {
  const side = textOf(row, 'side').toLowerCase();
  if (side !== 'buy' && side !== 'sell') throw bad('buy or sell', side);
  return side;
}

export function isZero(decimal: string): boolean {
  return !/[1-9]/.test(decimal.split(/[eE]/)[0] ?? '');
}
