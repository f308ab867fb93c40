/**
 * What the compiler cannot see: types used without care, and the house's own rules (docs/design.md, CONTRIBUTING.md).
 */

import eslint from '@eslint/js';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** The rooms of lib/ in the order in which data walks through them: an import goes from a later room to an earlier one, never back. */
const rooms = [
  'runtime',
  'tensor',
  'charts',
  'nn',
  'data',
  'vision',
  'optim',
  'learner',
  'report',
  'io',
  'predict',
  'cli',
];

const directions = rooms.map((room, place) => ({
  target: `./lib/${room}`,
  from: [...rooms.slice(place + 1).map((later) => `./lib/${later}`), './lib/index.ts'],
  message: `lib/${room} may import only itself and ${place === 0 ? 'nothing else of lib' : rooms.slice(0, place).join(', ')}.`,
}));

const outside = {
  target: './lib',
  from: ['./test', './bench', './examples', './scripts'],
  message: 'lib/ is the product and stands on its own.',
};

/** Every program pays for what is loaded at the start: packages are not, unless only their types are meant. */
const packages = {
  patterns: [
    {
      regex: '^(?!\\.|node:)',
      allowTypeImports: true,
      message: "Use `await import('...')` where it is needed, so that programs that do not need it start without.",
    },
  ],
};

/** `true` alone tells a reader nothing where it is passed. PyTorch's own words (`train(mode)`) have a default and stay. */
const booleanParameter = {
  selector:
    'ExportNamedDeclaration > FunctionDeclaration > Identifier.params > TSTypeAnnotation > TSBooleanKeyword.typeAnnotation',
  message: 'Take an options object: a positional boolean tells the reader of a call nothing.',
};

export default defineConfig(
  globalIgnores(['dist/', 'build/', 'coverage/', 'docs/api/', 'runs/', '.tap/', 'shared/', 'lib/tensor/generated/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  {
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'] }],
      'max-lines': ['error', { max: 450 }],
      'object-shorthand': 'error',
      'prefer-template': 'error',
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Numbers are what most of our messages are about.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // An environment variable that is set to nothing counts as not set.
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
      // The operators' methods are merged into classes through interfaces that extend one generated one.
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      // noUncheckedIndexedAccess makes each element maybe undefined; a loop that has checked its bounds says so with `!`.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // `async` without `await` is how a function promises that whatever it throws becomes a rejection.
      '@typescript-eslint/require-await': 'off',
      // What a hook or a transform returns may be nothing.
      '@typescript-eslint/no-invalid-void-type': 'off',
    },
  },
  {
    files: ['**/*.{ts,js,mjs}'],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [
        createNodeResolver({ extensionAlias: { '.js': ['.ts', '.js'] }, extensions: ['.ts', '.js', '.mjs'] }),
      ],
    },
    rules: {
      'import-x/no-duplicates': ['error', { 'prefer-inline': true }],
      'import-x/no-useless-path-segments': 'error',
    },
  },
  {
    files: ['lib/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', booleanParameter],
      '@typescript-eslint/no-restricted-imports': ['error', packages],
      'import-x/no-default-export': 'error',
      'import-x/no-mutable-exports': 'error',
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones: [...directions, outside] }],
    },
  },
  { files: ['lib/cli/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['test/**/*.ts'],
    rules: {
      // tap waits for its own subtests; every other promise must be awaited here as well.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafePromises: [{ from: 'package', name: 'PromiseWithSubtest', package: '@tapjs/core' }],
        },
      ],
      // Tests hand over what the types forbid, and functions without their object.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  {
    files: ['**/*.mjs', '*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
);
