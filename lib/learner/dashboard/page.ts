/** The dashboard's page: its frame and looks, live with a script that puts new pieces in, or finished as a file that needs no other. */

import { createHash } from 'node:crypto';

import { dark, light } from '../../charts/colours.js';
import { escaped } from '../../charts/svg.js';
import type { ServedPage } from './server.js';

/** The pieces of the page by their ids: what is said in a line, and what each part holds, as HTML. */
export type Pieces = ReadonlyMap<string, string>;

/** Parts of the page in their order. `state`, which is said aloud when it changes, is above them. */
const parts = [
  { id: 'now', title: 'Now' },
  { id: 'losses', title: 'Loss and metrics' },
  { id: 'rates', title: 'Rates' },
  { id: 'samples', title: 'Sample predictions' },
  { id: 'activations', title: 'Activations' },
  { id: 'machine', title: 'Throughput and memory' },
  { id: 'epochs', title: 'Epochs' },
] as const;

export type PieceId = (typeof parts)[number]['id'] | 'state';

const colours = ({ background, ink, muted, grid, series }: typeof light): string =>
  `--background:${background};--ink:${ink};--muted:${muted};--line:${grid};--link:${series[0]!}`;

const style = `:root{color-scheme:light dark;${colours(light)}}
@media (prefers-color-scheme:dark){:root{${colours(dark)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--background);color:var(--ink);font:16px/1.45 system-ui,sans-serif}
header,main{max-width:88rem;margin:auto;padding:0 1rem}
h1{font-size:1.5rem;margin:1rem 0 .2rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2rem 0 .6rem;padding-top:.6rem;border-top:1px solid var(--line)}
a{color:var(--link)}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem;padding:.4rem .8rem;background:var(--background);z-index:1}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
#state,.hint,figcaption{color:var(--muted);margin:0}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,8.5rem),1fr));gap:.8rem 1.5rem;margin:0}
dt{color:var(--muted);font-size:.85rem}
dd{margin:0;font-size:1.25rem;font-variant-numeric:tabular-nums}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,23rem),1fr));gap:1rem}
.tench-chart{margin:0;border:1px solid var(--line);border-radius:8px;padding:.5rem;min-width:0}
.tench-chart>svg{display:block;width:100%;height:auto}
figcaption,summary,.tench-chart p{font-size:.85rem}
summary{color:var(--muted);cursor:pointer;padding:.3rem 0}
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--muted);padding:.3rem 0}
th,td{text-align:right;padding:.15rem .7rem .15rem 0;border-bottom:1px solid var(--line)}
.scroll{overflow-x:auto}
.tench-sheet{margin:0}
.tench-sheet>figcaption{display:none}
.tench-sheet img{max-width:100%;height:auto;border-radius:4px}
footer{max-width:88rem;margin:2rem auto;padding:0 1rem;color:var(--muted);font-size:.85rem}`;

/**
 * Puts pieces into their places. Whatever was unfolded stays so, and the focus stays where it was: both are found again by their number. A piece in
 * which text is selected waits for the next one.
 */
const script = `const tell = (text) => { const state = document.getElementById('state'); if (state.textContent !== text) state.textContent = text; };
const put = (id, html) => {
  const place = document.getElementById(id);
  const selection = getSelection();
  if (!selection.isCollapsed && place.contains(selection.anchorNode)) return;
  const open = [...place.querySelectorAll('details')].map((one) => one.open);
  const stops = () => [...place.querySelectorAll('summary,[tabindex]')];
  const focused = stops().indexOf(document.activeElement);
  const across = [...place.querySelectorAll('[tabindex]')].map((one) => one.scrollLeft);
  place.innerHTML = html;
  place.querySelectorAll('details').forEach((one, i) => { one.open = open[i] === true; });
  place.querySelectorAll('[tabindex]').forEach((one, i) => { one.scrollLeft = across[i] ?? 0; });
  if (focused >= 0) stops()[focused]?.focus({ preventScroll: true });
};
const source = new EventSource('events');
let said = '';
source.addEventListener('piece', (event) => {
  const { id, html } = JSON.parse(event.data);
  if (id === 'state') { said = html; tell(html); } else put(id, html);
});
source.addEventListener('end', () => { source.close(); });
source.addEventListener('open', () => { if (said !== '') tell(said); });
source.addEventListener('error', () => { tell('The training cannot be reached; trying again.'); });
document.documentElement.dataset.live = 'true';`;

const scriptHash = createHash('sha256').update(script).digest('base64');

/** The page that is served. Charts have styles of their own, by which nothing can be fetched, so these are allowed. */
export function livePage(title: string, pieces: Pieces): ServedPage {
  return {
    html: page(title, pieces, { head: '', end: `<script>${script}</script>` }),
    policy: `default-src 'none'; script-src 'sha256-${scriptHash}'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  };
}

/** The page as one file, without a script. */
export function finishedPage(title: string, pieces: Pieces): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
  return page(title, pieces, { head: `<meta http-equiv="Content-Security-Policy" content="${policy}">`, end: '' });
}

function page(title: string, pieces: Pieces, { head, end }: { readonly head: string; readonly end: string }): string {
  const sections = parts.map(
    ({ id, title: name }) => `<section aria-labelledby="about-${id}">
<h2 id="about-${id}">${name}</h2>
<div id="${id}">${pieces.get(id) ?? hint('Nothing yet.')}</div>
</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${head}<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<a class="skip" href="#main">To the figures</a>
<header>
<h1>${escaped(title)}</h1>
<p id="state" role="status">${escaped(pieces.get('state') ?? 'Waiting for the training to begin.')}</p>
</header>
<main id="main" tabindex="-1">
${sections.join('\n')}
</main>
<footer>tench</footer>
${end}
</body>
</html>
`;
}

/** A sentence in place of what is not there. */
export const hint = (text: string): string => `<p class="hint">${escaped(text)}</p>`;
