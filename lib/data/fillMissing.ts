/** Gaps in rows of numbers, filled with what the training set says: its median, its mean, or a number of the user's. */

import { needArray, needFlag, needOptions } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { Processor } from './processors.js';

/** A row of numbers, where null, undefined and NaN are gaps. */
export type GappyRow = readonly (number | null | undefined)[];

/** Options of {@link FillMissingProcessor}. */
export interface FillMissingOptions {
  /** What fills a column's gaps: its median (default) or mean in the training set, or always the same number. */
  fill?: 'median' | 'mean' | number;
  /** Also append a 1 for each column that had a gap and a 0 for each that had none. Default false. */
  addFlags?: boolean;
}

/** Fills the gaps of rows. What comes out is float32 whatever the numbers are, so that a batch of whole numbers is one a model takes, too. */
export class FillMissingProcessor extends Processor<GappyRow, Float32Array, { readonly fills: readonly number[] }> {
  readonly fill: 'median' | 'mean' | number;
  readonly addFlags: boolean;

  constructor(options: FillMissingOptions = {}) {
    super(options);
    needOptions('FillMissingProcessor', options);
    const { fill = 'median', addFlags = false } = options;
    if (fill !== 'median' && fill !== 'mean' && !Number.isFinite(fill))
      throw invalid('fill', "'median', 'mean' or a number", fill);
    this.fill = fill;
    this.addFlags = needFlag('addFlags', addFlags);
  }

  protected override learn(rows: readonly GappyRow[]): { fills: number[] } {
    for (const row of rows) needRow(row);
    const width = rows[0]?.length ?? 0;
    return { fills: Array.from({ length: width }, (_, column) => this.#fillOf(rows, column)) };
  }

  protected override remember(state: { readonly fills: readonly number[] }): void {
    needOptions('FillMissingProcessor: state', state);
    needRow(state.fills, 'fills');
    super.remember(state);
  }

  proc1(row: GappyRow): Float32Array {
    const { fills } = this.state;
    if (needRow(row).length !== fills.length)
      throw invalid('row', `${fills.length} numbers or gaps, as the training set has`, row);
    const filled = row.map((value, column) => (isGap(value) ? fills[column]! : value));
    return Float32Array.from(this.addFlags ? [...filled, ...row.map((value) => (isGap(value) ? 1 : 0))] : filled);
  }

  #fillOf(rows: readonly GappyRow[], column: number): number {
    if (typeof this.fill === 'number') return this.fill;
    const values = rows.map((row) => row[column]).filter((value) => !isGap(value));
    if (values.length === 0)
      throw new TenchError(
        `column ${column} has no value in the training set to fill its gaps with; give \`fill\` a number`,
      );
    return this.fill === 'mean' ? values.reduce((sum, value) => sum + value, 0) / values.length : median(values);
  }

  protected override summary(): string {
    return `gaps become ${this.state.fills.join(', ')}`;
  }
}

function isGap(value: number | null | undefined): value is null | undefined {
  return value === null || value === undefined || Number.isNaN(value);
}

function needRow(row: GappyRow, argument = 'row'): GappyRow {
  const expected = 'an array of numbers and gaps';
  for (const value of needArray(argument, row, expected))
    if (typeof value !== 'number' && !isGap(value)) throw invalid(argument, expected, row);
  return row;
}

/** The middle value, or the mean of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
