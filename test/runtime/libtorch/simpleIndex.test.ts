import { pathToFileURL } from 'node:url';

import t from 'tap';

import { packageSources } from '../../../lib/runtime/libtorch/pipConfiguration.js';
import { listIndex, listLinks, parsePage } from '../../../lib/runtime/libtorch/simpleIndex.js';

const hash = 'a'.repeat(64);
const base = new URL('https://index.test/simple/torch/');

t.test('both forms of a page are read', (t) => {
  const html = `<!DOCTYPE html><html><body><h1>Links for torch</h1>
    <a href="../../files/torch-2.13.0%2Bcpu-cp311-cp311-linux_x86_64.whl#sha256=${hash}" data-requires-python="&gt;=3.10">torch</a><br>
    <a class="x" href='https://other.test/torch-2.13.0-cp311-cp311-linux_x86_64.whl?a=1&amp;b=2'>torch</a>
    <a href="torch-2.12.0-cp311-cp311-linux_x86_64.whl" data-yanked="broken">torch</a>
    <a href="torch-2.13.0.tar.gz">torch</a>`;
  t.match(parsePage(html, base), [
    {
      url: { href: 'https://index.test/files/torch-2.13.0%2Bcpu-cp311-cp311-linux_x86_64.whl' },
      local: 'cpu',
      sha256: hash,
    },
    {
      url: { href: 'https://other.test/torch-2.13.0-cp311-cp311-linux_x86_64.whl?a=1&b=2' },
      local: '',
      sha256: undefined,
    },
  ]);
  t.equal(parsePage(html, base).length, 2);

  const files = [
    { url: 'https://other.test/torch-2.13.0-cp311-cp311-linux_x86_64.whl', hashes: { sha256: hash } },
    { url: '/torch-2.13.0-cp312-cp312-linux_x86_64.whl', yanked: 'broken' },
  ];
  t.match(parsePage(JSON.stringify({ meta: { 'api-version': '1.1' }, name: 'torch', files }), base), [
    { sha256: hash },
  ]);
  t.equal(parsePage(JSON.stringify({ files }), base).length, 1);
  t.end();
});

t.test('an index and a folder of wheels on the disk', async (t) => {
  const name = 'torch-2.13.0-cp311-cp311-linux_x86_64.whl';
  const root = t.testdir({
    simple: { torch: { 'index.html': `<a href="../../files/${name}">x</a>` } },
    files: { [name]: '' },
  });
  const found = { url: { href: pathToFileURL(`${root}/files/${name}`).href } };
  t.match(await listIndex(pathToFileURL(`${root}/simple/`), 'torch', { scratch: root }), [found]);
  t.match(await listLinks(pathToFileURL(`${root}/files`), { scratch: root }), [found]);
  t.match(await listLinks(pathToFileURL(`${root}/simple/torch/index.html`), { scratch: root }), [{ fileName: name }]);
});

t.test("pip's own settings say where packages come from", (t) => {
  const settings = `[global]\nindex-url = https://mirror.test/simple\n; a comment\n[install]\nextra-index-url =\n    https://one.test/a/\n    file:///srv/index\n[list]\nformat = json\n`;
  const root = t.testdir({
    'pip.conf': settings,
    '.config': { pip: { 'pip.conf': '[global]\nfind_links: /srv/wheels\n' } },
  });
  const env = { HOME: root, PATH: '', XDG_CONFIG_DIRS: root, PIP_CONFIG_FILE: `${root}/pip.conf` };
  const hrefs = (urls: URL[]): string[] => urls.map((url) => url.href);

  const read = packageSources(env);
  t.same(hrefs(read.indexes), ['https://mirror.test/simple/', 'https://one.test/a/', 'file:///srv/index/']);
  t.same(hrefs(read.links), ['file:///srv/wheels']);
  const overridden = packageSources({
    ...env,
    PIP_INDEX_URL: 'https://variable.test/simple',
    PIP_FIND_LINKS: 'https://a.test/x b/c',
  });
  t.equal(overridden.indexes[0]?.href, 'https://variable.test/simple/');
  t.equal(overridden.links.length, 2);
  t.same(packageSources({ ...env, PIP_NO_INDEX: '1' }).indexes, []);
  t.same(hrefs(packageSources({ HOME: '/nowhere', PATH: '', PIP_CONFIG_FILE: '/dev/null' }).indexes), [
    'https://pypi.org/simple/',
  ]);
  t.end();
});
