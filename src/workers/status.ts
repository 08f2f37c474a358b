/** `thor status`: asks a running engine how it is. */
import { UsageError, messageOf } from '../core/numbers/errors.js';

export async function runStatus(flags: Readonly<Record<string, unknown>>): Promise<number> {
  const url = typeof flags['url'] === 'string' ? flags['url'] : 'http://127.0.0.1:9464';
  if (!URL.canParse(url)) throw new UsageError(`--url: expected an address like http://127.0.0.1:9464, was '${url}'`);
  let body: unknown;
  try {
    const answer = await fetch(new URL('/api/v1/status', url), { signal: AbortSignal.timeout(5_000) });
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    body = await answer.json();
  } catch (error) {
    // fetch says only that it failed; why is in the cause.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    process.stderr.write(`thor: no engine at ${url}: ${messageOf(cause)}\n`);
    return 1;
  }
  if (flags['json'] === true) {
    process.stdout.write(`${JSON.stringify(body)}\n`);
    return 0;
  }
  show(body, '');
  return 0;
}

/** Keys and values, nested ones indented; of a list one line each. */
function show(value: unknown, indent: string): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const label = `${indent}${key.padEnd(Math.max(1, 22 - indent.length))} `;
    if (Array.isArray(inner) && inner.some((one) => typeof one === 'object')) {
      process.stdout.write(`${indent}${key}\n`);
      for (const one of inner) process.stdout.write(`${indent}  ${line(one)}\n`);
    } else if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) {
      process.stdout.write(`${indent}${key}\n`);
      show(inner, `${indent}  `);
    } else process.stdout.write(`${label}${typeof inner === 'string' ? inner : JSON.stringify(inner)}\n`);
  }
}

function line(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return value.map(line).join(' ');
  return Object.entries(value)
    .map(([key, inner]) => (typeof inner === 'object' && inner !== null ? `${key} (${line(inner)})` : `${key} ${String(inner)}`))
    .join(', ');
}
