/** A private sink that writes down what it is told, one line a call, for comparison with lines written by hand. */
import type { Instrument } from '../../../src/core/orders/instrument.js';
import type { PrivateSink } from '../../../src/core/ports/private-events.js';
import { parseExactJson } from '../../../src/core/numbers/exact-json.js';
import { findVenue } from '../../../src/feeds/registry.js';
import type { PrivateReader } from '../../../src/feeds/private/private-stream.js';
import { observed } from '../../../src/feeds/verify.js';

export class Told implements PrivateSink {
  readonly lines: string[] = [];
  /** Names of the order's `-1` instruments are not told: they are not traded. */
  onPrivateUp(): void {
    this.lines.push('up');
  }
  onPrivateDown(_nowUs: number, reason: string): void {
    this.lines.push(`down: ${reason}`);
  }
  onPrivateOrder(e: Parameters<PrivateSink['onPrivateOrder']>[0]): void {
    const marks = `${e.isAmended ? ' amended' : ''}${e.isPostOnly ? ' post-only' : ''}${e.isReduceOnly ? ' reduce-only' : ''}`;
    const reason = e.reason === '' ? '' : ` (${e.reason})`;
    this.lines.push(
      `order ${e.instrument} ${e.clientId}/${e.venueOrderId} ${e.side} ${e.status} ${e.cum} of ${e.qty} @ ${e.price}${marks}${reason} at ${e.tsUs}`,
    );
  }
  onPrivateFill(e: Parameters<PrivateSink['onPrivateFill']>[0]): void {
    this.lines.push(
      `fill ${e.instrument} ${e.clientId}/${e.venueOrderId} #${e.tradeId} ${e.side} ${e.qty} @ ${e.price} fee ${e.fee} ${e.feeAsset} ${e.isMaker ? 'maker' : 'taker'} at ${e.tsUs}`,
    );
  }
  onPrivateBalance(e: Parameters<PrivateSink['onPrivateBalance']>[0]): void {
    this.lines.push(`balance ${e.asset} ${e.total} free ${e.free ?? '?'} at ${e.tsUs}`);
  }
  onPrivatePosition(e: Parameters<PrivateSink['onPrivatePosition']>[0]): void {
    this.lines.push(`position ${e.instrument} ${e.qty} @ ${e.entryPrice} at ${e.tsUs}`);
  }
  onPrivateFunding(e: Parameters<PrivateSink['onPrivateFunding']>[0]): void {
    this.lines.push(`funding ${e.instrument} ${e.amount} ${e.asset} #${e.id} at ${e.tsUs}`);
  }
  /** What was told since the last call. */
  take(): string[] {
    return this.lines.splice(0);
  }
}

export function instrumentsOf(venueId: string, symbols: readonly string[]): Instrument[] {
  return symbols.map((symbol, index) => {
    const seen = observed(venueId, symbol, index);
    return {
      ...seen,
      tickSize: '0.01',
      lotSize: '0.001',
      settle: venueId === 'bitmex' ? 'XBT' : 'USDT',
      feeAssetBuy: 'USDT',
      feeAssetSell: 'USDT',
    };
  });
}

/** A venue's reader alone: what it tells goes to `told`, proofs and losses too. */
export function readerOf(venueId: string, symbols: readonly string[], told: Told): (raw: string) => void {
  const bySymbol = new Map(instrumentsOf(venueId, symbols).map((instrument) => [instrument.symbol, instrument]));
  const stream = findVenue(venueId)?.private;
  if (stream === undefined) throw new Error(`no private stream at ${venueId}`);
  const reader: PrivateReader = stream.makeReader({
    sink: told,
    instrumentOf: (symbol) => bySymbol.get(symbol),
    funding: (event) => told.onPrivateFunding(event),
    fundingPaid: () => void told.lines.push('funding was paid'),
    note: (text) => void told.lines.push(`note: ${text}`),
    proved: (step) => void told.lines.push(`proved ${step}`),
    lost: (reason) => void told.lines.push(`lost: ${reason}`),
  });
  return (raw) => reader.read(parseExactJson(raw));
}
