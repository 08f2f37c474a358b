/** What a start took over from the runs before it, and what comparing with the venues has found since. A tab of RefusalsPanel. */
import { clock, count, words } from '../format.ts';
import { useStore } from '../store.ts';
import { Empty } from '../ui.tsx';

/** Questions are routine; what they found is not. */
const ROUTINE = ['lists', 'fillQuestions', 'positionQuestions'];

export function Resumed() {
  const { status } = useStore('status');
  if (status === null) return null;
  const { runs, strategies, notes, judgement } = status.resumed;
  const compared = status.venues.map(({ venue, reconciled }) => ({
    venue,
    asked: ROUTINE.reduce((sum, name) => sum + (reconciled[name] ?? 0), 0),
    found: Object.entries(reconciled).filter(([name]) => !ROUTINE.includes(name)),
  }));
  return (
    <div class="resumed">
      {runs === 0 ? (
        <Empty>this is the first run of its data directory</Empty>
      ) : (
        <table>
          <thead>
            <tr>
              <th>taken over from {count(runs)} runs</th>
              <th class="num">levels</th>
              <th class="num">orders</th>
              <th class="num" title="orders that ended meanwhile, or that the venue was asked about">
                doubtful
              </th>
              <th class="num">fills</th>
            </tr>
          </thead>
          <tbody>
            {strategies.map((row) => (
              <tr key={row.strategy}>
                <td>{row.strategy}</td>
                <td class="num">{row.levels}</td>
                <td class="num">{row.orders}</td>
                <td class={`num ${row.doubtful > 0 ? 'warn' : 'dim'}`}>{row.doubtful}</td>
                <td class="num">{count(row.fills)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {judgement !== null && (
        <p>
          <span class="dim">
            run {judgement.run} was compared with the venues at {clock(judgement.tsUs)}:
          </span>{' '}
          {Object.entries(judgement.differences).map(([what, n]) => (
            <span key={what} class={n > 0 ? 'down' : ''}>
              {what} {n}{' '}
            </span>
          ))}
          <span class="dim">differences</span>
        </p>
      )}
      {compared.map(({ venue, asked, found }) => (
        <p key={venue}>
          <b>{venue}</b> <span class="dim">compared {count(asked)} times: </span>
          {found.length === 0 ? 'the same' : found.map(([name, n]) => `${words(name.replace(/[A-Z]/g, '_$&'))} ${count(n)}`).join(' · ')}
        </p>
      ))}
      {notes.map((note) => (
        <p key={note} class="warn">
          {note}
        </p>
      ))}
    </div>
  );
}
