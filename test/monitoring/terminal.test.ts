import { describe, expect, it } from 'vitest';
import { TerminalView, type TerminalStream } from '../../src/monitoring/terminal.js';
import { renderPlainLine, renderTable, type TerminalState } from '../../src/monitoring/terminal-table.js';
import type { TimerHandle, Timers } from '../../src/core/ports/clock.js';
import { DemoEngine } from './demo-engine.js';

const ESC = '\u001b';
const COLOUR = new RegExp(`${ESC}\\[[0-9;]*m`, 'g');
const SEQUENCE = new RegExp(`${ESC}\\[[0-9;?]*[a-zA-Z]`, 'g');
const PARTS = new RegExp(`${ESC}\\[[0-9;?]*[a-zA-Z]|\\n|\\r|[^${ESC}\\n\\r]+`, 'g');
const UP = new RegExp(`^${ESC}\\[(\\d+)A$`);

function stateOf(engine: DemoEngine): TerminalState {
  const { view } = engine;
  return {
    status: view.status(),
    books: view.books.rows(),
    pnl: view.pnl(),
    strategyPnl: view.strategyPnl(),
    url: 'http://127.0.0.1:9464',
  };
}

function running(simulated = true): DemoEngine {
  const engine = new DemoEngine({ simulated });
  for (let i = 0; i < 300; i++) engine.step();
  engine.view.sample();
  return engine;
}

class FakeTerminal implements TerminalStream {
  readonly isTTY = true;
  columns = 100;
  rows = 50;
  text = '';
  write(text: string): void {
    this.text += text;
  }
}

