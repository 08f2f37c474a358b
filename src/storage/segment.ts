/**
 * The bytes of a journal segment. Little-endian; everything starts on 8 bytes, so that records can be read in place.
 *
 *   header  0  magic    8 bytes   THORJRNL
 *           8  version  u32       FORMAT_VERSION; magic, version and checksum stand here in every version
 *          12  number   u32       the segment's number, also its file name
 *          16  created  f64       wall time, us
 *          24  crc      u32       of bytes 0 to 23
 *          28  zero     u32
 *   frame   0  length   u32       payload bytes, without padding
 *           4  crc      u32       of the whole frame and its padding, with the segment's number standing here, started from offset / 8
 *           8  kind     u8        FRAME_HOT, FRAME_COLD
 *           9  tag      u8        cold: ColdKind; hot: the run modulo 256, so that records are never read by the tables of another run
 *          10  producer u16       which journal ring
 *          12  seq      u32       the record's count in its ring, modulo 2^32
 *          16  payload            hot: one record of core/memory/record.ts; cold: a msgpack object
 *
 * The checksum of a frame covers where it stands. A frame is therefore valid at one place of one segment only: bytes of a payload that look like a frame,
 * or a block that the disk put elsewhere, do not pass. That is what makes it safe to go on at the next valid frame after a damaged one.
 *
 * The newest segment may end in zeros, written ahead of the records (journal.ts) and left there by a killed process: no frame begins with them.
 */
import { RECORD_BYTES } from '../core/memory/record.js';

export const FORMAT_VERSION = 1;
export const HEADER_BYTES = 32;
export const FRAME_HEAD_BYTES = 16;
export const HOT_FRAME_BYTES = FRAME_HEAD_BYTES + RECORD_BYTES;
/** A cold payload is the tables of a run or a note: 500 instruments are 300 KB. */
export const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;

export const FRAME_HOT = 1;
export const FRAME_COLD = 2;

/** Kinds of cold payload. Values are written to disk: never reuse one. */
export const ColdKind = {
  /** A run begins: RunTables and what else the host says of it. */
  RUN_START: 1,
  RUN_STOP: 2,
  NOTE: 3,
  /** Parameters of the strategies as set. */
  PARAMETERS: 4,
} as const;
export type ColdKind = (typeof ColdKind)[keyof typeof ColdKind];

export const SEGMENT_SUFFIX = '.thorj';
export const CHECKPOINT_SUFFIX = '.checkpoint';
const MAGIC = [0x54, 0x48, 0x4f, 0x52, 0x4a, 0x52, 0x4e, 0x4c];

/** The same memory as bytes, words and doubles. */
export interface Block {
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
}

export function blockOf(bytes: number): Block {
  const buffer = new ArrayBuffer(Math.ceil(bytes / 8) * 8);
  return { u8: new Uint8Array(buffer), i32: new Int32Array(buffer), u32: new Uint32Array(buffer), f64: new Float64Array(buffer) };
}

export function segmentName(number: number): string {
  return String(number).padStart(8, '0') + SEGMENT_SUFFIX;
}

/** The number of a segment's file, or -1 for any other file. */
export function segmentNumber(name: string): number {
  const match = /^(\d{8,10})\.thorj$/.exec(name);
  return match === null ? -1 : Number(match[1]);
}

/** A checkpoint of every segment before this one (checkpoint.ts). */
export function checkpointName(segment: number): string {
  return String(segment).padStart(8, '0') + CHECKPOINT_SUFFIX;
}

/** The number of the segment that a checkpoint stands before, or -1 for any other file. */
export function checkpointNumber(name: string): number {
  const match = /^(\d{8,10})\.checkpoint$/.exec(name);
  return match === null ? -1 : Number(match[1]);
}

export function padded(payloadBytes: number): number {
  return FRAME_HEAD_BYTES + ((payloadBytes + 7) & ~7);
}

export function writeHeader(block: Block, number: number, createdUs: number): void {
  block.u8.set(MAGIC, 0);
  block.u32[2] = FORMAT_VERSION;
  block.u32[3] = number;
  block.f64[2] = createdUs;
  block.i32[6] = crcWords(block.i32, 0, 6, 0);
  block.u32[7] = 0;
}

