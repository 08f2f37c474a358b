/** Starts lane threads and speaks with them. Main thread. */
import { Worker } from 'node:worker_threads';
import { UsageError } from '../core/numbers/errors.js';
import type { LaneCommand, LaneData, LaneMessage, ParamsCommand } from './lane-data.js';

export interface LaneThread {
  readonly name: string;
  readonly lane: number;
  send(command: LaneCommand | ParamsCommand): void;
  /** Resolves when the thread has ended. */
  readonly ended: Promise<number>;
  terminate(): Promise<void>;
}

export interface LaneListener {
  onNote(source: string, text: string): void;
  onError(source: string, text: string): void;
  /** To a command. */
  onAnswer?(id: number, refusal: string | null): void;
  /** The thread ended while it was needed. */
  onDeath(lane: string, text: string): void;
  /** A lane that is not ready by then is terminated; absent: it is waited for. */
  readonly startWithinMs?: number;
}

/** @param file beside this one, e.g. `hot.worker.js`. Resolves when the lane said it is ready; rejects with what it said instead. */
export function startLane(file: string, name: string, data: LaneData, listener: LaneListener): Promise<LaneThread> {
  const worker = new Worker(new URL(`./${file}`, import.meta.url), { workerData: data, name: `thor ${name}` });
  return new Promise((resolve, reject) => {
    let isReady = false;
    let isLate = false;
    const bound =
      listener.startWithinMs === undefined
        ? null
        : setTimeout(() => {
            isLate = true;
            void worker.terminate();
          }, listener.startWithinMs);
    const ended = new Promise<number>((settle) => worker.once('exit', settle));
    const thread: LaneThread = {
      name,
      lane: data.lane,
      send: (command) => worker.postMessage(command),
      ended,
      terminate: async () => {
        await worker.terminate();
      },
    };
    worker.on('message', (message: LaneMessage) => {
      if (message.kind === 'note') listener.onNote(message.source, message.text);
      else if (message.kind === 'answer') listener.onAnswer?.(message.id, message.refusal);
      else if (message.kind === 'ready') {
        isReady = true;
        if (bound !== null) clearTimeout(bound);
        resolve(thread);
      } else if (isReady) listener.onError(message.source, message.text);
      else reject(message.isUsage ? new UsageError(message.text) : new Error(`${message.source}: ${message.text}`));
    });
    worker.once('error', (error) => {
      if (isReady) listener.onDeath(name, error instanceof Error ? error.message : String(error));
      else reject(error instanceof Error ? error : new Error(String(error)));
    });
    worker.once('exit', (code) => {
      if (bound !== null) clearTimeout(bound);
      if (!isReady)
        reject(new Error(isLate ? `lane ${name} was not ready in time` : `lane ${name} ended with ${code} before it was ready`));
    });
  });
}
