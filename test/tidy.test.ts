/** The floors and rules of the house, read from the sources: imports point down, packages have one owner, only hosts touch threads, timers, clocks, chance and environment. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SRC = join(ROOT, 'src');
const SHELVES = ['numbers', 'memory', 'book', 'kernel', 'orders', 'ledger', 'ports'];
const HOSTS = ['workers', 'simulation'];

/** Which file or folder below src may import an npm package. */
const OWNERS: Readonly<Record<string, string>> = {
  ccxt: 'execution/gateways/ccxt/',
  'uWebSockets.js': 'net/',
  ws: 'net/',
  piscina: 'workers/pool.ts',
  mongodb: 'storage/mongo.ts',
  lmdb: 'storage/',
  sucrase: 'strategies/load.ts',
  msgpackr: 'storage/journal.ts',
  'prom-client': 'monitoring/metrics.ts',
  zod: 'config/',
  yaml: 'config/',
  commander: 'main.ts',
  pino: 'monitoring/logs.ts',
  'pino-roll': 'monitoring/logs.ts',
  preact: 'monitoring/panel/',
  uplot: 'monitoring/panel/',
  vite: 'monitoring/panel/',
  '@preact/preset-vite': 'monitoring/panel/',
  'lightweight-charts': 'monitoring/panel/',
};

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return /\.(ts|tsx)$/.test(name) && !name.endsWith('.d.ts') ? [path] : [];
  });
}

const FILES = sources(SRC).map((path) => ({ path: relative(SRC, path).replaceAll('\\', '/'), text: readFileSync(path, 'utf8') }));

function importsOf(text: string): string[] {
  const found = [
    ...text.matchAll(/^\s*(?:import|export)\b[^;'"]*?from\s+['"]([^'"]+)['"]/gm),
    ...text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g),
  ];
  return [...found.map((match) => match[1] ?? ''), ...[...text.matchAll(/^\s*import\s+['"]([^'"]+)['"]/gm)].map((match) => match[1] ?? '')];
}

function typeOnlyImports(text: string): Set<string> {
  return new Set([...text.matchAll(/^\s*import\s+type\b[^;'"]*?from\s+['"]([^'"]+)['"]/gm)].map((match) => match[1] ?? ''));
}

const roomOf = (path: string): string => (path.includes('/') ? (path.split('/')[0] ?? '') : '');

function localImports(file: { path: string; text: string }): string[] {
  return importsOf(file.text)
    .filter((name) => name.startsWith('.'))
    .map((name) => relative(SRC, resolve(SRC, dirname(file.path), name)).replaceAll('\\', '/'));
}

describe('tidy', () => {
  it('imports point down: rooms import core and themselves, hosts import rooms, nobody imports main, bench or test', () => {
    const wrong: string[] = [];
    for (const file of FILES) {
      const room = roomOf(file.path);
      for (const target of localImports(file)) {
        const other = roomOf(target);
        if (target.startsWith('..') || other === '') wrong.push(`${file.path} imports ${target}`);
        else if (room === '' || other === 'core' || other === room) continue;
        else if (!HOSTS.includes(room)) wrong.push(`${file.path} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('core shelves import only shelves to their left, and types of ports', () => {
    const wrong: string[] = [];
    for (const file of FILES.filter(({ path }) => path.startsWith('core/'))) {
      const shelf = SHELVES.indexOf(file.path.split('/')[1] ?? '');
      const types = typeOnlyImports(file.text);
      for (const name of importsOf(file.text).filter((text) => text.startsWith('.'))) {
        const target = relative(SRC, resolve(SRC, dirname(file.path), name)).replaceAll('\\', '/');
        const other = SHELVES.indexOf(target.split('/')[1] ?? '');
        if (!target.startsWith('core/') || other > shelf || other < 0) {
          if (!(target.startsWith('core/ports/') && types.has(name))) wrong.push(`${file.path} imports ${target}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('an npm package is imported by its owner only', () => {
    const wrong: string[] = [];
    for (const file of FILES) {
      for (const name of importsOf(file.text).filter((text) => !text.startsWith('.') && !text.startsWith('node:'))) {
        const pack = name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : (name.split('/')[0] ?? '');
        const owner = OWNERS[pack];
        if (owner === undefined || !(file.path === owner || (owner.endsWith('/') && file.path.startsWith(owner))))
          wrong.push(`${file.path} imports ${pack}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('only hosts create threads, timers and clocks, and read chance and environment', () => {
    const forbidden =
      /\b(?:Date\.now|performance\.now|process\.hrtime|Math\.random|process\.env|setTimeout|setInterval|setImmediate|new Worker)\b|\bnew Date\(\)|from 'node:(?:worker_threads|timers|perf_hooks)'/;
    const wrong = FILES.filter(
      ({ path }) => !HOSTS.includes(roomOf(path)) && path !== 'main.ts' && !path.startsWith('monitoring/panel/web/'),
    ).flatMap((file) =>
      file.text
        .split('\n')
        .map((line, index) => ({ line: line.replace(/\/\/.*$/, '').replace(/^\s*\/?\*.*$/, ''), at: `${file.path}:${index + 1}` }))
        .filter(({ line }) => forbidden.test(line))
        .map(({ at, line }) => `${at} ${line.trim()}`),
    );
    expect(wrong).toEqual([]);
  });

  it('there is no file named after nothing, and every folder of rooms explains itself', () => {
    expect(FILES.map(({ path }) => path).filter((path) => /(^|\/)(utils?|helpers?|common|misc)\.ts$/.test(path))).toEqual([]);
    const rooms = [...new Set(FILES.map(({ path }) => roomOf(path)).filter((room) => room !== ''))];
    expect(rooms.filter((room) => !readdirSync(join(SRC, room)).includes('README.md'))).toEqual([]);
  });
});
