/**
 * What two threads may see on a machine that orders as little as ARM does under JavaScript: the steps of each, as the real code takes them, in every order that the
 * machine may give them, interleaved in every way.
 *
 *   Atomics.load       acquire    what follows it in the program stays behind it; plain loads before it may pass it
 *   Atomics.store      release    what stands before it stays before it; plain stores behind it may pass it
 *   add, or, exchange  both
 *   two atomics        keep their order, whatever they are (V8 gives `Atomics` sequential consistency: LDAR and STLR)
 *   one word           its steps keep their order
 */
import type { Step } from './explorer.js';

const isPlain = ({ kind }: Pick<Step, 'kind'>): boolean => kind === 'read' || kind === 'write';
const isBoth = ({ kind }: Step): boolean => kind === 'rmw' || kind === 'exchange';
const isAcquire = (step: Step): boolean => step.kind === 'load' || isBoth(step);
const isRelease = (step: Step): boolean => step.kind === 'store' || isBoth(step);
const isAtomic = (step: Step): boolean => isAcquire(step) || isRelease(step);

/** Must `first`, which stands before `second` in its program, be seen before it? */
export function keepsOrder(first: Step, second: Step): boolean {
  if (isAtomic(first) && isAtomic(second)) return true;
  if (isAcquire(first) || isRelease(second)) return true;
  return wordOf(first) === wordOf(second);
}

/** All orders in which the machine may run the steps, as lists of positions. */
export function ordersOf(steps: readonly Step[]): number[][] {
  const orders: number[][] = [];
  const walk = (order: number[]): void => {
    if (order.length === steps.length) orders.push(order);
    for (let next = 0; next < steps.length; next++) {
      if (order.includes(next)) continue;
      const isFree = steps.every((step, before) => before >= next || order.includes(before) || !keepsOrder(step, steps[next]!));
      if (isFree) walk([...order, next]);
    }
  };
  walk([]);
  return orders;
}

const SETS: readonly Step['kind'][] = ['store', 'write', 'relaxed store', 'exchange'];

/** The words of the model, atomic and plain ones apart. */
class Words {
  readonly #values: Map<string, number>;

  constructor(values: ReadonlyMap<string, number>) {
    this.#values = new Map(values);
  }

  copy(): Words {
    return new Words(this.#values);
  }

  run(step: Step): number {
    const key = wordOf(step);
    const before = this.#values.get(key) ?? 0;
    if (SETS.includes(step.kind)) this.#values.set(key, step.value);
    else if (step.kind === 'rmw') this.#values.set(key, before + step.value);
    return before;
  }
}

export function wordOf(step: Pick<Step, 'kind' | 'index'>): string {
  return `${isPlain(step) ? 'plain' : 'atomic'} ${step.index}`;
}

/**
 * Calls `see` with what each step of `reader` gave (in its program's order), for every way in which the two may run.
 * The writer goes on behind a look only if that gives what it gave when it was recorded.
 * @param from values at the start, by `wordOf`
 */
export function everyView(
  writer: readonly Step[],
  reader: readonly Step[],
  from: ReadonlyMap<string, number>,
  see: (results: readonly number[]) => void,
): void {
  for (const writes of ordersOf(writer)) {
    for (const reads of ordersOf(reader)) {
      const results = Array.from<number>({ length: reader.length }).fill(0);
      const walk = (w: number, r: number, words: Words): void => {
        if (r === reads.length) return see(results);
        if (w < writes.length) {
          const next = words.copy();
          const step = writer[writes[w]!]!;
          const result = next.run(step);
          // A look that gives something else than it gave when it was recorded would have taken another way: it ends here.
          walk(step.kind === 'load' && result !== step.result ? writes.length : w + 1, r, next);
        }
        const next = words.copy();
        results[reads[r]!] = next.run(reader[reads[r]!]!);
        walk(w, r + 1, next);
      };
      walk(0, 0, new Words(from));
    }
  }
}
