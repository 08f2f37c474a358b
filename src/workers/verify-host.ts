/** `thor verify`: gives a clock to the recording's reader. */
import { UsageError } from '../core/numbers/errors.js';
import { checkKernel, DEFAULT_KERNEL } from '../feeds/kernels.js';
import { runVerify } from '../feeds/verify.js';
import { marketTimeNow, SystemClock } from './clock.js';

export async function runVerifyVerb(file: string, flags: Readonly<Record<string, unknown>>): Promise<number> {
  const text = (name: string): string | undefined => (typeof flags[name] === 'string' ? flags[name] : undefined);
  const kernel = checkKernel(text('kernel') ?? DEFAULT_KERNEL);
  try {
    const { exitCode } = await runVerify({
      file,
      books: text('books'),
      trades: text('trades'),
      final: text('final'),
      venue: text('venue'),
      kernel,
      clock: new SystemClock(marketTimeNow(1)),
      print: (line) => process.stderr.write(`${line}\n`),
    });
    return exitCode;
  } catch (error) {
    // A venue that cannot be told is the recording's fault, not the command's.
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`thor: ${file}: ${error.message}\n`);
    return 1;
  }
}
