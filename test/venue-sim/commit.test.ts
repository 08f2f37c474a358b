/** `--commit`: what clients are told waits until a written snapshot has it. */
import { beforeEach, expect, it } from 'vitest';
import type { HttpReply, HttpServerHandlers, ServerSocket } from '../../src/core/ports/http.js';
import { Commit } from '../../src/venue-sim/commit.js';

const REQUEST = { method: 'GET', path: '/', query: '', headers: {}, body: new Uint8Array(), remoteAddress: '127.0.0.1' };

let saves = 0;
let told: string[] = [];
let commit: Commit;
beforeEach(() => {
  saves = 0;
  told = [];
  commit = new Commit(() => saves++);
});

function say(text: string): void {
  commit.say(() => void told.push(text));
}

it('says at once what is saved, and later what is not', () => {
  say('before');
  expect(told).toEqual(['before']);
  commit.changed();
  commit.changed();
  say('first');
  expect([saves, told]).toEqual([1, ['before']]);
  commit.onTaken();
  say('second');
  expect(told).toEqual(['before']);
  commit.onWritten();
  say('third');
  expect(told).toEqual(['before', 'first', 'second', 'third']);
});

it('what changed after the snapshot waits for the next one, and so does all that is said behind it', () => {
  commit.changed();
  say('first');
  commit.onTaken();
  commit.changed();
  say('second');
  expect(saves).toBe(1);
  commit.onWritten();
  expect([saves, told]).toEqual([2, ['first']]);
  say('third');
  commit.onTaken();
  expect(told).toEqual(['first']);
  commit.onWritten();
  expect(told).toEqual(['first', 'second', 'third']);
});

it('a save that failed tells nothing; the next one that succeeds tells all of it', () => {
  commit.changed();
  say('first');
  commit.onTaken();
  commit.onFailed();
  say('second');
  expect(told).toEqual([]);
  commit.onTaken();
  commit.onWritten();
  expect(told).toEqual(['first', 'second']);
});

it('at the end nothing is held', () => {
  commit.changed();
  say('first');
  commit.end();
  commit.changed();
  say('second');
  expect(told).toEqual(['first', 'second']);
});

it('holds answers and messages of sockets, but nothing for a socket that is gone', () => {
  const sent: string[] = [];
  const socketOf = (id: number): ServerSocket => ({
    id,
    request: REQUEST,
    data: null,
    send: (data) => {
      sent.push(`${id} ${typeof data === 'string' ? data : new TextDecoder().decode(data)}`);
      return 'sent';
    },
    bufferedBytes: () => 0,
    ping: () => undefined,
    close: () => void sent.push(`${id} closed`),
    terminate: () => undefined,
  });
  const opened: ServerSocket[] = [];
  const inner: HttpServerHandlers = {
    onRequest: (_, respond) => {
      commit.changed();
      respond({ status: 200, body: 'taken' });
    },
    onOpen: (socket) => void opened.push(socket),
  };
  const handlers = commit.wrap(inner);
  const replies: HttpReply[] = [];
  const sockets = [socketOf(1), socketOf(2)];
  for (const socket of sockets) handlers.onOpen?.(socket);
  handlers.onRequest(REQUEST, (reply) => replies.push(reply));
  const bytes = new TextEncoder().encode('fill');
  opened[0]?.send(bytes);
  bytes.fill(0);
  opened[0]?.close(1000, '');
  opened[1]?.send('lost');
  handlers.onClose?.(sockets[1] ?? socketOf(2), 1006, '');
  expect([replies, sent]).toEqual([[], []]);
  commit.onTaken();
  commit.onWritten();
  expect(replies).toEqual([{ status: 200, body: 'taken' }]);
  expect(sent).toEqual(['1 fill', '1 closed']);
});
