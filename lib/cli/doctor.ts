/**
 * `tench doctor`: what is installed, found and chosen, and why; and the one command that helps where something is missing.
 */

import { parseArgs } from 'node:util';

import { examine, type Findings } from './findings.js';

const usage = `Usage: tench doctor [--json]

Exit code 0 when training would work, else 1.
`;

/** Runs the command and returns its exit code. */
export async function doctor(argv: string[]): Promise<number> {
  let values;
  try {
    ({ values } = parseArgs({
      args: argv,
      options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    }));
  } catch (error) {
    process.stderr.write(`tench doctor: ${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const findings = await examine();
  process.stdout.write(values.json ? `${JSON.stringify(findings)}\n` : `${describeFindings(findings).join('\n')}\n`);
  return findings.ok ? 0 : 1;
}

const jpegDecoders: Readonly<Record<string, string>> = {
  static: 'libjpeg-turbo, built in',
  shared: 'libjpeg-turbo, the shared library of the system',
  sharp: 'sharp, since the addon was built without libjpeg-turbo',
};

function describeFindings(found: Findings): string[] {
  const { libtorch, addon, threads, memory, cache } = found;
  const missing = 'none';
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  const rows: [string, string][] = [
    ['Node', `${found.node.version} (${found.node.path})`],
    ['npm', found.npm ?? missing],
    ['system', found.system],
    ['compiler', found.compiler ? `${found.compiler.version} (${found.compiler.path})` : missing],
    ['CMake', found.cmake ? `${found.cmake.version} (${found.cmake.path})` : missing],
    [
      'LibTorch',
      libtorch.chosen
        ? `${libtorch.chosen.version} for ${libtorch.chosen.cuda ? 'CUDA' : 'CPU'}, in ${libtorch.chosen.path}`
        : missing,
    ],
    ...libtorch.sentences.map((sentence): [string, string] => ['', `${sentence}.`]),
    ['addon', addon.loads ? 'built, loads and computes' : addon.built ? 'built, but does not load' : 'not built'],
    ...addon.sentences.map((sentence): [string, string] => ['', `${sentence}.`]),
    [
      'threads',
      `${threads.cores} cores; ${threads.openmp ?? '?'} threads compute, up to ${threads.images ?? '?'} read images at the lowest priority, libuv has ${threads.libuv}`,
    ],
    ['JPEG', jpegDecoders[found.jpeg ?? ''] ?? '?'],
    ['memory', `${gigabytes(memory.available)} of ${gigabytes(memory.total)} available`],
    ['cache', `${cache.path} (${cache.free === undefined ? 'not there yet' : `${gigabytes(cache.free)} free`})`],
    ['devices', found.devices.length > 0 ? found.devices.join(', ') : missing],
  ];
  const lines = rows.map(([name, text]) => `${name.padEnd(10)}${text}`);
  if (found.ok) return [...lines, '', 'Training would work.', ...found.hints.map((hint) => `Better: ${hint}`)];
  return [
    ...lines,
    '',
    ...found.problems.map((problem) => `${problem}.`),
    `What helps: ${found.help ?? 'nothing that we know of'}`,
  ];
}
