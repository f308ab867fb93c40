/** A grid of characters to draw on: whole characters, and the eight dots of braille characters for fine lines. */

/** A place on a grid, counted from the lower left. */
export type Place = readonly [x: number, y: number];

/** A grid that can be drawn on, its size in what it draws with. */
export interface Grid {
  readonly columns: number;
  readonly lines: number;
  mark(x: number, y: number): void;
}

/** Bits of U+2800 by the dot's column and its row from the bottom. */
const dots = [
  [0x40, 0x04, 0x02, 0x01],
  [0x80, 0x20, 0x10, 0x08],
] as const;

export class Canvas {
  private readonly cells: string[][];

  constructor(
    readonly columns: number,
    readonly lines: number,
  ) {
    this.cells = Array.from({ length: lines }, () => new Array<string>(columns).fill(' '));
  }

  /** Draws with one character. */
  withMark(mark: string): Grid {
    return { columns: this.columns, lines: this.lines, mark: (x, y) => this.put(x, y, () => mark) };
  }

  /** Draws with dots, two beside each other in a character and four above each other. */
  withDots(): Grid {
    const mark = (x: number, y: number): void => {
      const bit = dots[(x & 1) as 0 | 1][y & 3]!;
      this.put(x >> 1, y >> 2, (before) => {
        const code = before.charCodeAt(0);
        return String.fromCharCode((code >= 0x2800 && code <= 0x28ff ? code : 0x2800) | bit);
      });
    };
    return { columns: 2 * this.columns, lines: 4 * this.lines, mark };
  }

  /** From top to bottom. */
  rows(): string[] {
    return this.cells.map((row) => row.join(''));
  }

  /** Places outside are left out. */
  private put(x: number, y: number, change: (before: string) => string): void {
    const row = this.cells[this.lines - 1 - y];
    if (row?.[x] !== undefined) row[x] = change(row[x]);
  }
}

/** Marks a straight line, both ends with it. */
export function drawLine(grid: Grid, [fromX, fromY]: Place, [toX, toY]: Place): void {
  const steps = Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY), 1);
  for (let step = 0; step <= steps; step += 1) {
    const share = step / steps;
    grid.mark(Math.round(fromX + (toX - fromX) * share), Math.round(fromY + (toY - fromY) * share));
  }
}
