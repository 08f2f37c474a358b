/** One line of figures that answer "is all well, and does it earn". */
import type { ComponentChildren } from 'preact';
import type { PnlRow } from '../../../payload.ts';
import { count, micros, money, signClass } from '../format.ts';
import { useStore } from '../store.ts';

function Figure(props: {
  readonly label: string;
  readonly tone?: string;
  readonly note?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <div class="figure">
      <span class="label">{props.label}</span>
      <b class={props.tone}>{props.children}</b>
      <span class="note">{props.note}</span>
    </div>
  );
}

/** Matched profit after fees. */
function realisedOf(row: PnlRow): number {
  return Number(row.grid) + Number(row.arb) + Number(row.other) + Number(row.fees);
}

export function KeyFigures() {
  const { status, pnl } = useStore('status', 'pnl');
  if (status === null) return null;
  const { orders, fills, books, latencyUs } = status.counts;
  const zero = pnl.every((row) => Number(row.unexplained) === 0 && Number(row.residual) === 0);
  const byRealised = [...pnl].sort((a, b) => Math.abs(realisedOf(b)) - Math.abs(realisedOf(a)));
  const main = byRealised[0];
  const others = byRealised.slice(1, 3).map((row) => `${row.asset} ${money(row.equityChange, true)}`);
  const kinds = Object.entries(fills.byKind).map(([kind, n]) => `${kind} ${count(n)}`);
  const messages = status.venues.reduce((sum, venue) => sum + venue.messagesPerSecond, 0);
  const booksTotal = status.venues.reduce((sum, venue) => sum + venue.books, 0);
  const realised = main === undefined ? '0' : String(realisedOf(main));
  return (
    <div class="figures">
      <Figure label={`realised${main === undefined ? '' : `, ${main.asset}`}`} tone={signClass(realised)} note="after fees">
        {money(realised, true)}
      </Figure>
      <Figure
        label={`equity change${main === undefined ? '' : `, ${main.asset}`}`}
        tone={signClass(main?.equityChange ?? '0')}
        note={others.length > 0 ? others.join(' · ') : 'with open positions'}
      >
        {money(main?.equityChange ?? '0', true)}
      </Figure>
      <Figure label="profit adds up" tone={pnl.length === 0 ? 'dim' : zero ? 'up' : 'down'} note="unexplained · residual">
        {pnl.length === 0 ? '-' : zero ? 'exactly ✓' : 'NO'}
      </Figure>
      <Figure label="fills" note={kinds.join(' · ')}>
        {count(fills.count)}
      </Figure>
      <Figure label="orders open" note={`${count(orders.sent)} sent · ${count(orders.cancelled)} cancelled`}>
        {count(orders.open)}
        {orders.unknown > 0 && <em class="warn"> +{orders.unknown}?</em>}
      </Figure>
      <Figure label="books live" tone={books.live < booksTotal ? 'warn' : ''} note={`${books.gaps} gaps · ${books.resyncs} resyncs`}>
        {books.live}/{booksTotal}
      </Figure>
      <Figure label="messages/s" note={`${count(status.counts.frames.kernel)} by kernel`}>
        {count(messages)}
      </Figure>
      <Figure label="frame to book" note={`p99 ${micros(latencyUs.frameToBook.p99)}`}>
        {latencyUs.frameToBook.count > 0 ? micros(latencyUs.frameToBook.p50) : '-'}
      </Figure>
      <Figure label="tick to order" note={`p99 ${micros(latencyUs.tickToOrder.p99)}`}>
        {latencyUs.tickToOrder.count > 0 ? micros(latencyUs.tickToOrder.p50) : '-'}
      </Figure>
      <Figure label="journal" tone={status.journal.isWritable ? '' : 'down'} note={`${count(status.journal.lagRecords)} waiting`}>
        {count(status.journal.records)}
      </Figure>
    </div>
  );
}
