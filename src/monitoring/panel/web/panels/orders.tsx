/** Live orders, nearest change last; then the newest that ended. */
import { clock, grouped, words } from '../format.ts';
import { useStore } from '../store.ts';
import { Empty, Panel } from '../ui.tsx';

const ROWS = 120;

export function OrdersPanel() {
  const { orders, status } = useStore('orders', 'status');
  const all = [...orders.values()].reverse();
  const live = all.filter(({ isLive }) => isLive);
  const shown = [...live, ...all.filter(({ isLive }) => !isLive)].slice(0, ROWS);
  const counts = status?.counts.orders;
  const aside =
    counts === undefined
      ? ''
      : `${counts.open} open · ${counts.filled} filled · ${counts.cancelled} cancelled · ${counts.rejected} rejected · ${counts.denied} denied`;
  return (
    <Panel title="Orders" area="orders" aside={<span class="dim">{aside}</span>} flush>
      {shown.length === 0 ? (
        <Empty>no orders yet</Empty>
      ) : (
        <table class="rows">
          <thead>
            <tr>
              <th class="wide-only">time</th>
              <th class="wide-only">strategy</th>
              <th>instrument</th>
              <th>side</th>
              <th class="num">price</th>
              <th class="num" title="filled / quantity">
                quantity
              </th>
              <th>state</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((order) => (
              <tr
                key={order.orderId}
                class={order.isLive ? '' : 'ended'}
                title={`${order.clientOrderId} level ${order.level} ${order.flags.join(' ')}`}
              >
                <td class="dim wide-only">{clock(order.tsUs)}</td>
                <td class="wide-only">{order.strategy}</td>
                <td class="dim">{order.instrument}</td>
                <td class={order.side}>{order.side}</td>
                <td class="num">{grouped(order.price)}</td>
                <td class="num">
                  {order.filled !== '0' && order.filled !== order.qty && <span class="warn">{order.filled}/</span>}
                  {order.qty}
                </td>
                <td>
                  <span class={`tag ${order.state}`}>{words(order.state)}</span>
                  {order.isAdopted && <span class="dim"> adopted</span>}
                  {order.reason !== null && <span class="dim"> {words(order.reason)}</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
