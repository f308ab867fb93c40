/** Nothing that the nn room exports goes without proof: every layer, loss, function, mode and initialiser is named in a golden file, or in a test that says why not. */

import t from 'tap';

import * as F from '../../lib/nn/functional.js';
import * as nn from '../../lib/nn/index.js';
import { decodeOptions, readGoldens } from './golden.js';

interface Proof {
  layer?: string;
  fn?: string;
  init?: string;
  options?: Record<string, unknown>;
}

const proofs = (...files: string[]): Proof[] => files.flatMap((file) => readGoldens<Proof>(file));
const functions = proofs('losses', 'resampling', 'rareFunctions', 'modes');
const proven = new Set(
  [...proofs('layers', 'rareLayers', 'visionLayers'), ...functions, ...proofs('initialisers')].flatMap(
    ({ layer, fn, init }) => [layer, fn, init].filter((name) => name !== undefined),
  ),
);

/** What has no counterpart in PyTorch to record, and the test that proves it. */
const elsewhere: Readonly<Record<string, string>> = {
  Module: 'module.test.ts',
  Sequential: 'module.test.ts',
  ModuleList: 'module.test.ts',
  Lambda: 'module.test.ts',
  Parameter: 'module.test.ts',
  Hook: 'hooks.test.ts',
  Hooks: 'hooks.test.ts',
  findModules: 'hooks.test.ts',
  OutputStats: 'outputStats.test.ts',
  appendStat: 'outputStats.test.ts',
  appendStatWith: 'outputStats.test.ts',
  isLayer: 'lsuv.test.ts',
  lsuvInit: 'lsuv.test.ts',
  lsuvModule: 'lsuv.test.ts',
  Summary: 'summary.test.ts',
  convLayer: 'layers.test.ts, as ConvLayer',
  flatten: 'layers.test.ts, as Flatten',
  countMultiplyAdds: 'models.test.ts of vision, and module.test.ts',
  countParameters: 'models.test.ts of vision',
  functional: 'below',
  init: 'below',
  utils: 'clip.test.ts',
};

/** Losses are proven through their functions: see `lossModule` in functional.test.ts. */
const provenLosses = new Set(
  [...proven]
    .flatMap((name) => [name.toLowerCase(), `${name}Loss`.toLowerCase()])
    .concat('bceloss', 'bcewithlogitsloss'),
);

t.test('layers and losses', async (t) => {
  for (const name of Object.keys(nn)) {
    const found = proven.has(name) || name in elsewhere || provenLosses.has(name.toLowerCase());
    t.ok(found, `nn.${name} is proven`);
  }
});

t.test('functions', async (t) => {
  for (const name of Object.keys(F)) t.ok(proven.has(name) || name in elsewhere, `F.${name} is proven`);
});

t.test('initialisers', async (t) => {
  // By distribution or as properties, in init.test.ts.
  const properties =
    'calculateFans calculateGain constant_ dirac_ eye_ normal_ ones_ sparse_ truncNormal_ uniform_ zeros_';
  for (const name of Object.keys(nn.init))
    t.ok(proven.has(name) || properties.split(' ').includes(name), `nn.init.${name} is proven`);
});

t.test('modes and reductions', async (t) => {
  const words = (fn: string, option: string): unknown[] =>
    [
      ...new Set(functions.filter((one) => one.fn === fn).map(({ options }) => decodeOptions(options ?? {})[option])),
    ].sort();
  t.strictSame(
    words('interpolate', 'mode'),
    ['area', 'bicubic', 'bilinear', 'linear', 'nearest', 'nearest-exact', 'trilinear'],
    'every mode of interpolation',
  );
  t.strictSame(words('pad', 'mode').filter(Boolean), ['circular', 'constant', 'reflect', 'replicate'], 'of padding');
  t.strictSame(words('gridSample', 'mode'), ['bicubic', 'bilinear', 'nearest'], 'of gridSample');
  t.strictSame(words('gridSample', 'paddingMode'), ['border', 'reflection', 'zeros'], 'and its edges');
  const losses = [...new Set(functions.map(({ fn = '' }) => fn))].filter((fn) =>
    /Loss$|^(crossEntropy|klDiv|binaryCrossEntropy.*)$/.test(fn),
  );
  t.equal(losses.length, 14, losses.join(', '));
  for (const loss of losses) {
    const found = new Set(words(loss, 'reduction').map((word) => word ?? 'mean'));
    for (const reduction of ['mean', 'sum', 'none']) t.ok(found.has(reduction), `${loss} with '${reduction}'`);
  }
});
