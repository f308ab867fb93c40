import t from 'tap';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSeparated, readCsv } from '../../lib/data/csv.js';
import { csvLabeler } from '../../lib/data/labelers.js';
import { readJsonLines } from '../../lib/data/jsonLines.js';

t.test("any text gives the rows of Python's csv module", (t) => {
  const golden = new URL('../../../test/goldens/data/csv.json', import.meta.url);
  const cases = JSON.parse(readFileSync(golden, 'utf8')) as [string, string[][] | null][];
  t.ok(cases.length > 1000);
  for (const [text, rows] of cases) {
    if (rows === null) t.throws(() => parseSeparated(text), { message: /is never closed/ }, JSON.stringify(text));
    else if (JSON.stringify(parseSeparated(text)) !== JSON.stringify(rows))
      t.same(parseSeparated(text), rows, JSON.stringify(text));
  }
  for (const separator of ['', ',,', '"', '\n', 3, null])
    t.throws(() => parseSeparated('a', separator as string), { message: /`separator`/ });
  t.end();
});

const folder = t.testdir();
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

t.test('readCsv gives rows by the names of the first line', (t) => {
  const rows = [
    { text: 'good, really', label: 'x' },
    { text: 'two\nlines', label: '' },
  ];
  const text = 'text,label\r\n"good, really",x\r\n\r\n"two\nlines",\r\n';
  t.same(readCsv(file('a.csv', text)), rows);
  t.same(readCsv(file('bom.csv', `\ufeff${text}`)), rows, 'a byte order mark is no part of the first name');
  t.same(readCsv(file('utf16.csv', Buffer.from(`\ufeff${text}`, 'utf16le'))), rows);
  t.same(readCsv(file('a.tsv', 'text\tlabel\ngood, really\tx\n"two\nlines"\t')), rows);
  t.same(readCsv(file('semi.csv', 'a;b\n1;2'), { separator: ';' }), [{ a: '1', b: '2' }]);
  t.same(readCsv(file('header.csv', 'a,b\n')), []);
  const proto = readCsv(file('proto.csv', '__proto__,constructor\n1,2'))[0]!;
  t.same(Object.entries(proto), [
    ['__proto__', '1'],
    ['constructor', '2'],
  ]);
  t.end();
});

t.test('a table that is none names the file and the line', (t) => {
  const fails = (name: string, content: string | Uint8Array, message: RegExp): void => {
    const path = file(name, content);
    t.throws(() => readCsv(path), { code: 'ERR_TENCH_FILE', message }, name);
    t.throws(() => csvLabeler(path), { code: 'ERR_TENCH_FILE', message }, `${name} to label by`);
  };
  fails('long.csv', 'a,b\n1,2\n"x\ny",2\n1,2,3\n', /long\.csv cannot be read: line 5 has 3 fields, but .* 2 columns/);
  fails('short.csv', 'a,b\r\n\r\n1\r\n', /short\.csv cannot be read: line 3 has 1 fields/);
  fails('open.csv', 'a,b\n1,"2\n', /open\.csv cannot be read: the quote opened on line 2 is never closed/);
  fails('empty.csv', '', /is empty, without even a line that names the columns/);
  fails('twice.csv', 'a,b,a\n1,2,3', /two of its columns are named "a"/);
  fails('latin.csv', Buffer.from('a,b\ncaf\xe9,1', 'latin1'), /is no UTF-8 text/);
  t.throws(() => readCsv(join(folder, 'gone.csv')), { code: 'ERR_TENCH_FILE', message: /gone\.csv.*ENOENT/ });
  t.throws(() => readCsv(folder), { code: 'ERR_TENCH_FILE' });
  for (const path of ['', 3, null]) t.throws(() => readCsv(path as string), { code: 'ERR_TENCH_ARGUMENT' });
  t.end();
});

t.test('JSON lines', (t) => {
  const rows = [{ text: 'a', labels: ['x'] }, [1, null], 'b'];
  t.same(readJsonLines(file('a.jsonl', '{"text":"a","labels":["x"]}\n\n[1,null]\r\n"b"')), rows);
  t.same(readJsonLines(file('bom.jsonl', '\ufeff1\n')), [1]);
  t.same(readJsonLines(file('empty.jsonl', '')), []);
  t.throws(() => readJsonLines(file('bad.jsonl', '1\n\n{"a":\n2')), {
    code: 'ERR_TENCH_FILE',
    message: /bad\.jsonl cannot be read: line 3 is no JSON \(.+\)/,
  });
  t.throws(() => readJsonLines(file('latin.jsonl', Buffer.from('"\xe9"', 'latin1'))), { message: /is no UTF-8 text/ });
  t.throws(() => readJsonLines(join(folder, 'gone.jsonl')), { code: 'ERR_TENCH_FILE' });
  t.throws(() => readJsonLines(3 as never), { code: 'ERR_TENCH_ARGUMENT' });
  t.end();
});
