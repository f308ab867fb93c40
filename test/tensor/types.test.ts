/** The declared types of every method and function take what the operator's schema says, return what it returns, and refuse everything else. */

import { fileURLToPath } from 'node:url';

import t from 'tap';
import ts from 'typescript';

import { surface } from './surface/table.js';
import { preamble, typeCalls } from './surface/typeCalls.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Compiles a text as if it were a file of test/tensor. @returns line numbers (from 0) and messages of its errors */
function errorsOf(text: string): { line: number; message: string }[] {
  const path = `${root}test/tensor/typeCalls.generated.ts`;
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(`${root}tsconfig.json`, (file) => ts.sys.readFile(file)).config,
    ts.sys,
    root,
  );
  const host = ts.createCompilerHost(options);
  const [read, exists] = [host.readFile.bind(host), host.fileExists.bind(host)];
  host.readFile = (file) => (file === path ? text : read(file));
  host.fileExists = (file) => file === path || exists(file);
  const program = ts.createProgram(
    [path],
    { ...options, noEmit: true, incremental: false, tsBuildInfoFile: undefined },
    host,
  );
  const source = program.getSourceFile(path);
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((found) => ({
    line: source?.getLineAndCharacterOfPosition(found.start ?? 0).line ?? 0,
    message: ts.flattenDiagnosticMessageText(found.messageText, ' '),
  }));
}

/** What must not compile, so that a check that finds nothing is noticed: the last lines of the file. */
const wrongLines = ['returns<number>()(x.add(x));', 'x.add(wrong);', '// @ts-expect-error', 'x.add(x);'];

t.test('the typed surface', async (t) => {
  const calls = surface.flatMap((entry) => entry.schemas.flatMap((schema) => typeCalls(entry, schema)));
  const lines = [...preamble.split('\n'), ...calls.join('\n').split('\n')];
  const found = errorsOf([...lines, ...wrongLines].join('\n'));
  for (const { line, message } of found)
    if (line < lines.length) t.fail(`${lines[line]} ${lines[line + 1] ?? ''}: ${message}`);
  t.ok(calls.length > 6000, `${calls.length} calls`);
  const expected = [0, 1, 2].map((offset) => lines.length + offset);
  t.strictSame(
    found.map(({ line }) => line).filter((line) => line >= lines.length),
    expected,
    'errors are found',
  );
});
