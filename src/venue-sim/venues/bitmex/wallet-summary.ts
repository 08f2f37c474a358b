/**
 * BitMEX's `user/walletSummary`: the statement added up by kind and contract, open profit, and the total, so that the kinds' amounts are the wallet's balance.
 * Fields as the venue's own connectors know them (`WalletSummaryRecord`, 2026-11). Called by `BitmexPrivateRest`.
 */
import type { Account, Exchange } from '../../exchange/contract.js';
import type { Row } from './order-rows.js';

export function walletSummary(exchange: Exchange, account: Account, currency: string): Row[] {
  return exchange
    .wallets(account)
    .filter(({ terms }) => currency === 'all' || terms.asset === currency)
    .flatMap((wallet) => {
      const { asset } = wallet.terms;
      const sums = new Map<string, bigint>();
      const add = (kind: string, symbol: string, units: bigint): void => {
        const key = `${kind} ${symbol}`;
        sums.set(key, (sums.get(key) ?? 0n) + units);
      };
      for (const entry of exchange.ledger(account)) {
        if (entry.asset.asset !== asset) continue;
        const kind = entry.kind === 'deposit' ? 'Deposit' : entry.kind === 'funding' ? 'Funding' : 'RealisedPNL';
        add(kind, entry.market?.spec.symbol ?? '', entry.units);
      }
      // What the statement no longer reaches back to was there before.
      const listed = [...sums.values()].reduce((sum, units) => sum + units, 0n);
      if (listed !== wallet.total) add('Deposit', '', wallet.total - listed);
      const rowOf = (transactType: string, symbol: string, amount: bigint, open: bigint): Row => ({
        account: account.id,
        currency: asset,
        transactType,
        symbol,
        amount: Number(amount),
        pendingDebit: 0,
        realisedPnl: transactType === 'Deposit' || transactType === 'UnrealisedPNL' ? 0 : Number(amount),
        walletBalance: Number(amount),
        unrealisedPnl: Number(open),
        marginBalance: Number(amount + open),
      });
      const rows = [...sums].map(([key, units]) => {
        const [kind = '', symbol = ''] = key.split(' ');
        return rowOf(kind, symbol, units, 0n);
      });
      const open = exchange.positions(account).filter(({ market }) => market.spec.settle === asset);
      const openRows = open.map(({ market, unrealised }) => rowOf('UnrealisedPNL', market.spec.symbol, 0n, unrealised));
      const realised = rows.reduce((sum, row) => sum + Number(row['realisedPnl']), 0);
      return [...rows, ...openRows, { ...rowOf('Total', '', wallet.total, wallet.unrealised), realisedPnl: realised }];
    });
}
