/**
 * From the bytes of a book message to the changed book against other languages: C++ with the same algorithm and checks on an image of the same memory, and Rust with
 * sonic-rs and sorted vectors. Each round measures ours in this process, then theirs in a process of its own; passes start from the same state.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { MemoryImage, NotHere, runPasses, usedPages, Workshop } from '../alternatives/native.js';
import { cpuMs, measuredOf, median, notRun, row, type BenchFile, type BenchRow, type Target } from '../harness.js';
import { describe, readCorpus, SOURCES, type Corpus, type CorpusFrame } from '../support/corpus.js';
import { hotPart } from '../support/hot-part.js';
import { OurBooks, type LandedFrames } from '../support/our-books.js';
import { hashOfBooks, type ShownBook } from '../support/shown-book.js';
import { compiledName } from '../../src/core/kernel/shape-compiler.js';
import { messageOf } from '../../src/core/numbers/errors.js';
import { DEFAULT_KERNEL } from '../../src/feeds/kernels.js';
import { compileShapes } from '../../src/feeds/shape.js';

/** At most 1.05 times the time of C++ where messages are small, its time where they are large; 0.95 of it is the goal. */
const CPP_SMALL: Target = { required: 1 / 1.05, goal: 1 / 0.95 };
const CPP_LARGE: Target = { required: 1, goal: 1 / 0.95 };
const RUST: Target = { required: 1 / 0.35, goal: 1 / 0.2 };
const PASSES = 60;
/** They are short ones: so many for each that were asked for. */
const ROUNDS_EACH = 3;
/** Untimed passes before the first round. */
const WARM_UP_PASSES = 400;
/** Levels of a large message. */
const LARGE = 20;
const CPP_NAME = 'C++ -O3 -march=native, the same algorithm and checks';
const RUST_NAME = 'Rust, sonic-rs + sorted Vec, release';

interface Programs {
  readonly cpp: string | NotHere;
  readonly rust: string | NotHere;
}

function built(build: () => string): string | NotHere {
  try {
    return build();
  } catch (error) {
    if (error instanceof NotHere) return error;
    throw error;
  }
}

/** Tabs stand in no frame: JSON escapes them. */
const lineOf = (kind: string, { conn, restSymbol, bytes }: CorpusFrame): string =>
  `${kind}\t${conn}\t${restSymbol ?? ''}\t${bytes.toString().replaceAll('\n', '')}`;

function textOf({ before, frames }: Corpus): string {
  return [...before.map((frame) => lineOf('B', frame)), ...frames.map((frame) => lineOf('F', frame))].join('\n');
}

function shownOf(path: string): string {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return hashOfBooks(lines.map((line) => JSON.parse(line) as ShownBook).filter(({ bids, asks }) => bids.length + asks.length > 0));
}

/** One corpus in all languages, ready to be measured. */
class Contest {
  readonly #corpus: Corpus;
  readonly #programs: Programs;
  readonly #passes: number;
  readonly #program: string;
  readonly #books: OurBooks;
  readonly #landed: LandedFrames;
  readonly #image: MemoryImage;
  readonly #expected: string;
  readonly #imagePath: string;
  readonly #textPath: string;
  readonly #cppOut: string;
  readonly #rustOut: string;
  readonly #times = { ours: [] as number[], cpp: [] as number[], rust: [] as number[] };

