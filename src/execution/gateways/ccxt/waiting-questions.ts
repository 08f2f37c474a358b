/**
 * The executor's questions that were not asked yet, or that the venue was in no state to answer: a question that failed for a reason that passes is asked again,
 * sooner than the executor would. After its patience the executor asks again itself, so older ones are let go. Gateway's lane.
 */
import type { GatewayRequest } from './known-orders.js';

/** Below the executor's first patience. */
const PATIENCE_US = 3_000_000;
const AGAIN_US = 250_000;

export interface WaitingQuestion {
  readonly request: GatewayRequest;
  readonly sinceUs: number;
  readonly dueUs: number;
  readonly tries: number;
}

export class WaitingQuestions {
  #waiting: WaitingQuestion[] = [];

  get count(): number {
    return this.#waiting.length;
  }

  get dueUs(): number {
    return this.#waiting.reduce((least, { dueUs }) => Math.min(least, dueUs), Infinity);
  }

  add(request: GatewayRequest, nowUs: number): void {
    this.#waiting.push({ request, sinceUs: nowUs, dueUs: nowUs, tries: 0 });
  }

  /** It failed, and may succeed in a moment. */
  again(question: WaitingQuestion, nowUs: number): void {
    this.#waiting.push({ ...question, tries: question.tries + 1, dueUs: nowUs + AGAIN_US * 2 ** question.tries });
  }

  /** Hands out what is due, oldest first, as long as `mayAsk` says so. Returns how many. */
  flush(nowUs: number, mayAsk: () => boolean, ask: (question: WaitingQuestion) => void): number {
    if (this.#waiting.length === 0) return 0;
    const all = this.#waiting;
    this.#waiting = [];
    let asked = 0;
    for (const question of all) {
      if (nowUs - question.sinceUs > PATIENCE_US) continue;
      if (nowUs < question.dueUs || !mayAsk()) {
        this.#waiting.push(question);
        continue;
      }
      ask(question);
      asked++;
    }
    return asked;
  }
}
