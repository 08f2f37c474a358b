/** Venues: are they there, how fast do they speak, how late are they. */
import { count, micros } from '../format.ts';
import { useStore } from '../store.ts';
import { Dot, Panel } from '../ui.tsx';

const TONES = { up: 'good', degraded: 'warn', down: 'bad' } as const;

export function VenuesPanel() {
  const { status } = useStore('status');
  const venues = status?.venues ?? [];
  return (
    <Panel title="Venues" area="venues" flush>
      <table>
        <thead>
          <tr>
            <th>venue</th>
            <th class="num">books</th>
            <th class="num">msg/s</th>
            <th class="num">lag</th>
            <th class="num" title="broken sequences / books rebuilt">
              gap/sync
            </th>
            <th title="order gateway">gw</th>
          </tr>
        </thead>
        <tbody>
          {venues.map((venue) => (
            <tr key={venue.venue}>
              <td class="name">
                <Dot tone={TONES[venue.state]} title={`${venue.state}, ${venue.connections} connections, ${venue.reconnects} reconnects`} />{' '}
                {venue.venue}
              </td>
              <td class="num">
                {venue.booksLive}
                <span class="dim">/{venue.books}</span>
              </td>
              <td class="num">{count(venue.messagesPerSecond)}</td>
              <td class={`num ${venue.lagUs !== null && venue.lagUs > 1e6 ? 'warn' : ''}`}>{micros(venue.lagUs)}</td>
              <td class="num">
                {venue.gaps}
                <span class="dim">/{venue.resyncs}</span>
              </td>
              <td>
                <Dot
                  tone={venue.gateway.isUp ? 'good' : venue.gateway.requests > 0 ? 'bad' : 'idle'}
                  title={`${venue.gateway.requests} requests, ${venue.gateway.outcomes} outcomes, ${venue.gateway.errors} errors`}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
