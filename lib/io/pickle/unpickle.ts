/**
 * A pickle machine that runs no code: it builds numbers, texts and containers, and leaves every name it meets to a list of what is allowed.
 *
 * Python's pickles are programs for a stack machine (PEP 307, PEP 3154, PEP 574; opcodes as in CPython's pickletools). This one knows the
 * opcodes that protocols 2 to 5 write, without those that find objects by import or call what they find: those go through {@link Names}.
 * What a hostile program can make it hold is bounded, in objects, in depth and by the length of the program.
 */

import { PickleFault } from './limits.js';
import { Machine, tuple, type Names } from './machine.js';

/**
 * Runs the program that begins at `start`.
 *
 * Dicts become Maps, lists arrays, tuples frozen arrays, integers numbers (bigints beyond 2^53), bytes Uint8Arrays. An object that a pickle
 * refers to twice is the same object twice.
 *
 * @returns the value and where the program ends
 * @throws PickleFault for what is no program of this machine, and what `names` throws
 */
export function unpickle(bytes: Uint8Array, names: Names, start = 0): { value: unknown; end: number } {
  const machine = new Machine(bytes, names, start);
  for (let opcode = machine.byte(); opcode !== code('.'); opcode = machine.byte()) {
    machine.limits.countStep();
    const step = steps.get(opcode);
    if (step === undefined)
      throw new PickleFault(
        `it holds the opcode 0x${opcode.toString(16)} at byte ${machine.at - 1}, which is not read`,
      );
    step(machine);
  }
  if (!machine.isDone) throw new PickleFault('its stack does not end with one value');
  const value = machine.pop();
  machine.limits.checkDepth(value, (leaf) => names.accept(leaf));
  return { value, end: machine.at };
}

/** The opcodes by the characters that stand for them. */
const code = (character: string): number => character.charCodeAt(0);

const steps: ReadonlyMap<number, (machine: Machine) => void> = new Map([
  // Frames and protocols say nothing that matters to a reader that has the whole program.
  [0x80, (m: Machine) => void m.byte()],
  [0x95, (m) => void m.uint64()],

  [code('N'), (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  [code('K'), (m) => m.push(m.byte())],
  [code('M'), (m) => m.push(m.uint16())],
  [code('J'), (m) => m.push(m.int32())],
  [0x8a, (m) => m.push(m.integer(m.byte()))],
  [0x8b, (m) => m.push(m.integer(m.uint32()))],
  [code('G'), (m) => m.push(m.float64())],

  [0x8c, (m) => m.push(m.text(m.byte()))],
  [code('X'), (m) => m.push(m.text(m.uint32()))],
  [0x8d, (m) => m.push(m.text(m.uint64()))],
  // The texts of Python 2.
  [code('U'), (m) => m.push(m.text(m.byte()))],
  [code('T'), (m) => m.push(m.text(m.uint32()))],
  [code('C'), (m) => m.make(Uint8Array.from(m.slice(m.byte())))],
  [code('B'), (m) => m.make(Uint8Array.from(m.slice(m.uint32())))],
  [0x8e, (m) => m.make(Uint8Array.from(m.slice(m.uint64())))],
  [0x96, (m) => m.make(Uint8Array.from(m.slice(m.uint64())))],

  [code(')'), (m) => m.make(tuple([]))],
  [0x85, (m) => m.make(tuple([m.pop()]))],
  [0x86, (m) => m.make(tuple([m.pop(), m.pop()].reverse()))],
  [0x87, (m) => m.make(tuple([m.pop(), m.pop(), m.pop()].reverse()))],
  [code('t'), (m) => m.make(tuple(m.popMark()))],
  [code(']'), (m) => m.make([])],
  [code('l'), (m) => m.make(m.popMark())],
  [code('a'), (m) => m.append([m.pop()])],
  [code('e'), (m) => m.append(m.popMark())],
  [code('}'), (m) => m.make(new Map())],
  [
    code('d'),
    (m) => {
      const items = m.popMark();
      m.make(new Map());
      m.setItems(items);
    },
  ],
  [code('s'), (m) => m.setItems([m.pop(), m.pop()].reverse())],
  [code('u'), (m) => m.setItems(m.popMark())],
  [0x8f, (m) => m.make(new Set())],
  [0x90, (m) => m.addItems(m.popMark())],
  [0x91, (m) => m.make(new Set(m.popMark()))],

  [code('('), (m) => m.mark()],
  [code('0'), (m) => void m.pop()],
  [code('1'), (m) => void m.popMark()],
  [code('2'), (m) => m.push(m.top())],
  [code('h'), (m) => m.recall(m.byte())],
  [code('j'), (m) => m.recall(m.uint32())],
  [code('q'), (m) => m.remember(m.byte())],
  [code('r'), (m) => m.remember(m.uint32())],
  [0x94, (m) => m.rememberNext()],

  [code('c'), (m) => m.find(m.line(), m.line())],
  [0x93, (m) => m.findOnStack()],
  [code('Q'), (m) => m.persistent()],
  [code('R'), (m) => m.call()],
  // A new object of a class is made by calling what the list has for the class.
  [0x81, (m) => m.call()],
  [code('b'), (m) => m.build()],
]);
