/** Strategies: what each does, earns and refuses; choosing one shows its ladder. */
import { useState } from 'preact/hooks';
import { count, money, signClass } from '../format.ts';
import { choice, useChoice } from '../choice.ts';
import { useStore } from '../store.ts';
import { Empty, Panel } from '../ui.tsx';
import { ParamsDialog } from './params.tsx';

export function StrategiesPanel() {
  const [opened, setOpened] = useState<string | null>(null);
  const { status, strategyPnl } = useStore('status', 'pnl');
  const chosen = useChoice();
  const strategies = status?.strategies ?? [];
  return (
    <Panel title="Strategies" area="strategies" flush>
      {strategies.length === 0 ? (
        <Empty>no strategy runs</Empty>
      ) : (
        <table class="rows">
          <thead>
            <tr>
              <th>strategy</th>
              <th class="num">open</th>
              <th class="num">fills</th>
              <th class="num">matched</th>
              <th class="num">fees</th>
              <th class="num" title="opportunities taken / refused">
                taken/ref.
              </th>
              <th class="num" title="orders blocked by risk">
                denied
              </th>
              <th />
            </tr>
          </thead>
          <tbody>
            {strategies.map((row) => {
              const own = strategyPnl.filter(
                (pnl) => pnl.strategy === row.strategy && (Number(pnl.matched) !== 0 || Number(pnl.fees) !== 0),
              );
              const main = [...own].sort((a, b) => Math.abs(Number(b.matched)) - Math.abs(Number(a.matched)))[0];
              return (
                <tr
                  key={row.strategy}
                  class={row.strategy === chosen.strategy ? 'chosen' : ''}
                  onClick={() => choice.strategy(row.strategy)}
                >
                  <td class="name">
                    <span class={`kind ${row.pnlKind}`}>{row.kind}</span> {row.strategy}
                    {row.errors > 0 && <em class="down"> stopped</em>}
                  </td>
                  <td class="num">{row.open}</td>
                  <td class="num">{count(row.fills)}</td>
                  <td class={`num ${signClass(main?.matched ?? '0')}`} title={own.map((pnl) => `${pnl.matched} ${pnl.asset}`).join('\n')}>
                    {main === undefined ? '-' : `${money(main.matched, true)} ${main.asset}`}
                  </td>
                  <td class="num dim" title={own.map((pnl) => `${pnl.fees} ${pnl.asset}`).join('\n')}>
                    {main === undefined ? '-' : money(main.fees)}
                  </td>
                  <td class="num">
                    {row.taken + row.refused === 0 ? (
                      '-'
                    ) : (
                      <>
                        {count(row.taken)}
                        <span class="dim">/{count(row.refused)}</span>
                      </>
                    )}
                  </td>
                  <td class={`num ${row.denied > 0 ? 'warn' : 'dim'}`}>{row.denied}</td>
                  <td class="act">
                    <button
                      title="parameters and preview"
                      aria-label={`parameters of ${row.strategy}`}
                      onClick={(event) => {
                        event.stopPropagation();
                        setOpened(row.strategy);
                      }}
                    >
                      ⚙
                    </button>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      {opened !== null && <ParamsDialog key={opened} strategy={opened} onClose={() => setOpened(null)} />}
    </Panel>
  );
}
