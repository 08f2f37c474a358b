/** Bybit v5's account endpoints: wallet, fees, statement, leverage and modes, rights of the key. Called by `BybitPrivateRest`. */
import type { Account, ApiKey, Exchange, MarginMode } from '../../exchange/contract.js';
import { accountRow, transactionRow, transactionsOf, typeOf } from './account-rows.js';
import type { DeadMan } from './dead-man.js';
import { isSet, limitOf, pageOf, textOf, type Item } from './items.js';
import { statementOf } from './queries.js';
import { BAD_SYMBOL, CONTRACT, ILLEGAL_CATEGORY, badParameter, missingParameter } from './refusals.js';
import { categoryOf, type Answer } from './trading.js';

/** The unified account in its second form, in which inverse contracts share the wallet (Bybit v5, `unifiedMarginStatus`). */
const UNIFIED_STATUS = 5;

export class BybitAccount {
  readonly #exchange: Exchange;
  readonly #deadMan: DeadMan;

  constructor(exchange: Exchange, deadMan: DeadMan) {
    this.#exchange = exchange;
    this.#deadMan = deadMan;
  }

  walletBalance(account: Account, item: Item): Answer {
    const type = textOf(item, 'accountType');
    if (type === '') return { refusal: missingParameter('accountType') };
    if (type !== 'UNIFIED') return { refusal: { code: 10_001, message: 'accountType only support UNIFIED.' } };
    const wanted = textOf(item, 'coin')
      .split(',')
      .filter((coin) => coin !== '');
    const known = this.#exchange.wallets(account);
    const stranger = wanted.find((coin) => known.every((wallet) => wallet.terms.asset !== coin));
    if (stranger !== undefined) return { refusal: badParameter('coin') };
    const coins = known.filter((wallet) => (wanted.length === 0 ? wallet.total !== 0n : wanted.includes(wallet.terms.asset)));
    return { result: { list: [accountRow(this.#exchange, account, coins)] } };
  }

  info(account: Account): Answer {
    const markets = this.#exchange.markets.filter((market) => market.spec.kind !== 'spot');
    const isIsolated = markets.some((market) => this.#exchange.position(account, market).marginMode === 'isolated');
    return {
      result: {
        marginMode: isIsolated ? 'ISOLATED_MARGIN' : 'REGULAR_MARGIN',
        updatedTime: '1697078946000',
        unifiedMarginStatus: UNIFIED_STATUS,
        dcpStatus: this.#deadMan.isOn(account) ? 'ON' : 'OFF',
        timeWindow: this.#deadMan.windowSeconds(account),
        smpGroup: 0,
        isMasterTrader: false,
        spotHedgingStatus: 'OFF',
      },
    };
  }

  /** Clients ask without a category too: linear contracts are meant then. */
  feeRate(item: Item): Answer {
    const category = isSet(item, 'category') ? categoryOf(item) : 'linear';
    if (category === undefined) return { refusal: ILLEGAL_CATEGORY };
    const symbol = textOf(item, 'symbol');
    const markets = this.#exchange.markets.filter(({ spec }) => spec.kind === category && (symbol === '' || spec.symbol === symbol));
    if (symbol !== '' && markets.length === 0) return { refusal: BAD_SYMBOL };
    const list = markets.map((market) => {
      const { takerFee, makerFee } = this.#exchange.terms(market);
      return { symbol: market.spec.symbol, takerFeeRate: takerFee, makerFeeRate: makerFee, baseCoin: '' };
    });
    return { result: { category, list } };
  }

  transactionLog(account: Account, item: Item): Answer {
    const fills = new Map(this.#exchange.fills(account).map((fill) => [fill.id, fill]));
    const type = textOf(item, 'type');
    const transactions = transactionsOf(statementOf(this.#exchange, account, item))
      .filter((transaction) => type === '' || typeOf(transaction, fills) === type)
      .toReversed();
    const page = pageOf(transactions, ({ number }) => number, limitOf(item, 20, 50), textOf(item, 'cursor'));
    const list = page.rows.map((transaction) => transactionRow(account, transaction, fills)).filter((row) => row !== null);
    return { result: { nextPageCursor: page.cursor, list } };
  }

  setLeverage(account: Account, item: Item): Answer {
    const category = categoryOf(item);
    if (category === undefined || category === 'spot') return { refusal: ILLEGAL_CATEGORY };
    const market = this.#exchange.markets.find(({ spec }) => spec.kind === category && spec.symbol === textOf(item, 'symbol'));
    if (market === undefined) return { refusal: BAD_SYMBOL };
    const buy = textOf(item, 'buyLeverage');
    const leverage = Number(buy);
    if (buy === '' || !(leverage >= 1) || buy !== textOf(item, 'sellLeverage')) return { refusal: CONTRACT.leverageOutOfRange };
    if (leverage > this.#exchange.terms(market).maxLeverage) return { refusal: CONTRACT.leverageTooHigh };
    const done = this.#exchange.setLeverage(account, market, leverage);
    if (done.ok) return { result: {} };
    const { reason } = done.refusal;
    if (reason === 'unchanged') return { refusal: CONTRACT.leverageNotModified };
    return { refusal: reason === 'leverage-out-of-range' ? CONTRACT.leverageTooHigh : CONTRACT.notEnough };
  }

  /** One-way only: the mode that is in force, or none. */
  switchMode(item: Item): Answer {
    const category = categoryOf(item);
    if (category === undefined || category === 'spot') return { refusal: ILLEGAL_CATEGORY };
    const mode = textOf(item, 'mode');
    if (mode === '0') return { refusal: CONTRACT.modeNotModified };
    return { refusal: mode === '3' ? CONTRACT.modeNotOffered : badParameter('mode') };
  }

  /** For the whole account, as the unified account has it. Portfolio margin is none of the simulator's. */
  setMarginMode(account: Account, item: Item): Answer {
    const modes: Readonly<Record<string, MarginMode>> = { REGULAR_MARGIN: 'cross', ISOLATED_MARGIN: 'isolated' };
    const mode = modes[textOf(item, 'setMarginMode')];
    if (mode === undefined) return { refusal: { code: 3_400_045, message: 'Set margin mode failed' } };
    const reasons: object[] = [];
    for (const market of this.#exchange.markets) {
      if (market.spec.kind === 'spot') continue;
      const done = this.#exchange.setMarginMode(account, market, mode);
      if (!done.ok && done.refusal.reason !== 'unchanged') reasons.push({ reasonCode: done.refusal.reason, reasonMsg: market.spec.symbol });
    }
    if (reasons.length > 0) return { refusal: { code: 3_400_045, message: 'Set margin mode failed' } };
    return { result: { reasons } };
  }

  /** What the key may do. The answer of `user/query-api`. */
  keyRights(key: ApiKey): Answer {
    const trade = (names: readonly string[]): readonly string[] => (key.canTrade ? names : []);
    const createdMs = Math.floor(key.createdUs / 1_000);
    return {
      result: {
        id: String(key.account.id),
        note: 'SIMULATED',
        apiKey: key.apiKey,
        readOnly: key.canTrade ? 0 : 1,
        secret: '',
        permissions: {
          ContractTrade: trade(['Order', 'Position']),
          Spot: trade(['SpotTrade']),
          Wallet: key.canWithdraw ? ['AccountTransfer', 'SubMemberTransfer', 'Withdraw'] : [],
          Options: [],
          Derivatives: trade(['DerivativesTrade']),
          CopyTrading: [],
          BlockTrade: [],
          Exchange: [],
          NFT: [],
          Affiliate: [],
          Earn: [],
        },
        ips: ['*'],
        type: 1,
        deadlineDay: -2,
        expiredAt: '1970-01-01T00:00:00Z',
        createdAt: new Date(createdMs).toISOString().replace(/\.\d+Z$/, 'Z'),
        unified: 0,
        uta: 1,
        userID: key.account.id,
        inviterID: 0,
        vipLevel: 'No VIP',
        mktMakerLevel: '0',
        affiliateID: 0,
        rsaPublicKey: key.publicKey ?? '',
        isMaster: true,
        parentUid: '0',
        kycLevel: 'LEVEL_DEFAULT',
        kycRegion: '',
      },
    };
  }

  /** Coins with their networks: clients with keys ask for them when they load markets. */
  coins(item: Item): Answer {
    const wanted = textOf(item, 'coin');
    const rows = this.#exchange.assets
      .filter(({ asset }) => wanted === '' || asset === wanted)
      .map(({ asset, decimals }) => ({
        name: asset,
        coin: asset,
        remainAmount: '100000000',
        chains: [
          {
            chainType: asset,
            confirmation: '6',
            withdrawFee: '0.0005',
            depositMin: '0.0001',
            withdrawMin: '0.001',
            chain: asset === 'USDT' ? 'ETH' : asset,
            chainDeposit: '1',
            chainWithdraw: '1',
            minAccuracy: String(decimals),
            withdrawPercentageFee: '0',
            contractAddress: '',
          },
        ],
      }));
    return { result: { rows } };
  }
}
