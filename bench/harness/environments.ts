/** The peers' environments: Python's virtual environments in tench's cache, made once and never changed. */

import { join } from 'node:path';

import { cacheFolder, makeFolderOnce } from '../../lib/runtime/cache.js';
import { CommandError, runCommand } from '../../lib/runtime/command.js';
import { TenchError } from '../../lib/runtime/errors.js';
import { findPython } from '../../lib/runtime/libtorch/python.js';
import { pinnedVersion } from '../../lib/runtime/libtorch/version.js';
import { readRecord } from '../../lib/runtime/record.js';
import type { Report } from '../../lib/runtime/report.js';

/** `same`: PyTorch with the very LibTorch that tench uses. `vision`: PyTorch with torchvision, kornia and fastai. */
export type EnvironmentName = 'same' | 'vision';

interface Environment {
  /** Of its folder; tells versions apart, so that another version is another environment. */
  readonly folder: string;
  /** What pip is asked for. */
  readonly requirements: readonly string[];
  /** What must be importable in the end. */
  readonly imports: readonly string[];
  /** Index of PyTorch's own that is asked before those of the machine, where the build matters. */
  readonly index: string | null;
}

function describe(name: EnvironmentName): Environment {
  if (name === 'vision') {
    return {
      folder: 'vision-torch-2.14.1',
      requirements: ['torch==2.14.1', 'torchvision==0.29.1', 'fastai', 'kornia'],
      imports: ['torch', 'torchvision', 'fastai', 'kornia'],
      index: null,
    };
  }
  const { version, cuda } = readRecord()?.libtorch ?? { version: pinnedVersion, cuda: false };
  return {
    folder: `torch-${version}-${cuda ? 'cuda' : 'cpu'}`,
    // No NumPy: PyTorch starts quicker without.
    requirements: [`torch==${version}`],
    imports: ['torch'],
    index: cuda ? null : 'https://download.pytorch.org/whl/cpu',
  };
}

export interface EnvironmentOptions {
  report: Report;
  /** Environment variables. Default: `process.env`. */
  env?: NodeJS.ProcessEnv;
}

/** Makes an environment unless it is there, and returns its Python. Throws a TenchError that says what went wrong. */
export async function setUpEnvironment(name: EnvironmentName, options: EnvironmentOptions): Promise<string> {
  const { report, env = process.env } = options;
  const environment = describe(name);
  const folder = join(cacheFolder(env), 'bench', environment.folder);
  const build = async (temporary: string): Promise<void> => {
    const base = findPython(env);
    if (base === undefined)
      throw new TenchError('the peers need Python 3, and there is no python3 on the PATH', { code: 'ERR_TENCH_BENCH' });
    report.step(`making the peers' environment ${environment.folder} (${environment.requirements.join(', ')})`);
    await run(base, ['-m', 'venv', temporary], options);
    const python = pythonOf(temporary);
    await install(python, environment, options);
    await run(python, ['-c', `import ${environment.imports.join(', ')}`], options);
  };
  const onWait = (): void => report.step("waiting for another process that makes the peers' environment");
  return pythonOf(await makeFolderOnce(folder, build, { onWait }));
}

/** A virtual environment may be renamed as long as only its interpreter is called, which finds what is beside it. */
function pythonOf(folder: string): string {
  return join(folder, 'bin', 'python');
}

async function install(python: string, environment: Environment, options: EnvironmentOptions): Promise<void> {
  const pip = ['-m', 'pip', 'install', '--progress-bar', 'off', '--disable-pip-version-check'];
  const { index, requirements } = environment;
  if (index !== null) {
    try {
      const once = ['--timeout', '10', '--retries', '0', '--index-url', index];
      await run(python, [...pip, ...once, ...requirements], options);
      return;
    } catch (error) {
      if (!(error instanceof TenchError)) throw error;
      options.report.step(`${index} did not do; asking where this machine gets its packages`);
    }
  }
  await run(python, [...pip, ...requirements], options);
}

async function run(program: string, args: string[], { report, env = process.env }: EnvironmentOptions): Promise<void> {
  try {
    await runCommand(program, args, { env, cwd: '/', onLine: (line) => report.detail(line) });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const said = error.output.filter((line) => /error/i.test(line)).at(-1) ?? error.output.at(-1) ?? '';
    throw new TenchError(`the peers' environment could not be made: ${error.message}: ${said}`, {
      code: 'ERR_TENCH_BENCH',
      cause: error,
    });
  }
}
