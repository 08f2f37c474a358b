/** From YAML text to a checked configuration: every mistake as path, value, expectation, and the nearest key where a word is unknown. Called by main at start. */
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { UsageError } from '../core/numbers/errors.js';
import { nearestWord } from '../core/numbers/nearest.js';
import { configSchema, type ThorConfig } from './schema.js';

/** @param file named in messages only. Throws UsageError, one line a mistake. */
export function parseConfig(text: string, file: string): ThorConfig {
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  const syntax = document.errors[0];
  if (syntax !== undefined) throw new UsageError(`${file}: ${syntax.message.split('\n')[0] ?? 'not YAML'}`);
  const value: unknown = document.toJS();
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) throw new UsageError(parsed.error.issues.flatMap((issue) => describeIssue(issue, value, file)).join('\n'));
  const names = new Set<string>();
  for (const entry of parsed.data.strategies) {
    if (names.has(entry.name)) throw new UsageError(`${file}: strategies: the name '${entry.name}' is used twice`);
    names.add(entry.name);
  }
  return parsed.data;
}

function describeIssue(issue: z.core.$ZodIssue, root: unknown, file: string): string[] {
  const at = issue.path.length === 0 ? '(top)' : issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(issue.path);
    return issue.keys.map((key) => {
      const near = nearestWord(key, known);
      return `${file}: ${at === '(top)' ? '' : `${at}.`}${key}: unknown key${near === null ? '' : `, did you mean '${near}'?`} (known: ${known.join(', ')})`;
    });
  }
  return [`${file}: ${at}: was ${shown(valueAt(root, issue.path))}, ${issue.message}`];
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let at: unknown = root;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return at;
}

/** Keys that the schema knows at a path. */
function keysAt(path: readonly PropertyKey[]): string[] {
  let at: unknown = configSchema;
  for (const key of path) {
    at = unwrap(at);
    if (at instanceof z.ZodObject) at = (at.shape as Record<string, unknown>)[String(key)];
    else if (at instanceof z.ZodArray) at = at.element;
  }
  at = unwrap(at);
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

function unwrap(schema: unknown): unknown {
  let at = schema;
  while (at instanceof z.ZodDefault || at instanceof z.ZodPrefault || at instanceof z.ZodOptional) at = at.def.innerType;
  return at;
}

/** The configuration schema as JSON Schema, for editors. */
export function jsonSchema(): unknown {
  return z.toJSONSchema(configSchema, { io: 'input' });
}

/** Where a value came from, for `--print-config`. */
export type Origin = 'default' | 'file' | 'flag';

/** Every leaf as `path = value  (origin)`; references to secrets are shown as references. */
export function printConfig(config: ThorConfig, fileText: string, flags: Readonly<Record<string, unknown>>): string[] {
  const given: unknown = parseDocument(fileText).toJS();
  const lines: string[] = [];
  const walk = (value: unknown, path: readonly PropertyKey[]): void => {
    if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
      for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
      return;
    }
    const name = path.map(String).join('.');
    const origin: Origin = name in flags ? 'flag' : valueAt(given, path) === undefined ? 'default' : 'file';
    lines.push(`${name} = ${JSON.stringify(value)}  (${origin})`);
  };
  walk(config, []);
  for (const [name, value] of Object.entries(flags))
    if (!lines.some((line) => line.startsWith(`${name} = `))) lines.push(`${name} = ${JSON.stringify(value)}  (flag)`);
  return lines;
}
