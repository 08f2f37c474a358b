/** The one schema of `thor.yaml`: key, unit, default, range and reason of everything. Read by `load.ts`, `config schema` and `config new`. */
import { z } from 'zod';

const decimal = z.string().regex(/^-?\d+(\.\d+)?$/, "a decimal as text, like '0.25'");
const positiveDecimal = z.string().regex(/^\d+(\.\d+)?$/, "a decimal as text, not negative, like '0.25'");

export const VENUE_IDS = ['binance-spot', 'binance-usdm', 'binance-coinm', 'bybit', 'bitmex'] as const;

/** Rings are masked, not divided. */
const isPowerOfTwo = (value: number): boolean => (value & (value - 1)) === 0;

const venue = z
  .object({
    id: z.string().describe(`venue id: one of ${VENUE_IDS.join(', ')}`),
    account: z.string().default('main').describe('name of the account, for labels'),
    keys: z
      .string()
      .regex(/^(env|file|keys):/, "a reference, 'env:NAME', 'file:PATH' or 'keys:NAME'; never the key itself")
      .optional()
      .describe("where the API keys are: 'env:NAME', 'file:PATH', or 'keys:NAME' of the encrypted key file"),
  })
  .strict();

const strategy = z
  .object({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'small letters, digits and hyphens, at most 32')
      .describe('unique name'),
    kind: z.string().describe('grid, arb, or the path of a strategy file'),
    instruments: z.array(z.string().regex(/^[^:]+:.+$/, "VENUE:SYMBOL, like 'binance-spot:BTCUSDT'")).min(1),
    params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  })
  .strict();

const paper = z
  .object({
    model: z
      .enum(['queue', 'queue-proportional'])
      .default('queue')
      .describe(
        'how resting orders fill: behind the visible quantity, from public trades; proportional: a shrinking level advances the queue too',
      ),
    orderLatencyMs: z.number().min(0).max(60_000).default(5).describe('ms from send to effect at the venue'),
    answerLatencyMs: z.number().min(0).max(60_000).default(5).describe('ms from effect to answer'),
    latencySpread: z.number().min(0).max(3).default(0.25).describe('sigma of the logarithm of each latency; 0 = fixed'),
    balances: z.record(z.string(), z.record(z.string(), positiveDecimal)).default({}).describe('venue > asset > starting balance'),
  })
  .strict();

const storage = z
  .object({
    syncEveryMs: z.number().int().min(1).max(60_000).default(50).describe('ms between syncs to disk under --durability interval'),
    segmentBytes: z
      .number()
      .int()
      .min(1 << 20)
      .max(1 << 30)
      .default(64 << 20)
      .describe('bytes of one journal segment'),
    mongo: z
      .object({
        url: z
          .string()
          .regex(/^(env|file):/, "a reference, 'env:NAME' or 'file:PATH'")
          .describe('where the URL of the database is; its path names the database, thor when it names none'),
        auditDays: z
          .number()
          .int()
          .min(0)
          .max(36_500)
          .default(0)
          .describe('days after which the database drops audit entries; 0 keeps them'),
        candleDays: z.number().int().min(0).max(36_500).default(90).describe('days after which the database drops candles; 0 keeps them'),
      })
      .strict()
      .optional(),
    keepSegments: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .default(64)
      .describe('finished journal segments that stay; older ones go once every store has them and two checkpoints cover them'),
    candles: z.boolean().default(true).describe('one-minute candles of the traded instruments are stored'),
  })
  .strict();

const backup = z
  .object({
    folder: z.string().min(1).describe('where backups are written'),
    second: z
      .string()
      .min(1)
      .optional()
      .describe("a second place: a folder, or 'command:...', which is given the file as its last argument"),
    passphrase: z
      .string()
      .regex(/^(env|file):/, "a reference, 'env:NAME' or 'file:PATH'; never the passphrase itself")
      .describe('what backups are encrypted with'),
    everyMinutes: z.number().int().min(0).max(525_600).default(60).describe('minutes between backups while trading; 0 = only by hand'),
    keep: z.number().int().min(1).max(100_000).default(48).describe('newest backups that are kept in each folder'),
  })
  .strict();

const execution = z
  .object({
    requestTimeoutMs: z
      .number()
      .int()
      .min(100)
      .max(120_000)
      .default(5_000)
      .describe('ms until a request without a whole answer counts as unknown'),
    deadManMs: z
      .number()
      .int()
      .min(0)
      .max(3_600_000)
      .default(0)
      .describe(
        'ms without a sign of life after which the venue itself cancels our orders (at most venues: all orders of the account); 0 = off',
      ),
  })
  .strict();

const server = z
  .object({
    host: z.string().default('127.0.0.1').describe('address to listen on; loopback by default, the page has no login'),
    port: z.number().int().min(0).max(65_535).default(9464).describe('0 picks a free one'),
  })
  .strict();

const engine = z
  .object({
    orderSlots: z.number().int().min(256).max(65_536).default(4096).describe('live and recent orders held in shared memory'),
    ringRecords: z
      .number()
      .int()
      .min(256)
      .max(65_536)
      .refine(isPowerOfTwo, 'a power of two')
      .default(1024)
      .describe('records of each intent, request, outcome and event ring; a power of two'),
    journalRecords: z
      .number()
      .int()
      .min(1024)
      .max(262_144)
      .refine(isPowerOfTwo, 'a power of two')
      .default(16_384)
      .describe('records between a producer and the journal writer; a power of two'),
    levelsPerStrategy: z.number().int().min(16).max(8192).default(1024).describe('levels one strategy may use'),
    watchdogMs: z
      .number()
      .int()
      .min(100)
      .max(600_000)
      .default(5_000)
      .describe('ms without a turn of the hot lane before trading is halted'),
  })
  .strict();

export const configSchema = z
  .object({
    venues: z.array(venue).min(1).describe('where to trade'),
    strategies: z.array(strategy).min(1).describe('what to trade'),
    keyFile: z.string().default('./thor-keys.json').describe("encrypted key file of 'thor keys', for references keys:NAME"),
    risk: z.record(z.string(), z.unknown()).default({}).describe('limits, enforced before any send'),
    reporting: z
      .string()
      .regex(/^[A-Z0-9]{2,10}$/, "the name of an asset, like 'USDT'")
      .optional()
      .describe("the summary's result in this asset too, by the middles of the run's own books"),
    paper: paper.prefault({}).describe('fills of the paper gateway'),
    execution: execution.prefault({}).describe('order entry at the venues'),
    storage: storage.prefault({}).describe('journal and stores'),
    backup: backup.optional().describe('encrypted copies of the data directory'),
    server: server.prefault({}).describe('page, API and metrics'),
    engine: engine.prefault({}).describe('sizes of the shared memory'),
  })
  .strict();

export { decimal };
export type ThorConfig = z.infer<typeof configSchema>;
export type StrategyConfig = ThorConfig['strategies'][number];
