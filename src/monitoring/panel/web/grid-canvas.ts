/** Draws price, levels and fills on a canvas. No state of its own: all of it is drawn from what it is given. */
import type { BookRow, FillRow, LevelRow, OrderRow } from '../../payload-rows.ts';
import { clock, grouped } from './format.ts';
import type { MutableSeries } from './store.ts';

const COLOUR = {
  buy: '#2fbf8a',
  sell: '#ee5a6f',
  idle: '#3a4454',
  wait: '#f2b84b',
  parked: '#b57bee',
  mid: '#dfe6f0',
  axis: '#66728a',
  grid: '#171d27',
  band: 'rgba(223,230,240,0.05)',
};

export const GRID_LEGEND = [
  { name: 'buy rests', colour: COLOUR.buy, mark: 'line' },
  { name: 'sell rests', colour: COLOUR.sell, mark: 'line' },
  { name: 'waits', colour: COLOUR.idle, mark: 'line dashed' },
  { name: 'in flight, backs off', colour: COLOUR.wait, mark: 'line' },
  { name: 'parked', colour: COLOUR.parked, mark: 'line' },
  { name: 'bought', colour: COLOUR.buy, mark: 'tri' },
  { name: 'sold', colour: COLOUR.sell, mark: 'tri down' },
] as const;

const GUTTER_RIGHT = 118;
const GUTTER_BOTTOM = 18;
const PAD = 10;
const WINDOW_US = 10 * 60e6;
const LABEL_GAP = 12;

export interface GridPicture {
  readonly nowUs: number;
  readonly mids: MutableSeries | undefined;
  readonly book: BookRow | undefined;
  readonly levels: readonly LevelRow[];
  readonly orders: readonly OrderRow[];
  readonly fills: readonly FillRow[];
}

interface Line {
  readonly price: number;
  readonly text: string;
  readonly qty: string;
  readonly side: 'buy' | 'sell';
  readonly state: string;
  readonly fills: number;
}

export function drawGrid(canvas: HTMLCanvasElement, picture: GridPicture): void {
  const box = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(box.width));
  const height = Math.max(1, Math.round(box.height));
  if (canvas.width !== width * ratio || canvas.height !== height * ratio) {
    canvas.width = width * ratio;
    canvas.height = height * ratio;
  }
  const pen = canvas.getContext('2d');
  if (pen === null) return;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = '10.5px "JetBrains Mono", "DejaVu Sans Mono", ui-monospace, Menlo, Consolas, monospace';
  pen.textBaseline = 'middle';

  const points = pointsOf(picture);
  const lines = linesOf(picture);
  const mid = picture.book?.mid ?? points.at(-1)?.price ?? null;
  if (mid === null && lines.length === 0) {
    pen.fillStyle = COLOUR.axis;
    pen.textAlign = 'center';
    pen.fillText('no price yet', width / 2, height / 2);
    return;
  }
  const endUs = picture.nowUs;
  const startUs = Math.max(endUs - WINDOW_US, Math.min(points[0]?.tsUs ?? endUs, endUs - 30e6));
  const shownFills = picture.fills.filter((fill) => fill.tsUs >= startUs);
  const [low, high] = rangeOf(points, lines, shownFills, mid);
  const right = width - GUTTER_RIGHT;
  const bottom = height - GUTTER_BOTTOM;
  const x = (tsUs: number): number => ((tsUs - startUs) / (endUs - startUs)) * right;
  const y = (price: number): number => PAD + ((high - price) / (high - low)) * (bottom - PAD * 2);

  drawTimes(pen, { startUs, endUs, right, bottom, x });
  drawLines(pen, { lines, low, high, right, width, y });
  drawPrice(pen, { points, x, y, bottom });
  drawFills(pen, shownFills, x, y);
  if (mid !== null) drawMid(pen, { mid, text: picture.book, y: y(mid), right, width });
}