class ManualTimers implements Timers {
  readonly running = new Map<number, () => void>();
  #id = 0;
  after(_ms: number, run: () => void): TimerHandle {
    return this.every(_ms, run);
  }
  every(_ms: number, run: () => void): TimerHandle {
    this.running.set(++this.#id, run);
    return { id: this.#id };
  }
  cancel({ id }: TimerHandle): void {
    this.running.delete(id);
  }
}

describe('terminal table', () => {
  const state = stateOf(running());

  it('marks a strategy that its own code stopped, in the table and in the plain line', () => {
    const [first, ...others] = state.status.strategies;
    if (first === undefined) throw new Error('no strategy');
    expect(renderTable(state, 160).join('\n')).not.toContain('STOPPED');
    const failed = { ...state, status: { ...state.status, strategies: [{ ...first, errors: 1 }, ...others] } };
    expect(renderTable(failed, 160).join('\n')).toContain(`STOPPED ${first.strategy} `);
    expect(renderPlainLine(failed)).toContain(`| STOPPED BY AN ERROR ${first.strategy} |`);
  });

  it('never draws a line wider than the terminal, coloured or not, at any width', () => {
    for (let width = 20; width <= 200; width++) {
      for (const isColoured of [false, true]) {
        const lines = renderTable(state, width, { isColoured });
        const widest = Math.max(...lines.map((line) => line.replace(COLOUR, '').length));
        expect(widest, `width ${width}`).toBeLessThanOrEqual(width);
      }
    }
  });

  it('shows every book with bid and ask, every strategy, profit, latency, journal and address where there is room', () => {
    const text = renderTable(state, 140).join('\n');
    for (const { instrument, bid, ask } of state.books) {
      expect(text).toContain(instrument);
      expect(text).toContain(bid);
      expect(text).toContain(ask);
    }
    for (const word of ['btc-grid', 'btc-cross', 'USDT', 'adds up', 'tick>order', 'journal', 'http://127.0.0.1:9464'])
      expect(text).toContain(word);
  });

  it('drops the least needed columns first and keeps instrument and state', () => {
    const lines = renderTable(state, 48);
    expect(lines.some((line) => line.startsWith('instrument') && line.includes('state'))).toBe(true);
    expect(lines.join('\n')).not.toContain('lag');
    expect(renderTable(state, 140).join('\n')).toContain('lag');
  });

  it('says SIMULATED when it is, and only then', () => {
    expect(renderTable(state, 100)[0]).toContain('SIMULATED');
    expect(renderPlainLine(state)).toContain('SIMULATED');
    const paper = stateOf(running(false));
    expect(renderTable(paper, 100).join('\n')).not.toContain('SIMULATED');
    expect(renderPlainLine(paper)).not.toContain('SIMULATED');
  });

  it('says so loudly when profit does not add up', () => {
    const pnl = state.pnl.map((row) => ({ ...row, unexplained: '0.01' }));
    expect(renderTable({ ...state, pnl }, 140).join('\n')).toContain('UNEXPLAINED 0.01');
    expect(renderPlainLine({ ...state, pnl })).toContain('DOES NOT ADD UP');
  });

  it('fits a low terminal and counts the books that it leaves out', () => {
    const whole = renderTable(state, 100);
    const lines = renderTable(state, 100, { height: whole.length - 3 });
    expect(lines).toHaveLength(whole.length - 3);
    expect(lines.join('\n')).toContain('… 4 more books');
    expect(lines.at(-1)).toBe(whole.at(-1));
  });
});

describe('terminal view', () => {
  it('overwrites its own lines, keeps what was said above them, and gives the cursor back', () => {
    const { view } = running();
    const out = new FakeTerminal();
    const timers = new ManualTimers();
    const terminal = new TerminalView({ out, timers, view, url: 'u', isColoured: false });
    terminal.start();
    for (const run of timers.running.values()) run();
    terminal.line('a note');
    terminal.stop();
    expect(out.text.startsWith('\u001b[?25l')).toBe(true);
    expect(out.text.endsWith('\u001b[?25h')).toBe(true);
    expect(timers.running.size).toBe(0);
    const screen = screenOf(out.text, out.columns);
    expect(screen.filter((line) => line.startsWith('THOR'))).toHaveLength(1);
    expect(screen[0]).toBe('a note');
    expect(out.text).not.toContain('\u001b[2J');
  });

  it('leaves no ghost when the terminal was made narrower in between', () => {
    const { view } = running();
    const out = new FakeTerminal();
    const terminal = new TerminalView({ out, timers: new ManualTimers(), view, url: 'u', isColoured: false });
    terminal.start();
    const before = out.text;
    out.columns = 50;
    out.text = '';
    terminal.draw();
    const wrapped = before.split('\n').slice(0, -1);
    const rows = wrapped.reduce((sum, line) => sum + Math.max(1, Math.ceil(visible(line).length / 50)), 0);
    expect(out.text).toContain(`\u001b[${rows}A`);
  });

  it('prints plain lines, and nothing but lines, where there is no terminal', () => {
    const { view } = running();
    let text = '';
    const timers = new ManualTimers();
    const terminal = new TerminalView({ out: { write: (part: string) => (text += part) }, timers, view, url: 'u' });
    terminal.start();
    for (const run of timers.running.values()) run();
    terminal.line('a note');
    terminal.stop();
    expect(text).not.toContain('\u001b');
    expect(text.trim().split('\n')).toHaveLength(3);
  });
});

function visible(line: string): string {
  return line.replace(SEQUENCE, '').replaceAll('\r', '');
}

/** A terminal of unlimited height that knows the few sequences in use. */
function screenOf(text: string, columns: number): string[] {
  const screen: string[] = [''];
  let row = 0;
  for (const [part] of text.matchAll(PARTS)) {
    const up = UP.exec(part);
    if (up !== null) row -= Number(up[1]);
    else if (part === '\u001b[J') screen.length = row;
    else if (part === '\n') row++;
    else if (!part.startsWith('\u001b') && part !== '\r') screen[row] = part.slice(0, columns);
    if (row < 0) throw new Error('moved above the first line');
    while (screen.length <= row) screen.push('');
  }
  return screen;
}
