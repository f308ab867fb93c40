/**
 * The colours of charts, on light and on dark, that people with any kind of colour vision tell apart; dashes and symbols tell series apart without any.
 *
 * Hues after Okabe and Ito (Color Universal Design, 2008), darkened or lightened until each stands out from its background by at least 3 : 1.
 */

export interface Theme {
  readonly background: string;
  /** Titles. */
  readonly ink: string;
  /** Labels and axes. */
  readonly muted: string;
  /** Lines of the grid. */
  readonly grid: string;
  readonly series: readonly string[];
}

export const light: Theme = {
  background: '#ffffff',
  ink: '#1b1f24',
  muted: '#57606b',
  grid: '#d9dee5',
  series: ['#0072b2', '#d55e00', '#008f68', '#b5508f', '#8a6d00', '#4a4f57'],
};

export const dark: Theme = {
  background: '#0f1317',
  ink: '#e7ebf0',
  muted: '#a0a9b4',
  grid: '#313841',
  series: ['#56b4e9', '#f08a45', '#2fc79a', '#e39ac8', '#d9b93b', '#b9bfc8'],
};

/** After as many series the colours begin again, with the next kind of line. */
export const dashes: readonly (readonly number[] | 'solid')[] = ['solid', [7, 3], [2, 2], [9, 3, 2, 3]];
export const symbols: readonly string[] = ['circle', 'rect', 'triangle', 'diamond'];

/** From few to many, ever lighter: also without colours the order can be seen. After "viridis" (Smith, van der Walt 2015). */
export const ramp: readonly string[] = [
  '#440154',
  '#46327e',
  '#365c8d',
  '#277f8e',
  '#1fa187',
  '#4ac16d',
  '#a0da39',
  '#fde725',
];

/** Every colour of the light theme with the dark one in its place. */
export function darkFor(): [light: string, dark: string][] {
  const plain = (['background', 'ink', 'muted', 'grid'] as const).map((name): [string, string] => [
    light[name],
    dark[name],
  ]);
  return [...plain, ...light.series.map((colour, i): [string, string] => [colour, dark.series[i]!])];
}