function pointsOf({ mids }: GridPicture): { tsUs: number; price: number }[] {
  const found: { tsUs: number; price: number }[] = [];
  mids?.values.forEach((value, i) => {
    const tsUs = mids.tsUs[i];
    if (value !== null && tsUs !== undefined) found.push({ tsUs, price: value });
  });
  return found;
}

/** Levels as the strategy publishes them; a strategy without levels shows its resting orders. */
function linesOf({ levels, orders }: GridPicture): Line[] {
  const lines = levels
    .filter(({ state, price }) => state !== 'meta' && Number(price) > 0)
    .map(({ price, qty, side, state, fills }) => ({ price: Number(price), text: price, qty, side, state, fills }));
  if (lines.length > 0) return lines;
  return orders.map(({ price, qty, side, state }) => ({ price: Number(price), text: price, qty, side, state, fills: 0 }));
}

/** Prices seen, and as many of the nearest levels as leave the price's own movement visible. */
function rangeOf(
  points: readonly { readonly price: number }[],
  lines: readonly Line[],
  fills: readonly FillRow[],
  mid: number | null,
): [number, number] {
  const prices = [...points.map(({ price }) => price), ...fills.map(({ price }) => Number(price))];
  if (mid !== null) prices.push(mid);
  let low = Math.min(...prices, Infinity);
  let high = Math.max(...prices, -Infinity);
  const centre = mid ?? lines[0]?.price ?? 0;
  const resting = lines.filter(({ state }) => state !== 'idle').map(({ price }) => price);
  const near = (resting.length > 0 ? resting : lines.map(({ price }) => price)).sort((a, b) => Math.abs(a - centre) - Math.abs(b - centre));
  for (const price of near.slice(0, 24)) {
    low = Math.min(low, price);
    high = Math.max(high, price);
  }
  const margin = Math.max((high - low) * 0.06, Math.abs(centre) * 1e-6, 1e-12);
  return [low - margin, high + margin];
}

function lineColour({ state, side }: Line): string {
  switch (state) {
    case 'open':
    case 'partly_filled':
      return COLOUR[side];
    case 'parked':
      return COLOUR.parked;
    case 'idle':
      return COLOUR.idle;
    default:
      return COLOUR.wait;
  }
}

function drawTimes(
  pen: CanvasRenderingContext2D,
  at: { startUs: number; endUs: number; right: number; bottom: number; x: (tsUs: number) => number },
): void {
  const span = at.endUs - at.startUs;
  const step = [5e6, 10e6, 30e6, 60e6, 120e6, 300e6].find((us) => span / us <= at.right / 72) ?? 600e6;
  pen.textAlign = 'center';
  for (let tsUs = Math.ceil(at.startUs / step) * step; tsUs < at.endUs; tsUs += step) {
    const x = Math.round(at.x(tsUs)) + 0.5;
    pen.strokeStyle = COLOUR.grid;
    pen.beginPath();
    pen.moveTo(x, 0);
    pen.lineTo(x, at.bottom);
    pen.stroke();
    pen.fillStyle = COLOUR.axis;
    if (x > 26 && x < at.right - 26) pen.fillText(clock(tsUs), x, at.bottom + GUTTER_BOTTOM / 2 + 1);
  }
}

