/** `thor venues`: gives clocks and servers to the simulated exchanges (or to recordings served as venues) and turns signals into an orderly stop. */
import { UsageError } from '../core/numbers/errors.js';
import { readRecording } from '../feeds/recording.js';
import { recordingInfo } from '../feeds/verify.js';
import { runVenues } from '../venue-sim/process.js';
import { marketTimeNow, SystemClock, SystemTimers } from './clock.js';
import { serverFactory } from './server-choice.js';
import { listOf, numberOf } from './trade-options.js';

function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

export async function runVenuesVerb(flags: Readonly<Record<string, unknown>>): Promise<number> {
  const text = (name: string, fallback: string): string => (typeof flags[name] === 'string' ? flags[name] : fallback);
  const wallTimers = new SystemTimers(1);
  const createHttpServer = serverFactory(wallTimers);
  const port = numberOf('--port', text('port', '0'), { min: 0, max: 65_500, isInteger: true });
  const addresses = typeof flags['addresses'] === 'string' ? { addresses: flags['addresses'] } : {};
  const idleExit = flags['idleExit'] === true;
  const speedText = text('speed', '1');
  let running: { readonly ended: Promise<void>; stop(): Promise<void> };
  let marketTimers = wallTimers;
  if (Array.isArray(flags['replay'])) {
    const { runReplay } = await import('../venue-sim/replay/process.js');
    const speed = speedText === 'max' ? 'max' : numberOf('--speed', speedText, { min: 0.01, max: 1000, isInteger: false });
    running = await runReplay(
      { files: flags['replay'].map(String), speed, port, idleExit, ...addresses },
      {
        createHttpServer,
        clock: new SystemClock(marketTimeNow(1)),
        timers: wallTimers,
        recordings: { read: readRecording, info: (file) => recordingInfo(file, undefined) },
        writeLine,
      },
    );
  } else {
    if (flags['commit'] === true && typeof flags['state'] !== 'string') throw new UsageError('--commit: goes with --state');
    if (speedText === 'max') throw new UsageError("--speed: 'max' goes with --replay only");
    const speed = numberOf('--speed', speedText, { min: 0.01, max: 1000, isInteger: false });
    const marketTime = marketTimeNow(speed);
    marketTimers = new SystemTimers(speed);
    running = await runVenues(
      {
        seed: numberOf('--seed', text('seed', '1'), { min: 0, max: 4_294_967_295, isInteger: true }),
        speed,
        port,
        idleExit,
        ...addresses,
        ...(typeof flags['state'] === 'string' ? { state: flags['state'] } : {}),
        commits: flags['commit'] === true,
        ...(typeof flags['only'] === 'string' ? { only: listOf(flags['only']) } : {}),
      },
      { createHttpServer, clock: new SystemClock(marketTime), timers: marketTimers, marketTime, writeLine },
    );
  }
  const stop = (): void => void running.stop();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  await running.ended;
  process.off('SIGINT', stop);
  process.off('SIGTERM', stop);
  marketTimers.stop();
  wallTimers.stop();
  return 0;
}
