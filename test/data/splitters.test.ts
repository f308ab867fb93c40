import t from 'tap';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomSplitter } from '../../lib/data/drawnSplitters.js';
import {
  csvSplitter,
  grandparentSplitter,
  indexSplitter,
  patternSplitter,
  splitByFunc,
} from '../../lib/data/splitters.js';

const items = Array.from({ length: 50 }, (_, i) => `item ${i}`);

t.test('grandparentSplitter goes by the folder above the folder', (t) => {
  t.equal(grandparentSplitter('/data/valid/n01/a.jpg'), true);
  t.equal(grandparentSplitter('/data/train/n01/a.jpg'), false);
  t.equal(grandparentSplitter('/data/val/n01/a.jpg'), null, 'the default name is valid, not val');
  t.equal(grandparentSplitter('/data/val/n01/a.jpg', { validName: 'val' }), true);
  t.equal(grandparentSplitter('/data/learn/n01/a.jpg', { trainName: 'learn' }), false);
  t.equal(grandparentSplitter('/valid/x/y/a.jpg'), null, 'only the grandparent counts');
  t.equal(grandparentSplitter('a.jpg'), null);
  t.end();
});

t.test('splitByFunc keeps order and counts what is in neither set', (t) => {
  const split = splitByFunc(['/train/a/1', '/val/a/2', '/other/a/3', '/train/b/4'], (path) =>
    grandparentSplitter(path, { validName: 'val' }),
  );
  t.same(split, { train: ['/train/a/1', '/train/b/4'], valid: ['/val/a/2'], leftOut: ['/other/a/3'] });
  t.throws(() => splitByFunc(['a'], () => 'yes' as unknown as boolean), {
    message: /true \(valid\).*for a.*the string "yes"/,
  });
  t.throws(() => splitByFunc(['a'], null as unknown as () => boolean), { code: 'ERR_TENCH_ARGUMENT' });
  t.end();
});

t.test('randomSplitter takes the exact share, by seed', (t) => {
  const validOf = (seed: number, share = 0.2): string[] => splitByFunc(items, randomSplitter(share, { seed })).valid;
  t.equal(validOf(1).length, 10);
  t.same(validOf(1), validOf(1), 'the same seed splits the same way');
  t.notSame(validOf(1), validOf(2));
  t.equal(validOf(1, 0).length, 0);
  t.equal(validOf(1, 1).length, 50);
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 500; seed++)
    for (const item of validOf(seed)) counts.set(item, (counts.get(item) ?? 0) + 1);
  t.equal(counts.size, 50, 'every item can be chosen');
  t.ok(
    [...counts.values()].every((count) => Math.abs(count - 100) < 45),
    'and all are as likely',
  );
  const splitter = randomSplitter(0.5, { seed: 3 });
  t.equal(splitByFunc(items.slice(0, 10), splitter).valid.length, 5);
  t.equal(splitByFunc(items, splitter).valid.length, 25, 'one splitter serves several lists');
  t.throws(() => randomSplitter(20), { message: /number from 0 to 1/ });
  t.end();
});

t.test('patternSplitter and indexSplitter', (t) => {
  t.same(splitByFunc(['a_val_1', 'b_2', 'c_val_3'], patternSplitter(/_val_/g)), {
    train: ['b_2'],
    valid: ['a_val_1', 'c_val_3'],
    leftOut: [],
  });
  t.same(splitByFunc(['a', 'b', 'c'], indexSplitter([0, 2])), { train: ['b'], valid: ['a', 'c'], leftOut: [] });
  t.end();
});

t.test('csvSplitter goes by a column; what the table lacks is in neither set', (t) => {
  const folder = t.testdir();
  const file = join(folder, 'split.csv');
  writeFileSync(file, 'name,label,is_valid\na.jpg,x,True\nsub/b.jpg,y,0\nc.jpg,x,valid\n');
  const splitter = csvSplitter(file);
  t.same(['/r/a.jpg', 'sub/b.jpg', '/r/c.jpg', '/r/d.jpg'].map(splitter), [true, false, true, null]);
  const strict = csvSplitter(file, { base: '/r' });
  t.same(['/r/sub/b.jpg', '/r/b.jpg'].map(strict), [false, null]);
  t.throws(() => csvSplitter(file, { column: 'fold' }), { message: /no column "fold"; it has: name, label, is_valid/ });
  t.throws(() => csvSplitter(join(folder, 'gone.csv')), {
    message: /gone\.csv cannot be read/,
    code: 'ERR_TENCH_FILE',
  });
  t.end();
});
