import t from 'tap';

import { isCompatible, isSupported, parseVersion, pinnedVersion } from '../../../lib/runtime/libtorch/version.js';

t.test('versions are read as PyTorch writes them', (t) => {
  t.same(parseVersion('2.13.0+cpu'), [2, 13, 0]);
  t.same(parseVersion('2.14.1'), [2, 14, 1]);
  t.same(parseVersion('2.14.0a0+git123'), [2, 14, 0]);
  t.same(parseVersion('2.11'), [2, 11, 0]);
  t.throws(() => parseVersion('newest'), { code: 'ERR_TENCH', message: /"newest" is not a version/ });
  t.end();
});

t.test('2.11 to 2.14 will do', (t) => {
  for (const version of ['2.11.0', '2.12.3', pinnedVersion, '2.14.1+cu130']) t.ok(isSupported(version), version);
  for (const version of ['1.13.1', '2.1.2', '2.10.9', '2.15.0', '3.12.0']) t.notOk(isSupported(version), version);
  t.end();
});

t.test('an addon fits the LibTorch of its own minor version', (t) => {
  t.ok(isCompatible('2.13.0', '2.13.1+cpu'));
  t.notOk(isCompatible('2.13.0', '2.14.0'));
  t.end();
});
