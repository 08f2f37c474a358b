/** `thor config new [FILE]`: asks a few questions, or takes flags, and writes a commented configuration that passes `config check`. */
import { existsSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { composeConfig, type ComposedKey } from '../config/compose.js';
import { parseConfig } from '../config/load.js';
import { VENUE_IDS } from '../config/schema.js';
import { UsageError } from '../core/numbers/errors.js';
import { didYouMean } from '../core/numbers/nearest.js';
import { venueOf } from '../core/orders/instrument.js';
import type { ParamSpec } from '../core/ports/strategy.js';
import { RISK_BLOCKS, RISK_KEYS } from '../execution/risk/keys.js';
import { loadStrategy } from '../strategies/load.js';
import { checkConfig } from './run-config.js';

interface Answers {
  readonly kind: string;
  readonly instruments: readonly string[];
  readonly name: string;
  readonly keys: string | null;
  readonly params: Readonly<Record<string, string>>;
}

/** True when the flags (or a terminal to ask at) say what to write; false leaves the caller to print the shipped configuration. */
export function canCompose(flags: Readonly<Record<string, unknown>>): boolean {
  return typeof flags['instrument'] === 'object' || (process.stdin.isTTY && process.stdout.isTTY);
}

export async function runConfigNew(file: string | undefined, flags: Readonly<Record<string, unknown>>): Promise<number> {
  if (file !== undefined && existsSync(file) && flags['force'] !== true)
    throw new UsageError(`config new: ${file} is there already; --force overwrites it`);
  const answers = Array.isArray(flags['instrument']) ? answersOf(flags) : await ask();
  const text = await composed(answers);
  if (file === undefined) process.stdout.write(text);
  else {
    writeFileSync(file, text, { mode: 0o600 });
    process.stdout.write(`${file}: written; next: config check ${file}, preview --config ${file}\n`);
  }
  return 0;
}

async function composed(answers: Answers): Promise<string> {
  const definition = await loadStrategy(answers.kind, process.cwd());
  for (const id of answers.instruments) {
    const venue = venueOf(id);
    if (!(VENUE_IDS as readonly string[]).includes(venue))
      throw new UsageError(
        `config new: '${id}': expected VENUE:SYMBOL with a venue of ${VENUE_IDS.join(', ')}${didYouMean(venue, VENUE_IDS)}`,
      );
  }
  const known = definition.params.map((spec) => spec.key);
  const unknown = Object.keys(answers.params).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new UsageError(`config new: ${definition.kind} has no parameter '${unknown}'${didYouMean(unknown, known)}`);
  const venues = [...new Set(answers.instruments.map(venueOf))].map((id) => ({
    id,
    ...(answers.keys === null ? {} : { keys: answers.keys }),
  }));
  const params = Object.fromEntries(Object.entries(answers.params).map(([key, value]) => [key, valueOf(definition.params, key, value)]));
  const text = composeConfig({
    venues,
    strategies: [{ name: answers.name, kind: answers.kind, instruments: answers.instruments, params, keys: definition.params.map(keyOf) }],
    risk: [...RISK_KEYS, ...RISK_BLOCKS.map(({ key, unit, reason, example }) => ({ key, unit, reason, example }))],
  });
  // What is written must be what is read.
  await checkConfig(parseConfig(text, 'config new'), 'config new');
  return text;
}

function answersOf(flags: Readonly<Record<string, unknown>>): Answers {
  const instruments = (flags['instrument'] as unknown[]).map(String);
  const kind = typeof flags['kind'] === 'string' ? flags['kind'] : 'grid';
  return {
    kind,
    instruments,
    name: typeof flags['name'] === 'string' ? flags['name'] : nameOf(kind, instruments),
    keys: typeof flags['keys'] === 'string' ? flags['keys'] : null,
    params: Object.fromEntries((Array.isArray(flags['set']) ? flags['set'] : []).map((word) => assignment(String(word)))),
  };
}

async function ask(): Promise<Answers> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const question = async (text: string, fallback: string): Promise<string> => {
      const answer = (await lines.question(`${text}${fallback === '' ? '' : ` [${fallback}]`}: `)).trim();
      return answer === '' ? fallback : answer;
    };
    const kind = await question('strategy: grid or arb', 'grid');
    const definition = await loadStrategy(kind, process.cwd());
    const few = definition.instruments.min === 1 ? 'binance-usdm:BTCUSDT' : 'binance-usdm:BTCUSDT bybit:linear:BTCUSDT';
    const instruments = (
      await question(`instruments, VENUE:SYMBOL (${definition.instruments.min} or more, with spaces between)`, few)
    ).split(/\s+/);
    const params: Record<string, string> = {};
    const asked =
      kind === 'grid'
        ? ['investment', 'step', 'count']
        : definition.params.filter((one) => one.default === undefined && one.optional !== true).map((one) => one.key);
    for (const key of asked) {
      const spec = definition.params.find((one) => one.key === key);
      const answer = await question(
        `${key}${spec?.unit ? ` (${spec.unit})` : ''}: ${spec?.reason ?? ''}`,
        key === 'investment' ? '1000' : String(spec?.default ?? ''),
      );
      if (answer !== '') params[key] = answer;
    }
    const keys = await question('keys, for mode live: env:NAME, file:PATH or keys:NAME; empty for none', '');
    return {
      kind,
      instruments,
      name: await question('name of the entry', nameOf(kind, instruments)),
      keys: keys === '' ? null : keys,
      params,
    };
  } finally {
    lines.close();
  }
}

function assignment(word: string): [string, string] {
  const at = word.indexOf('=');
  if (at < 1) throw new UsageError(`--set: expected key=value, was '${word}'`);
  return [word.slice(0, at), word.slice(at + 1)];
}

/** Text of a flag as the parameter's own type; what does not fit is left as text, for the check to name. */
function valueOf(specs: readonly ParamSpec[], key: string, text: string): string | number | boolean {
  const type = specs.find((spec) => spec.key === key)?.type;
  if (type === 'integer' && /^-?\d+$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function keyOf(spec: ParamSpec): ComposedKey {
  const { key, unit, reason, min, max, choices } = spec;
  return {
    key,
    unit,
    reason,
    ...(spec.default === undefined ? {} : { default: spec.default }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(choices === undefined ? {} : { choices }),
  };
}

function nameOf(kind: string, instruments: readonly string[]): string {
  const symbol = (instruments[0] ?? '').split(':').at(-1) ?? '';
  const name = `${symbol}-${kind}`.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  return name.slice(-32).replace(/^-+/, '');
}
