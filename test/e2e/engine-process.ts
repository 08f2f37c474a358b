/** Real engine processes on loopback, for tests: started, read line by line, bounded in time, stopped by their process id. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string[];
  readonly stderr: string[];
}

export interface ProcessOptions {
  /** The process is killed after this long: a bound for the test, not a measurement. */
  readonly limitMs?: number;
  readonly cwd?: string;
  /** Beside this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export class EngineProcess {
  readonly child: ChildProcess;
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  readonly ended: Promise<Ended>;
  readonly #waiting: { readonly test: (line: string) => boolean; readonly resolve: (line: string) => void }[] = [];

  constructor(args: readonly string[], { limitMs = 120_000, cwd, env }: ProcessOptions = {}) {
    this.child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], cwd, env: { ...process.env, ...env } });
    const bound = setTimeout(() => this.child.kill('SIGKILL'), limitMs);
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      this.stdout.push(line);
      for (const waiter of this.#waiting.slice()) {
        if (!waiter.test(line)) continue;
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        waiter.resolve(line);
      }
    });
    createInterface({ input: this.child.stderr! }).on('line', (line) => this.stderr.push(line));
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        clearTimeout(bound);
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  /** The first stdout line, past or to come, that `test` accepts; rejects when the process ends without one. */
  async line(test: (line: string) => boolean): Promise<string> {
    const seen = this.stdout.find(test);
    if (seen !== undefined) return seen;
    return Promise.race([
      new Promise<string>((resolve) => this.#waiting.push({ test, resolve })),
      this.ended.then(({ code, signal, stderr }) => {
        throw new Error(`ended with ${code ?? signal} before the expected line; stderr: ${stderr.slice(-5).join(' | ')}`);
      }),
    ]);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

/** Runs the command line to its end. */
export function thor(args: readonly string[], options: ProcessOptions = {}): Promise<Ended> {
  return new EngineProcess(args, options).ended;
}

/** A data directory of its own; `remove` also stops simulated venues that a killed engine left behind. */
export function temporaryData(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'thor-e2e-'));
  return {
    path,
    remove() {
      const addresses = join(path, 'venues', 'addresses.json');
      if (existsSync(addresses)) {
        const { pid } = JSON.parse(readFileSync(addresses, 'utf8')) as { pid: number };
        try {
          process.kill(pid, 'SIGKILL');
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
        }
      }
      // A process that was killed a moment ago may still be about to leave a file.
      rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    },
  };
}
