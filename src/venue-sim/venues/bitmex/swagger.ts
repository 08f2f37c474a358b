/**
 * BitMEX's description of its own REST interface (Swagger 2.0), of what is served here: clients that are made from it at run time ask for it first. Operation
 * names and parameters as in the venue's `swagger.json` of 2021. Called by REST for `/api/explorer/swagger.json`.
 */
type Kind = 'text' | 'number' | 'decimal' | 'flag' | 'time' | 'json';

interface Described {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  readonly path: string;
  readonly operation: string;
  readonly params: Readonly<Record<string, Kind>>;
  readonly required?: readonly string[];
}

const TYPES: Readonly<Record<Kind, object>> = {
  text: { type: 'string' },
  number: { type: 'number', format: 'int32' },
  decimal: { type: 'number', format: 'double' },
  flag: { type: 'boolean' },
  time: { type: 'string', format: 'date-time' },
  json: { type: 'string', format: 'JSON' },
};

const LIST = {
  symbol: 'text',
  filter: 'json',
  columns: 'json',
  count: 'number',
  start: 'number',
  reverse: 'flag',
  startTime: 'time',
  endTime: 'time',
} as const;
const BINNED = { binSize: 'text', partial: 'flag', ...LIST } as const;
const NEW_ORDER = {
  symbol: 'text',
  side: 'text',
  orderQty: 'number',
  price: 'decimal',
  displayQty: 'number',
  stopPx: 'decimal',
  clOrdID: 'text',
  clOrdLinkID: 'text',
  pegOffsetValue: 'decimal',
  pegPriceType: 'text',
  ordType: 'text',
  timeInForce: 'text',
  execInst: 'text',
  contingencyType: 'text',
  text: 'text',
} as const;
const AMENDMENT = {
  orderID: 'text',
  origClOrdID: 'text',
  clOrdID: 'text',
  orderQty: 'number',
  leavesQty: 'number',
  price: 'decimal',
  stopPx: 'decimal',
  pegOffsetValue: 'decimal',
  text: 'text',
} as const;
const NONE = {} as const;

