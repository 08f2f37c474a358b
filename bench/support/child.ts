/** Child processes of a benchmark: they answer one message with one message, and are bounded in time. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export class BenchChild {
  readonly #process: ChildProcess;
  readonly #name: string;
  #ending: string | null = null;

  /** @param file compiled file name in bench/pipeline @param env added to this process's own @param execArgv flags of Node */
  constructor(file: string, env: Readonly<Record<string, string>> = {}, execArgv: readonly string[] = []) {
    this.#name = file;
    this.#process = fork(fileURLToPath(new URL(`../pipeline/${file}`, import.meta.url)), [], {
      env: { ...process.env, ...env },
      execArgv: [...execArgv],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#process.once('exit', (code, signal) => {
      this.#ending = `${file} ended with ${code ?? signal}`;
    });
  }

  /** Sends a question and waits for the next answer. */
  ask<Answer>(question: unknown, limitMs: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#ending !== null) {
        reject(new Error(this.#ending));
        return;
      }
      const child = this.#process;
      const settle = (run: () => void): void => {
        clearTimeout(limit);
        child.off('message', answered);
        child.off('exit', ended);
        run();
      };
      const answered = (answer: unknown): void => {
        const { error } = answer as { error?: string };
        settle(() => (error === undefined ? resolve(answer as Answer) : reject(new Error(`${this.#name}: ${error}`))));
      };
      const ended = (code: number | null): void => settle(() => reject(new Error(`${this.#name} ended with ${code} without an answer`)));
      const limit = setTimeout(() => settle(() => reject(new Error(`${this.#name} did not answer within ${limitMs} ms`))), limitMs);
      child.on('message', answered);
      child.once('exit', ended);
      child.send(question as object);
    });
  }

  stop(): void {
    if (this.#ending === null) this.#process.kill('SIGKILL');
  }
}

/** The other side: answers every question with what `handle` makes of it. */
export function answerQuestions(handle: (question: unknown) => Promise<object> | object): void {
  process.on('message', (question: unknown) => {
    void (async () => {
      let answer: object;
      try {
        answer = await handle(question);
      } catch (error) {
        answer = { error: error instanceof Error ? error.message : String(error) };
      }
      process.send?.(answer);
    })();
  });
  process.once('disconnect', () => process.exit());
}

/** Microseconds of the machine's monotonic clock, the same in all processes. */
export function machineUs(): number {
  return Number(process.hrtime.bigint()) / 1000;
}
