/**
 * `npm run bench [-- FLAGS]`: runs every benchmark file and prints one table.
 *   --quick         fewer rounds: does everything run, are the results right        --long       minutes of load where a row is about rare things
 *   --only WORD     files whose path has that word                                   --json FILE  the rows for scripts
 *   --compare       exit code 1 where a ratio fell by more than 15 % of bench/baseline.json, and again when measured anew
 *   --baseline      writes bench/baseline.json                                       --readme     writes the README's table
 *   --from FILE     takes the rows of an earlier `--json` instead of running anything
 * Each file is measured in a process of its own (`--file`, with `--json` for its rows).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { baselineOf, dropsOf, parseBaseline, type Baseline, type Drop } from './baseline.js';
import type { BenchFile, BenchOptions } from './harness.js';
import { lineOf, readmeTable, told, withTable, type Report, type ToldRow } from './report.js';

const HERE = dirname(fileURLToPath(import.meta.url));
/** Of the compiled file, dist-bench/bench. */
const ROOT = resolve(HERE, '../..');
const BASELINE = join(ROOT, 'bench', 'baseline.json');
const README = join(ROOT, 'README.md');
/** A ratio that fell is measured anew so often before it counts: on a busy machine every tenth row strays that far once. */
const SECOND_LOOKS = 2;

function benchFiles(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return benchFiles(path);
      return name.endsWith('.bench.js') ? [path] : [];
    });
}

function has(flag: string): boolean {
  return process.argv.includes(flag);
}

function valueOf(flag: string): string | null {
  const at = process.argv.indexOf(flag);
  return at === -1 ? null : (process.argv[at + 1] ?? null);
}

/** Measures one file here, prints its rows and keeps them in `json`. @returns exit code */
async function runFile(name: string, json: string, options: BenchOptions): Promise<number> {
  try {
    const { rows } = (await import(pathToFileURL(join(HERE, name)).href)) as { rows: BenchFile };
    const made = (await rows(options)).map(told);
    for (const row of made) process.stdout.write(lineOf(row));
    writeFileSync(json, JSON.stringify(made));
    return 0;
  } catch (error) {
    process.stdout.write(`${name} FAILED: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

/** Rows of a file from a process of its own: what ran before in a process has warmed one side more than the other. Null when it failed. */
function measured(file: string): readonly ToldRow[] | null {
  const startedMs = performance.now();
  const name = file.slice(HERE.length + 1);
  const folder = mkdtempSync(join(tmpdir(), 'thor-bench-'));
  try {
    const json = join(folder, 'rows.json');
    const flags = ['--quick', '--long'].filter(has);
    const { status } = spawnSync(
      process.execPath,
      [...process.execArgv, fileURLToPath(import.meta.url), ...flags, '--file', name, '--json', json],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    if (status !== 0 || !existsSync(json)) return null;
    return JSON.parse(readFileSync(json, 'utf8')) as readonly ToldRow[];
  } finally {
    rmSync(folder, { recursive: true, force: true });
    process.stderr.write(`${name} took ${((performance.now() - startedMs) / 1000).toFixed(1)} s\n`);
  }
}

/** The drops that are still there when their files are measured again. */
function confirmed(byFile: ReadonlyMap<string, readonly ToldRow[]>, baseline: Baseline): Drop[] {
  const lasting: Drop[] = [];
  for (const [file, rows] of byFile) {
    let drops = dropsOf(rows, baseline);
    for (let look = 0; look < SECOND_LOOKS && drops.length > 0; look++) {
      process.stdout.write(`\nmeasured again, for ${drops.map(({ name }) => name).join(', ')}\n`);
      const again = dropsOf(measured(file) ?? [], baseline);
      drops = drops.filter((drop) => again.some(({ name }) => name === drop.name));
    }
    lasting.push(...drops);
  }
  return lasting;
}

function write(report: Report): void {
  const json = valueOf('--json');
  if (json !== null) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  if (has('--baseline')) {
    const before = existsSync(BASELINE) ? parseBaseline(readFileSync(BASELINE, 'utf8')) : null;
    writeFileSync(BASELINE, `${JSON.stringify(baselineOf(report, before), null, 2)}\n`);
  }
  if (has('--readme')) writeFileSync(README, withTable(readFileSync(README, 'utf8'), readmeTable(report)));
}

async function main(): Promise<number> {
  const from = valueOf('--from');
  if (from !== null) {
    const report = JSON.parse(readFileSync(from, 'utf8')) as Report;
    write(report);
    const drops = has('--compare') ? dropsOf(report.rows, parseBaseline(readFileSync(BASELINE, 'utf8'))) : [];
    return tell(drops);
  }
  const isQuick = has('--quick');
  const options: BenchOptions = { isQuick, isLong: has('--long'), rounds: 5, roundMs: isQuick ? 8 : 200 };
  const file = valueOf('--file');
  const json = valueOf('--json');
  if (file !== null && json !== null) return runFile(file, json, options);
  const only = valueOf('--only');
  const machine = `Node ${process.version}, ${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown processor'}, load ${(loadavg()[0] ?? 0).toFixed(1)} before the start, ${options.rounds} interleaved rounds of ${options.roundMs} ms, medians of CPU time where not said otherwise`;
  process.stdout.write(`${machine}\n\n${'what'.padEnd(46)} ${'ours'.padStart(17)} ${'theirs'.padStart(17)} ${'ratio'.padStart(8)}\n`);
  const byFile = new Map<string, readonly ToldRow[]>();
  let failed = 0;
  for (const path of benchFiles(HERE)) {
    if (only !== null && !path.includes(only)) continue;
    const rows = measured(path);
    if (rows === null) failed++;
    else byFile.set(path, rows);
  }
  const rows = [...byFile.values()].flat();
  write({ machine, rows });
  process.stdout.write(`\n${rows.length} rows, ${failed} files failed\n`);
  const drops = has('--compare') ? confirmed(byFile, parseBaseline(readFileSync(BASELINE, 'utf8'))) : [];
  return Math.max(tell(drops), failed === 0 && rows.length > 0 ? 0 : 1);
}

function tell(drops: readonly Drop[]): number {
  for (const { name, was, is } of drops)
    process.stdout.write(`DROPPED ${name}: ${is.toFixed(2)}x, was ${was.toFixed(2)}x (${((is / was - 1) * 100).toFixed(0)} %)\n`);
  return drops.length === 0 ? 0 : 1;
}

process.exitCode = await main();
