/**
 * A venue that sends one book change at a steady pace and notes when: Bybit's protocol, one instrument, whose best bid and ask rise by one tick with each message, so that
 * the price of an order tells which message caused it. Child process of the tick-to-order benchmark.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { answerQuestions, machineUs } from '../support/child.js';
import { FIRST_BID_TICKS, priceText, SYMBOL } from './paced-market.js';

interface Question {
  readonly kind: 'listen' | 'sent';
  readonly periodMs?: number;
  readonly messages?: number;
  /** Messages of one period, one after the other; 1 where it is not said. */
  readonly burst?: number;
}

const STATIC_LEVELS = 50;
let sentUs: number[] = [];
let periodMs = 2;
let most = 0;
let burst = 1;

const INSTRUMENTS = JSON.stringify({
  retCode: 0,
  retMsg: 'OK',
  result: {
    category: 'linear',
    list: [
      {
        symbol: SYMBOL,
        contractType: 'LinearPerpetual',
        status: 'Trading',
        baseCoin: 'BTC',
        quoteCoin: 'USDT',
        settleCoin: 'USDT',
        priceFilter: { minPrice: '0.1', maxPrice: '1999999.8', tickSize: '0.1' },
        lotSizeFilter: { maxOrderQty: '1190', minOrderQty: '0.001', qtyStep: '0.001', minNotionalValue: '5' },
      },
    ],
    nextPageCursor: '',
  },
});

const server = createServer((request, response) => {
  const isKnown = request.url?.startsWith('/v5/market/instruments-info') === true;
  response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' }).end(isKnown ? INSTRUMENTS : '{}');
});
const sockets = new WebSocketServer({ server, perMessageDeflate: false });

sockets.on('connection', (socket) => {
  socket.on('message', (bytes: Buffer) => {
    const topic = /orderbook\.\d+\.[A-Z]+/.exec(bytes.toString())?.[0];
    if (topic !== undefined) stream(socket, topic);
  });
});

function stream(socket: WebSocket, topic: string): void {
  const below: string[][] = [];
  const above: string[][] = [];
  for (let i = 1; i <= STATIC_LEVELS; i++) {
    below.push([priceText(FIRST_BID_TICKS - i), '1.5']);
    above.push([priceText(FIRST_BID_TICKS + most + 10 + i), '1.5']);
  }
  let n = 0;
  const send = (type: string, b: readonly string[][], a: readonly string[][]): void => {
    const ts = Date.now();
    const data = `{"s":"${SYMBOL}","b":${JSON.stringify(b)},"a":${JSON.stringify(a)},"u":${n + 2},"seq":${n + 2}}`;
    const text = `{"topic":"${topic}","ts":${ts},"type":"${type}","data":${data},"cts":${ts}}`;
    if (type === 'delta') sentUs[n] = machineUs();
    socket.send(text);
  };
  send('snapshot', below, above);
  sentUs = [];
  const change = (): void => {
    n++;
    const bid = FIRST_BID_TICKS + n;
    const gone = n === 1 ? [] : [[priceText(bid - 1), '0']];
    const goneAsk = n === 1 ? [] : [[priceText(bid), '0']];
    send('delta', [...gone, [priceText(bid), '2.5']], [...goneAsk, [priceText(bid + 1), '2.5']]);
  };
  const timer = setInterval(() => {
    for (let left = Math.min(burst, most - n); left > 0; left--) change();
    if (n >= most) clearInterval(timer);
  }, periodMs);
  socket.once('close', () => clearInterval(timer));
}

answerQuestions(async (asked) => {
  const question = asked as Question;
  if (question.kind === 'sent') return { sentUs };
  periodMs = question.periodMs ?? 2;
  most = question.messages ?? 1000;
  burst = question.burst ?? 1;
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port };
});