function drawLines(
  pen: CanvasRenderingContext2D,
  at: { lines: readonly Line[]; low: number; high: number; right: number; width: number; y: (price: number) => number },
): void {
  let lastLabel = -Infinity;
  const shown = at.lines.filter(({ price }) => price >= at.low && price <= at.high).sort((a, b) => b.price - a.price);
  // A place that waits lies below the resting ones: what rests is what matters.
  const layers = [...shown.filter(({ state }) => state === 'idle'), ...shown.filter(({ state }) => state !== 'idle')];
  for (const line of layers) {
    const y = Math.round(at.y(line.price)) + 0.5;
    pen.strokeStyle = lineColour(line);
    pen.globalAlpha = line.state === 'idle' ? 0.75 : 0.9;
    pen.setLineDash(line.state === 'idle' ? [2, 5] : line.state === 'open' || line.state === 'partly_filled' ? [] : [6, 3]);
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(0, y);
    pen.lineTo(at.right, y);
    pen.stroke();
  }
  pen.setLineDash([]);
  pen.globalAlpha = 1;
  pen.textAlign = 'left';
  for (const line of shown.filter(({ state }) => state !== 'idle')) {
    const y = at.y(line.price);
    if (y - lastLabel < LABEL_GAP) continue;
    lastLabel = y;
    pen.fillStyle = lineColour(line);
    pen.fillRect(at.right, y - 0.5, 5, 1);
    pen.fillText(grouped(line.text), at.right + 9, y);
    if (line.fills > 0) {
      pen.textAlign = 'right';
      pen.fillStyle = COLOUR.axis;
      pen.fillText(`${line.fills}×`, at.width - 4, y);
      pen.textAlign = 'left';
    }
  }
}

function drawPrice(
  pen: CanvasRenderingContext2D,
  at: { points: readonly { tsUs: number; price: number }[]; x: (tsUs: number) => number; y: (price: number) => number; bottom: number },
): void {
  if (at.points.length === 0) return;
  pen.beginPath();
  at.points.forEach(({ tsUs, price }, i) => {
    if (i === 0) pen.moveTo(at.x(tsUs), at.y(price));
    else pen.lineTo(at.x(tsUs), at.y(price));
  });
  pen.strokeStyle = COLOUR.mid;
  pen.lineWidth = 1.4;
  pen.lineJoin = 'round';
  pen.stroke();
  const first = at.points[0];
  const last = at.points.at(-1);
  if (first === undefined || last === undefined) return;
  pen.lineTo(at.x(last.tsUs), at.bottom);
  pen.lineTo(at.x(first.tsUs), at.bottom);
  pen.closePath();
  const shade = pen.createLinearGradient(0, 0, 0, at.bottom);
  shade.addColorStop(0, 'rgba(120,160,220,0.10)');
  shade.addColorStop(1, 'rgba(120,160,220,0)');
  pen.fillStyle = shade;
  pen.fill();
}

function drawFills(
  pen: CanvasRenderingContext2D,
  fills: readonly FillRow[],
  x: (tsUs: number) => number,
  y: (price: number) => number,
): void {
  for (const fill of fills) {
    const at = { x: x(fill.tsUs), y: y(Number(fill.price)) };
    const up = fill.side === 'buy' ? 1 : -1;
    pen.beginPath();
    pen.moveTo(at.x, at.y - 5 * up);
    pen.lineTo(at.x + 4.5, at.y + 4 * up);
    pen.lineTo(at.x - 4.5, at.y + 4 * up);
    pen.closePath();
    pen.fillStyle = COLOUR[fill.side];
    pen.fill();
    pen.lineWidth = 1;
    pen.strokeStyle = '#0b0f15';
    pen.stroke();
  }
}

function drawMid(
  pen: CanvasRenderingContext2D,
  at: { mid: number; text: BookRow | undefined; y: number; right: number; width: number },
): void {
  const digits = Math.max(at.text?.bid?.split('.')[1]?.length ?? 0, at.text?.ask?.split('.')[1]?.length ?? 0);
  pen.fillStyle = COLOUR.mid;
  pen.globalAlpha = 0.35;
  pen.fillRect(0, Math.round(at.y), at.right, 1);
  pen.globalAlpha = 1;
  pen.beginPath();
  pen.moveTo(at.right, at.y);
  pen.lineTo(at.right + 7, at.y - 8);
  pen.lineTo(at.width, at.y - 8);
  pen.lineTo(at.width, at.y + 8);
  pen.lineTo(at.right + 7, at.y + 8);
  pen.closePath();
  pen.fill();
  pen.fillStyle = '#0b0f15';
  pen.textAlign = 'left';
  pen.fillText(grouped(at.mid.toFixed(digits)), at.right + 10, at.y + 0.5);
}
