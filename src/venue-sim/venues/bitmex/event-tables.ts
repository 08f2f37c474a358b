/**
 * BitMEX's tables of things that seldom happen: liquidations in progress, settlements, the insurance fund, what the venue says. A liquidation here is over at once, so its row
 * comes and goes in one turn; contracts without an end never settle. Called when somebody subscribes.
 */
import type { LiquidationEvent } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';
import type { TopicSource } from '../hub.js';
import { onStep } from '../topic-source.js';

export const EVENT_TABLES: readonly string[] = ['announcement', 'chat', 'insurance', 'liquidation', 'publicNotifications', 'settlement'];
/** Tables of the whole venue: no market is meant. */
export const VENUE_TABLES: ReadonlySet<string> = new Set(['announcement', 'chat', 'insurance', 'publicNotifications']);

export const EVENT_HEADS: Readonly<Record<string, string>> = {
  announcement:
    '"keys":["id"],"types":{"id":"integer","link":"symbol","title":"symbol","content":"symbol","date":"timestamp"},' +
    '"foreignKeys":{},"attributes":{"id":"sorted"}',
  chat:
    '"keys":["id"],"types":{"channelID":"integer","date":"timestamp","fromBot":"boolean","html":"symbol","id":"integer","message":"symbol","user":"symbol"},' +
    '"foreignKeys":{},"attributes":{"id":"sorted"}',
  publicNotifications:
    '"keys":["id"],"types":{"id":"integer","date":"timestamp","title":"symbol","body":"symbol","ttl":"integer","type":"symbol","closable":"boolean",' +
    '"persist":"boolean","waitForVisibility":"boolean","sound":"symbol"},"foreignKeys":{},"attributes":{"id":"sorted"}',
  liquidation:
    '"keys":["orderID"],"types":{"orderID":"guid","symbol":"symbol","side":"symbol","price":"float","leavesQty":"long"},' +
    '"foreignKeys":{"symbol":"instrument","side":"side"},"attributes":{"orderID":"unique"}',
  settlement:
    '"keys":["timestamp","symbol"],"types":{"timestamp":"timestamp","symbol":"symbol","settlementType":"symbol","settledPrice":"float",' +
    '"optionStrikePrice":"float","optionUnderlyingPrice":"float","bankrupt":"long","taxBase":"long","taxRate":"float"},' +
    '"foreignKeys":{"symbol":"instrument"},"attributes":{"timestamp":"sorted","symbol":"grouped"}',
  insurance:
    '"keys":["currency","timestamp"],"types":{"currency":"symbol","timestamp":"timestamp","walletBalance":"long"},' +
    '"foreignKeys":{},"attributes":{"timestamp":"sorted","currency":"grouped"}',
};

export function events(
  markets: readonly Market[],
  table: string,
  forced: readonly LiquidationEvent[],
  partial: (rows: readonly string[]) => string,
  change: (action: string, rows: readonly string[]) => string,
): TopicSource {
  const source = onStep(() => {
    if (table !== 'liquidation') return [];
    return forced
      .filter((event) => markets.includes(event.market))
      .flatMap((event) => [change('insert', [liquidationRow(event)]), change('delete', [`{"orderID":"${event.order.id}"}`])]);
  });
  return { ...source, greeting: () => [partial([])] };
}

function liquidationRow({ market, order }: LiquidationEvent): string {
  const price = market.trimmedPrice(order.ticks ?? market.lastTicks);
  return `{"orderID":"${order.id}","symbol":"${market.spec.symbol}","side":"${order.side === 'buy' ? 'Buy' : 'Sell'}","price":${price},"leavesQty":${market.qtyText(order.lots)}}`;
}
