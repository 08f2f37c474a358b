/** The status table as lines of text: a pure function of what EngineView says and of the terminal's width. Called by TerminalView. */
import { STORE_BEHIND_US } from './readiness.js';
import type { LatencySummary, PnlRow, StatusPayload } from './payload.js';
import type { BookRow, StrategyPnlRow } from './payload-rows.js';

export interface TerminalState {
  readonly status: StatusPayload;
  readonly books: readonly BookRow[];
  readonly pnl: readonly PnlRow[];
  readonly strategyPnl: readonly StrategyPnlRow[];
  readonly url: string;
}

export interface TableOptions {
  readonly isColoured?: boolean;
  /** Lines that fit; books that do not are counted in one line. */
  readonly height?: number;
}

type Tone = 'bold' | 'dim' | 'good' | 'bad' | 'warn' | 'plain';

interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

interface Column {
  readonly title: string;
  readonly isRight?: boolean;
  /** Columns with the highest number go first when the terminal is narrow; 0 stays. */
  readonly drop: number;
  readonly cells: readonly Cell[];
}

const CODES: Readonly<Record<Tone, string>> = { bold: '1', dim: '90', good: '32', bad: '31', warn: '33', plain: '' };
const GAP = 2;
const ELLIPSIS = '…';
/** Names are not cut shorter than this while a column can go instead. */
const LEAST_NAME = 8;
/** Narrower than this nothing sensible can be shown; lines are cut. */
export const LEAST_WIDTH = 20;
const STAGE_NAMES = {
  frameToBook: 'frame>book',
  tickToOrder: 'tick>order',
  orderToBytes: 'order>bytes',
  orderToAck: 'order>ack',
  orderToDurable: 'order>disk',
} as const;

export function renderTable(state: TerminalState, width: number, options: TableOptions = {}): string[] {
  const paint = painter(options.isColoured === true);
  const room = Math.max(LEAST_WIDTH, width);
  const head = headLines(state, room, paint);
  const strategies = table(strategyColumns(state), room, paint);
  const foot = [...profitLines(state, room, paint), ...tailLines(state, room, paint)];
  const books = table(bookColumns(state.books), room, paint);
  const blocks = (bookLines: readonly string[]): string[] => [...head, '', ...bookLines, '', ...strategies, '', ...foot];
  const all = blocks(books);
  const height = options.height ?? Infinity;
  if (all.length <= height) return all;
  const shown = Math.max(1, books.length - (all.length - height) - 1);
  const hidden = books.length - shown;
  const rest = paint(cut(`${ELLIPSIS} ${hidden} more book${hidden === 1 ? '' : 's'}`, room), 'dim');
  return blocks([...books.slice(0, shown), rest]).slice(0, Math.max(1, height));
}

/** One line for logs and pipes. */
export function renderPlainLine({ status, books, pnl, url }: TerminalState): string {
  const { counts } = status;
  const live = books.filter(({ state }) => state === 'live').length;
  const messages = status.venues.reduce((sum, venue) => sum + venue.messagesPerSecond, 0);
  const kinds = Object.entries(counts.fills.byKind).map(([kind, n]) => `${kind} ${n}`);
  const stopped = status.strategies.filter(({ errors }) => errors > 0).map(({ strategy }) => strategy);
  const profit = pnl.map((row) => `${row.asset} ${signed(row.equityChange)}${isZero(row) ? '' : ' DOES NOT ADD UP'}`);
  return [
    time(status.nowUs),
    ...(status.label === null ? [] : [status.label]),
    `${status.mode} ${stateText(status)}`,
    `books ${live}/${books.length}`,
    `messages/s ${messages}`,
    `orders open ${counts.orders.open} sent ${counts.orders.sent} denied ${counts.orders.denied}`,
    ...(stopped.length > 0 ? [`STOPPED BY AN ERROR ${stopped.join(', ')}`] : []),
    `fills ${counts.fills.count} (${kinds.join(', ')})`,
    ...(profit.length > 0 ? [profit.join(', ')] : []),
    `tick>order p50 ${micros(counts.latencyUs.tickToOrder.p50)} p99 ${micros(counts.latencyUs.tickToOrder.p99)}`,
    `journal ${status.journal.records}${status.journal.isWritable ? '' : ' NOT WRITABLE'}`,
    url,
  ].join(' | ');
}

type Paint = (text: string, tone: Tone) => string;

function painter(isColoured: boolean): Paint {
  return (text, tone) => (isColoured && CODES[tone] !== '' ? `\u001b[${CODES[tone]}m${text}\u001b[0m` : text);
}

/** Words joined while they fit; what does not fit is left out, the last one cut if it is the first. */
function line(cells: readonly Cell[], width: number, paint: Paint): string {
  let used = 0;
  let text = '';
  for (const { text: word, tone } of cells) {
    const space = used === 0 ? 0 : GAP;
    if (used + space + word.length > width) {
      if (used === 0) return paint(cut(word, width), tone ?? 'plain');
      break;
    }
    text += ' '.repeat(space) + paint(word, tone ?? 'plain');
    used += space + word.length;
  }
  return text;
}

