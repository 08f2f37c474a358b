/** Pages of a venue's list, one after the other, a bounded number of them. Used by dialects. */
import { MalformedAnswer } from '../rows.js';

/** 200 pages of 100 rows: more than any venue lets an account have open or fill between two reconciliations. */
export const PAGES_MOST = 200;

/** @param next the page after the one given (null = the first); `after` null says that it was the last */
export async function allPages<Row, Cursor>(
  next: (cursor: Cursor | null) => Promise<{ readonly rows: readonly Row[]; readonly after: Cursor | null }>,
): Promise<Row[]> {
  const all: Row[] = [];
  let cursor: Cursor | null = null;
  for (let page = 0; page < PAGES_MOST; page++) {
    const { rows, after }: { readonly rows: readonly Row[]; readonly after: Cursor | null } = await next(cursor);
    for (const row of rows) all.push(row);
    if (after === null) return all;
    cursor = after;
  }
  throw new MalformedAnswer(`a list must end within ${PAGES_MOST} pages`);
}
