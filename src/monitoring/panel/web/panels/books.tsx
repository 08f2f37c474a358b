/** A wall of small depth ladders: asks above, bids below, bars of cumulative quantity, a line of the mid. */
import type { BookRow, DepthPayload } from '../../../payload-rows.ts';
import { grouped, micros, quantity } from '../format.ts';
import { useStore, type MutableSeries } from '../store.ts';
import { Panel } from '../ui.tsx';

/** More books than this get shorter ladders, so that all of them are seen at once. */
const FULL_LADDERS = 6;
const LEVELS_FULL = 5;
const LEVELS_SHORT = 3;
const SPARK_POINTS = 120;

export function BooksPanel() {
  const store = useStore('books', 'history');
  const levels = store.books.length > FULL_LADDERS ? LEVELS_SHORT : LEVELS_FULL;
  return (
    <Panel title="Books" area="books" aside={`${store.books.filter(({ state }) => state === 'live').length} live`}>
      <div class="books">
        {store.books.map((book) => (
          <BookCard
            key={book.instrument}
            book={book}
            depth={store.depth.get(book.instrument)}
            mids={store.mids.get(book.instrument)}
            levels={levels}
          />
        ))}
      </div>
    </Panel>
  );
}

function BookCard(props: {
  readonly book: BookRow;
  readonly depth: DepthPayload | undefined;
  readonly mids: MutableSeries | undefined;
  readonly levels: number;
}) {
  const { book, depth, mids, levels } = props;
  const asks = (depth?.asks ?? []).slice(0, levels);
  const bids = (depth?.bids ?? []).slice(0, levels);
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
        {rows(asks, levels, total, 'sell').reverse()}
      </div>
      <div class="spread">
        <span>
          {book.spreadTicks === null ? 'no spread' : `${grouped(String(book.spreadTicks))} tick${book.spreadTicks === 1 ? '' : 's'}`}
        </span>
        <span title="time from the venue to us">{micros(book.lagUs)}</span>
      </div>
      <div class="ladder" aria-label={`bids of ${book.instrument}`}>
        {rows(bids, levels, total, 'buy')}
      </div>
    </article>
  );
}

function rows(found: readonly (readonly [string, string])[], length: number, total: number, side: 'buy' | 'sell') {
  let cumulative = 0;
  const drawn = found.map(([price, qty], index) => {
    cumulative += Number(qty);
    return (
      <div class={`rung ${side}${index === 0 ? ' best' : ''}`} key={index}>
        <i style={{ width: `${((cumulative / total) * 100).toFixed(1)}%` }} />
        <span>{grouped(price)}</span>
        <span>{quantity(qty)}</span>
      </div>
    );
  });
  while (drawn.length < length) drawn.push(<div class="rung" key={`empty-${drawn.length}`} />);
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
