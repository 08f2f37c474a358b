/** What was not done, and why: opportunities that strategies refused and orders that risk blocked. */
import { count, words } from '../format.ts';
import { useState } from 'preact/hooks';
import { useStore } from '../store.ts';
import { Empty, Panel, Tabs } from '../ui.tsx';
import { AuditTable } from './audit.tsx';
import { Resumed } from './resumed.tsx';

const TABS = ['why not', 'audit', 'resumed'] as const;

function flat(by: Readonly<Record<string, Readonly<Record<string, number>>>>): { strategy: string; reason: string; n: number }[] {
  return Object.entries(by)
    .flatMap(([strategy, reasons]) => Object.entries(reasons).map(([reason, n]) => ({ strategy, reason, n })))
    .sort((a, b) => b.n - a.n);
}

export function RefusalsPanel() {
  const { refusals } = useStore('status');
  const [tab, setTab] = useState<string>(TABS[0]);
  const opportunities = flat(refusals.opportunities);
  const risk = flat(refusals.risk);
  const taken = Object.entries(refusals.taken).filter(([, n]) => n > 0);
  const most = Math.max(1, ...opportunities.map(({ n }) => n), ...risk.map(({ n }) => n));
  const list = (title: string, rows: typeof risk, tone: string) =>
    rows.length > 0 && (
      <div class="reasons">
        <h3>{title}</h3>
        {rows.map(({ strategy, reason, n }) => (
          <div class="reason" key={`${strategy}/${reason}`}>
            <i class={tone} style={{ width: `${((n / most) * 100).toFixed(1)}%` }} />
            <span>{words(reason)}</span>
            <span class="dim">{strategy}</span>
            <b>{count(n)}</b>
          </div>
        ))}
      </div>
    );
  return (
    <Panel title="Taken and refused" area="refusals" aside={<Tabs names={TABS} chosen={tab} onChoose={setTab} />} flush={tab !== 'why not'}>
      {tab === 'audit' ? (
        <AuditTable />
      ) : tab === 'resumed' ? (
        <Resumed />
      ) : (
        <>
          {opportunities.length + risk.length === 0 ? <Empty>nothing refused</Empty> : null}
          {taken.length > 0 && <p class="taken">{taken.map(([name, n]) => `${name} took ${count(n)}`).join(' · ')}</p>}
          {list('opportunities not taken', opportunities, 'quiet')}
          {list('blocked by risk', risk, 'loud')}
        </>
      )}
    </Panel>
  );
}
