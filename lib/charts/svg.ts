/** Renders a chart as SVG that reads itself out, and that follows the page into the dark. */

import { createHash } from 'node:crypto';

import type * as ECharts from 'echarts/core';

import { darkFor, light } from './colours.js';
import type { Described } from './describe.js';
import { legendOf, toECharts } from './echarts.js';
import { labelSize, layOut, widthOf } from './layout.js';
import { summaryOf } from './summary.js';

/** `auto`: light, and dark where the page or the viewer prefers that. */
export type ThemeName = 'auto' | 'light' | 'dark';

export interface SvgSize {
  readonly width?: number;
  readonly height?: number;
}

/** ECharts, of which only what charts here use is read: it takes a third of a second, paid by the first chart that is drawn. */
async function loadECharts(): Promise<typeof ECharts> {
  const [core, charts, components, renderers] = await Promise.all([
    import('echarts/core'),
    import('echarts/charts'),
    import('echarts/components'),
    import('echarts/renderers'),
  ]);
  // Without a DOM, ECharts measures by the letters of Helvetica, and names run into each other in the wider fonts of servers.
  core.setPlatformAPI({
    measureText: (text, font) => ({ width: widthOf(text, Number(/([\d.]+)px/.exec(font ?? '')?.[1] ?? labelSize)) }),
  });
  core.use([
    charts.LineChart,
    charts.ScatterChart,
    charts.CustomChart,
    components.GridComponent,
    components.TitleComponent,
    components.LegendComponent,
    components.VisualMapComponent,
    renderers.SVGRenderer,
  ]);
  return core;
}

export async function renderSvg(chart: Described, size: SvgSize, theme: ThemeName): Promise<string> {
  const { init } = await loadECharts();
  const layout = layOut(chart, legendOf(chart), size);
  const made = init(null, null, { renderer: 'svg', ssr: true, width: layout.width, height: layout.height });
  try {
    made.setOption(toECharts(chart, layout));
    return finish(made.renderToSVGString(), chart, theme);
  } finally {
    made.dispose();
  }
}

/** What XML has no way to write: control characters, halves of surrogate pairs and the two that are no characters. */
const unwritable = /(?![\t\n\r])[\p{Cc}\p{Surrogate}\ufffe\uffff]/gu;

export const escaped = (text: string): string =>
  text.replace(unwritable, '?').replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/**
 * Takes away what is for a mouse, makes ids unique to this picture (ECharts counts them, so that two pictures in one page would share theirs), and
 * adds title, description and colours for the dark.
 */
function finish(svg: string, chart: Described, theme: ThemeName): string {
  const [, root = '', rest = ''] = /^<svg ([^>]*)>([^]*)$/.exec(svg) ?? [];
  const plain = rest
    .replace(unwritable, '?')
    .replace(/<style\b[^>]*>[^]*?<\/style>/g, '')
    // Frames around texts that are not drawn: ECharts keeps them for the mouse.
    .replace(/<path [^>]*fill-opacity="0"[^>]*stroke-width="0"[^>]*><\/path>\n?/g, '')
    .replace(/ (class="zr\d+-cls-\d+"|ecmeta_\w+="[^"]*"|pointer-events="visible"|xml:space="preserve")/g, '')
    .replace(/rgb\(255,\s*255,\s*255\)/g, light.background)
    .replace(/\n+/g, '\n');
  const content = theme === 'dark' ? darkFor().reduce((text, [from, to]) => text.replaceAll(from, to), plain) : plain;
  const id = `chart-${createHash('sha256')
    .update(plain.replace(/zr\d+-/g, ''))
    .update(JSON.stringify(chart))
    .digest('hex')
    .slice(0, 12)}`;
  const style = theme === 'auto' ? `<style>@media (prefers-color-scheme:dark){${darkRules(id)}}</style>\n` : '';
  const named = `<title id="${id}-title">${escaped(chart.title)}</title>\n<desc id="${id}-text">${escaped(summaryOf(chart))}</desc>\n`;
  const role = `id="${id}" role="img" aria-labelledby="${id}-title" aria-describedby="${id}-text"`;
  return `<svg ${root} ${role}>\n${named}${style}${content.replace(/zr\d+-/g, `${id}-`).trim()}\n`;
}

const darkRules = (id: string): string =>
  darkFor()
    .map(([from, to]) => `#${id} [fill="${from}"]{fill:${to}}#${id} [stroke="${from}"]{stroke:${to}}`)
    .join('');