function headLines({ status, url }: TerminalState, width: number, paint: Paint): string[] {
  const isHalted = status.halt !== 'none' || status.journal.blockedReason !== null;
  const first: Cell[] = [
    { text: `THOR ${status.version}`, tone: 'bold' },
    ...(status.label === null ? [] : [{ text: status.label, tone: 'warn' } as const]),
    { text: `mode ${status.mode}` },
    { text: stateText(status), tone: isHalted ? 'bad' : status.state === 'trading' ? 'good' : 'warn' },
    { text: `run ${status.run}`, tone: 'dim' },
    { text: `up ${duration(status.uptimeSeconds)}`, tone: 'dim' },
    { text: `${time(status.nowUs)} UTC`, tone: 'dim' },
    ...(status.speed === 1 ? [] : [{ text: `speed ${status.speed}x`, tone: 'dim' } as const]),
  ];
  return [line(first, width, paint), line([{ text: url }, { text: status.dataDir, tone: 'dim' }], width, paint)];
}

function bookColumns(books: readonly BookRow[]): Column[] {
  return [
    { title: 'instrument', drop: 0, cells: books.map(({ instrument }) => ({ text: instrument })) },
    { title: 'state', drop: 0, cells: books.map(({ state }) => ({ text: state, tone: stateTone(state) })) },
    { title: 'bid', isRight: true, drop: 1, cells: books.map(({ bid }) => ({ text: bid ?? '-' })) },
    { title: 'ask', isRight: true, drop: 1, cells: books.map(({ ask }) => ({ text: ask ?? '-' })) },
    {
      title: 'spread',
      isRight: true,
      drop: 3,
      cells: books.map(({ spreadTicks }) => ({ text: spreadTicks === null ? '-' : String(spreadTicks) })),
    },
    { title: 'age', isRight: true, drop: 2, cells: books.map(({ ageUs }) => ({ text: ageUs === null ? '-' : micros(ageUs) })) },
    {
      title: 'lag',
      isRight: true,
      drop: 5,
      cells: books.map(({ lagUs }) => ({ text: lagUs === null ? '-' : micros(lagUs), tone: 'dim' })),
    },
    { title: 'levels', isRight: true, drop: 4, cells: books.map((row) => ({ text: String(row.bidLevels + row.askLevels), tone: 'dim' })) },
  ];
}

function strategyColumns({ status, strategyPnl }: TerminalState): Column[] {
  const rows = status.strategies;
  const profit = (strategy: string): Cell => {
    const own = strategyPnl.filter((row) => row.strategy === strategy && (Number(row.matched) !== 0 || Number(row.fees) !== 0));
    const main = own.toSorted((a, b) => Math.abs(Number(b.matched)) - Math.abs(Number(a.matched)))[0];
    if (main === undefined) return { text: '-', tone: 'dim' };
    return { text: `${signed(main.matched)} ${main.asset}`, tone: Number(main.matched) < 0 ? 'bad' : 'good' };
  };
  return [
    {
      title: 'strategy',
      drop: 0,
      cells: rows.map(({ strategy, errors }) => (errors > 0 ? { text: `STOPPED ${strategy}`, tone: 'bad' } : { text: strategy })),
    },
    { title: 'kind', drop: 5, cells: rows.map(({ kind }) => ({ text: kind, tone: 'dim' })) },
    { title: 'open', isRight: true, drop: 1, cells: rows.map(({ open }) => ({ text: String(open) })) },
    { title: 'sent', isRight: true, drop: 4, cells: rows.map(({ sent }) => ({ text: String(sent) })) },
    { title: 'fills', isRight: true, drop: 0, cells: rows.map(({ fills }) => ({ text: String(fills) })) },
    { title: 'profit', isRight: true, drop: 0, cells: rows.map(({ strategy }) => profit(strategy)) },
    { title: 'taken', isRight: true, drop: 3, cells: rows.map(({ taken }) => ({ text: String(taken) })) },
    { title: 'refused', isRight: true, drop: 3, cells: rows.map(({ refused }) => ({ text: String(refused) })) },
    {
      title: 'denied',
      isRight: true,
      drop: 2,
      cells: rows.map(({ denied }) => ({ text: String(denied), tone: denied > 0 ? 'warn' : 'dim' })),
    },
  ];
}

function profitLines({ pnl }: TerminalState, width: number, paint: Paint): string[] {
  return pnl.map((row) =>
    line(
      [
        { text: row.asset.padEnd(5), tone: 'bold' },
        { text: `equity ${signed(row.equityChange)}`, tone: Number(row.equityChange) < 0 ? 'bad' : 'good' },
        isZero(row)
          ? { text: 'adds up', tone: 'good' }
          : { text: `UNEXPLAINED ${row.unexplained} RESIDUAL ${row.residual ?? '-'}`, tone: 'bad' },
        ...(['grid', 'arb', 'other', 'trend', 'fees', 'funding', 'rounding'] as const)
          .filter((part) => Number(row[part]) !== 0)
          .map((part) => ({ text: `${part} ${signed(row[part])}` })),
      ],
      width,
      paint,
    ),
  );
}

