/** Parameters as a person wrote them, checked against what a strategy declares. Called at start, before anything runs. */
import { UsageError } from '../core/numbers/errors.js';
import { parseDecimal } from '../core/numbers/decimal.js';
import { didYouMean, nearestWord } from '../core/numbers/nearest.js';
import type { Params, ParamSpec, ParamValue, StrategyDefinition } from '../core/ports/strategy.js';

/** Every declared parameter with its value or default. Throws UsageError naming the key, the value and what was expected. */
export function checkParams(name: string, definition: StrategyDefinition, given: Readonly<Record<string, unknown>>): Params {
  const known = definition.params.map((spec) => spec.key);
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    throw new UsageError(`${name}: params.${key}: ${definition.kind} has no such parameter${didYouMean(key, known)}`);
  }
  const params: Record<string, ParamValue | undefined> = {};
  for (const spec of definition.params) {
    const value = given[spec.key];
    if (value === undefined || value === null) {
      if (spec.default === undefined && spec.optional !== true)
        throw new UsageError(`${name}: params.${spec.key} is required: ${spec.reason}`);
      params[spec.key] = spec.default;
      continue;
    }
    params[spec.key] = checkValue(name, spec, value);
  }
  return params;
}

/** One line a parameter, for help texts. */
export function describeParams(definition: StrategyDefinition): readonly string[] {
  return definition.params.map((spec) => {
    const unit = spec.unit === '' ? '' : ` (${spec.unit})`;
    const start = spec.default !== undefined ? `default ${String(spec.default)}` : spec.optional === true ? 'optional' : 'required';
    const choices = spec.choices === undefined ? '' : `, one of ${spec.choices.join(' | ')}`;
    return `${spec.key}${unit}: ${spec.reason} [${spec.type}${choices}${rangeOf(spec)}, ${start}]`;
  });
}

function checkValue(name: string, spec: ParamSpec, value: unknown): ParamValue {
  switch (spec.type) {
    case 'decimal':
      return checkDecimal(name, spec, value);
    case 'integer':
      return checkInteger(name, spec, value);
    case 'boolean':
      if (typeof value === 'boolean') return value;
      throw wrong(name, spec, 'true or false', value);
    case 'choice':
      return checkChoice(name, spec, value);
    default:
      if (typeof value === 'string') return value;
      if (typeof value === 'number' && Number.isFinite(value)) return String(value);
      throw wrong(name, spec, 'text', value);
  }
}

function checkDecimal(name: string, spec: ParamSpec, value: unknown): string {
  // A whole number loses nothing on its way through YAML; 0.1 as a number is a float already.
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || !/^-?\d+(\.\d+)?$/.test(text)) throw wrong(name, spec, "a decimal number as text, like '0.25'", value);
  if (spec.min !== undefined && compare(text, String(spec.min)) < 0) throw wrong(name, spec, `at least ${spec.min}`, value);
  if (spec.max !== undefined && compare(text, String(spec.max)) > 0) throw wrong(name, spec, `at most ${spec.max}`, value);
  return text;
}

function checkInteger(name: string, spec: ParamSpec, value: unknown): number {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw wrong(name, spec, 'a whole number', value);
  if (spec.min !== undefined && number < Number(spec.min)) throw wrong(name, spec, `at least ${spec.min}`, value);
  if (spec.max !== undefined && number > Number(spec.max)) throw wrong(name, spec, `at most ${spec.max}`, value);
  return number;
}

function checkChoice(name: string, spec: ParamSpec, value: unknown): string {
  const choices = spec.choices ?? [];
  if (typeof value === 'string' && choices.includes(value)) return value;
  const near = typeof value === 'string' ? nearestWord(value, choices) : null;
  throw wrong(name, spec, `one of ${choices.join(', ')}${near === null ? '' : ` (did you mean ${near}?)`}`, value);
}

function wrong(name: string, spec: ParamSpec, expected: string, value: unknown): UsageError {
  return new UsageError(`${name}: params.${spec.key} must be ${expected}, was ${JSON.stringify(value)}`);
}

function compare(a: string, b: string): number {
  const left = parseDecimal(a);
  const right = parseDecimal(b);
  const scale = Math.max(left.scale, right.scale);
  const difference = left.mantissa * 10n ** BigInt(scale - left.scale) - right.mantissa * 10n ** BigInt(scale - right.scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function rangeOf(spec: ParamSpec): string {
  if (spec.min !== undefined && spec.max !== undefined) return `, ${spec.min} to ${spec.max}`;
  if (spec.min !== undefined) return `, at least ${spec.min}`;
  return spec.max === undefined ? '' : `, at most ${spec.max}`;
}
