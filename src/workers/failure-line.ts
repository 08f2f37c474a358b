/** What ended a verb, as one line for a person: what it was, and what to do about it. Called by main.ts for what is no wrong use. */
import { EngineError, messageOf } from '../core/numbers/errors.js';

type Facts = EngineError['facts'];

const unreachable = ({ method, host, path, reason }: Facts): string =>
  `${method ?? 'request'} ${host ?? ''}${path ?? ''}: ${reason ?? 'no whole answer'}; 'thor doctor --config FILE' tries every venue from here`;

const SENTENCES: Readonly<Record<string, (facts: Facts) => string>> = {
  PORT_IN_USE: ({ host, port }) =>
    `port ${port} of ${host} is taken; give another with --port (0 picks a free one), or stop what listens there`,
  LISTEN_FAILED: ({ host, port, reason }) =>
    `port ${port} of ${host} cannot be opened (${reason}); give another with --port, or another server.host`,
  HTTP_FAILED: unreachable,
  HTTP_TIMEOUT: unreachable,
  HTTP_TOO_LARGE: unreachable,
};

/** Error codes of the operating system that a person can do something about. */
const SYSTEM: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: make room, and start again',
  EDQUOT: 'the quota of this disk is used up: make room, and start again',
  EROFS: 'the file system is read-only',
  EMFILE: "too many open files: raise the limit ('ulimit -n')",
};

export function failureLine(error: unknown): string {
  if (error instanceof EngineError) {
    const { code, facts, recovery } = error;
    const sentence = SENTENCES[code]?.(facts);
    if (sentence !== undefined) return `${code}: ${sentence}`;
    const told = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
    return `${code}: ${told.join(', ')}${recovery === 'retry' ? '; it may be tried again' : ''}`.replaceAll('\n', ' ');
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const hint = SYSTEM[code];
  return hint === undefined ? messageOf(error) : `${hint} (${messageOf(error)})`;
}
