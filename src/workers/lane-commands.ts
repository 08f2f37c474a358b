/**
 * The way into the hot lane from the main thread, which only ever waits on shared memory: a command is put where the lane can take it without an event loop (a thread's
 * message port, or a list within one thread), then the command word counts up, then the bell rings. The lane looks at the word once a turn, between its roles.
 */
import { CONTROL_COMMANDS, type MemoryPlan } from '../core/memory/layout.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import { messageOf, UsageError } from '../core/numbers/errors.js';
import type { Role } from '../core/ports/role.js';
import type { StrategyRunner } from '../strategies/runner.js';
import type { ParamsCommand } from './lane-data.js';

export interface LaneCommandsParts {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly runner: StrategyRunner;
  /** The oldest command that waits; undefined when there is none. */
  readonly take: () => ParamsCommand | undefined;
  /** @param refusal null once the strategy has them */
  readonly answer: (id: number, refusal: string | null) => void;
  readonly onError: (error: unknown) => void;
}

export class LaneCommands implements Role {
  readonly name = 'commands';
  readonly #parts: LaneCommandsParts;
  readonly #word: number;
  #seen: number;

  constructor(parts: LaneCommandsParts) {
    this.#parts = parts;
    this.#word = (parts.plan.control + CONTROL_COMMANDS) >> 2;
    this.#seen = Atomics.load(parts.views.i32, this.#word);
  }

  step(): number {
    const count = Atomics.load(this.#parts.views.i32, this.#word);
    if (count === this.#seen) return 0;
    this.#seen = count;
    let work = 0;
    for (let command = this.#parts.take(); command !== undefined; command = this.#parts.take()) {
      this.#carryOut(command);
      work++;
    }
    return work;
  }

  #carryOut({ id, strategy, params }: ParamsCommand): void {
    const { runner, answer, onError } = this.#parts;
    try {
      runner.setParams(strategy, params);
      answer(id, null);
    } catch (error) {
      if (!(error instanceof UsageError)) onError(error);
      answer(id, messageOf(error));
    }
  }
}

/** Main thread: hands commands over and waits for their answers. */
export class LaneOrders {
  readonly #waiting = new Map<number, (refusal: string | null) => void>();
  readonly #send: (command: ParamsCommand) => void;
  #id = 0;

  /** @param send puts the command where the lane finds it, and rings */
  constructor(send: (command: ParamsCommand) => void) {
    this.#send = send;
  }

  /** Resolves with the refusal, null when the strategy has the parameters. */
  params(strategy: number, params: ParamsCommand['params']): Promise<string | null> {
    const id = ++this.#id;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#send({ kind: 'params', id, strategy, params });
    });
  }

  answered(id: number, refusal: string | null): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(refusal);
  }

  /** The lane will answer nothing any more. */
  giveUp(why: string): void {
    for (const id of this.#waiting.keys()) this.answered(id, why);
  }
}
