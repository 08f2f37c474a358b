/** `npm run bench [-- --quick] [-- --json FILE] [-- --only WORD]`: runs every benchmark file and prints one table. */
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { verdictOf, type BenchFile, type BenchOptions, type BenchRow } from './harness.js';

const HERE = dirname(fileURLToPath(import.meta.url));

function benchFiles(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return benchFiles(path);
      return name.endsWith('.bench.js') ? [path] : [];
    });
}

function valueOf(flag: string): string | null {
  const at = process.argv.indexOf(flag);
  return at === -1 ? null : (process.argv[at + 1] ?? null);
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value >= 1 ? value.toFixed(2) : value.toFixed(3);
}

function targetText({ target, limit, unit }: BenchRow): string {
  if (limit !== undefined) return `at most ${limit.most} ${unit}, goal ${limit.goal}; `;
  return target === undefined ? '' : `required ${Number(target.required.toFixed(2))}x, goal ${Number(target.goal.toFixed(2))}x; `;
}

function printRow(row: BenchRow): void {
  const ours = row.ours === null ? '-' : `${figure(row.ours)} ${row.unit}`;
  const theirs = row.theirs === null ? '-' : `${figure(row.theirs)} ${row.unit}`;
  const ratio = row.ratio === null ? '-' : `${row.ratio.toFixed(2)}x`;
  const target = targetText(row);
  const against = row.against === '' ? '' : `against ${row.against}; `;
  process.stdout.write(
    `${row.name.padEnd(46)} ${ours.padStart(17)} ${theirs.padStart(17)} ${ratio.padStart(8)} ${verdictOf(row).padEnd(7)}  ${target}${against}${row.conditions}; checked: ${row.check}\n`,
  );
}

/** What scripts read. */
function jsonOf(machine: string, rows: readonly BenchRow[]): string {
  const told = rows.map((full) => {
    const { target, limit, ...row } = full;
    const verdict = verdictOf(full);
    return {
      ...row,
      /** Of the ratio, at least; or of `ours`, at most. */
      required: target?.required ?? limit?.most ?? null,
      goal: target?.goal ?? limit?.goal ?? null,
      judged: target !== undefined ? 'ratio' : limit !== undefined ? 'ours' : null,
      pass: verdict === 'PASS' ? true : verdict === 'GAP' ? false : null,
      verdict,
    };
  });
  return `${JSON.stringify({ machine, rows: told }, null, 2)}\n`;
}

async function main(): Promise<number> {
  const isQuick = process.argv.includes('--quick');
  const options: BenchOptions = { isQuick, isLong: process.argv.includes('--long'), rounds: 5, roundMs: isQuick ? 8 : 200 };
  const only = valueOf('--only');
  const machine = `Node ${process.version}, ${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown processor'}, load ${(loadavg()[0] ?? 0).toFixed(1)} before the start, ${options.rounds} interleaved rounds of ${options.roundMs} ms, medians of CPU time where not said otherwise`;
  process.stdout.write(`${machine}\n\n${'what'.padEnd(46)} ${'ours'.padStart(17)} ${'theirs'.padStart(17)} ${'ratio'.padStart(8)}\n`);
  const rows: BenchRow[] = [];
  let failed = 0;
  for (const file of benchFiles(HERE)) {
    if (only !== null && !file.includes(only)) continue;
    const startedMs = performance.now();
    try {
      const { rows: run } = (await import(pathToFileURL(file).href)) as { rows: BenchFile };
      for (const row of await run(options)) {
        rows.push(row);
        printRow(row);
      }
    } catch (error) {
      failed++;
      process.stdout.write(`${file.slice(HERE.length + 1)} FAILED: ${error instanceof Error ? error.message : String(error)}\n`);
    }
    process.stderr.write(`${file.slice(HERE.length + 1)} took ${((performance.now() - startedMs) / 1000).toFixed(1)} s\n`);
  }
  const json = valueOf('--json');
  if (json !== null) writeFileSync(json, jsonOf(machine, rows));
  process.stdout.write(`\n${rows.length} rows, ${failed} files failed\n`);
  return failed === 0 && rows.length > 0 ? 0 : 1;
}

process.exitCode = await main();
