/**
 * Finds a strategy by kind or by path. Called at start, by the main thread (to check) and by the lane that runs it; never while trading.
 * A `.ts` file is stripped of its types, not type-checked. The stripped text is imported as a `data:` module, so nothing is written beside a user's file
 * and two threads never meet; its imports are made absolute first.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from 'sucrase';
import { messageOf, UsageError } from '../core/numbers/errors.js';
import { didYouMean } from '../core/numbers/nearest.js';
import type { ParamSpec, StrategyDefinition } from '../core/ports/strategy.js';
import * as api from './api.js';
import { STRATEGIES } from './registry.js';

/** What user files import the API as. */
const API_NAME = 'thor/strategy';
const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs'];
/** A chain of files that import each other: far beyond any sensible one. */
const MAX_DEPTH = 8;

/** @param kind a built-in kind, or the path of a strategy file @param directory what relative paths are relative to */
export async function loadStrategy(kind: string, directory: string): Promise<StrategyDefinition> {
  const builtIn = STRATEGIES.find((definition) => definition.kind === kind);
  if (builtIn !== undefined) return builtIn;
  if (!isPath(kind)) {
    const kinds = STRATEGIES.map((definition) => definition.kind);
    throw new UsageError(
      `no strategy '${kind}'${didYouMean(kind, kinds)} (built in: ${kinds.join(', ')}; or a path such as ./my-strategy.ts)`,
    );
  }
  const file = isAbsolute(kind) ? kind : resolve(directory, kind);
  const loaded: unknown = await importFile(kind, file);
  const definition: unknown = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : undefined;
  return checkDefinition(kind, definition);
}

export function isPath(word: string): boolean {
  return word.includes('/') || word.includes('\\') || EXTENSIONS.includes(extname(word));
}

async function importFile(word: string, file: string): Promise<unknown> {
  const source = await prepare(word, file, 0);
  try {
    return await import(dataUrl(source));
  } catch (error) {
    throw new UsageError(`strategy ${word}: cannot be loaded: ${messageOf(error)}`);
  }
}

/** The file's text as plain JavaScript with absolute imports. */
async function prepare(word: string, file: string, depth: number): Promise<string> {
  if (depth > MAX_DEPTH) throw new UsageError(`strategy ${word}: more than ${MAX_DEPTH} files import one another, the last ${file}`);
  if (!EXTENSIONS.includes(extname(file))) throw new UsageError(`strategy ${word}: expected a ${EXTENSIONS.join(', ')} file`);
  const text = await readSource(word, file);
  const isTypeScript = extname(file).endsWith('ts');
  let script = text;
  if (isTypeScript) {
    try {
      script = transform(text, { transforms: ['typescript'], disableESTransforms: true, filePath: file }).code;
    } catch (error) {
      throw new UsageError(`strategy ${word}: ${messageOf(error)}`);
    }
  }
  return absoluteImports(word, script, file, depth);
}

async function readSource(word: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`strategy ${word}: cannot read ${file}: ${messageOf(error)}`);
  }
}

const IMPORT = /(\bfrom\s*|\bimport\s*\(\s*|^\s*import\s*)(['"])([^'"\n]+)\2/gm;

async function absoluteImports(word: string, script: string, file: string, depth: number): Promise<string> {
  const parts: string[] = [];
  let at = 0;
  for (const match of script.matchAll(IMPORT)) {
    const [whole, head = '', , specifier = ''] = match;
    parts.push(script.slice(at, match.index), head, JSON.stringify(await absolute(word, specifier, file, depth)));
    at = match.index + whole.length;
  }
  parts.push(script.slice(at));
  return parts.join('');
}

async function absolute(word: string, specifier: string, file: string, depth: number): Promise<string> {
  if (specifier === API_NAME || specifier === 'thor') return apiUrl();
  if (specifier.startsWith('node:') || specifier.startsWith('file:') || specifier.startsWith('data:')) return specifier;
  if (specifier.startsWith('.') || isAbsolute(specifier)) {
    const written = resolve(dirname(file), specifier);
    // TypeScript's habit: './helper.js' in the text, helper.ts on the disk.
    const twin = written.replace(/\.(m?)js$/, '.$1ts');
    const target = file.endsWith('ts') && !existsSync(written) && existsSync(twin) ? twin : written;
    // Both are prepared, so that a helper may import the API too.
    return EXTENSIONS.includes(extname(target)) ? dataUrl(await prepare(word, target, depth + 1)) : pathToFileURL(target).href;
  }
  try {
    return pathToFileURL(createRequire(file).resolve(specifier)).href;
  } catch (error) {
    throw new UsageError(`strategy ${word}: cannot find '${specifier}', imported by ${file}: ${messageOf(error).split('\n')[0]}`);
  }
}

/** The API as a module that hands out this program's own objects: a user's UsageError is our UsageError. */
function apiUrl(): string {
  const slot = Symbol.for(API_NAME);
  (globalThis as Record<symbol, unknown>)[slot] = api;
  const names = Object.keys(api).join(', ');
  return dataUrl(`export const { ${names} } = globalThis[Symbol.for(${JSON.stringify(API_NAME)})];`);
}

function dataUrl(script: string): string {
  return `data:text/javascript;base64,${Buffer.from(script, 'utf8').toString('base64')}`;
}

/** A user's default export is checked piece by piece: the message names the piece. */
function checkDefinition(word: string, value: unknown): StrategyDefinition {
  const expect = (holds: boolean, what: string): void => {
    if (!holds) throw new UsageError(`strategy ${word}: its default export must be a StrategyDefinition: ${what}`);
  };
  expect(typeof value === 'object' && value !== null, `expected an object, was ${value === undefined ? 'nothing' : typeof value}`);
  const definition = value as Partial<StrategyDefinition>;
  expect(typeof definition.kind === 'string' && /^[a-z0-9-]{1,32}$/.test(definition.kind), 'kind must be 1 to 32 of a-z, 0-9 and -');
  expect(['grid', 'arb', 'other'].includes(definition.pnlKind ?? ''), "pnlKind must be 'grid', 'arb' or 'other'");
  expect(typeof definition.create === 'function', 'create must be a function');
  expect(Array.isArray(definition.params), 'params must be an array');
  const { instruments } = definition;
  expect(
    typeof instruments === 'object' && instruments.min >= 1 && instruments.max >= instruments.min,
    'instruments must be { min, max } with 1 <= min <= max',
  );
  for (const spec of definition.params ?? []) {
    expect(
      isSpec(spec),
      `each parameter needs key, unit, type (decimal, integer, boolean, choice, text) and reason; was ${JSON.stringify(spec)}`,
    );
  }
  return { description: '', ...definition } as StrategyDefinition;
}

function isSpec(spec: unknown): spec is ParamSpec {
  if (typeof spec !== 'object' || spec === null) return false;
  const { key, unit, type, reason } = spec as Partial<ParamSpec>;
  const isKnownType = ['decimal', 'integer', 'boolean', 'choice', 'text'].includes(type ?? '');
  return typeof key === 'string' && typeof unit === 'string' && isKnownType && typeof reason === 'string';
}
