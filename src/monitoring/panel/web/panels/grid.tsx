/** The chosen strategy on its instrument: price over time, its levels as lines in their state's colour, its fills as marks. */
import { useEffect, useRef } from 'preact/hooks';
import { choice, useChoice } from '../choice.ts';
import { drawGrid, GRID_LEGEND } from '../grid-canvas.ts';
import { useStore } from '../store.ts';
import { Panel, Tabs } from '../ui.tsx';

export function GridPanel() {
  const store = useStore('status', 'books', 'levels', 'fills', 'orders', 'history');
  const chosen = useChoice();
  const canvas = useRef<HTMLCanvasElement>(null);
  const strategies = store.status?.strategies ?? [];
  const strategy =
    strategies.find(({ strategy }) => strategy === chosen.strategy) ?? strategies.find(({ kind }) => kind === 'grid') ?? strategies[0];
  const instruments = strategy?.instruments ?? store.books.map(({ instrument }) => instrument);
  const instrument = instruments.find((id) => id === chosen.instrument) ?? instruments[0] ?? '';
  const levels = [...store.levels.values()].filter((level) => level.strategy === strategy?.strategy && level.instrument === instrument);
  const orders = [...store.orders.values()].filter(
    (order) => order.isLive && order.strategy === strategy?.strategy && order.instrument === instrument,
  );
  const fills = store.fills.filter((fill) => fill.strategy === strategy?.strategy && fill.instrument === instrument);
  const book = store.books.find((row) => row.instrument === instrument);
  const draw = (): void => {
    if (canvas.current === null) return;
    drawGrid(canvas.current, { nowUs: store.nowUs(), mids: store.mids.get(instrument), book, levels, orders, fills });
  };
  useEffect(draw);
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const observer = new ResizeObserver(draw);
    observer.observe(canvas.current);
    return () => observer.disconnect();
  }, [instrument]);
  return (
    <Panel
      title={strategy === undefined ? 'Price' : `${strategy.kind === 'grid' ? 'Grid' : 'Orders'} ${strategy.strategy}`}
      area="ladder"
      aside={
        instruments.length > 1 ? (
          <Tabs names={instruments} chosen={instrument} onChoose={(id) => choice.instrument(id)} />
        ) : (
          <span class="dim">{instrument}</span>
        )
      }
    >
      <div class="grid-chart">
        <canvas ref={canvas} aria-label={`price, levels and fills of ${instrument}`} />
      </div>
      <div class="legend">
        {GRID_LEGEND.map(({ name, colour, mark }) => (
          <span key={name}>
            <i class={mark} style={{ '--c': colour }} /> {name}
          </span>
        ))}
      </div>
    </Panel>
  );
}
