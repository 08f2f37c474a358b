/** A commented configuration made from a few answers: every key that can be set is in it, with unit, range, default and reason. Pure; called by `config new`. */
import { stringify } from 'yaml';

/** One key that may be set, as strategies and limits declare theirs. */
export interface ComposedKey {
  readonly key: string;
  readonly unit: string;
  readonly default?: string | number | boolean;
  readonly choices?: readonly string[];
  readonly min?: string | number;
  readonly max?: string | number;
  readonly reason: string;
  /** What stands in the comment where there is no default: a block of values. */
  readonly example?: string;
}

export interface ComposedStrategy {
  readonly name: string;
  readonly kind: string;
  readonly instruments: readonly string[];
  /** What the person said; everything else stands as a comment with its default. */
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly keys: readonly ComposedKey[];
}

export interface Composition {
  readonly venues: readonly { readonly id: string; readonly keys?: string }[];
  readonly strategies: readonly ComposedStrategy[];
  readonly risk: readonly ComposedKey[];
}

const WIDTH = 150;

export function composeConfig({ venues, strategies, risk }: Composition): string {
  const lines = [
    '# Configuration of Thor. Check it with: config check FILE; see what it would do with: preview --config FILE.',
    "# Decimal values are text ('0.001'), so that no number is rounded on its way in. A line that begins with '#' shows a default.",
    '',
    'venues:',
    ...venues.flatMap(({ id, keys }) => [
      `  - id: ${id}`,
      keys === undefined
        ? "    # keys: 'env:NAME'   # where the API keys are: env:NAME, file:PATH, or keys:NAME of the encrypted key file; needed for mode live"
        : `    keys: ${quoted(keys)}`,
    ]),
    '',
    'strategies:',
    ...strategies.flatMap(strategyLines),
    '',
    '# Limits that the executor enforces before anything is sent. Mode live wants at least one written here.',
    'risk:',
    ...risk.flatMap((key) => keyLines('  ', key, undefined)),
    '',
    'storage:',
    '  syncEveryMs: 50',
    '',
    'server:',
    '  host: 127.0.0.1',
    '  port: 9464',
  ];
  return `${lines.join('\n')}\n`;
}

function strategyLines(strategy: ComposedStrategy): string[] {
  return [
    `  - name: ${strategy.name}`,
    `    kind: ${quoted(strategy.kind)}`,
    `    instruments: [${strategy.instruments.map(quoted).join(', ')}]`,
    '    params:',
    ...strategy.keys.flatMap((key) => keyLines('      ', key, strategy.params[key.key])),
  ];
}

function keyLines(indent: string, key: ComposedKey, value: string | number | boolean | undefined): string[] {
  const shown = value ?? key.default;
  const facts = [
    key.unit,
    key.choices === undefined ? rangeOf(key) : key.choices.join(' | '),
    value !== undefined && key.default !== undefined ? `default ${String(key.default)}` : '',
  ].filter((text) => text !== '');
  const text = `${key.reason}${facts.length === 0 ? '' : ` [${facts.join(', ')}]`}`;
  const setting = `${key.key}: ${shown === undefined ? (key.example ?? "''") : quoted(shown)}`;
  return [...wrapped(`${indent}# `, text), `${indent}${value === undefined ? '# ' : ''}${setting}`];
}

function rangeOf({ min, max }: ComposedKey): string {
  if (min === undefined) return max === undefined ? '' : `at most ${max}`;
  return max === undefined ? `at least ${min}` : `${min} to ${max}`;
}

/** Text as YAML reads it back: a decimal stays text. */
function quoted(value: string | number | boolean): string {
  return stringify(value, { defaultStringType: 'QUOTE_SINGLE', defaultKeyType: 'PLAIN' }).trimEnd();
}

function wrapped(prefix: string, text: string): string[] {
  const lines: string[] = [];
  let line = prefix;
  for (const word of text.split(' ')) {
    if (line.length > prefix.length && line.length + word.length > WIDTH) {
      lines.push(line.trimEnd());
      line = prefix;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
