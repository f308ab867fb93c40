import { existsSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import t from 'tap';

import { fetchLibTorch, type FetchOptions } from '../../../lib/runtime/libtorch/fetch.js';
import { findPip } from '../../../lib/runtime/libtorch/fetchByPip.js';
import type { LibTorch } from '../../../lib/runtime/libtorch/layout.js';
import { findPython } from '../../../lib/runtime/libtorch/python.js';
import { findProgram, wheelArchitecture } from '../../../lib/runtime/platform.js';
import { file, noise, serve, sha256, type Answer } from '../serve.js';
import { libtorchFiles, openableLibrary, wheel, wheelName, writeFiles, zip, type Files } from './fakes.js';

const library = openableLibrary(t.testdir());
const cpuWheel = wheel('torch', '2.13.0+cpu', { ...libtorchFiles('torch', { library }), 'torch/version.py': '' });
const cpuName = wheelName('torch', '2.13.0+cpu');
const silent: Answer = () => undefined;

function page(...links: string[]): Answer {
  const body = `<!DOCTYPE html><html><body>${links.map((link) => `<a href="${link}">${link}</a>`).join('\n')}</body></html>`;
  return (_request, response) => response.setHeader('content-type', 'text/html').end(body);
}

/** An environment in which only the loopback is asked; without Python where `path` is empty. */
function environment(base: string, root: string, path = ''): NodeJS.ProcessEnv {
  return {
    PATH: path,
    HOME: root,
    TENCH_PYTORCH: `${base}/pytorch`,
    PIP_CONFIG_FILE: '/dev/null',
    PIP_INDEX_URL: `${base}/simple`,
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
  };
}

/** Fetches into the test's folder; the steps taken come back too. */
async function fetch(
  options: Omit<FetchOptions, 'report' | 'cuda'> & { cuda?: boolean },
): Promise<{ libtorch: LibTorch; steps: string[] }> {
  const steps: string[] = [];
  const report = { step: (text: string) => steps.push(text), detail: () => undefined };
  return { libtorch: await fetchLibTorch({ cuda: false, silenceMs: 60_000, ...options, report }), steps };
}

t.test(
  'without Python: the official archive',
  { skip: wheelArchitecture() !== 'x86_64' && 'there is none' },
  async (t) => {
    const root = t.testdir();
    const archive = zip({ ...libtorchFiles('libtorch', { library }), 'libtorch/noise': noise(800_000) });
    const path = '/pytorch/libtorch/cpu/libtorch-shared-with-deps-2.13.0%2Bcpu.zip';
    const server = await serve({ [path]: file(archive, { breakAfter: (nth) => (nth === 0 ? 400_000 : undefined) }) });
    t.teardown(server.close);
    const { libtorch } = await fetch({ cache: root, env: environment(server.base, root) });
    t.match(libtorch, { version: '2.13.0', cuda: false, path: /libtorch\/2\.13\.0-cpu\/libtorch$/ });
    t.ok(readFileSync(join(libtorch.path, 'lib/libtorch.so')).equals(library));
    t.match(server.requests.at(-1)?.range, /^bytes=\d+-$/, 'the broken download was taken up again');
    t.same(readdirSync(join(root, 'downloads')), [], 'the archive is not kept');

    const again = await fetch({ cache: root, env: environment('http://127.0.0.1:1', root) });
    t.same(again.libtorch, libtorch, 'what is there is not fetched again');
  },
);

t.test('without Python, and PyTorch silent: the index that the machine is set up with', async (t) => {
  const root = t.testdir();
  const plain = wheel('torch', '2.13.0', libtorchFiles('torch', { library }));
  const server = await serve({
    '/pytorch/libtorch/cpu/libtorch-shared-with-deps-2.13.0%2Bcpu.zip': silent,
    '/pytorch/whl/cpu/torch/': silent,
    '/simple/torch/': page(
      `/files/${wheelName('torch', '2.13.0')}#sha256=${sha256(plain)}`,
      `/files/${encodeURIComponent(cpuName)}#sha256=${sha256(cpuWheel)}`,
      `/files/torch-2.13.0%2Bcpu-cp311-cp311-win_amd64.whl`,
    ),
    [`/files/${wheelName('torch', '2.13.0')}`]: file(plain),
    [`/files/${encodeURIComponent(cpuName)}`]: file(cpuWheel),
  });
  t.teardown(server.close);
  const { libtorch, steps } = await fetch({ cache: root, env: environment(server.base, root), silenceMs: 2_000 });
  t.match(libtorch.path, /2\.13\.0-cpu\/torch$/);
  t.ok(existsSync(join(libtorch.path, '../torch-2.13.0+cpu.dist-info/METADATA')), 'the CPU build, with its layout');
  t.notOk(
    server.requests.some(({ path }) => path === '/pytorch/whl/cpu/torch/'),
    'a silent server is passed over, not asked again',
  );
  t.match(steps.at(-1), /^fetching LibTorch 2\.13\.0 for CPU: from http:\/\/127\.0\.0\.1:\d+\/simple\/$/);
});

t.test('a folder of wheels will do', async (t) => {
  const root = writeFiles(t.testdir(), { [`wheels/${cpuName}`]: cpuWheel });
  const server = await serve({});
  t.teardown(server.close);
  const env = { ...environment(server.base, root), PIP_FIND_LINKS: join(root, 'wheels'), PIP_NO_INDEX: '1' };
  t.equal((await fetch({ cache: root, env })).libtorch.version, '2.13.0');
  t.ok(existsSync(join(root, 'wheels', cpuName)), 'and stays as it is');
});

t.test('what is wrong with every way is said, and nothing is left behind', async (t) => {
  const root = t.testdir();
  const broken = wheel('torch', '2.13.0+cpu', libtorchFiles('torch', { library: Buffer.from('no library') }));
  const server = await serve({
    '/pytorch/whl/cpu/torch/': page(`/files/${encodeURIComponent(cpuName)}#sha256=${sha256(Buffer.from('other'))}`),
    [`/files/${encodeURIComponent(cpuName)}`]: file(cpuWheel),
    '/simple/torch/': page(`/broken/${encodeURIComponent(cpuName)}`),
    [`/broken/${encodeURIComponent(cpuName)}`]: file(broken),
  });
  t.teardown(server.close);
  const error = await fetch({ cache: root, env: environment(server.base, root) }).catch((failure: unknown) => failure);
  t.match(error, { code: 'ERR_TENCH_FETCH', message: /could not be fetched\. Set LIBTORCH/ });
  const { message } = error as Error;
  t.match(message, /whl\/cpu\/: .*(sha256|hash)/i);
  t.match(message, /simple\/: LibTorch 2\.13\.0 in .* cannot be opened/);
  t.same(
    readdirSync(join(root, 'libtorch')).filter((name) => !name.endsWith('.lock')),
    [],
  );
});

t.test('a CUDA build brings along the libraries that its metadata names', async (t) => {
  const root = t.testdir();
  const toolkit = `cuda-toolkit[cublas,nvrtc]==13.0.3; platform_system == "Linux"`;
  const wheels: [string, string, Files, string[]][] = [
    ['torch', '2.13.0', libtorchFiles('torch', { library, cuda: true }), ['filelock', toolkit, 'nvidia-cudnn==9.*']],
    ['cuda_toolkit', '13.0.3', {}, ["nvidia-cublas>=13; extra == 'cublas'", "nvidia-curand==1.0; extra == 'curand'"]],
    ['nvidia_cublas', '13.1', { 'nvidia/cu13/lib/libcublas.so.13': library }, []],
    ['nvidia_cudnn', '9.24', { 'nvidia/cudnn/lib/libcudnn.so.9': library }, []],
  ];
  const answers: Record<string, Answer> = {};
  for (const [project, version, files, requirements] of wheels) {
    const name = wheelName(project, version, project === 'torch' ? undefined : 'py3-none');
    answers[`/files/${name}`] = file(wheel(project, version, files, requirements));
    answers[`/simple/${project.replaceAll('_', '-')}/`] = page(`/files/${name}`);
  }
  const server = await serve(answers);
  t.teardown(server.close);
  const { libtorch } = await fetch({ cache: root, env: environment(server.base, root), cuda: true });
  t.ok(libtorch.cuda);
  t.ok(existsSync(join(libtorch.path, '../nvidia/cu13/lib/libcublas.so.13')));
  t.ok(existsSync(join(libtorch.path, '../nvidia/cudnn/lib/libcudnn.so.9')));
  t.notOk(server.requests.some(({ path }) => /curand|filelock/.test(path)));
});

const python = findPython();
const noPip = findPip(python) === undefined && 'there is no Python with pip here';

t.test('with pip: the index of PyTorch first, then that of the machine', { skip: noPip }, async (t) => {
  const root = t.testdir();
  const link = `/files/${encodeURIComponent(cpuName)}`;
  // pip takes only wheels of its own interpreter, so this one says that it is for any.
  const anyName = wheelName('torch', '2.13.0', 'py3-none');
  const anyWheel = wheel('torch', '2.13.0', libtorchFiles('torch', { library }));
  const anyLink = `/files/${anyName}`;
  const answers: Record<string, Answer> = {
    '/pytorch/whl/cpu/torch/': page(`${anyLink}#sha256=${sha256(anyWheel)}`),
    '/simple/torch/': page(`${anyLink}#sha256=${sha256(anyWheel)}`),
    [anyLink]: file(anyWheel),
    [link]: file(cpuWheel),
  };
  const server = await serve(answers);
  t.teardown(server.close);
  const env = { ...environment(server.base, root, process.env.PATH), VIRTUAL_ENV: process.env.VIRTUAL_ENV };
  const first = await fetch({ cache: join(root, 'a'), env });
  t.equal(first.libtorch.version, '2.13.0');
  t.match(first.steps, [/with pip from http.*pytorch\/whl\/cpu\/$/]);
  t.notOk(server.requests.some(({ path }) => path.startsWith('/simple')));

  answers['/pytorch/whl/cpu/torch/'] = silent;
  const second = await fetch({ cache: join(root, 'b'), env, silenceMs: 9_000 });
  t.equal(second.libtorch.version, '2.13.0');
  t.match(second.steps.at(-1), /with pip from where this machine gets its packages$/);
});

t.test('a machine without pip falls back by itself', async (t) => {
  const root = t.testdir({ bin: {} });
  for (const name of ['node', 'sync']) {
    const program = findProgram(name);
    if (program) symlinkSync(program, join(root, 'bin', name));
  }
  writeFiles(root, {
    [`index/torch/index.html`]: `<a href="../../${encodeURIComponent(cpuName)}">x</a>`,
    [cpuName]: cpuWheel,
  });
  const server = await serve({});
  t.teardown(server.close);
  const env = {
    ...environment(server.base, root, join(root, 'bin')),
    PIP_EXTRA_INDEX_URL: pathToFileURL(join(root, 'index')).href,
  };
  t.equal((await fetch({ cache: root, env })).libtorch.version, '2.13.0');
});
