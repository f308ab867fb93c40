import t from 'tap';

import { cudaRequirements } from '../../../lib/runtime/libtorch/requirement.js';

// In the form of the metadata of torch 2.14 and of cuda-toolkit 13.
const torch = `Metadata-Version: 2.4
Name: torch
Requires-Dist: filelock
Requires-Dist: cuda-toolkit[cublas,cudart]==13.0.3; platform_system == "Linux"
Requires-Dist: cuda-bindings<14,>=13.0.3; platform_system == "Linux" and python_version < "3.15"
Requires-Dist: nvidia-cudnn-cu13==9.24.0.43; platform_system == "Linux"
Requires-Dist: nvidia-nccl-cu13==2.30.7; platform_system == "Windows"
Requires-Dist: nvidia-old (>=1.0,!=1.5) ; python_version < "3.9"
Requires-Dist: triton~=3.8.0; platform_system == "Linux"

Requires-Dist: nvidia-in-the-text==1
`;
const toolkit = `Name: cuda-toolkit
Requires-Dist: nvidia-cublas==13.1.1.3.*; (sys_platform == 'linux' and platform_machine == 'aarch64' or sys_platform == 'linux' and platform_machine == 'x86_64') and extra == 'all'
Requires-Dist: nvidia-cublas==13.1.1.3.*; (sys_platform == 'linux' and platform_machine == 'x86_64' or sys_platform == 'win32') and extra == 'cublas'
Requires-Dist: nvidia-nvjitlink<14,>=13.0.88; sys_platform == 'linux' and extra == 'cublas'
Requires-Dist: nvidia-curand==1.*; extra == 'curand'
`;

t.test('only the CUDA libraries, and only where their condition holds', (t) => {
  const found = cudaRequirements(torch);
  t.match(found, [
    { project: 'cuda-toolkit', extras: ['cublas', 'cudart'], text: 'cuda-toolkit[cublas,cudart]==13.0.3' },
    { project: 'nvidia-cudnn-cu13', extras: [] },
  ]);
  t.equal(found.length, 2);
  t.end();
});

t.test('extras choose among them', (t) => {
  const names = (extras: string[], architecture?: string): string[] =>
    cudaRequirements(toolkit, extras, architecture).map((one) => one.project);
  t.same(names([]), []);
  t.same(names(['cublas']), ['nvidia-cublas', 'nvidia-nvjitlink']);
  t.same(names(['curand', 'cublas'], 'aarch64'), ['nvidia-nvjitlink', 'nvidia-curand']);
  t.end();
});

t.test('versions are compared as PEP 440 says', (t) => {
  const allowed = (clause: string, release: string): boolean | undefined =>
    cudaRequirements(`Requires-Dist: nvidia-x${clause}`)[0]?.allows(release);
  t.ok(allowed('==13.1.1.3.*', '13.1.1.3'));
  t.ok(allowed('==13.1.*', '13.1.4'));
  t.notOk(allowed('==13.1.*', '13.10.0'));
  t.ok(allowed('<14,>=13.0.88', '13.4.92'));
  t.notOk(allowed('<14,>=13.0.88', '13.0.9'));
  t.notOk(allowed('<14,>=13.0.88', '14.0'));
  t.ok(allowed('~=3.4.1', '3.4.9'));
  t.notOk(allowed('~=3.4.1', '3.5.0'));
  t.notOk(allowed('!=1.5', '1.5'));
  t.ok(allowed('==2', '2.0.0'));
  t.ok(allowed('', '1'));
  t.end();
});
