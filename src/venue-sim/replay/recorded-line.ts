/** What the replay needs of recordings: lines in order, and which venue they are of. The host gives the reader that `verify` uses too. */
export interface RecordedLine {
  /** Counts from 1. */
  readonly line: number;
  /** Local receive time, milliseconds since 1970 with a fraction. */
  readonly t: number;
  readonly kind: 'in' | 'out' | 'http';
  readonly conn: string;
  /** `GET /path?query` of a REST answer. */
  readonly http: string;
  readonly raw: string;
}

export interface RecordingSource {
  read(file: string): AsyncIterable<RecordedLine>;
  /** Throws UsageError when the venue of a file is unknown. */
  info(file: string): Promise<{ readonly venue: { readonly id: string }; readonly connections: Readonly<Record<string, string>> }>;
}

/** Recorded time in whole microseconds. */
export function timeUs(record: RecordedLine): number {
  return Math.round(record.t * 1000);
}

/** Path and query of a recorded REST answer: `GET /fapi/v1/depth?symbol=X` without the verb. */
export function pathOf(record: RecordedLine): { readonly path: string; readonly query: URLSearchParams } {
  const target = record.http.slice(record.http.indexOf(' ') + 1);
  const mark = target.indexOf('?');
  return mark < 0
    ? { path: target, query: new URLSearchParams() }
    : { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}
