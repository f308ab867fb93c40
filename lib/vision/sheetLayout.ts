/** Where the pictures and the words of a contact sheet lie, in pixels. */

import { widthOf } from '../charts/layout.js';
import type { Shown } from './contactSheet.js';

export const textSize = 14;
export const lineHeight = 18;

const gap = 16;
/** Below small pictures words get more room than the picture takes, up to so much. */
const widestWords = 150;

/** A panel in its place. */
export interface Placed {
  readonly left: number;
  readonly top: number;
  readonly panel: Shown;
  /** Its caption. */
  readonly lines: readonly string[];
}

export function layOutSheet(rows: readonly (readonly Shown[])[]): { width: number; height: number; placed: Placed[] } {
  const placed: Placed[] = [];
  let [width, top] = [0, gap];
  for (const row of rows) {
    let [left, highest] = [gap, 0];
    for (const panel of row) {
      const wanted = Math.max(0, ...panel.caption.split('\n').map((line) => widthOf(line, textSize)));
      const wide = Math.ceil(Math.max(panel.width, Math.min(wanted, widestWords)));
      const lines = panel.caption.split('\n').flatMap((line) => brokenAt(line, wide));
      placed.push({ left, top, panel, lines });
      left += wide + gap;
      highest = Math.max(highest, panel.height + 8 + lineHeight * lines.length);
    }
    width = Math.max(width, left);
    top += highest + gap;
  }
  return { width, height: top, placed };
}

/** A line in pieces that are no wider than there is room, broken between words where that is possible. */
function brokenAt(text: string, width: number): string[] {
  const most = Math.max(Math.floor(width / widthOf('x', textSize)), 4);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((long) => long.match(new RegExp(`.{1,${most}}`, 'gu')) ?? [''])) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= most) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}
