/** `thor doctor`: what of this machine matters to the engine, one line each, with advice. Exit code 1 when something would stop a run. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, freemem, release, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import { messageOf } from '../core/numbers/errors.js';
import { venueLines, type DoctorLine } from './doctor-venues.js';

/** Cores this process may use: the scheduler's mask and the cgroup's quota, whichever is less. */
export function usableCores(): number {
  const cores = availableParallelism();
  for (const [file, parse] of [
    ['/sys/fs/cgroup/cpu.max', (text: string) => quota(text.trim().split(' '))],
    [
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us',
      (text: string) => quota([text.trim(), readIfThere('/sys/fs/cgroup/cpu/cpu.cfs_period_us') ?? '100000']),
    ],
  ] as const) {
    const text = readIfThere(file);
    const limit = text === null ? null : parse(text);
    if (limit !== null) return Math.max(1, Math.min(cores, Math.floor(limit)));
  }
  return cores;
}

function quota(words: readonly string[]): number | null {
  const limit = Number(words[0]);
  const period = Number(words[1]);
  return limit > 0 && period > 0 ? limit / period : null;
}

function readIfThere(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

export async function runDoctor(flags: Readonly<Record<string, unknown>>): Promise<number> {
  const lines: DoctorLine[] = [];
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  lines.push([major > 20 || (major === 20 && minor >= 19) ? 'ok' : 'bad', 'node', `${process.versions.node} (20.19 or newer is needed)`]);
  const cores = usableCores();
  lines.push([cores >= 2 ? 'ok' : 'note', 'cores', `${cores} usable${cores < 2 ? ': everything runs in one lane' : ''}`]);
  const freeGiB = freemem() / 2 ** 30;
  lines.push([freeGiB > 1 ? 'ok' : 'note', 'memory', `${freeGiB.toFixed(1)} of ${(totalmem() / 2 ** 30).toFixed(1)} GiB free`]);
  lines.push(['ok', 'system', `${process.platform} ${process.arch} ${release()}`]);
  const limits = readIfThere('/proc/self/limits');
  const openFiles = /Max open files\s+(\d+)/.exec(limits ?? '')?.[1];
  if (openFiles !== undefined) lines.push([Number(openFiles) >= 1024 ? 'ok' : 'note', 'open files', openFiles]);
  const folder = resolve(typeof flags['data'] === 'string' ? flags['data'] : './thor-data');
  try {
    let at = folder;
    while (!existsSync(at)) at = dirname(at);
    accessSync(at, constants.W_OK);
    if (at === folder) mkdirSync(folder, { recursive: true });
    const space = statfsSync(at);
    const freeDiskGiB = (space.bavail * space.bsize) / 2 ** 30;
    lines.push([freeDiskGiB > 1 ? 'ok' : 'note', 'data directory', `${folder}, ${freeDiskGiB.toFixed(1)} GiB free`]);
  } catch (error) {
    lines.push(['bad', 'data directory', `${folder}: ${messageOf(error)}`]);
  }
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  lines.push(['ok', 'glibc', report.header?.glibcVersionRuntime ?? 'none (the Node server is used instead of uWebSockets.js)']);
  const { createHttpServer } = await import('../net/http-server.js');
  const server = createHttpServer({ handlers: { onRequest: (_request, respond) => respond({ status: 200, body: '' }) } }, 'auto');
  lines.push([
    server.impl === 'uws' ? 'ok' : 'note',
    'server',
    server.impl === 'uws' ? 'uWebSockets.js' : 'node:http + ws (uWebSockets.js does not load here; slower, same behaviour)',
  ]);
  await server.close();
  if (typeof flags['config'] === 'string' || typeof flags['addresses'] === 'string') lines.push(...(await venueLines(flags)));
  for (const [verdict, name, text] of lines) process.stdout.write(`${verdict.padEnd(5)} ${name.padEnd(20)} ${text}\n`);
  return lines.some(([verdict]) => verdict === 'bad') ? 1 : 0;
}
