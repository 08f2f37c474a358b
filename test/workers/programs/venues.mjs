// Stands in for the process of the simulated venues: writes its addresses, answers /status, ends on /stop. `--speed 13` refuses to start, `--speed 14` dies.
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const args = process.argv.slice(2);
const flag = (name) => args[args.indexOf(name) + 1];
const speed = Number(flag('--speed'));
if (speed === 13) {
  process.stderr.write('thor: --seed: a number that the venues do not like\n');
  process.exit(2);
}
if (speed === 14) {
  process.stderr.write('died of something\n');
  process.exit(1);
}
const server = createServer((request, response) => {
  response.end('{}');
  if (request.method === 'POST' && request.url === '/stop') setImmediate(() => process.exit(0));
});
server.listen(0, '127.0.0.1', () => {
  const admin = `http://127.0.0.1:${server.address().port}`;
  const addresses = {
    seed: Number(flag('--seed')),
    pid: process.pid,
    admin,
    clock: { wallUs: 0, marketUs: 0, speed },
    venues: { bybit: { rest: admin, wsPublic: 'ws://127.0.0.1:1' } },
    args,
  };
  writeFileSync(`${flag('--addresses')}.new`, JSON.stringify(addresses));
  renameSync(`${flag('--addresses')}.new`, flag('--addresses'));
});
// Bound: a test that forgot it does not leave it behind.
setTimeout(() => process.exit(3), 60_000);
