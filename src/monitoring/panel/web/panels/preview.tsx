/** What a grid would do: every order with its round trip, capital, break-even, liquidation. Part of the parameters dialog. */
import type { GridPreviewPayload, PreviewSideRow } from '../../../payload-admin.ts';
import { grouped } from '../format.ts';

export function PreviewTable({ grid }: { readonly grid: GridPreviewPayload }) {
  const { profitPerGrid: profit, profitAsset } = grid;
  return (
    <div class="preview">
      <div class="facts-row">
        <Fact label="levels" value={`${grid.lines.length} around ${grouped(grid.anchor)}`} />
        <Fact
          label="profit a round trip, after fees"
          value={`${profit.least === profit.most ? profit.least : `${profit.least} to ${profit.most}`} ${profitAsset}`}
          note={`${profit.leastPercent} to ${profit.mostPercent}, fee ${Number(grid.feeRate) * 100} % a side`}
        />
        {grid.capital.map((need) => (
          <Fact key={need.use + need.asset} label={`capital, ${need.use}`} value={`${grouped(need.amount)} ${need.asset}`} />
        ))}
        <Side label="if every buy fills" side={grid.long} />
        <Side label="if every sell fills" side={grid.short} />
      </div>
      <div class="preview-rows">
        <table>
          <thead>
            <tr>
              <th class="num">#</th>
              <th>side</th>
              <th class="num">quantity</th>
              <th class="num">price</th>
              <th class="num">back at</th>
              <th class="num">gross</th>
              <th class="num">fees</th>
              <th class="num">net {profitAsset}</th>
              <th class="num">of value</th>
              <th>placed</th>
            </tr>
          </thead>
          <tbody>
            {[...grid.lines].reverse().map((line) => (
              <tr key={line.level}>
                <td class="num dim">{line.level}</td>
                <td class={line.side}>{line.side}</td>
                <td class="num">{line.qty}</td>
                <td class="num">{grouped(line.price)}</td>
                <td class="num dim">{grouped(line.counterPrice)}</td>
                <td class="num dim">{line.gross}</td>
                <td class="num dim">{line.fees}</td>
                <td class="num up">{line.net}</td>
                <td class="num">{line.netPercent}</td>
                <td class="dim">{line.rests ? 'at once' : 'when near'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {grid.notes.map((note) => (
        <p key={note} class="dim note">
          {note}
        </p>
      ))}
    </div>
  );
}

function Fact(props: { readonly label: string; readonly value: string; readonly note?: string }) {
  return (
    <div class="fact">
      <span class="label">{props.label}</span>
      <b>{props.value}</b>
      {props.note !== undefined && <span class="dim">{props.note}</span>}
    </div>
  );
}

function Side({ label, side }: { readonly label: string; readonly side: PreviewSideRow | null }) {
  if (side === null) return null;
  const liquidation = side.liquidation === null ? 'no liquidation in reach' : `liquidation near ${grouped(side.liquidation)}`;
  return (
    <Fact
      label={label}
      value={`break-even ${grouped(side.breakEven)}`}
      note={`${side.qty} at ${grouped(side.averagePrice)}, ${liquidation}`}
    />
  );
}
