/**
 * An independent reading of the journal for tests: shares no code with src/storage. Frame: u32 length, u32 crc, u8 kind (1 hot, 2 cold), u8 tag, u16 producer,
 * u32 seq, payload padded to 8. Segment header: 32 bytes. Only whole files are read here: tests stop the engine first.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface FoldedOrder {
  readonly orderId: number;
  state: 'pending' | 'open' | 'ended';
  filledLots: number;
  priceTicks: number;
  qtyLots: number;
}

export interface Folded {
  readonly orders: Map<number, FoldedOrder>;
  readonly fills: Map<string, number>;
  /** CREATE records of each order id. */
  readonly creates: Map<number, number>;
}

const CREATE = 11;
const ACK = 21;
const REJECT = 22;
const AMENDED = 23;
const CANCELLED = 25;
const FILL = 27;
const EXPIRED = 29;
const NOT_FOUND = 30;

export function foldJournal(dataDir: string): Folded {
  const folded: Folded = { orders: new Map(), fills: new Map(), creates: new Map() };
  const folder = join(dataDir, 'journal');
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith('.thorj'))
    .sort()) {
    const bytes = readFileSync(join(folder, name));
    for (let at = 32; at + 16 <= bytes.length;) {
      const length = bytes.readUInt32LE(at);
      const kind = bytes[at + 8];
      if (length === 0 || (kind !== 1 && kind !== 2)) break;
      if (kind === 1) applyHot(folded, bytes, at + 16);
      at += 16 + ((length + 7) & ~7);
    }
  }
  return folded;
}

function applyHot(folded: Folded, bytes: Buffer, at: number): void {
  const kind = bytes[at]!;
  const orderId = bytes.readDoubleLE(at + 16);
  const tradeId = bytes.readDoubleLE(at + 80);
  if (kind === CREATE) {
    folded.creates.set(orderId, (folded.creates.get(orderId) ?? 0) + 1);
    folded.orders.set(orderId, {
      orderId,
      state: 'pending',
      filledLots: 0,
      priceTicks: bytes.readDoubleLE(at + 24),
      qtyLots: bytes.readDoubleLE(at + 32),
    });
    return;
  }
  const order = folded.orders.get(orderId);
  if (order === undefined) return;
  if (kind === ACK && order.state === 'pending') order.state = 'open';
  else if (kind === AMENDED) {
    order.priceTicks = bytes.readDoubleLE(at + 24);
    order.qtyLots = bytes.readDoubleLE(at + 32);
  } else if (kind === FILL) {
    const key = `${orderId}:${tradeId}`;
    folded.fills.set(key, (folded.fills.get(key) ?? 0) + 1);
    order.filledLots += bytes.readDoubleLE(at + 56);
    order.state = order.filledLots >= order.qtyLots ? 'ended' : 'open';
  } else if (kind === REJECT || kind === CANCELLED || kind === EXPIRED || kind === NOT_FOUND) order.state = 'ended';
}
