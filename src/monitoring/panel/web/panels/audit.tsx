/** The audit tape: denials, rejects, refusals, halts, newest first. A tab of RefusalsPanel. */
import { clock, words } from '../format.ts';
import { useState } from 'preact/hooks';
import { isRoutine, useStore } from '../store.ts';
import { Empty } from '../ui.tsx';

const ROWS = 60;

export function AuditTable() {
  const { audit } = useStore('audit');
  const [hasAll, setAll] = useState(false);
  const rows = hasAll ? audit : audit.filter((row) => !isRoutine(row));
  const toggle = (
    <label class="toggle">
      <input type="checkbox" checked={hasAll} onChange={(event) => setAll(event.currentTarget.checked)} /> opportunities too
    </label>
  );
  if (rows.length === 0)
    return (
      <>
        {toggle}
        <Empty>nothing was blocked, repaired, stopped or changed</Empty>
      </>
    );
  return (
    <>
      {toggle}
      <table class="rows">
        <tbody>
          {rows.slice(0, ROWS).map((row, i) => (
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
    </>
  );
}
