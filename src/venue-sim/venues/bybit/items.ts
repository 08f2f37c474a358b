/** Parameters of Bybit v5 requests, whether they came in a query, a JSON body or a socket's `args`: texts and numbers are taken alike. */

export type Item = Readonly<Record<string, unknown>>;

export function isItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** '' when absent. */
export function textOf(item: Item, name: string): string {
  const value = item[name];
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

export function isSet(item: Item, name: string): boolean {
  return textOf(item, name) !== '';
}

export function isTrue(item: Item, name: string): boolean {
  return textOf(item, name) === 'true';
}

/** Rows a page holds: what was asked for within 1 and `most`. */
export function limitOf(item: Item, usual: number, most: number): number {
  const limit = Number(textOf(item, 'limit'));
  return isSet(item, 'limit') && Number.isInteger(limit) && limit > 0 ? Math.min(limit, most) : usual;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly cursor: string;
}

/** One page of rows that stand newest first; a cursor names the first row of the next page by its rising number. */
export function pageOf<Row>(rows: readonly Row[], numberOf: (row: Row) => number, limit: number, cursor: string): Page<Row> {
  const fromNumber = cursor === '' ? Number.POSITIVE_INFINITY : Number(decodeURIComponent(cursor).split(':')[0]);
  const left = rows.filter((row) => numberOf(row) <= fromNumber);
  const next = left[limit];
  return { rows: left.slice(0, limit), cursor: next === undefined ? '' : encodeURIComponent(`${numberOf(next)}:0`) };
}
