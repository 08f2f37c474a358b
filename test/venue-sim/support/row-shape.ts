/** Holds rows that we print against recorded ones: every recorded key is there, with a value of the same kind. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { RECORDINGS } from '../../support/recordings.js';

type Json = Record<string, unknown>;

/** The `raw` text of one recorded message, parsed. */
export function recorded(file: string, name: string): unknown {
  for (const line of readFileSync(`${RECORDINGS}/${file}`, 'utf8').split('\n')) {
    if (line === '') continue;
    const entry = JSON.parse(line) as { name: string; raw: string };
    if (entry.name === name) return JSON.parse(entry.raw);
  }
  throw new Error(`${file} has no ${name}`);
}

/** Kinds of values; null stands for any. */
export function expectShape(ours: unknown, theirs: unknown, what: string): void {
  const mine = ours as Json;
  for (const [name, value] of Object.entries(theirs as Json)) {
    expect(mine, `${what}: no key '${name}'`).toHaveProperty([name]);
    const own = mine[name];
    if (value === null || own === null) continue;
    expect(`${what}.${name} ${kindOf(own)}`).toBe(`${what}.${name} ${kindOf(value)}`);
  }
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'list' : typeof value;
}
