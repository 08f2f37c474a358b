/** A wall of small depth ladders: asks above, bids below, bars of cumulative quantity, a line of the mid. */
import type { BookRow, DepthPayload } from '../../../payload.ts';
import { grouped, micros, quantity } from '../format.ts';
import { useStore, type MutableSeries } from '../store.ts';
import { Panel } from '../ui.tsx';

const LEVELS_SHOWN = 5;
const SPARK_POINTS = 120;

export function BooksPanel() {
  const store = useStore('books', 'history');
  return (
    <Panel title="Books" area="books" aside={`${store.books.filter(({ state }) => state === 'live').length} live`}>
      <div class="books">
        {store.books.map((book) => (
          <BookCard key={book.instrument} book={book} depth={store.depth.get(book.instrument)} mids={store.mids.get(book.instrument)} />
        ))}
      </div>
    </Panel>
  );
}

function BookCard(props: { readonly book: BookRow; readonly depth: DepthPayload | undefined; readonly mids: MutableSeries | undefined }) {
  const { book, depth, mids } = props;
  const asks = (depth?.asks ?? []).slice(0, LEVELS_SHOWN);
  const bids = (depth?.bids ?? []).slice(0, LEVELS_SHOWN);
  const total = Math.max(sum(asks), sum(bids), Number.MIN_VALUE);
  return (
    <article class={`book ${book.state}`}>
      <header>
        <b title={book.instrument}>{book.symbol}</b>
        <span class="venue">{book.venue}</span>
        {book.state !== 'live' && <span class="book-state">{book.state}</span>}
      </header>
      <Spark series={mids} />
      <div class="ladder" aria-label={`asks of ${book.instrument}`}>
        {rows(asks, total, 'sell').reverse()}
      </div>
      <div class="spread">
        <span>
          {book.spreadTicks === null ? 'no spread' : `${grouped(String(book.spreadTicks))} tick${book.spreadTicks === 1 ? '' : 's'}`}
        </span>
        <span title="time from the venue to us">{micros(book.lagUs)}</span>
      </div>
      <div class="ladder" aria-label={`bids of ${book.instrument}`}>
        {rows(bids, total, 'buy')}
      </div>
    </article>
  );
}

function rows(levels: readonly (readonly [string, string])[], total: number, side: 'buy' | 'sell') {
  let cumulative = 0;
  const drawn = levels.map(([price, qty], index) => {
    cumulative += Number(qty);
    return (
      <div class={`rung ${side}${index === 0 ? ' best' : ''}`} key={index}>
        <i style={{ width: `${((cumulative / total) * 100).toFixed(1)}%` }} />
        <span>{grouped(price)}</span>
        <span>{quantity(qty)}</span>
      </div>
    );
  });
  while (drawn.length < LEVELS_SHOWN) drawn.push(<div class="rung" key={`empty-${drawn.length}`} />);
  return drawn;
}

function Spark(props: { readonly series: MutableSeries | undefined }) {
  const values = (props.series?.values ?? []).slice(-SPARK_POINTS);
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2) return <svg class="spark" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true" />;
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  let path = '';
  values.forEach((value, i) => {
    if (value === null) return;
    const x = (i / (values.length - 1)) * 100;
    const y = 18 - ((value - low) / span) * 16;
    path += `${path === '' || values[i - 1] === null ? 'M' : 'L'}${x.toFixed(2)} ${y.toFixed(2)}`;
  });
  const isUp = (known.at(-1) ?? 0) >= (known[0] ?? 0);
  return (
    <svg class={`spark ${isUp ? 'up' : 'down'}`} viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">
      <path d={path} vector-effect="non-scaling-stroke" />
    </svg>
  );
}

function sum(levels: readonly (readonly [string, string])[]): number {
  return levels.reduce((total, [, qty]) => total + Number(qty), 0);
}
