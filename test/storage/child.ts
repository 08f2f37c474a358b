/**
 * The other process of process.test.ts, bundled by it. `append FOLDER FROM`: journals records from number FROM on until it is killed, and says on stdout, after each
 * group, the last number that a gateway would have been allowed to send. `lock FOLDER GO`: says that it is ready, waits for the file GO, takes the lock, says who has it, and stays.
 */
import { existsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DirectoryLock } from '../../src/storage/directory-lock.js';
import { journalIn, memory, push, writerOn, writtenOf } from './journal-fixture.js';

const [what, folder = '', argument = ''] = process.argv.slice(2);

if (what === 'append') {
  const m = memory(1);
  const from = Number(argument);
  const writer = writerOn(m, journalIn(folder, { segmentBytes: 64 * 1024 }));
  let next = from;
  for (let turn = 0; ; turn++) {
    for (let i = 0; i <= turn % 7; i++) push(m, 0, next++);
    writer.step(turn, 64);
    writeSync(1, `${from + writtenOf(m) - 1}\n`);
  }
} else {
  writeSync(1, 'ready\n');
  while (!existsSync(argument));
  const lock = DirectoryLock.take(join(folder), process.pid);
  writeSync(1, lock instanceof DirectoryLock ? 'won\n' : `lost to ${lock.pid}\n`);
  setInterval(() => undefined, 1000);
}
