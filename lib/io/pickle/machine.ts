/** The state of a pickle machine, and what each kind of step does to it; unpickle.ts says which opcode takes which step. */

import { Limits, PickleFault } from './limits.js';

/** What a name of the allow-list does when a pickle calls it with arguments. */
export class Callable {
  constructor(
    /** With its module, for messages. */
    readonly name: string,
    readonly call: (args: readonly unknown[]) => unknown,
  ) {}
}

/** What the machine cannot know by itself. */
export interface Names {
  /** The value of a name: a {@link Callable} or any value. Throws for a name that is not allowed. */
  find(module: string, name: string): unknown;
  /** Throws for a value that may be used inside of a pickle, but not be what is read from it. */
  accept(value: unknown): void;
  /** The object outside of the pickle that an id stands for. */
  persistent(id: unknown): unknown;
}

/** A tuple is a frozen array: Python's tuples cannot change either. */
export function tuple(items: readonly unknown[]): readonly unknown[] {
  return Object.freeze([...items]);
}

/** Integers of more bytes than any program needs. */
const mostIntegerBytes = 1024;

/** The stack, the memory and the position of one program. */
export class Machine {
  at: number;
  private readonly view: DataView;
  private stack: unknown[] = [];
  private readonly marked: unknown[][] = [];
  private readonly memo = new Map<number, unknown>();
  readonly limits = new Limits();

  constructor(
    private readonly bytes: Uint8Array,
    private readonly names: Names,
    start: number,
  ) {
    this.at = start;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Whether one value is left, which is then the program's. */
  get isDone(): boolean {
    return this.stack.length === 1 && this.marked.length === 0;
  }

  byte(): number {
    return this.bytes[this.take(1)]!;
  }

  uint16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  int32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  uint32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** A length; any that is not in the program is refused when it is taken. */
  uint64(): number {
    return Number(this.view.getBigUint64(this.take(8), true));
  }

  float64(): number {
    return this.view.getFloat64(this.take(8), false);
  }

  slice(length: number): Uint8Array {
    const begin = this.take(length);
    return this.bytes.subarray(begin, begin + length);
  }

  text(length: number): string {
    const bytes = this.slice(length);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new PickleFault(`it holds a text at byte ${this.at - length} that is not UTF-8`);
    }
  }

  /** A line without its end, as names are written. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0 || end - this.at > 1000) throw new PickleFault(`it holds a name at byte ${this.at} without an end`);
    const text = this.text(end - this.at);
    this.take(1);
    return text;
  }

  /** An integer of any length, in two's complement. */
  integer(length: number): number | bigint {
    if (length > mostIntegerBytes) throw new PickleFault(`it holds an integer of ${length} bytes`);
    const bytes = this.slice(length);
    if (length === 0) return 0;
    const whole = BigInt.asIntN(8 * length, BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`));
    return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
  }

  push(value: unknown): void {
    this.stack.push(value);
  }

  /** Puts a new container on the stack. */
  make(value: unknown): void {
    this.limits.countObject();
    this.stack.push(value);
  }

  pop(): unknown {
    if (this.stack.length === 0) throw new PickleFault(`it takes a value at byte ${this.at - 1} that is not there`);
    return this.stack.pop();
  }

  top(): unknown {
    if (this.stack.length === 0) throw new PickleFault(`it takes a value at byte ${this.at - 1} that is not there`);
    return this.stack[this.stack.length - 1];
  }

  mark(): void {
    this.limits.countObject();
    this.marked.push(this.stack);
    this.stack = [];
  }

  /** What was put on the stack since the mark. */
  popMark(): unknown[] {
    const below = this.marked.pop();
    if (below === undefined) throw new PickleFault(`it goes back at byte ${this.at - 1} to a mark that is not there`);
    const items = this.stack;
    this.stack = below;
    return items;
  }

  remember(key: number): void {
    this.memo.set(key, this.top());
  }

  rememberNext(): void {
    this.memo.set(this.memo.size, this.top());
  }

  recall(key: number): void {
    if (!this.memo.has(key)) throw new PickleFault(`it recalls the value ${key}, which it has not kept`);
    this.stack.push(this.memo.get(key));
  }

  find(module: string, name: string): void {
    this.stack.push(this.names.find(module, name));
  }

  findOnStack(): void {
    const name = this.pop();
    const module = this.pop();
    if (typeof name !== 'string' || typeof module !== 'string') throw new PickleFault('it names something by no text');
    this.find(module, name);
  }

  persistent(): void {
    this.stack.push(this.names.persistent(this.pop()));
  }

  /** Calls a name of the allow-list. */
  call(): void {
    const args = this.pop();
    const callable = this.pop();
    if (!(callable instanceof Callable))
      throw new PickleFault(`it calls a value at byte ${this.at - 1} that is no function`);
    if (!Array.isArray(args)) throw new PickleFault(`it calls ${callable.name} without a tuple of arguments`);
    this.limits.countCall();
    this.stack.push(callable.call(args));
  }

  /** Sets the attributes of an object. Only dicts can have any here, and theirs are left out: nothing that is read needs them. */
  build(): void {
    this.pop();
    if (!(this.top() instanceof Map))
      throw new PickleFault(`it sets attributes at byte ${this.at - 1} of what has none`);
  }

  append(items: readonly unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list) || Object.isFrozen(list))
      throw new PickleFault(`it appends at byte ${this.at - 1} to no list`);
    for (const item of items) list.push(item);
  }

  setItems(items: readonly unknown[]): void {
    const dict = this.top();
    if (!(dict instanceof Map) || items.length % 2 !== 0)
      throw new PickleFault(`it sets items at byte ${this.at - 1} of no dict`);
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  addItems(items: readonly unknown[]): void {
    const set = this.top();
    if (!(set instanceof Set)) throw new PickleFault(`it adds items at byte ${this.at - 1} to no set`);
    for (const item of items) set.add(item);
  }

  private take(length: number): number {
    const begin = this.at;
    if (length > this.bytes.length - begin) throw new PickleFault(`it ends at byte ${this.bytes.length} in the middle`);
    this.at += length;
    return begin;
  }
}
