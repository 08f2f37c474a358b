/** The tape of our own fills, newest first. */
import { clock, grouped } from '../format.ts';
import { useStore } from '../store.ts';
import { Empty, Panel } from '../ui.tsx';

const ROWS = 150;

export function FillsPanel() {
  const { fills, status } = useStore('fills', 'status');
  const counts = status?.counts.fills;
  const aside = Object.entries(counts?.byVenue ?? {})
    .filter(([, n]) => n > 0)
    .map(([venue, n]) => `${venue} ${n}`)
    .join(' · ');
  return (
    <Panel title="Fills" area="fills" aside={<span class="dim">{aside}</span>} flush>
      {fills.length === 0 ? (
        <Empty>no fills yet</Empty>
      ) : (
        <table class="rows">
          <thead>
            <tr>
              <th>time</th>
              <th class="wide-only">kind</th>
              <th>instrument</th>
              <th>side</th>
              <th class="num">price</th>
              <th class="num">quantity</th>
              <th class="num wide-only">fee</th>
            </tr>
          </thead>
          <tbody>
            {fills.slice(0, ROWS).map((fill) => (
              <tr key={fill.fillId} class={fill.isEarlierRun ? 'ended' : ''} title={`${fill.fillId} ${fill.strategy} level ${fill.level}`}>
                <td class="dim">{clock(fill.tsUs)}</td>
                <td class="wide-only">
                  <span class={`kind ${fill.kind}`}>{fill.kind}</span>
                </td>
                <td class="dim">{fill.instrument}</td>
                <td class={fill.side}>{fill.side}</td>
                <td class="num">{grouped(fill.price)}</td>
                <td class="num">{fill.qty}</td>
                <td class="num dim wide-only">
                  {fill.fee} {fill.feeAsset}
                  <span class="maker">{fill.isMaker ? ' M' : ' T'}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
