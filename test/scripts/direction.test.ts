/** The rules for imports in lib/ fire where they must, and only there: one way between the rooms, and packages late. */

import { fileURLToPath } from 'node:url';

import { ESLint } from 'eslint';
import t from 'tap';

/** The house's rules, one at a time. Types are of no use to these, and reading all of them would take most of the time. */
function lintWith(rule: string): ESLint {
  return new ESLint({
    cwd: fileURLToPath(new URL('../../../', import.meta.url)),
    overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
    ruleFilter: ({ ruleId }) => ruleId === rule,
  });
}

const rule = 'import-x/no-restricted-paths';
const eslint = lintWith(rule);
const packagesLint = lintWith('@typescript-eslint/no-restricted-imports');

/** How often the rule fires when `file` imports `target`. */
async function findings(file: string, target: string): Promise<number> {
  const [result] = await eslint.lintText(`export * from '${target}';\n`, { filePath: file });
  const others = result?.messages.filter(({ ruleId }) => ruleId !== rule);
  if (others?.length !== 0) throw new Error(JSON.stringify(others));
  return result?.messages.length ?? 0;
}

t.test('an import from a later room is refused', async (t) => {
  t.equal(await findings('lib/tensor/scope.ts', '../nn/index.js'), 1);
  t.equal(await findings('lib/nn/linear.ts', '../learner/index.js'), 1);
  t.equal(await findings('lib/data/files.ts', '../vision/image.js'), 1);
  t.equal(await findings('lib/learner/learner.ts', '../report/index.js'), 1);
  t.equal(await findings('lib/io/numpy.ts', '../cli/main.js'), 1);
  t.equal(await findings('lib/io/numpy.ts', '../predict/index.js'), 1);
});

t.test('lib stands on its own, and its index imports and is not imported', async (t) => {
  t.equal(await findings('lib/data/files.ts', '../../scripts/schema.js'), 1);
  t.equal(await findings('lib/cli/start.ts', '../../examples/readme/parts.js'), 1);
  t.equal(await findings('lib/cli/start.ts', '../index.js'), 1);
});

t.test('an import from an earlier room or the same one is fine', async (t) => {
  t.equal(await findings('lib/learner/learner.ts', '../nn/index.js'), 0);
  t.equal(await findings('lib/nn/linear.ts', './module.js'), 0);
  t.equal(await findings('lib/index.ts', './cli/main.js'), 0);
  t.equal(await findings('test/nn/init.test.ts', '../../lib/learner/index.js'), 0);
});

t.test('a package is imported by those who need it when they need it', async (t) => {
  const messages = async (code: string): Promise<number> => {
    const found = await packagesLint.lintText(code, { filePath: 'lib/vision/decode.ts' });
    return found[0]?.messages.length ?? NaN;
  };
  t.equal(await messages("import sharp from 'sharp';\n"), 1);
  t.equal(await messages("export { Parser } from 'tar';\n"), 1);
  t.equal(await messages("import type { Sharp } from 'sharp';\n"), 0);
  t.equal(await messages("import { join } from 'node:path';\n"), 0);
  t.equal(await messages("import { decode } from './decode.js';\n"), 0);
  t.equal(await messages("export const open = async (): Promise<unknown> => import('sharp');\n"), 0);
});
