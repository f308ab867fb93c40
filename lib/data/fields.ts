/** Rows with named fields, as tables and JSON lines give them: what picks the label, the text or the numbers out of a row. */

import { needArray, needOptions, needText } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import type { GappyRow } from './fillMissing.js';
import { Processor } from './processors.js';

/** A row: its fields by name. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * Labels rows by one of their fields: a text in rows of a table; in JSON lines write `({ label }) => label`, which keeps the field's type.
 *
 *     labelByFunc(split, fieldLabeler('label'), { procY: new CategoryProcessor() });
 *
 * @throws TenchError, when labelling, for a row without that field
 */
export function fieldLabeler(field: string): (row: Row) => string {
  needText('field', field);
  return (row) => fieldOf(row, field) as string;
}

/** Options of {@link PickProcessor}. */
export interface PickOptions {
  /** The name of the field. */
  field: string;
}

/** Keeps one field of a row, such as its text. There is nothing to learn and no way back. */
export class PickProcessor<T = string> extends Processor<Row, T> {
  readonly field: string;

  constructor(options: PickOptions) {
    super(options);
    needOptions('PickProcessor', options);
    this.field = needText('field', options.field);
  }

  proc1(row: Row): T {
    return fieldOf(row, this.field) as T;
  }
}

/** Options of {@link NumberFieldsProcessor}. */
export interface NumberFieldsOptions {
  /** The names of the fields, in the order of the numbers. */
  fields: readonly string[];
  /** Texts that stand for a missing number, as null and undefined do. Default the empty text, `NA`, `NaN`, `nan`, `null` and `?`. */
  gaps?: readonly string[];
}

const DECIMAL = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const USUAL_GAPS = ['', 'NA', 'NaN', 'nan', 'null', '?'];

/** Some fields of a row as numbers, and null where one is missing: for a {@link FillMissingProcessor} to fill. */
export class NumberFieldsProcessor extends Processor<Row, GappyRow> {
  readonly fields: readonly string[];
  readonly #gaps: ReadonlySet<string>;

  constructor(options: NumberFieldsOptions) {
    super(options);
    needOptions('NumberFieldsProcessor', options);
    const { fields, gaps = USUAL_GAPS } = options;
    this.fields = needArray('fields', fields, 'an array of names').map((field) => needText('fields', field));
    this.#gaps = new Set(needArray('gaps', gaps, 'an array of texts').map((gap) => needText('gaps', gap)));
  }

  proc1(row: Row): GappyRow {
    return this.fields.map((field) => this.#numberOf(fieldOf(row, field), field));
  }

  #numberOf(value: unknown, field: string): number | null {
    if (value === null || value === undefined) return null;
    if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
    const text = typeof value === 'string' ? value.trim() : undefined;
    if (text !== undefined && this.#gaps.has(text)) return null;
    // `Number` alone would also read the empty text (as 0) and hexadecimal numbers.
    const number = text !== undefined && DECIMAL.test(text) ? Number(text) : NaN;
    if (Number.isNaN(number)) throw invalid(field, 'a number, or a text that `gaps` has for a missing one', value);
    return number;
  }
}

function fieldOf(row: Row, field: string): unknown {
  const given: unknown = row;
  if (typeof given !== 'object' || given === null) throw invalid('row', 'an object with named fields', row);
  if (Object.hasOwn(given, field)) return row[field];
  throw new TenchError(
    `a row has no field ${JSON.stringify(field)}; it has: ${Object.keys(given).join(', ') || 'none'}`,
  );
}
