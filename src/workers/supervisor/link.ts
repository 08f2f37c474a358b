/**
 * The engine's side of its supervisor: starts the process, hands it what it needs through its standard input, and sends a sign of life while the hot lane turns.
 * Main thread. The engine's death ends the pipe; nothing else has to be done for it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../core/numbers/errors.js';
import { type Handover, messageLine } from './handover.js';

const ENTRY = fileURLToPath(new URL('../supervisor.js', import.meta.url));
/** Signs of life are this far apart: a tenth of the shortest hang that makes sense. */
const BEAT_MS = 500;

export interface SupervisorLinkDeps {
  /** Monotonic milliseconds of the wall. */
  readonly nowMs: () => number;
  readonly timers: { after(delayMs: number, run: () => void): unknown };
  /** The supervisor is gone although nobody asked it to be: nobody cancels after a death from now on. */
  readonly onLost: (text: string) => void;
  /** Another program, for tests. */
  readonly entry?: string;
}

export class SupervisorLink {
  readonly #child: ChildProcess;
  readonly #deps: SupervisorLinkDeps;
  readonly #ended: Promise<void>;
  #beatMs = -Infinity;
  #isOver = false;

  /** Starts the supervisor. Its environment is empty but for what finds time and certificates: it holds keys enough. */
  constructor(handover: Handover, deps: SupervisorLinkDeps) {
    this.#deps = deps;
    // A session of its own: what the terminal sends to the engine's group does not reach it.
    this.#child = spawn(process.execPath, [deps.entry ?? ENTRY], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: pickEnvironment(process.env),
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#lost(messageOf(error));
        resolve();
      });
      this.#child.once('exit', (code) => {
        this.#lost(`it ended with code ${code ?? 'none'}`);
        resolve();
      });
    });
    this.#child.stdin?.on('error', (error) => this.#lost(messageOf(error)));
    this.#child.stdin?.write(messageLine(handover));
    this.#child.unref();
    const { stdin } = this.#child;
    if (stdin !== null && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Called often by the host. @param isTurning whether the hot lane did turn since the last call (true while it is not started yet) */
  beat(isTurning: boolean): void {
    const nowMs = this.#deps.nowMs();
    const { stdin } = this.#child;
    if (this.#isOver || !isTurning || nowMs - this.#beatMs < BEAT_MS || stdin === null || stdin.writableNeedDrain) return;
    this.#beatMs = nowMs;
    stdin.write(messageLine({ type: 'beat' }));
  }

  /** The last word. Clean: everything stays as it is. Otherwise the supervisor cancels, and outlives the engine to do so. */
  async end(isClean: boolean, limitMs = 2_000): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#child.stdin?.end(messageLine({ type: isClean ? 'stop' : 'fail' }));
    if (!isClean) return;
    await Promise.race([this.#ended, new Promise<void>((resolve) => void this.#deps.timers.after(limitMs, resolve))]);
  }

  #lost(text: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deps.onLost(`the supervisor is gone (${text}): after a death of the engine its orders will stand`);
  }
}

/** What TLS and time zones need; no variable that may hold a key. */
function pickEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = ['PATH', 'TZ', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS'];
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
