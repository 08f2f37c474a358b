/** Latency by stage on one logarithmic scale: the bar runs from the median to the 99th percentile, the tick is the worst. */
import { count, micros } from '../format.ts';
import type { Stage } from '../../../payload.ts';
import { useStore } from '../store.ts';
import { Panel } from '../ui.tsx';

const NAMES: Readonly<Record<Stage, readonly [string, string]>> = {
  frameToBook: ['frame to book', 'frame received to book visible'],
  tickToOrder: ['tick to order', 'frame received to request visible'],
  orderToBytes: ['order to bytes', 'request visible to handed to the gateway'],
  orderToAck: ['order to ack', "request visible to the venue's answer applied"],
  orderToDurable: ['order to disk', 'request visible to its journal entry on disk'],
};
/** 0.1 us to 10 s. */
const LOG_LOW = -1;
const LOG_SPAN = 8;

function place(us: number): number {
  return Math.min(100, Math.max(0, ((Math.log10(Math.max(us, 0.1)) - LOG_LOW) / LOG_SPAN) * 100));
}

export function LatencyPanel() {
  const { status } = useStore('status');
  const stages = Object.entries(status?.counts.latencyUs ?? {}) as [Stage, { count: number; p50: number; p99: number; max: number }][];
  return (
    <Panel title="Latency" area="latency" aside={<span class="dim">0.1 µs to 10 s, logarithmic</span>} flush>
      <table>
        <thead>
          <tr>
            <th>stage</th>
            <th class="bar-col" />
            <th class="num">p50</th>
            <th class="num">p99</th>
            <th class="num">max</th>
            <th class="num">n</th>
          </tr>
        </thead>
        <tbody>
          {stages.map(([stage, row]) => (
            <tr key={stage} title={NAMES[stage][1]} class={row.count === 0 ? 'ended' : ''}>
              <td>{NAMES[stage][0]}</td>
              <td class="bar-col">
                {row.count > 0 && (
                  <div class="range">
                    <i style={{ left: `${place(row.p50)}%`, width: `${Math.max(1.5, place(row.p99) - place(row.p50))}%` }} />
                    <b style={{ left: `${place(row.max)}%` }} />
                  </div>
                )}
              </td>
              <td class="num">{row.count > 0 ? micros(row.p50) : '-'}</td>
              <td class="num">{row.count > 0 ? micros(row.p99) : '-'}</td>
              <td class="num dim">{row.count > 0 ? micros(row.max) : '-'}</td>
              <td class="num dim">{count(row.count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
