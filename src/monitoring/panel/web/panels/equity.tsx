/** Equity change and realised profit of one asset over time. */
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { money } from '../format.ts';
import { useStore, type MutableSeries } from '../store.ts';
import { Panel, Tabs } from '../ui.tsx';

const AXIS = {
  stroke: '#66728a',
  grid: { stroke: '#171d27', width: 1 },
  ticks: { show: false },
  font: '10.5px "JetBrains Mono", "DejaVu Sans Mono", monospace',
};

export function EquityPanel() {
  const store = useStore('history', 'pnl');
  const [asset, setAsset] = useState<string | null>(null);
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const moved = [...store.equity.keys()].filter((name) => store.equity.get(name)?.values.some((value) => value !== 0 && value !== null));
  const size = (name: string): number => Math.abs(store.realised.get(name)?.values.at(-1) ?? 0);
  const assets = moved.sort((a, b) => size(b) - size(a));
  const names = assets.length > 0 ? assets.slice(0, 6) : [...store.equity.keys()].slice(0, 1);
  const chosen = asset !== null && names.includes(asset) ? asset : (names[0] ?? '');

  useEffect(() => {
    const box = holder.current;
    if (box === null) return undefined;
    const made = new uPlot(
      {
        width: Math.max(50, box.clientWidth),
        height: Math.max(50, box.clientHeight),
        padding: [8, 10, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { size: 5 } },
        scales: { x: { time: true } },
        axes: [
          { ...AXIS, size: 22, space: 70, values: (_, splits) => splits.map((at) => new Date(at * 1000).toISOString().slice(11, 19)) },
          { ...AXIS, size: 62, space: 26, values: (_, splits) => splits.map((value) => money(String(value))) },
        ],
        series: [
          {},
          { label: 'equity change', stroke: '#5b9dff', width: 1.4, fill: 'rgba(91,157,255,0.08)', points: { show: false } },
          { label: 'realised', stroke: '#f2b84b', width: 1.4, points: { show: false } },
        ],
      },
      [[], [], []],
      box,
    );
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: Math.max(50, box.clientWidth), height: Math.max(50, box.clientHeight) }),
    );
    observer.observe(box);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, []);

  useEffect(() => {
    plot.current?.setData(dataOf(store.equity.get(chosen), store.realised.get(chosen)));
  });

  return (
    <Panel title="Equity" area="equity" aside={<Tabs names={names} chosen={chosen} onChoose={setAsset} />}>
      <div class="equity-chart" ref={holder} />
      <div class="legend">
        <span>
          <i class="line" style={{ '--c': '#5b9dff' }} /> equity change
        </span>
        <span>
          <i class="line" style={{ '--c': '#f2b84b' }} /> realised, after fees
        </span>
      </div>
    </Panel>
  );
}

function dataOf(equity: MutableSeries | undefined, realised: MutableSeries | undefined): uPlot.AlignedData {
  const xs = (equity?.tsUs ?? []).map((tsUs) => tsUs / 1e6);
  const ys = equity?.values ?? [];
  // Both series are sampled together; a series that began later is empty before.
  const pad = Math.max(0, xs.length - (realised?.values.length ?? 0));
  const zs: (number | null)[] = [...Array.from({ length: pad }, () => null), ...(realised?.values ?? [])].slice(0, xs.length);
  return [xs, ys, zs];
}