function tailLines({ status }: TerminalState, width: number, paint: Paint): string[] {
  const { counts, journal, stores } = status;
  const stages = Object.entries(counts.latencyUs) as [keyof typeof STAGE_NAMES, LatencySummary][];
  const latency = stages
    .filter(([, { count }]) => count > 0)
    .map(([stage, { p50, p99 }]) => ({ text: `${STAGE_NAMES[stage]} ${micros(p50)}/${micros(p99)}` }));
  const { orders } = counts;
  return [
    line([{ text: 'p50/p99', tone: 'dim' }, ...(latency.length > 0 ? latency : [{ text: 'no latencies yet' }])], width, paint),
    line(
      [
        { text: 'orders ', tone: 'dim' },
        { text: `open ${orders.open}` },
        { text: `sent ${orders.sent}` },
        { text: `filled ${orders.filled}` },
        { text: `cancelled ${orders.cancelled}` },
        { text: `rejected ${orders.rejected}` },
        { text: `unknown ${orders.unknown}`, tone: orders.unknown > 0 ? 'warn' : 'plain' },
      ],
      width,
      paint,
    ),
    line(
      [
        { text: 'journal', tone: 'dim' },
        { text: `${journal.records} records` },
        { text: `${journal.lagRecords} waiting` },
        { text: `${journal.syncs} syncs` },
        ...stores
          .filter(({ state, behindUs }) => state === 'failing' || behindUs > STORE_BEHIND_US)
          .map((store) => ({ text: `${store.name} ${store.lagRecords} behind`, tone: 'warn' as const })),
        ...(journal.isWritable ? [] : [{ text: journal.blockedReason ?? 'not writable', tone: 'bad' } as const]),
      ],
      width,
      paint,
    ),
  ];
}

/** Drops columns by their number until the rest fits; then the first column is cut, and at last columns go from the right. */
function table(columns: readonly Column[], width: number, paint: Paint): string[] {
  let kept = [...columns];
  while (total(kept) > width) {
    const worst = Math.max(...kept.map(({ drop }) => drop));
    if (worst === 0) break;
    kept = kept.filter(({ drop }) => drop !== worst);
  }
  while (kept.length > 1 && total(kept) - Math.max(0, widthOf(kept[0]) - LEAST_NAME) > width) kept = kept.slice(0, -1);
  const sizes = kept.map(widthOf);
  sizes[0] = Math.max(1, Math.min(sizes[0] ?? 0, width - total(kept) + (sizes[0] ?? 0)));
  const row = (cells: readonly Cell[]): string =>
    cells
      .map(({ text, tone }, i) => {
        const size = sizes[i] ?? 0;
        const fitted = cut(text, size);
        const padded = kept[i]?.isRight === true ? fitted.padStart(size) : fitted.padEnd(size);
        return paint(padded, tone ?? 'plain');
      })
      .join(' '.repeat(GAP));
  const lines = [row(kept.map(({ title }) => ({ text: title, tone: 'dim' })))];
  const length = kept[0]?.cells.length ?? 0;
  for (let i = 0; i < length; i++) lines.push(row(kept.map(({ cells }) => cells[i] ?? { text: '' })));
  return lines;
}

function widthOf(column: Column | undefined): number {
  return column === undefined ? 0 : Math.max(column.title.length, ...column.cells.map(({ text }) => text.length));
}

function total(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + widthOf(column), 0) + GAP * (columns.length - 1);
}

function stateTone(state: string): Tone {
  if (state === 'live') return 'good';
  return state === 'syncing' || state === 'empty' ? 'warn' : 'bad';
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}${ELLIPSIS}`;
}

function stateText(status: StatusPayload): string {
  if (status.journal.blockedReason !== null) return `new orders blocked: ${status.journal.blockedReason}`;
  return status.halt === 'none' ? status.state : status.halt;
}

function isZero(row: PnlRow): boolean {
  return Number(row.unexplained) === 0 && Number(row.residual ?? 0) === 0;
}

function time(tsUs: number): string {
  return new Date(tsUs / 1000).toISOString().slice(11, 19);
}

function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = String(whole % 60).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${two}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${two}`;
}

function micros(us: number): string {
  if (us < 10) return `${us.toFixed(1)}us`;
  if (us < 1_000) return `${us.toFixed(0)}us`;
  if (us < 1e6) return `${(us / 1e3).toFixed(us < 1e4 ? 1 : 0)}ms`;
  return us < 600e6 ? `${(us / 1e6).toFixed(1)}s` : `${(us / 60e6).toFixed(0)}min`;
}

/** Six significant digits: exact sums stand in the summary. */
function signed(text: string): string {
  const value = Number(text);
  if (value === 0) return '0';
  const size = Math.abs(value);
  const places = size >= 1000 ? 1 : size >= 1 ? 3 : size >= 0.001 ? 5 : 8;
  return `${value > 0 ? '+' : ''}${value.toFixed(places)}`;
}
