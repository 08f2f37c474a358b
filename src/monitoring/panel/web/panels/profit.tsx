/** Profit by asset and part, down to the two lines that must read zero. */
import type { PnlRow } from '../../../payload.ts';
import { money, signClass } from '../format.ts';
import { useStore } from '../store.ts';
import { Empty, Panel } from '../ui.tsx';

const PARTS = ['grid', 'arb', 'other', 'trend', 'fees', 'funding', 'conversion', 'rounding'] as const;
const ASSETS_SHOWN = 6;

export function ProfitPanel() {
  const { pnl } = useStore('pnl');
  const moved = pnl.filter((row) =>
    [...PARTS, 'equityChange', 'unexplained', 'residual'].some((part) => Number(row[part as keyof PnlRow]) !== 0),
  );
  const shown = (moved.length > 0 ? moved : pnl).slice(0, ASSETS_SHOWN);
  const isZero = pnl.every((row) => Number(row.unexplained) === 0 && Number(row.residual) === 0);
  const used = PARTS.filter(
    (part) => part === 'grid' || part === 'arb' || part === 'trend' || part === 'fees' || shown.some((row) => Number(row[part]) !== 0),
  );
  return (
    <Panel
      title="Profit"
      area="profit"
      aside={
        pnl.length === 0 ? null : (
          <span class={isZero ? 'up' : 'down'}>{isZero ? 'parts = equity change, exactly' : 'DOES NOT ADD UP'}</span>
        )
      }
      flush
    >
      {shown.length === 0 ? (
        <Empty>nothing booked yet</Empty>
      ) : (
        <table class="pnl">
          <thead>
            <tr>
              <th />
              {shown.map(({ asset }) => (
                <th class="num" key={asset}>
                  {asset}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {used.map((part) => (
              <tr key={part}>
                <td>{part}</td>
                {shown.map((row) => (
                  <td class={`num ${signClass(row[part])}`} key={row.asset} title={row[part]}>
                    {money(row[part])}
                  </td>
                ))}
              </tr>
            ))}
            <tr class="total">
              <td>equity change</td>
              {shown.map((row) => (
                <td class={`num ${signClass(row.equityChange)}`} key={row.asset} title={row.equityChange}>
                  {money(row.equityChange)}
                </td>
              ))}
            </tr>
            <tr class="check">
              <td title="equity change minus the sum of the parts">unexplained</td>
              {shown.map((row) => (
                <td class="num" key={row.asset}>
                  {check(row, 'unexplained')}
                </td>
              ))}
            </tr>
            <tr class="check">
              <td title="the venue's equity minus ours, at the venue's mark">residual</td>
              {shown.map((row) => (
                <td class="num" key={row.asset}>
                  {check(row, 'residual')}
                </td>
              ))}
            </tr>
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function check(row: PnlRow, part: 'unexplained' | 'residual') {
  if (row[part] === null)
    return (
      <span class="dim" title="no venue account to compare with">
        -
      </span>
    );
  return Number(row[part]) === 0 ? <span class="up">0 ✓</span> : <span class="down">{row[part]}</span>;
}
