/** What README quotes is what lies in examples/readme, which is compiled, linted and can be run. */

import { readFileSync, readdirSync } from 'node:fs';

import t from 'tap';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** The blocks of code that a comment before them names a file for. */
const quotes = [...read('README.md').matchAll(/<!-- (examples\/\S+\.ts) -->\n+```ts\n([^]*?)\n```/g)].map(
  ([, path = '', code = '']): [path: string, code: string] => [path, code],
);

t.test('README quotes the example files as they are, without their headers', (t) => {
  for (const [path, code] of quotes)
    t.equal(
      code,
      read(path)
        .replace(/^\/\*\*[^]*?\*\/\n\n/, '')
        .trimEnd(),
      path,
    );
  t.end();
});

t.test('every file in examples/readme is quoted', (t) => {
  const files = readdirSync(new URL('examples/readme', root)).map((name) => `examples/readme/${name}`);
  t.same(quotes.map(([path]) => path).sort(), files.sort());
  t.end();
});

t.test('links from the pages to files of the repository lead somewhere', (t) => {
  for (const page of ['README.md', 'CONTRIBUTING.md', 'docs/design.md', 'docs/files.md', 'docs/performance.md']) {
    for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g))
      t.doesNotThrow(() => readFileSync(new URL(target, new URL(page, root))), `${page}: ${target}`);
  }
  t.end();
});
