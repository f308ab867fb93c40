/** TensorBoard's events as bytes: protocol buffers of the few fields that curves need, each framed as a TFRecord. */

import { maskedCrc32c } from './crc32c.js';

/** A number of a curve. */
export interface ScalarEvent {
  /** The curve's name; a slash groups curves: `loss/train`. */
  readonly tag: string;
  readonly value: number;
  readonly step: number;
  /** Seconds since 1970. */
  readonly time: number;
}

/** The first record of every file. */
export function versionRecord(time: number): Buffer {
  return framed(Buffer.concat([double(1, time), bytes(3, Buffer.from('brain.Event:2'))]));
}

/** Step 0 is not written: it is what a reader takes where there is none. */
export function scalarRecord({ tag, value, step, time }: ScalarEvent): Buffer {
  const entry = Buffer.concat([bytes(1, Buffer.from(tag)), float(2, value)]);
  return framed(Buffer.concat([double(1, time), ...(step === 0 ? [] : [varint(2, step)]), bytes(5, bytes(1, entry))]));
}

/** Length, its checksum, the data, its checksum. */
function framed(data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(BigInt(data.length));
  head.writeUInt32LE(maskedCrc32c(head.subarray(0, 8)), 8);
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE(maskedCrc32c(data));
  return Buffer.concat([head, data, tail]);
}

/** The field's number, and how its value is stored: 0 as a varint, 1 in 8 bytes, 2 with a length, 5 in 4 bytes. */
const key = (field: number, wire: number): Buffer => Buffer.of((field << 3) | wire);

function double(field: number, value: number): Buffer {
  const data = Buffer.alloc(8);
  data.writeDoubleLE(value);
  return Buffer.concat([key(field, 1), data]);
}

function float(field: number, value: number): Buffer {
  const data = Buffer.alloc(4);
  data.writeFloatLE(value);
  return Buffer.concat([key(field, 5), data]);
}

function bytes(field: number, data: Buffer): Buffer {
  return Buffer.concat([key(field, 2), digits(data.length), data]);
}

function varint(field: number, value: number): Buffer {
  return Buffer.concat([key(field, 0), digits(value)]);
}

/** Seven bits a byte, the lowest first; all but the last have the highest bit set. */
function digits(value: number): Buffer {
  const found: number[] = [];
  let rest = value;
  while (rest >= 128) {
    found.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.of(...found, rest);
}
