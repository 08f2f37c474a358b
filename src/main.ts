#!/usr/bin/env node
/** The command line, nothing else: verbs and flags to calls. Wrong use is one line and exit code 2. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { UsageError } from './core/numbers/errors.js';
import { didYouMean } from './core/numbers/nearest.js';
import { failureLine } from './workers/failure-line.js';

const VERBS = [
  'trade',
  'venues',
  'verify',
  'export',
  'config',
  'verify-account',
  'store',
  'backup',
  'preview',
  'keys',
  'doctor',
  'status',
  'halt',
  'help',
];

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}

function program(run: (code: Promise<number>) => Promise<void>): Command {
  const root = new Command('thor')
    .description('Trading engine for crypto grid, arbitrage and other strategies.')
    .version(packageVersion(), '--version', 'print the version')
    .showSuggestionAfterError(true);

  root
    .command('trade', { isDefault: true })
    .description('trade; the default verb')
    .option('--strategies <names>', 'entries of the configuration by name or kind, or paths of strategy files, separated by commas')
    .option('--mode <mode>', 'sim, paper or live', 'sim')
    .option('--config <file>', 'configuration; without it the shipped thor.yaml runs, in mode sim only')
    .option('--data <dir>', 'data directory (default ./thor-data/MODE)')
    .option('--duration <seconds>', 'seconds of market time from the first live book; without it, until stopped')
    .option('--seed <n>', 'seed of the simulated venues', '1')
    .option('--only <venues>', 'these venues only, separated by commas')
    .option('--addresses <file>', 'attach to simulated venues that already run')
    .option('--replay <files...>', 'recordings, played to the engine over sockets')
    .option('--speed <n>', 'market time runs n times as fast; max with --replay', '1')
    .option('--lanes <n>', 'trading lanes (threads): auto, 1, 2, n', 'auto')
    .option('--wait <mode>', 'how a lane waits: spin, balanced, eco')
    .option('--kernel <name>', 'frame parser: wasm, ts, json (default: the fastest that is built)')
    .option('--durability <level>', 'none, interval or each', 'interval')
    .option('--on-death <what>', 'keep or cancel: what happens to open orders when the engine hangs or dies', 'keep')
    .option('--port <n>', 'port of page, API and metrics (default 9464; 0 picks a free one)')
    .option('--json', 'JSON objects on stdout, one a line; the last is the summary')
    .option('--quiet', 'no status on the terminal')
    .option('--verbose', 'log lines on stderr too')
    .option('--print-config', 'print each value and where it came from, and end')
    .action((flags: Record<string, unknown>, command: Command) =>
      run(
        (async () => {
          const { tradeOptionsOf } = await import('./workers/trade-options.js');
          const options = tradeOptionsOf(flags);
          const { runTrade } = await import('./workers/trade.js');
          return runTrade(
            options,
            flags,
            Object.keys(flags).filter((name) => command.getOptionValueSource(name) === 'cli'),
          );
        })(),
      ),
    );

  root
    .command('venues')
    .description('serve simulated exchanges until SIGINT')
    .option('--only <venues>', 'these venues only, separated by commas')
    .option('--seed <n>', 'seed of the order flow', '1')
    .option('--port <n>', 'first port (default: free ones)', '0')
    .option('--addresses <file>', 'write the addresses here')
    .option('--state <dir>', 'keep the state of the exchanges here')
    .option('--commit', 'answer only when --state has what is told: a killed process has forgotten nothing; answers take tens of ms')
    .option('--speed <n>', 'market time runs n times as fast', '1')
    .option('--replay <files...>', 'serve these recordings instead')
    .addOption(new Option('--idle-exit', 'end after 10 minutes without clients').hideHelp())
    .action((flags: Record<string, unknown>) => run(import('./workers/venues-host.js').then(({ runVenuesVerb }) => runVenuesVerb(flags))));

  root
    .command('verify <file>')
    .description('what the engine holds after every line of a recording')
    .option('--books <file>', 'write the book rows here')
    .option('--trades <file>', 'write the trades here')
    .option('--final <file>', 'write the last books here')
    .option('--venue <id>', 'venue id, when no manifest.json stands beside the file')
    .option('--kernel <name>', 'frame parser: wasm, ts, json (default: the fastest that is built)')
    .action((file: string, flags: Record<string, unknown>) =>
      run(import('./workers/verify-host.js').then(({ runVerifyVerb }) => runVerifyVerb(file, flags))),
    );

  root
    .command('verify-account')
    .description("compare the venues' accounts with a data directory: orders, fills, balances, positions; exit code 1 when they differ")
    .option('--data <dir>', 'data directory (default ./thor-data/MODE)')
    .option('--mode <mode>', 'sim or live: whose default data directory', 'sim')
    .option('--config <file>', 'configuration with the references of the keys')
    .option('--addresses <file>', 'simulated venues that already run')
    .option('--json', 'the whole verdict as JSON')
    .action((flags: Record<string, unknown>) =>
      run(import('./workers/verify-account-host.js').then(({ runVerifyAccountVerb }) => runVerifyAccountVerb(flags))),
    );

  root
    .command('export <what>')
    .description('orders, fills, levels or ledger of a data directory')
    .requiredOption('--data <dir>', 'data directory')
    .option('--format <format>', 'ndjson or csv', 'ndjson')
    .option('--from <time>', 'ISO date or microseconds')
    .option('--to <time>', 'ISO date or microseconds')
    .option('--store <name>', 'lmdb or mongo: whose rows; the journal adds what it does not have yet', 'lmdb')
    .option('--config <file>', 'configuration that names the database')
    .action((what: string, flags: Record<string, unknown>) =>
      run(import('./workers/export-host.js').then(({ runExportVerb }) => runExportVerb(what, flags))),
    );

  root
    .command('store <action> [which]')
    .description('sync, check, rebuild or compact the stores of a data directory (lmdb, mongo; all when none is named)')
    .requiredOption('--data <dir>', 'data directory')
    .option('--config <file>', 'configuration that names the stores')
    .option('--json', 'one JSON object a result')
    .action((action: string, which: string | undefined, flags: Record<string, unknown>) =>
      run(import('./workers/store-host.js').then(({ runStoreVerb }) => runStoreVerb(action, which, flags))),
    );

  root
    .command('backup <action>')
    .description('create, restore or verify an encrypted backup of a data directory, also while it trades')
    .option('--data <dir>', 'data directory; restore: where to')
    .option('--file <file>', 'restore, verify: the backup; absent: the newest of the folder')
    .option('--folder <dir>', 'where backups are (default: backup.folder of the configuration)')
    .option('--passphrase <reference>', "'env:NAME' or 'file:PATH' (default: backup.passphrase of the configuration)")
    .option('--config <file>', 'configuration with the backup block')
    .option('--json', 'one JSON object a result')
    .action((action: string, flags: Record<string, unknown>) =>
      run(import('./workers/backup-host.js').then(({ runBackupVerb }) => runBackupVerb(action, flags))),
    );

  root
    .command('config <action> [file]')
    .description('new: ask, or take flags, and write a commented configuration; check FILE; schema: JSON Schema for editors')
    .option('--kind <kind>', 'new: grid, arb or the path of a strategy file')
    .option('--instrument <ids...>', 'new: VENUE:SYMBOL, one or more')
    .option('--name <name>', 'new: name of the entry')
    .option('--set <assignments...>', 'new: parameters as key=value')
    .option('--keys <reference>', 'new: where the API keys are: env:NAME, file:PATH or keys:NAME')
    .option('--force', 'new: overwrite FILE')
    .action((action: string, file: string | undefined, flags: Record<string, unknown>) =>
      run(import('./workers/config-host.js').then(({ runConfigVerb }) => runConfigVerb(action, file, flags))),
    );

  root
    .command('preview')
    .description('what each grid would do now: every order, capital, profit, break-even, liquidation; sends nothing')
    .option('--strategies <names>', 'entries of the configuration by name or kind')
    .option('--mode <mode>', 'sim, paper or live: whose markets are looked at', 'sim')
    .option('--config <file>', 'configuration; without it the shipped thor.yaml, in mode sim only')
    .option('--data <dir>', 'data directory whose simulated venues are asked when they run (default ./thor-data/MODE)')
    .option('--only <venues>', 'these venues only, separated by commas')
    .option('--addresses <file>', 'simulated venues that already run')
    .option('--seed <n>', 'seed of the simulated venues', '1')
    .option('--price <price>', 'build the ladders around this price instead of the market')
    .option('--json', 'one JSON object a grid')
    .action((flags: Record<string, unknown>) =>
      run(import('./workers/preview-host.js').then(({ runPreviewVerb }) => runPreviewVerb(flags))),
    );

  root
    .command('keys <action> [name]')
    .description('the encrypted key file: add NAME, list, rotate NAME, remove NAME')
    .option('--file <file>', 'key file', './thor-keys.json')
    .option('--from <reference>', "take the key from 'env:NAME' or 'file:PATH' instead of asking")
    .action((action: string, name: string | undefined, flags: Record<string, unknown>) =>
      run(import('./workers/keys-host.js').then(({ runKeysVerb }) => runKeysVerb(action, name, flags))),
    );

  root
    .command('doctor')
    .description('check this machine; with --config its venues, clocks and keys too')
    .option('--config <file>', 'configuration whose venues and keys are tried')
    .option('--addresses <file>', 'simulated venues that already run')
    .option('--data <dir>', 'data directory to check for space and rights', './thor-data')
    .action((flags: Record<string, unknown>) => run(import('./workers/doctor.js').then(({ runDoctor }) => runDoctor(flags))));

  root
    .command('status')
    .description('ask a running engine how it is')
    .option('--url <url>', 'address of the engine', 'http://127.0.0.1:9464')
    .option('--json', 'the whole answer as JSON')
    .action((flags: Record<string, unknown>) => run(import('./workers/status.js').then(({ runStatus }) => runStatus(flags))));

  root
    .command('halt')
    .description('the kill switch of a running engine: no new orders; with --cancel every open one is asked back; --level active ends it')
    .option('--url <url>', 'address of the engine', 'http://127.0.0.1:9464')
    .option('--data <dir>', 'its data directory, where its token is (default: asked of the engine)')
    .option('--level <level>', 'halted, reducing (only what makes positions smaller) or active', 'halted')
    .option('--cancel', 'ask every open order back')
    .option('--json', 'the answer as JSON')
    .action((flags: Record<string, unknown>) => run(import('./workers/halt-host.js').then(({ runHaltVerb }) => runHaltVerb(flags))));

  for (const command of [root, ...root.commands]) {
    command.exitOverride().configureOutput({ outputError: () => undefined });
  }
  return root;
}

/** Commander's message and its suggestion as one line. */
function oneLine(text: string): string {
  return text
    .replace(/^error: /, '')
    .trim()
    .split('\n')
    .map((line) => line.trim())
    .join(' ');
}

