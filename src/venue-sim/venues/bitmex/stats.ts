/** BitMEX's turnover of a day and open interest by root symbol and currency, and over all markets of a currency, whose contracts do not add up. Called by REST `stats`. */
import type { Market } from '../../market/market.js';
import { instrumentRow } from './instrument.js';

interface Sum {
  readonly rootSymbol: string;
  readonly currency: string;
  volume24h: number;
  turnover24h: number;
  openInterest: number;
  openValue: number;
}

export function statsRows(markets: readonly Market[], bitcoinPrice: number, nowUs: number): string {
  const sums = new Map<string, Sum>();
  const add = (rootSymbol: string, currency: string, row: Readonly<Record<string, unknown>>): void => {
    const key = `${rootSymbol} ${currency}`;
    const sum = sums.get(key) ?? { rootSymbol, currency, volume24h: 0, turnover24h: 0, openInterest: 0, openValue: 0 };
    sum.volume24h += numberOf(row, 'volume24h');
    sum.turnover24h += numberOf(row, 'turnover24h');
    sum.openInterest += numberOf(row, 'openInterest');
    sum.openValue += numberOf(row, 'openValue');
    sums.set(key, sum);
  };
  const rows = markets.map((market): Readonly<Record<string, unknown>> => ({ ...instrumentRow(market, bitcoinPrice, nowUs) }));
  for (const row of rows) add(String(row['rootSymbol']), String(row['settlCurrency']), row);
  for (const row of rows) add('Total', String(row['settlCurrency']), row);
  return JSON.stringify([...sums.values()].map((sum) => (sum.rootSymbol === 'Total' ? { ...sum, volume24h: 0, openInterest: 0 } : sum)));
}

function numberOf(row: Readonly<Record<string, unknown>>, name: string): number {
  const value = row[name];
  return typeof value === 'number' ? value : 0;
}
