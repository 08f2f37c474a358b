/** From YAML text to a checked configuration: every mistake as path, value, expectation, and the nearest key where a word is unknown. Called by main at start. */
import { parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { UsageError, messageOf } from '../core/numbers/errors.js';
import { nearestWord } from '../core/numbers/nearest.js';
import { configSchema, type ThorConfig } from './schema.js';

/** Far beyond any configuration a person writes; keeps a wrong file (a recording, an image) from being parsed for minutes. */
const MOST_LETTERS = 1 << 20;

/** @param file named in messages only. Throws UsageError, one line a mistake. */
export function parseConfig(text: string, file: string): ThorConfig {
  if (text.length > MOST_LETTERS)
    throw new UsageError(`${file}: too long for a configuration: ${text.length} letters, at most ${MOST_LETTERS}`);
  if (text.trim() === '') throw new UsageError(`${file}: the file is empty; 'config new' prints one to start from`);
  if (text.includes('\0') || text.includes('\uFFFD')) throw new UsageError(`${file}: not a text file in UTF-8`);
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  const syntax = document.errors[0];
  if (syntax !== undefined) throw new UsageError(`${file}: ${syntax.message.split('\n')[0]?.replace(/:$/, '') ?? 'not YAML'}`);
  const value = plainValue(document, file);
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) throw new UsageError(parsed.error.issues.flatMap((issue) => describeIssue(issue, value, file)).join('\n'));
  refuseTwice(
    parsed.data.strategies.map((entry) => entry.name),
    `${file}: strategies: the name`,
  );
  refuseTwice(
    parsed.data.venues.map((venue) => venue.id),
    `${file}: venues: the id`,
  );
  return parsed.data;
}

function plainValue(document: Document, file: string): unknown {
  try {
    return withoutEmpty(document.toJS());
  } catch (error) {
    // Aliases of aliases: the parser stops before they fill the memory.
    throw new UsageError(`${file}: ${messageOf(error)}`);
  }
}

/** A block in which everything is commented out is one that was not given. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, one]) => (one === null ? [] : [[key, withoutEmpty(one)]])));
}

function refuseTwice(words: readonly string[], what: string): void {
  const again = words.find((word, index) => words.indexOf(word) !== index);
  if (again !== undefined) throw new UsageError(`${what} '${again}' is used twice`);
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
  const value = valueAt(root, issue.path);
  return [`${file}: ${at}: was ${isSecret(issue.path) ? 'something else (not shown)' : shown(value)}, ${expectation(issue)}`];
}

/** What belongs at a path, in a person's words. */
function expectation(issue: z.core.$ZodIssue): string {
  const isPlain = issue.message.startsWith('Invalid input') || issue.message.startsWith('Too ');
  if (!isPlain) return `expected ${issue.message.replace(/^Invalid \w+: (expected )?/, '')}`;
  if (issue.code === 'invalid_type') return `expected ${WORD_OF_TYPE[issue.expected] ?? issue.expected}`;
  return issue.message.replace(/^Invalid (?:input|option): /, '').replace(/^Too \w+: expected \w+ to (?:be|have) /, 'expected ');
}

const WORD_OF_TYPE: Readonly<Record<string, string>> = {
  object: 'a block of keys',
  record: 'a block of keys',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

/** A key written where its reference belongs is a mistake that must not end in a terminal or a log. */
function isSecret(path: readonly PropertyKey[]): boolean {
  return path.includes('keys') || path.includes('mongo');
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

/**
 * Every leaf as `path = value  (origin)`; references to secrets are shown as references.
 * @param flags as the command line has them, defaults included; one that is named like a path of the configuration stands for its value
 * @param given the flags that a person gave
 */
export function printConfig(
  config: ThorConfig,
  fileText: string,
  flags: Readonly<Record<string, unknown>>,
  given: readonly string[],
): string[] {
  const written: unknown = parseDocument(fileText).toJS();
  const lines: string[] = [];
  const walk = (value: unknown, path: readonly PropertyKey[]): void => {
    if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
      for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
      return;
    }
    const name = path.map(String).join('.');
    const origin: Origin = name in flags ? 'flag' : valueAt(written, path) === undefined ? 'default' : 'file';
    lines.push(`${name} = ${JSON.stringify(name in flags ? flags[name] : value)}  (${origin})`);
  };
  walk(config, []);
  for (const [name, value] of Object.entries(flags))
    if (!lines.some((line) => line.startsWith(`${name} = `)))
      lines.push(`${name} = ${JSON.stringify(value)}  (${given.includes(name) ? 'flag' : 'default'})`);
  return lines;
}
