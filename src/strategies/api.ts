/**
 * What a user's strategy file may import: `import { SIDE_BUY } from 'thor/strategy'` (the loader resolves it), types by `import type` from the same place.
 */
export {
  FLAG_HEDGE,
  FLAG_MAKER,
  FLAG_POST_ONLY,
  FLAG_REDUCE_ONLY,
  RecordKind,
  SIDE_BUY,
  SIDE_SELL,
  TIF_FOK,
  TIF_GTC,
  TIF_IOC,
} from '../core/memory/record.js';
export { formatTicks, ticksOf, toTicksDown, toTicksUp } from '../core/numbers/decimal.js';
export { RESULT_FULL, RESULT_OK, UsageError } from '../core/numbers/errors.js';
export { isTerminal, OrderState } from '../core/orders/order-state.js';
export { Reason, reasonName } from '../core/orders/reasons.js';
export type { Instrument } from '../core/orders/instrument.js';
export type {
  BookView,
  Intents,
  LevelRecord,
  OrderDraft,
  OrderEvent,
  Params,
  ParamsEffect,
  ParamSpec,
  RecoveredStrategy,
  Strategy,
  StrategyContext,
  StrategyDefinition,
  StrategySetup,
  TradeView,
} from '../core/ports/strategy.js';
