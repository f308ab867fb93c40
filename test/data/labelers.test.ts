import t from 'tap';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { className, imagenetteClasses, imagewoofClasses } from '../../lib/data/classNames.js';
import { parseSeparated } from '../../lib/data/csv.js';
import { csvLabeler, parentLabeler, patternLabeler, severalLabels } from '../../lib/data/labelers.js';

t.test('parentLabeler is the name of the folder', (t) => {
  t.equal(parentLabeler('/data/train/n01440764/x.JPEG'), 'n01440764');
  t.equal(parentLabeler('dogs/x.jpg'), 'dogs');
  t.throws(() => parentLabeler('x.jpg'), { message: /x\.jpg has no folder/ });
  t.end();
});

t.test('patternLabeler is the first group, or the whole match', (t) => {
  const label = patternLabeler(/([^/]+)_\d+\.jpg$/g);
  t.equal(label('/pets/great_pyrenees_173.jpg'), 'great_pyrenees');
  t.equal(label('/pets/pug_1.jpg'), 'pug', 'a global pattern starts anew each time');
  t.equal(patternLabeler(/cat|dog/)('my dog.jpg'), 'dog');
  t.throws(() => label('/pets/readme.txt'), { message: /readme\.txt does not match the label pattern/ });
  t.end();
});

t.test('csvLabeler looks up a column', (t) => {
  const folder = t.testdir();
  writeFileSync(join(folder, 'a.tsv'), 'label\tfile\r\ntench\ta.jpg\r\n"two\twords"\tb.jpg\r\n');
  const label = csvLabeler(join(folder, 'a.tsv'), { key: 'file', column: 'label' });
  t.equal(label('/any/where/a.jpg'), 'tench');
  t.equal(label('b.jpg'), 'two\twords');
  t.throws(() => label('c.jpg'), { message: /a\.tsv has no label for c\.jpg/ });
  writeFileSync(join(folder, 'twice.csv'), 'file,label\na.jpg,x\na.jpg,y\n');
  t.throws(() => csvLabeler(join(folder, 'twice.csv')), { message: /gives a\.jpg two values: x and y/ });
  t.end();
});

t.test('separated values as RFC 4180 has them', (t) => {
  t.same(parseSeparated('a,b\n1,2\n'), [
    ['a', 'b'],
    ['1', '2'],
  ]);
  t.same(parseSeparated('\ufeffa,"b ""c"", d"\r\n"line\none",\r\n\r\nx,y'), [
    ['a', 'b "c", d'],
    ['line\none', ''],
    ['x', 'y'],
  ]);
  t.same(parseSeparated(''), []);
  t.same(parseSeparated('a;b', ';'), [['a', 'b']]);
  t.throws(() => parseSeparated('a,b\n"c,d\n'), { message: /quote opened on line 2 is never closed/ });
  t.end();
});

t.test('class codes have names', (t) => {
  t.equal(className('n01440764'), 'tench');
  t.equal(className('n02088364'), 'beagle');
  t.equal(className('cat'), 'cat', 'any other label is its own name');
  t.equal(className('constructor'), 'constructor');
  t.equal(Object.keys(imagenetteClasses).length, 10);
  t.equal(Object.keys(imagewoofClasses).length, 10);
  t.end();
});

t.test('a named group, and several labels an item', (t) => {
  const path = '2026/tench/x.jpg';
  t.equal(patternLabeler(/(?<year>\d+)\/(?<label>\w+)/)(path), 'tench', 'the group named label comes first');
  t.equal(patternLabeler(/(?<year>\d+)\/(?<kind>\w+)/)(path), '2026', 'else the first');
  t.equal(patternLabeler(/(?<year>\d+)\/(?<kind>\w+)/, { group: 'kind' })(path), 'tench');
  t.throws(() => patternLabeler(/(\d+)/, { group: 'kind' }), { message: /`group`/ });
  t.throws(() => patternLabeler(/x(?<kind>y)?/, { group: 'kind' })('x'), { message: /^x does not match/ });

  const folder = t.testdir({ 'tags.csv': 'file,tags\na.jpg,haze  primary\nb.jpg,"sea, sun ,"\nc.jpg,\n' });
  const tags = csvLabeler(join(folder, 'tags.csv'));
  t.same(severalLabels(tags)('a.jpg', 0), ['haze', 'primary']);
  t.same(severalLabels(tags, { separator: ',' })('b.jpg', 1), ['sea', 'sun']);
  t.same(severalLabels(tags)('c.jpg', 2), [], 'none is a choice');
  t.same(severalLabels(tags, { separator: /[ ,]+/ })('b.jpg', 1), ['sea', 'sun']);
  t.throws(() => severalLabels(() => ['a'] as never)('a.jpg', 0), { message: /labels in one text/ });
  t.throws(() => severalLabels(tags, { separator: '' }), { message: /`separator`/ });
  t.throws(() => severalLabels(null as never), { message: /`labeler`/ });
  t.end();
});
