/** Writes pickles of protocol 2, the one that PyTorch writes and that every version of it reads. */

import { TenchError, describe } from '../../tensor/errors.js';
import { deepest } from './limits.js';

const code = (character: string): number => character.charCodeAt(0);

/** Says how values that the writer does not know are written. */
export interface Extension {
  /** Whether the value is one of these. */
  knows(value: object): boolean;
  /** Writes it, ending with one value on the stack. */
  write(pickler: Pickler, value: object, path: string): void;
}

/**
 * Writes one value: null, booleans, numbers (whole ones as integers), bigints, texts, Uint8Arrays as bytes, arrays as lists, frozen arrays
 * as tuples, Maps and plain objects as dicts, Sets, `{ re, im }`, and what `extension` knows. An object that occurs twice is written once.
 *
 * @param path what the value is called in messages
 * @throws TenchError with code `ERR_TENCH_UNSUPPORTED` that names the place of what has no form in Python
 */
export function pickle(value: unknown, extension: Extension, path: string): Buffer {
  const pickler = new Pickler(extension);
  pickler.opcode(0x80, Uint8Array.of(2));
  pickler.value(value, path);
  pickler.opcode('.');
  return pickler.bytes();
}

/** The program so far, and what it has kept. */
export class Pickler {
  private readonly pieces: Uint8Array[] = [];
  private readonly kept = new Map<unknown, number>();
  private depth = 0;

  constructor(private readonly extension: Extension) {}

  bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }

  opcode(opcode: string | number, operand?: Uint8Array): void {
    this.pieces.push(Uint8Array.of(typeof opcode === 'string' ? code(opcode) : opcode));
    if (operand !== undefined) this.pieces.push(operand);
  }

  /** Names a function or a class of Python. */
  global(module: string, name: string): void {
    const key = `${module} ${name}`;
    const global = globalKey(key);
    if (this.recall(global)) return;
    this.opcode('c', Buffer.from(`${module}\n${name}\n`));
    this.keep(global);
  }

  value(value: unknown, path: string): void {
    if (value === null) this.opcode('N');
    else if (typeof value === 'boolean') this.opcode(value ? 0x88 : 0x89);
    else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'bigint') this.integer(value, path);
    else if (typeof value === 'string') this.text(value, path);
    else if (typeof value === 'object') this.object(value, path);
    else throw unwritable(path, typeof value === 'undefined' ? 'undefined; use null' : `a ${typeof value}`);
  }

  /** A tuple whose items are written by `items`, after a mark. */
  tuple(items: () => void): void {
    this.opcode('(');
    items();
    this.opcode('t');
  }

  /** Calls the function that was named before with the arguments that `args` writes. */
  call(args: () => void): void {
    this.tuple(args);
    this.opcode('R');
  }

  text(text: string, path: string): void {
    if (this.recall(text)) return;
    if (/\p{Surrogate}/u.test(text)) throw unwritable(path, 'a text with half a character in it');
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    this.opcode('X', Buffer.concat([length, bytes]));
    this.keep(text);
  }

  private number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleBE(value);
      this.opcode('G', bytes);
    } else if (value >= 0 && value < 256) this.opcode('K', Uint8Array.of(value));
    else if (value === (value | 0)) {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(value);
      this.opcode('J', bytes);
    } else this.integer(BigInt(value), '');
  }

  private integer(value: bigint, path: string): void {
    let length = 1;
    while (BigInt.asIntN(8 * length, value) !== value) length += 1;
    if (length > 255) throw unwritable(path, 'an integer of more than 255 bytes');
    const digits = BigInt.asUintN(8 * length, value)
      .toString(16)
      .padStart(2 * length, '0');
    this.opcode(0x8a, Buffer.concat([Uint8Array.of(length), Buffer.from(digits, 'hex').reverse()]));
  }

  private object(value: object, path: string): void {
    if (this.recall(value)) return;
    this.depth += 1;
    if (this.depth > deepest) throw unwritable(path.slice(0, 200), `nested more than ${deepest} deep`);
    if (this.extension.knows(value)) this.extension.write(this, value, path);
    else if (Array.isArray(value)) this.array(value, path);
    else if (value instanceof Map) this.dict(value, value, path);
    else if (value instanceof Set) this.set(value, path);
    else if (value instanceof Uint8Array) this.byteString(value);
    else if (isComplex(value)) this.complex(value);
    else if (isPlain(value)) this.dict(value, new Map(Object.entries(value)), path);
    else throw unwritable(path, classOf(value));
    if (!this.kept.has(value)) this.keep(value);
    this.depth -= 1;
  }

  private array(items: readonly unknown[], path: string): void {
    const write = (): void => items.forEach((item, index) => this.value(item, `${path}[${index}]`));
    if (Object.isFrozen(items)) {
      this.tuple(write);
      return;
    }
    this.opcode(']');
    // Kept before it is filled, since it may hold itself.
    this.keep(items);
    this.opcode('(');
    write();
    this.opcode('e');
  }

  private dict(object: object, entries: ReadonlyMap<unknown, unknown>, path: string): void {
    this.opcode('}');
    this.keep(object);
    this.opcode('(');
    for (const [key, value] of entries) {
      const place = `${path}.${typeof key === 'object' && key !== null ? 'a key' : String(key)}`;
      this.value(key, place);
      this.value(value, place);
    }
    this.opcode('u');
  }

  private set(items: ReadonlySet<unknown>, path: string): void {
    this.global('__builtin__', 'set');
    this.call(() => this.value([...items], path));
  }

  private byteString(bytes: Uint8Array): void {
    this.global('_codecs', 'encode');
    this.call(() => {
      this.text(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'), '');
      this.text('latin1', '');
    });
  }

  private complex({ re, im }: { re: number; im: number }): void {
    this.global('__builtin__', 'complex');
    this.call(() => {
      for (const part of [re, im]) {
        const bytes = Buffer.alloc(8);
        bytes.writeDoubleBE(part);
        this.opcode('G', bytes);
      }
    });
  }

  private recall(value: unknown): boolean {
    const index = this.kept.get(value);
    if (index === undefined) return false;
    this.opcode('j', indexOf(index));
    return true;
  }

  private keep(value: unknown): void {
    const index = this.kept.size;
    this.kept.set(value, index);
    this.opcode('r', indexOf(index));
  }
}

function indexOf(index: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(index);
  return bytes;
}

/** A name in the table of what was kept, apart from the texts there. */
function globalKey(name: string): symbol {
  return Symbol.for(`tench pickle ${name}`);
}

function unwritable(path: string, what: string): TenchError {
  return new TenchError(`${path} is ${what}, which has no form in a file of PyTorch`, {
    code: 'ERR_TENCH_UNSUPPORTED',
  });
}

/** What an object is, also one that hides its class. */
function classOf(value: object): string {
  const name: unknown = (value.constructor as { name?: unknown } | undefined)?.name;
  return typeof name === 'string' ? `an object of class ${name}` : describe(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isComplex(value: object): value is { re: number; im: number } {
  const { re, im } = value as { re?: unknown; im?: unknown };
  return isPlain(value) && Object.keys(value).length === 2 && typeof re === 'number' && typeof im === 'number';
}
