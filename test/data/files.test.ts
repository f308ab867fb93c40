import t from 'tap';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { getFiles, imageExtensions, type GetFilesOptions } from '../../lib/data/files.js';

const root = t.testdir({
  'z.jpg': '',
  'a.JPEG': '',
  'b.txt': '',
  README: '',
  '.hidden.jpg': '',
  train: { n2: { 'q.png': '', 'b.jpg': '' }, n1: { 'c.jpg': '' }, '.git': { 'x.jpg': '' }, 'x.jpg': '' },
  val: { 'd.jpg': '', train: { 'e.jpg': '' } },
  '.cache': { 'f.jpg': '' },
  empty: {},
});
const list = (options?: GetFilesOptions): string[] => getFiles(root, options).map((path) => relative(root, path));

t.test('one folder by default, sorted, without dot-files', (t) => {
  t.same(list(), ['README', 'a.JPEG', 'b.txt', 'z.jpg']);
  t.ok(getFiles(root).every((path) => path.startsWith(root)));
  t.end();
});

t.test('extensions: one or several, with or without the dot, whatever the case', (t) => {
  t.same(list({ extensions: '.jpg' }), ['z.jpg']);
  t.same(list({ extensions: ['.JPG', 'jpeg'] }), ['a.JPEG', 'z.jpg']);
  t.same(list({ extensions: new Set(['.txt']) }), ['b.txt']);
  for (const all of [null, undefined, []]) t.equal(list({ extensions: all }).length, 4, 'none means every file');
  t.throws(() => list({ extensions: [1 as unknown as string] }), { code: 'ERR_TENCH_ARGUMENT' });
  t.end();
});

t.test('recursion goes down in sorted order and skips dot-folders', (t) => {
  t.same(list({ recurse: true, extensions: imageExtensions }), [
    'a.JPEG',
    'z.jpg',
    'train/x.jpg',
    'train/n1/c.jpg',
    'train/n2/b.jpg',
    'train/n2/q.png',
    'val/d.jpg',
    'val/train/e.jpg',
  ]);
  t.end();
});

t.test('include prunes folders of the first level only, and only when recursing', (t) => {
  t.same(list({ recurse: true, extensions: '.jpg', include: ['val'] }), ['z.jpg', 'val/d.jpg', 'val/train/e.jpg']);
  t.same(list({ include: ['val'] }), list(), 'no folders, nothing to prune');
  t.end();
});

t.test('the order is the names', (t) => {
  // Written in an order that is not sorted; most file systems give back yet another one.
  const folder = t.testdir();
  const names = ['10.jpg', '9.jpg', 'B.jpg', 'a.jpg', 'ä.jpg', '1.jpg'];
  for (const name of names) writeFileSync(join(folder, name), '');
  t.same(
    getFiles(folder).map((path) => relative(folder, path)),
    ['1.jpg', '10.jpg', '9.jpg', 'B.jpg', 'a.jpg', 'ä.jpg'],
  );
  t.end();
});

t.test('links to files are listed, links to folders are not followed', (t) => {
  const folder = t.testdir({ real: { 'in.jpg': '' } });
  symlinkSync(join(folder, 'real'), join(folder, 'linked'));
  symlinkSync(join(folder, 'real', 'in.jpg'), join(folder, 'link.jpg'));
  symlinkSync(join(folder, 'nowhere'), join(folder, 'broken.jpg'));
  symlinkSync('..', join(folder, 'real', 'loop'));
  t.same(
    getFiles(folder, { recurse: true }).map((path) => relative(folder, path)),
    ['link.jpg', 'real/in.jpg'],
  );
  t.end();
});

t.test('a missing folder is an error, an empty one is an empty list', (t) => {
  t.throws(() => getFiles(join(root, 'nowhere')), { message: /nowhere does not exist/, code: 'ERR_TENCH_FILE' });
  t.throws(() => getFiles(join(root, 'b.txt')), { message: /is a file, not a folder/ });
  t.throws(() => getFiles(''), { code: 'ERR_TENCH_ARGUMENT' });
  mkdirSync(join(root, 'empty'), { recursive: true });
  t.same(getFiles(join(root, 'empty'), { recurse: true }), []);
  t.end();
});

t.test('imageExtensions has the usual ones', (t) => {
  for (const extension of ['.jpg', '.jpeg', '.png', '.gif', '.webp', '.tif', '.tiff', '.bmp', '.avif'])
    t.ok(imageExtensions.has(extension), extension);
  t.notOk(imageExtensions.has('.txt'));
  t.end();
});
