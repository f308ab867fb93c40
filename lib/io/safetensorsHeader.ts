/**
 * The JSON header of a safetensors file, read by the grammar of that header alone.
 *
 * A general JSON reader takes the last of two equal keys, rounds numbers, and builds whatever a hostile header nests; this one refuses at
 * the first character that has no business there, so that it holds no more than the tensors it describes.
 */

import { shown } from './source.js';

/** A tensor's line in the header, as written. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly entries: readonly HeaderEntry[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** Why a header is refused. */
export class HeaderFault extends Error {}

/** @throws HeaderFault that names the tensor and what is wrong with it */
export function parseHeader(text: string): Header {
  const reader = new Reader(text);
  const entries: HeaderEntry[] = [];
  let metadata: ReadonlyMap<string, string> = new Map();
  reader.object('its header', (name) => {
    if (name === '__metadata__') metadata = metadataOf(reader);
    else entries.push(entryOf(reader, name));
  });
  reader.end();
  return { entries, metadata };
}

function metadataOf(reader: Reader): Map<string, string> {
  const metadata = new Map<string, string>();
  reader.object('__metadata__', (key) => metadata.set(key, reader.string(`the text of ${shown(key)} in __metadata__`)));
  return metadata;
}

function entryOf(reader: Reader, name: string): HeaderEntry {
  const tensor = `tensor ${shown(name)}`;
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  reader.object(tensor, (key) => {
    if (key === 'dtype') dtype = reader.string(`the dtype of ${tensor}`);
    else if (key === 'shape') shape = reader.sizes(`the shape of ${tensor}`);
    else if (key === 'data_offsets') offsets = reader.sizes(`the data_offsets of ${tensor}`);
    else throw new HeaderFault(`${tensor} has the unknown field ${shown(key)}`);
  });
  if (dtype === undefined) throw new HeaderFault(`${tensor} has no dtype`);
  if (shape === undefined) throw new HeaderFault(`${tensor} has no shape`);
  const [begin, end] = offsets ?? [];
  if (begin === undefined || end === undefined || offsets?.length !== 2)
    throw new HeaderFault(`${tensor} has no data_offsets of two numbers`);
  return { name, dtype, shape, begin, end };
}

const digits = /(?:0|[1-9][0-9]{0,15})(?![0-9.eE])/y;

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  /** Reads an object; `member` reads the value of each key. */
  object(what: string, member: (key: string) => void): void {
    this.expect('{', `${what} is not a JSON object`);
    const seen = new Set<string>();
    if (this.accept('}')) return;
    do {
      const key = this.string(`a key of ${what}`);
      if (seen.has(key)) throw new HeaderFault(`${what} has the key ${shown(key)} twice`);
      seen.add(key);
      this.expect(':', `${what} is not a JSON object`);
      member(key);
    } while (this.accept(','));
    this.expect('}', `${what} is not a JSON object`);
  }

  string(what: string): string {
    this.skipSpace();
    const begin = this.at;
    let end = this.text[begin] === '"' ? begin + 1 : this.text.length;
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === '\\' ? 2 : 1;
    if (end >= this.text.length) throw new HeaderFault(`${what} is not a JSON string`);
    this.at = end + 1;
    try {
      return JSON.parse(this.text.slice(begin, this.at)) as string;
    } catch {
      throw new HeaderFault(`${what} is not a JSON string`);
    }
  }

  /** Reads an array of whole numbers from 0 to 2^53 - 1. */
  sizes(what: string): number[] {
    const wrong = `${what} is not an array of whole numbers of at least 0`;
    const sizes: number[] = [];
    this.expect('[', wrong);
    if (this.accept(']')) return sizes;
    do {
      this.skipSpace();
      digits.lastIndex = this.at;
      const [match] = digits.exec(this.text) ?? [];
      if (match === undefined || !Number.isSafeInteger(Number(match))) throw new HeaderFault(wrong);
      this.at += match.length;
      sizes.push(Number(match));
    } while (this.accept(','));
    this.expect(']', wrong);
    return sizes;
  }

  /** Nothing but space may follow. */
  end(): void {
    this.skipSpace();
    if (this.at < this.text.length) throw new HeaderFault(`its header goes on after the JSON object`);
  }

  private expect(character: string, otherwise: string): void {
    if (!this.accept(character)) throw new HeaderFault(otherwise);
  }

  private accept(character: string): boolean {
    this.skipSpace();
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  private skipSpace(): void {
    while (this.at < this.text.length && ' \n\r\t'.includes(this.text.charAt(this.at))) this.at += 1;
  }
}
