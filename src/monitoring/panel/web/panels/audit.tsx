/** The audit tape: denials, rejects, refusals, halts, newest first. A tab of RefusalsPanel. */
import { clock, words } from '../format.ts';
import { useStore } from '../store.ts';
import { Empty } from '../ui.tsx';

const ROWS = 60;

export function AuditTable() {
  const { audit } = useStore('audit');
  if (audit.length === 0) return <Empty>nothing to report</Empty>;
  return (
    <table class="rows">
      <tbody>
        {audit.slice(0, ROWS).map((row, i) => (
          <tr key={i}>
            <td class="dim">{clock(row.tsUs)}</td>
            <td>
              <span class={`tag ${row.event}`}>{words(row.event)}</span>
            </td>
            <td>{row.strategy}</td>
            <td class="dim">
              {row.text ?? ''} {row.reason === null ? '' : words(row.reason)} {row.side ?? ''} {row.qty ?? ''}{' '}
              {row.price === null ? '' : `at ${row.price}`}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
