/** Names of BOOK_* states, by their number, for pages, metrics and logs. */
export const BOOK_STATE_NAMES = ['empty', 'syncing', 'live', 'stale', 'gap', 'doubted'] as const;
