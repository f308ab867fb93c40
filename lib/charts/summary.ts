/** A chart in sentences, for those who cannot see it and for logs. */

import type { Axis, Described, Panel } from './describe.js';
import { leftOut, rangeOf, shortNumber } from './numbers.js';

/** What the caller says of it, and what every panel shows from where to where. */
export function summaryOf({ description, panels }: Described): string {
  return [description, ...panels.map(ofPanel)].filter((text) => text !== '').join(' ');
}

function ofPanel(panel: Panel): string {
  const kinds = [...new Set(panel.series.map(({ kind }) => words[kind]))].join(' and ');
  const names = panel.series.map(({ name }) => name).join(', ');
  const what = kinds === '' ? 'Nothing' : `${kinds} of ${names}`;
  const title = panel.title === undefined ? '' : `${panel.title}: `;
  const text = `${title}${what}; ${ofAxis(panel, 'x')}, ${ofAxis(panel, 'y')}.`;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${noteOf(panel)}`;
}

const words = { line: 'lines', scatter: 'points', histogram: 'histogram', heatmap: 'heat map' } as const;

function ofAxis(panel: Panel, which: 'x' | 'y'): string {
  const axis: Axis = panel[which] ?? {};
  const range = rangeOf(panel, which);
  const name = axis.label === undefined ? which : `${axis.label} (${which})`;
  const scale = axis.log === true ? ', log scale' : '';
  return range === null
    ? `${name} without data`
    : `${name} from ${shortNumber(range[0])} to ${shortNumber(range[1])}${scale}`;
}

/** What is not in the picture, or nothing. */
export function noteOf(panel: Panel): string {
  const missing = leftOut(panel);
  if (missing === 0) return '';
  return missing === 1 ? ' 1 value has no place here.' : ` ${missing} values have no place here.`;
}
