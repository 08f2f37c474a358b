/**
 * From the bytes of a book message to the changed book against other languages: C++ with the same algorithm and checks on an image of the same memory, and Rust with
 * sonic-rs and sorted vectors. Each round measures ours in this process, then theirs in a process of its own; passes start from the same state.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { MemoryImage, NotHere, runPasses, usedPages, Workshop } from '../alternatives/native.js';
import { cpuMs, measuredOf, median, notRun, row, type BenchFile, type BenchOptions, type BenchRow, type Target } from '../harness.js';
import { describe, readCorpus, SOURCES, type Corpus, type CorpusFrame } from '../support/corpus.js';
import { hotPart } from '../support/hot-part.js';
import { OurBooks } from '../support/our-books.js';
import { hashOfBooks, type ShownBook } from '../support/shown-book.js';
import { compiledName } from '../../src/core/kernel/shape-compiler.js';
import { messageOf } from '../../src/core/numbers/errors.js';
import { DEFAULT_KERNEL } from '../../src/feeds/kernels.js';
import { compileShapes } from '../../src/feeds/shape.js';

/** At most 1.05 times the time of C++ where messages are small, its time where they are large; 0.95 of it is the goal. */
const CPP_SMALL: Target = { required: 1 / 1.05, goal: 1 / 0.95 };
const CPP_LARGE: Target = { required: 1, goal: 1 / 0.95 };
const RUST: Target = { required: 1 / 0.35, goal: 1 / 0.2 };
/** Passes of a round: long enough that no other's burst on the machine is all of it. */
const PASSES = 60;
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

function rowsOf(corpus: Corpus, workshop: Workshop, programs: Programs, options: BenchOptions): BenchRow[] {
  const books = new OurBooks(corpus.venue, DEFAULT_KERNEL);
  const landed = books.land(corpus.frames);
  const { receive, frames } = landed;
  const pass = (): void => books.read(landed);
  const { u8 } = books.room.views;
  books.prepare(corpus.before);
  pass();
  const expected = books.result();
  const touched = usedPages(u8);
  books.prepare(corpus.before);
  const places = frames.map(({ start, end, conn }) => ({
    at: receive.byteOffset + start,
    end: receive.byteOffset + end,
    ctx: books.contextOf(conn),
  }));
  const image = new MemoryImage(u8, places, touched);
  const [imagePath, textPath] = [workshop.path('image'), workshop.path('frames')];
  const [cppOut, rustOut] = [workshop.path('image.out'), workshop.path('frames.out')];
  image.write(imagePath);
  writeFileSync(textPath, textOf(corpus));
  const program = compiledName(compileShapes(corpus.venue.shapes));
  const passes = options.isQuick ? 3 : PASSES;
  // C++ is compiled when it starts; V8 takes some hundred passes.
  for (let i = 0; i < (options.isQuick ? 20 * passes : WARM_UP_PASSES); i++) {
    image.restore();
    pass();
  }
  const times = { ours: [] as number[], cpp: [] as number[], rust: [] as number[] };
  for (let round = 0; round < options.rounds; round++) {
    const took: number[] = [];
    for (let i = 0; i < passes; i++) {
      image.restore();
      const before = cpuMs();
      pass();
      took.push(((cpuMs() - before) * 1000) / frames.length);
    }
    times.ours.push(median(took));
    if (typeof programs.cpp === 'string') times.cpp.push(median(runPasses(programs.cpp, imagePath, passes, cppOut, program)));
    if (typeof programs.rust === 'string') times.rust.push(median(runPasses(programs.rust, textPath, passes, rustOut)));
  }
  if (books.result() !== expected) throw new Error(`${corpus.name}: our own passes differ`);
  const ours = measuredOf(DEFAULT_KERNEL, times.ours);
  const conditions = `${describe(corpus)}; kernel ${DEFAULT_KERNEL}`;
  const rows: BenchRow[] = [];
  const isLarge = corpus.levelsPerFrame >= LARGE;
  const check = 'best 25 levels of every book equal';
  if (programs.cpp instanceof NotHere) rows.push(notRun(`against C++, ${corpus.name}`, programs.cpp.message));
  else {
    image.take(cppOut);
    if (books.result() !== expected) throw new Error(`${corpus.name}: C++ ends in another book`);
    const target = isLarge ? CPP_LARGE : CPP_SMALL;
    rows.push(row(`against C++, ${corpus.name}`, ours, measuredOf(CPP_NAME, times.cpp), { conditions, check, unit: 'us/message', target }));
  }
  if (programs.rust instanceof NotHere) rows.push(notRun(`against Rust, ${corpus.name}`, programs.rust.message));
  else {
    if (shownOf(rustOut) !== expected) throw new Error(`${corpus.name}: Rust ends in another book`);
    const theirs = measuredOf(RUST_NAME, times.rust);
    rows.push(row(`against Rust, ${corpus.name}`, ours, theirs, { conditions, check, unit: 'us/message', target: RUST }));
  }
  return rows;
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
    return corpora.flatMap((corpus) => rowsOf(corpus, workshop, programs, options));
  } catch (error) {
    throw new Error(`native yardsticks: ${messageOf(error)}`, { cause: error });
  } finally {
    workshop.close();
  }
};
