/** The Python literal at the beginning of a NumPy array: a dict of `descr`, `fortran_order` and `shape`, and no other. */

/** What the literal says. */
export interface Description {
  /** The dtype's code, e.g. `<f4`; null when it has several fields. */
  readonly descr: string | null;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/** Why a literal is refused; follows on `the header of ...`. */
export class LiteralFault extends Error {}

/** @throws LiteralFault */
export function parseDescription(text: string): Description {
  const reader = new Reader(text);
  let descr: string | null | undefined;
  let fortran: boolean | undefined;
  let shape: readonly number[] | undefined;
  reader.expect('{');
  while (!reader.accept('}')) {
    const key = reader.string();
    reader.expect(':');
    if (key === 'descr' && descr === undefined) descr = reader.peek('[') ? null : reader.string();
    else if (key === 'fortran_order' && fortran === undefined) fortran = reader.boolean();
    else if (key === 'shape' && shape === undefined) shape = reader.tuple();
    else throw new LiteralFault(`has the key ${key.slice(0, 40)}, which does not belong there`);
    // A list of fields is not read further: the array is refused for it in any case.
    if (descr === null) return { descr, fortran: false, shape: [] };
    if (!reader.accept(',') && !reader.peek('}')) throw new LiteralFault('is not a dict');
  }
  reader.end();
  if (descr === undefined || fortran === undefined || shape === undefined)
    throw new LiteralFault('lacks descr, fortran_order or shape');
  return { descr, fortran, shape };
}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  peek(character: string): boolean {
    this.match(/\s*/y);
    return this.text[this.at] === character;
  }

  accept(character: string): boolean {
    if (!this.peek(character)) return false;
    this.at += 1;
    return true;
  }

  expect(character: string): void {
    if (!this.accept(character)) throw new LiteralFault(`lacks a ${character}`);
  }

  string(): string {
    this.match(/\s*/y);
    const found = this.match(/'[^'\\\n]*'|"[^"\\\n]*"/y);
    if (found === undefined) throw new LiteralFault('lacks a string');
    return found.slice(1, -1);
  }

  boolean(): boolean {
    this.match(/\s*/y);
    const found = this.match(/(?:True|False)\b/y);
    if (found === undefined) throw new LiteralFault('lacks True or False');
    return found === 'True';
  }

  /** A tuple of whole numbers from 0 to 2^53 - 1; Python 2 wrote an L behind long ones. */
  tuple(): number[] {
    const sizes: number[] = [];
    this.expect('(');
    while (!this.accept(')')) {
      this.match(/\s*/y);
      const size = Number(this.match(/[0-9]{1,16}(?=L?[\s,)])/y));
      if (!Number.isSafeInteger(size)) throw new LiteralFault('has no shape of whole numbers');
      this.match(/L/y);
      sizes.push(size);
      if (!this.accept(',') && !this.peek(')')) throw new LiteralFault('has no shape of whole numbers');
      if (sizes.length > 64) throw new LiteralFault('has a shape of more than 64 axes');
    }
    return sizes;
  }

  end(): void {
    this.match(/[\s\0]*/y);
    if (this.at < this.text.length) throw new LiteralFault('goes on after the dict');
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }
}
