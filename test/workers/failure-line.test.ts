import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/core/numbers/errors.js';
import { listenError } from '../../src/net/server-rules.js';
import { failureLine } from '../../src/workers/failure-line.js';

describe('what ended a verb is one line', () => {
  const system = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const cases: readonly [unknown, string][] = [
    [
      listenError('127.0.0.1', 9464, 'EADDRINUSE'),
      'PORT_IN_USE: port 9464 of 127.0.0.1 is taken; give another with --port (0 picks a free one), or stop what listens there',
    ],
    [
      listenError('127.0.0.1', 80, 'EACCES'),
      'LISTEN_FAILED: port 80 of 127.0.0.1 cannot be opened (EACCES); give another with --port, or another server.host',
    ],
    [
      new EngineError('HTTP_FAILED', 'retry', { method: 'GET', host: 'api.bybit.com', path: '/v5/market', reason: 'ENOTFOUND' }),
      "HTTP_FAILED: GET api.bybit.com/v5/market: ENOTFOUND; 'thor doctor --config FILE' tries every venue from here",
    ],
    [new EngineError('STORE_DAMAGED', 'give-up', { page: 3, reason: 'a\nb' }), 'STORE_DAMAGED: page 3, reason a b'],
    [
      new EngineError('VENUES_NOT_STARTED', 'retry', { reason: 'no answer' }),
      'VENUES_NOT_STARTED: reason no answer; it may be tried again',
    ],
    [system, 'the disk is full: make room, and start again (ENOSPC: no space left on device, write)'],
    [new Error('plain'), 'plain'],
    ['text', 'text'],
  ];
  it.each(cases)('%s', (error, line) => {
    expect(failureLine(error)).toBe(line);
  });
});
