/** Lines of several recordings in one order, by recorded time; lines of one file keep theirs. One line of each file is held. */
import type { RecordedLine, RecordingSource } from './recorded-line.js';

export interface MergedLine {
  readonly file: number;
  readonly record: RecordedLine;
}

export class MergedLines {
  readonly #iterators: AsyncIterator<RecordedLine>[];
  readonly #heads: (RecordedLine | null)[] = [];
  #isOpen = false;

  constructor(source: RecordingSource, files: readonly string[]) {
    this.#iterators = files.map((file) => source.read(file)[Symbol.asyncIterator]());
  }

  /** Null at the end. */
  async next(): Promise<MergedLine | null> {
    if (!this.#isOpen) {
      for (const file of this.#iterators.keys()) await this.#advance(file);
      this.#isOpen = true;
    }
    let first = -1;
    let earliest = Infinity;
    for (const [file, head] of this.#heads.entries()) {
      if (head === null || head.t >= earliest) continue;
      first = file;
      earliest = head.t;
    }
    const record = this.#heads[first];
    if (record === undefined || record === null) return null;
    await this.#advance(first);
    return { file: first, record };
  }

  /** Closes the files. */
  async close(): Promise<void> {
    for (const iterator of this.#iterators) await iterator.return?.();
  }

  async #advance(file: number): Promise<void> {
    const step = await this.#iterators[file]?.next();
    this.#heads[file] = step === undefined || step.done === true ? null : step.value;
  }
}
