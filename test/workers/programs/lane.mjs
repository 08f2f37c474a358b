// A lane that does what its `directory` says; for tests of how lanes are started.
import { parentPort, workerData } from 'node:worker_threads';

const tell = (message) => parentPort.postMessage(message);
switch (workerData.directory) {
  case 'ready-then-stop':
    tell({ kind: 'note', source: 'lane', text: `lane ${workerData.lane} sees ${new Int32Array(workerData.buffer)[0]}` });
    tell({ kind: 'ready' });
    parentPort.on('message', (command) => {
      if (command.kind === 'stop') parentPort.close();
      else if (command.kind === 'resync') tell({ kind: 'error', source: 'lane', text: `resync ${command.instrument}`, isUsage: false });
      else throw new Error(`reconnect ${command.venue}`);
    });
    break;
  case 'throws':
    throw new Error('no memory for this');
  case 'refuses':
    tell({ kind: 'error', source: 'hot lane', text: 'btc-grid: step must pay both fees', isUsage: true });
    process.exitCode = 1;
    break;
  case 'fails':
    tell({ kind: 'error', source: 'hot lane', text: 'broken', isUsage: false });
    process.exitCode = 1;
    break;
  default:
    process.exitCode = 4;
}