/** Output must not end a trading engine: what is written to a reader that went away (`| head`) is dropped, what a full disk did not take fails at the end. */
let lostOutput: Error | null = null;

function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') lostOutput = error;
}

async function main(): Promise<void> {
  process.stdout.on('error', onOutputError);
  process.stderr.on('error', onOutputError);
  process.once('exit', () => {
    if (lostOutput === null) return;
    process.stderr.write(`thor: output was lost: ${lostOutput.message}\n`);
    process.exitCode ||= 1;
  });
  const args = process.argv.slice(2);
  const first = args[0];
  try {
    if (first !== undefined && !first.startsWith('-') && !VERBS.includes(first)) {
      throw new UsageError(`'${first}' is not a verb${didYouMean(first, VERBS)} (${VERBS.join(', ')})`);
    }
    await program(async (code) => {
      process.exitCode = await code;
    }).parseAsync(process.argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return;
      process.stderr.write(`thor: ${oneLine(error.message)}\n`);
      process.exitCode = 2;
    } else if (error instanceof UsageError) {
      process.stderr.write(
        `${error.message
          .split('\n')
          .map((line) => `thor: ${line}`)
          .join('\n')}\n`,
      );
      process.exitCode = 2;
    } else {
      process.stderr.write(`thor: ${failureLine(error)}\n`);
      process.exitCode = 1;
    }
  }
}

await main();
