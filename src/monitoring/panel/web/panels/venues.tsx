/** Venues: are they there, how fast do they speak, how late are they. */
import { count, micros } from '../format.ts';
import { useStore } from '../store.ts';
import type { GatewayRow } from '../../../payload.ts';
import { Dot, Panel } from '../ui.tsx';

const TONES = { up: 'good', degraded: 'warn', down: 'bad' } as const;

/** From here on orders will soon wait for the venue's limit. */
const USED_WARN = 0.8;
/** Below this a number would only be noise; the title has it. */
const USED_SHOWN = 0.5;

function gatewayTone({ isUp, requests, budget }: GatewayRow): 'good' | 'warn' | 'bad' | 'idle' {
  if (!isUp) return requests > 0 ? 'bad' : 'idle';
  return budget !== null && (budget.pauseUs > 0 || budget.usedShare > USED_WARN) ? 'warn' : 'good';
}

function gatewayText({ isUp, requests, outcomes, errors, inFlight, calls, rateLimited, unanswered, budget }: GatewayRow): string {
  const left =
    budget === null ? 'no rate limit is counted' : `the rate limit still takes ${budget.freeOrders} orders, ${budget.freeCancels} cancels`;
  const pause = budget === null || budget.pauseUs === 0 ? '' : `; the venue asked for silence, ${micros(budget.pauseUs)} left`;
  return [
    isUp ? 'up: private stream and account are in step' : 'down: no new orders',
    `${requests} requests, ${outcomes} outcomes, ${inFlight} under way`,
    `${calls} calls, ${rateLimited} rate limited, ${unanswered} unanswered, ${errors} errors`,
    left + pause,
  ].join('\n');
}

function BudgetShare({ budget }: Pick<GatewayRow, 'budget'>) {
  if (budget === null || (budget.pauseUs === 0 && budget.usedShare < USED_SHOWN)) return null;
  if (budget.pauseUs > 0) return <span class="warn">pause {micros(budget.pauseUs)}</span>;
  return <span class={budget.usedShare > USED_WARN ? 'warn' : 'dim'}>{Math.round(budget.usedShare * 100)} %</span>;
}

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
            <th title="order gateway, and how much of the venue's rate limit is used">gw</th>
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
              <td class="gateway" title={gatewayText(venue.gateway)}>
                <Dot tone={gatewayTone(venue.gateway)} /> <BudgetShare budget={venue.gateway.budget} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
