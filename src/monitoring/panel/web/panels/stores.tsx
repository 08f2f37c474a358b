/** The journal and the stores that copy it: what is safe on disk, what is behind and why. */
import { bytes, count, duration } from '../format.ts';
import { useStore } from '../store.ts';
import { Dot, Panel } from '../ui.tsx';

const TONES = { current: 'good', starting: 'idle', behind: 'warn', failing: 'bad' } as const;

export function StoresPanel() {
  const { status } = useStore('status');
  if (status === null) return null;
  const { journal, stores } = status;
  return (
    <Panel title="Journal and stores" area="stores" aside={`${count(journal.segments)} segments · ${bytes(journal.bytes)} this run`} flush>
      <table>
        <thead>
          <tr>
            <th>copy</th>
            <th class="num">records</th>
            <th class="num">behind</th>
            <th class="num">for</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <td class="name">
              <Dot tone={journal.isWritable ? 'good' : 'bad'} /> journal
            </td>
            <td class="num">{count(journal.records)}</td>
            <td class="num">{count(journal.lagRecords)}</td>
            <td class="num dim">-</td>
          </tr>
          {stores.map((store) => (
            <tr key={store.name}>
              <td class="name">
                <Dot tone={TONES[store.state]} title={store.state} /> {store.name}
              </td>
              <td class="num">{count(store.records)}</td>
              <td class={`num ${store.lagRecords > 10_000 ? 'warn' : ''}`} title={bytes(store.lagBytes)}>
                {count(store.lagRecords)}
              </td>
              <td class={`num ${store.behindUs > 5e6 ? 'warn' : 'dim'}`}>{store.behindUs > 1e6 ? duration(store.behindUs / 1e6) : '-'}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {stores
        .filter((store) => store.error !== '')
        .map((store) => (
          <p key={store.name} class="trouble">
            <b>{store.name}</b> failed {count(store.failures)} times: {store.error}
          </p>
        ))}
    </Panel>
  );
}