  constructor(corpus: Corpus, workshop: Workshop, programs: Programs, isQuick: boolean) {
    const books = new OurBooks(corpus.venue, DEFAULT_KERNEL);
    const landed = books.land(corpus.frames);
    const { u8 } = books.room.views;
    this.#corpus = corpus;
    this.#programs = programs;
    this.#passes = isQuick ? 3 : PASSES;
    this.#program = compiledName(compileShapes(corpus.venue.shapes));
    this.#books = books;
    this.#landed = landed;
    books.prepare(corpus.before);
    this.#pass();
    this.#expected = books.result();
    const touched = usedPages(u8);
    books.prepare(corpus.before);
    const reads = landed.reads.map(({ start, end, frames, conn }) => ({
      at: landed.receive.byteOffset + start,
      end: landed.receive.byteOffset + end,
      ctx: books.contextOf(conn),
      frames,
    }));
    this.#image = new MemoryImage(u8, reads, touched);
    const path = (kind: string): string => workshop.path(`${corpus.name.replaceAll(/\W+/g, '-')}.${kind}`);
    [this.#imagePath, this.#textPath, this.#cppOut, this.#rustOut] = [path('image'), path('frames'), path('image-out'), path('frames-out')];
    this.#image.write(this.#imagePath);
    writeFileSync(this.#textPath, textOf(corpus));
    // C++ is compiled when it starts; V8 takes some hundred passes.
    for (let i = 0; i < (isQuick ? 20 * this.#passes : WARM_UP_PASSES); i++) {
      this.#image.restore();
      this.#pass();
    }
  }

  /** Ours in this process, then theirs in processes of their own. */
  round(): void {
    const took: number[] = [];
    for (let i = 0; i < this.#passes; i++) {
      this.#image.restore();
      const before = cpuMs();
      this.#pass();
      took.push(((cpuMs() - before) * 1000) / this.#landed.frames.length);
    }
    const { cpp, rust } = this.#programs;
    const times = this.#times;
    times.ours.push(median(took));
    if (typeof cpp === 'string') times.cpp.push(median(runPasses(cpp, this.#imagePath, this.#passes, this.#cppOut, this.#program)));
    if (typeof rust === 'string') times.rust.push(median(runPasses(rust, this.#textPath, this.#passes, this.#rustOut)));
  }

  /** Throws when the last passes did not end in the same books. */
  rows(): BenchRow[] {
    const corpus = this.#corpus;
    const { cpp, rust } = this.#programs;
    const check = 'best 25 levels of every book equal';
    this.#mustEnd(this.#books.result(), 'our own passes');
    const ours = measuredOf(DEFAULT_KERNEL, this.#times.ours);
    const given = { conditions: `${describe(corpus)}; kernel ${DEFAULT_KERNEL}`, check, unit: 'us/message' };
    const rows: BenchRow[] = [];
    if (cpp instanceof NotHere) rows.push(notRun(`against C++, ${corpus.name}`, cpp.message));
    else {
      this.#image.take(this.#cppOut);
      this.#mustEnd(this.#books.result(), 'C++');
      const target = corpus.levelsPerFrame >= LARGE ? CPP_LARGE : CPP_SMALL;
      rows.push(row(`against C++, ${corpus.name}`, ours, measuredOf(CPP_NAME, this.#times.cpp), { ...given, target }));
    }
    if (rust instanceof NotHere) rows.push(notRun(`against Rust, ${corpus.name}`, rust.message));
    else {
      this.#mustEnd(shownOf(this.#rustOut), 'Rust');
      rows.push(row(`against Rust, ${corpus.name}`, ours, measuredOf(RUST_NAME, this.#times.rust), { ...given, target: RUST }));
    }
    return rows;
  }

  #pass(): void {
    this.#books.read(this.#landed);
  }

  #mustEnd(result: string, who: string): void {
    if (result !== this.#expected) throw new Error(`${this.#corpus.name}: ${who}: another book at the end`);
  }
}

export const rows: BenchFile = async (options) => {
  if (DEFAULT_KERNEL !== 'wasm') return [notRun('against C++ and Rust', 'the WebAssembly kernel is not built')];
  const workshop = new Workshop();
  try {
    const corpora: Corpus[] = [];
    for (const source of Object.values(SOURCES)) corpora.push(hotPart(await readCorpus(source, options.isQuick ? 400 : 2000)));
    const programs = {
      cpp: built(() => workshop.buildCpp([...new Set(corpora.map(({ venue }) => venue))].map(({ shapes }) => compileShapes(shapes)))),
      rust: options.isQuick ? new NotHere('not compiled by --quick') : built(() => workshop.buildRust()),
    };
    const contests = corpora.map((corpus) => new Contest(corpus, workshop, programs, options.isQuick));
    // A round of all, then the next of all: the machine is slower for seconds at a time, which would be all rounds of one row.
    const rounds = options.isQuick ? options.rounds : ROUNDS_EACH * options.rounds;
    for (let round = 0; round < rounds; round++) for (const contest of contests) contest.round();
    return contests.flatMap((contest) => contest.rows());
  } catch (error) {
    throw new Error(`native yardsticks: ${messageOf(error)}`, { cause: error });
  } finally {
    workshop.close();
  }
};