export interface SegmentHeader {
  /** False: the header itself is damaged (its frames may still be whole). */
  readonly isWhole: boolean;
  readonly version: number;
  readonly number: number;
}

export function readHeader(block: Block, bytes: number): SegmentHeader {
  const isWhole =
    bytes >= HEADER_BYTES && MAGIC.every((byte, index) => block.u8[index] === byte) && block.i32[6] === crcWords(block.i32, 0, 6, 0);
  return { isWhole, version: block.u32[2] ?? 0, number: block.u32[3] ?? 0 };
}

/** Fills in the head of a frame whose payload and padding already stand in the block. `offset` is where the frame will stand in the segment. */
export function sealFrame(
  block: Block,
  at: number,
  length: number,
  kind: number,
  tag: number,
  producer: number,
  seq: number,
  number: number,
  offset: number,
): void {
  const word = at >> 2;
  block.u32[word] = length;
  block.u32[word + 2] = kind | (tag << 8) | (producer << 16);
  block.u32[word + 3] = seq;
  block.i32[word + 1] = frameCrc(block.i32, word, padded(length) >> 2, number, offset);
}

/** Bytes that the head of a frame at `at` claims, 0 when no frame begins like this. */
export function claimedBytes(block: Block, at: number): number {
  const length = block.u32[at >> 2]!;
  const kind = block.u8[at + 8]!;
  if (kind === FRAME_HOT ? length !== RECORD_BYTES : kind !== FRAME_COLD || length > MAX_PAYLOAD_BYTES) return 0;
  return padded(length);
}

/** Bytes of the valid frame at `at` (a multiple of 8), 0 when it does not end before `end`, -1 when there is none. */
export function frameAt(block: Block, at: number, end: number, number: number, offset: number): number {
  if (at + FRAME_HEAD_BYTES > end) return 0;
  const bytes = claimedBytes(block, at);
  if (bytes === 0) return -1;
  if (at + bytes > end) return 0;
  const word = at >> 2;
  return block.i32[word + 1] === frameCrc(block.i32, word, bytes >> 2, number, offset) ? bytes : -1;
}

/** Eight tables of the reflected polynomial 0xEDB88320: eight bytes a step; called on 144 bytes it takes 0.6x of the time of a call into zlib. */
const TABLE = crcTable();

function crcTable(): Int32Array {
  const table = new Int32Array(8 * 256);
  for (let i = 0; i < 256; i++) {
    let c = i;
    for (let bit = 0; bit < 8; bit++) c = (c & 1) !== 0 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    table[i] = c;
  }
  for (let i = 256; i < table.length; i++) {
    const before = table[i - 256]!;
    table[i] = (before >>> 8) ^ table[before & 255]!;
  }
  return table;
}

function crcStep(crc: number, low: number, high: number): number {
  const a = low ^ crc;
  return (
    TABLE[1792 + (a & 255)]! ^
    TABLE[1536 + ((a >>> 8) & 255)]! ^
    TABLE[1280 + ((a >>> 16) & 255)]! ^
    TABLE[1024 + (a >>> 24)]! ^
    TABLE[768 + (high & 255)]! ^
    TABLE[512 + ((high >>> 8) & 255)]! ^
    TABLE[256 + ((high >>> 16) & 255)]! ^
    TABLE[high >>> 24]!
  );
}

/** CRC-32 (the one of zlib) of an even number of words, continued from `seed`. */
export function crcWords(i32: Int32Array, word: number, words: number, seed: number): number {
  let crc = ~seed;
  for (let i = word; i < word + words; i += 2) crc = crcStep(crc, i32[i]!, i32[i + 1]!);
  return ~crc;
}

/** CRC-32 of any bytes. */
export function crcOf(bytes: Uint8Array): number {
  let crc = ~0;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[i]!) & 255]!;
  return ~crc;
}

function frameCrc(i32: Int32Array, word: number, words: number, number: number, offset: number): number {
  let crc = crcStep(~(offset / 8), i32[word]!, number | 0);
  for (let i = word + 2; i < word + words; i += 2) crc = crcStep(crc, i32[i]!, i32[i + 1]!);
  return ~crc;
}