const DESCRIBED: readonly Described[] = [
  { method: 'get', path: '/apiKey', operation: 'APIKey.get', params: { reverse: 'flag' } },
  { method: 'get', path: '/execution', operation: 'Execution.get', params: LIST },
  { method: 'get', path: '/execution/tradeHistory', operation: 'Execution.getTradeHistory', params: LIST },
  { method: 'get', path: '/funding', operation: 'Funding.get', params: LIST },
  { method: 'get', path: '/instrument', operation: 'Instrument.get', params: LIST },
  { method: 'get', path: '/instrument/active', operation: 'Instrument.getActive', params: NONE },
  { method: 'get', path: '/instrument/activeAndIndices', operation: 'Instrument.getActiveAndIndices', params: NONE },
  { method: 'get', path: '/insurance', operation: 'Insurance.get', params: LIST },
  { method: 'get', path: '/liquidation', operation: 'Liquidation.get', params: LIST },
  { method: 'get', path: '/order', operation: 'Order.getOrders', params: LIST },
  { method: 'post', path: '/order', operation: 'Order.new', params: NEW_ORDER, required: ['symbol'] },
  { method: 'put', path: '/order', operation: 'Order.amend', params: AMENDMENT },
  { method: 'delete', path: '/order', operation: 'Order.cancel', params: { orderID: 'json', clOrdID: 'json', text: 'text' } },
  { method: 'delete', path: '/order/all', operation: 'Order.cancelAll', params: { symbol: 'text', filter: 'json', text: 'text' } },
  {
    method: 'post',
    path: '/order/cancelAllAfter',
    operation: 'Order.cancelAllAfter',
    params: { timeout: 'decimal' },
    required: ['timeout'],
  },
  {
    method: 'post',
    path: '/order/closePosition',
    operation: 'Order.closePosition',
    params: { symbol: 'text', price: 'decimal' },
    required: ['symbol'],
  },
  { method: 'get', path: '/orderBook/L2', operation: 'OrderBook.getL2', params: { symbol: 'text', depth: 'number' }, required: ['symbol'] },
  { method: 'get', path: '/position', operation: 'Position.get', params: { filter: 'json', columns: 'json', count: 'number' } },
  {
    method: 'post',
    path: '/position/isolate',
    operation: 'Position.isolateMargin',
    params: { symbol: 'text', enabled: 'flag' },
    required: ['symbol'],
  },
  {
    method: 'post',
    path: '/position/leverage',
    operation: 'Position.updateLeverage',
    params: { symbol: 'text', leverage: 'decimal' },
    required: ['symbol', 'leverage'],
  },
  {
    method: 'post',
    path: '/position/transferMargin',
    operation: 'Position.transferIsolatedMargin',
    params: { symbol: 'text', amount: 'number' },
    required: ['symbol', 'amount'],
  },
  { method: 'get', path: '/quote', operation: 'Quote.get', params: LIST },
  { method: 'get', path: '/quote/bucketed', operation: 'Quote.getBucketed', params: BINNED },
  { method: 'get', path: '/schema/websocketHelp', operation: 'Schema.websocketHelp', params: NONE },
  { method: 'get', path: '/settlement', operation: 'Settlement.get', params: LIST },
  { method: 'get', path: '/stats', operation: 'Stats.get', params: NONE },
  { method: 'get', path: '/trade', operation: 'Trade.get', params: LIST },
  { method: 'get', path: '/trade/bucketed', operation: 'Trade.getBucketed', params: BINNED },
  { method: 'get', path: '/user', operation: 'User.get', params: NONE },
  { method: 'get', path: '/user/commission', operation: 'User.getCommission', params: NONE },
  {
    method: 'get',
    path: '/user/executionHistory',
    operation: 'User.getExecutionHistory',
    params: { symbol: 'text', timestamp: 'time' },
    required: ['symbol', 'timestamp'],
  },
  { method: 'get', path: '/user/margin', operation: 'User.getMargin', params: { currency: 'text' } },
  { method: 'get', path: '/user/wallet', operation: 'User.getWallet', params: { currency: 'text' } },
  {
    method: 'get',
    path: '/user/walletHistory',
    operation: 'User.getWalletHistory',
    params: { currency: 'text', count: 'decimal', start: 'decimal' },
  },
  { method: 'get', path: '/user/walletSummary', operation: 'User.getWalletSummary', params: { currency: 'text' } },
];

export const SWAGGER = JSON.stringify({
  swagger: '2.0',
  info: { title: 'BitMEX API (SIMULATED)', version: '1.2.0' },
  basePath: '/api/v1',
  consumes: ['application/json', 'application/x-www-form-urlencoded'],
  produces: ['application/json'],
  securityDefinitions: {
    apiKey: { type: 'apiKey', name: 'api-key', in: 'header' },
    apiExpires: { type: 'apiKey', name: 'api-expires', in: 'header' },
    apiSignature: { type: 'apiKey', name: 'api-signature', in: 'header' },
  },
  tags: [...new Set(DESCRIBED.map(tagOf))].map((name) => ({ name })),
  paths: pathsOf(DESCRIBED),
  definitions: {},
});

function tagOf({ operation }: Described): string {
  return operation.split('.')[0] ?? operation;
}

function pathsOf(described: readonly Described[]): Record<string, Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {};
  for (const one of described) (paths[one.path] ??= {})[one.method] = operationOf(one);
  return paths;
}

function operationOf(one: Described): object {
  const place = one.method === 'get' ? 'query' : 'formData';
  return {
    tags: [tagOf(one)],
    operationId: one.operation,
    parameters: Object.entries(one.params).map(([name, kind]) => ({
      name,
      in: place,
      required: one.required?.includes(name) ?? false,
      ...TYPES[kind],
    })),
    responses: {
      '200': {
        description: 'Request was successful',
        schema: isList(one) ? { type: 'array', items: { type: 'object' } } : { type: 'object' },
      },
      default: { description: 'Refused', schema: { type: 'object' } },
    },
  };
}

/** Lists of rows; everything else answers with one object. */
function isList({ method, path }: Described): boolean {
  if (path === '/order') return method === 'get' || method === 'delete';
  if (['/order/all', '/user/executionHistory', '/user/walletHistory', '/user/walletSummary'].includes(path)) return true;
  return method === 'get' && !/^\/(user|schema\/)/.test(path);
}
