/** What is shipped holds no key of anybody: sources, scripts and configuration are read as text. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SHIPPED = ['src', 'scripts', 'grafana', 'deploy', 'thor.yaml', 'README.md', 'package.json'];

/** A private key; a value given to something that is named like a secret; an access key of a cloud; a user and password in an address. */
const SECRETS = [
  /BEGIN [A-Z ]*PRIVATE KEY/,
  /\b(api_?key|api_?secret|secret|passphrase|password|token)['"]?\s*[:=]\s*['"`][A-Za-z0-9+/=_-]{12,}['"`]/i,
  /\bAKIA[0-9A-Z]{16}\b/,
  /\/\/[\w-]+:[\w-]{6,}@(?!host\b)/,
];
/** Long, with small and capital letters and several digits, all mixed: nobody writes that by hand. */
const RANDOM = /['"`]((?=(?:[^'"`]*\d){4})(?=[^'"`]*[a-z])(?=[^'"`]*[A-Z])[A-Za-z0-9+/=]{32,})['"`]/;

function filesOf(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  return stat.isDirectory() ? readdirSync(path).flatMap((name) => filesOf(join(path, name))) : [path];
}

function suspicious(line: string): boolean {
  return SECRETS.some((pattern) => pattern.test(line)) || (RANDOM.test(line) && !line.includes('abcdefghijklmnopqrstuvwxyz'));
}

it('B18: no key stands in a source, a script or the shipped configuration', () => {
  const files = SHIPPED.flatMap((name) => filesOf(join(ROOT, name))).filter((path) => /\.(ts|tsx|mjs|json|ya?ml|md|html|css)$/.test(path));
  expect(files.length).toBeGreaterThan(100);
  const found = files.flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line, index) => (suspicious(line) ? [`${path.slice(ROOT.length)}:${index + 1}: ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});

it('B18: a key would be found, however it is written', () => {
  // Put together here, so that this file holds none.
  const random = ['vKx8Lq2M', 'n7Rt0Wp5', 'sZc3Yb6H', 'd9Fj1Gk4'].join('');
  for (const line of [
    `const apiKey = '${random.slice(0, 16)}';`,
    `  secret: "${random}",`,
    `headers.set('X-Key', '${random}')`,
    `url: 'mongodb://user:${random.slice(0, 8)}@10.0.0.1'`,
    ['-----BEGIN EC PRIVATE', 'KEY-----'].join(' '),
  ])
    expect(suspicious(line), line).toBe(true);
});
