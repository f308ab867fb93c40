/**
 * Reads the names of wheels and picks the one whose C++ libraries this machine can open.
 */

/** What a wheel's name says (PEP 427), and where the wheel is. */
export interface Wheel {
  url: URL;
  fileName: string;
  /** Normalised: lower case, hyphens. */
  project: string;
  /** e.g. `2.13.0` */
  release: string;
  /** What follows the plus in a version, e.g. `cpu` or `cu130`; empty for none. */
  local: string;
  python: string;
  platforms: string[];
  /** Published by the index. */
  sha256?: string;
}

/** The machine a wheel must suit. */
export interface Machine {
  architecture: 'x86_64' | 'aarch64';
  /** e.g. `2.36` */
  glibc: string;
}

/** Reads a wheel's name, or undefined for what is no wheel. */
export function parseWheel(url: URL, sha256?: string): Wheel | undefined {
  const fileName = decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
  const match = /^([^-]+)-([^-]+)(?:-\d[^-]*)?-([^-]+)-([^-]+)-([^-]+)\.whl$/.exec(fileName);
  if (!match) return undefined;
  const [release = '', local = ''] = (match[2] ?? '').split('+');
  return {
    url,
    fileName,
    project: normaliseProject(match[1] ?? ''),
    release,
    local,
    python: `${match[3]}-${match[4]}`,
    platforms: (match[5] ?? '').split('.'),
    sha256,
  };
}

/** `Nvidia_cuBLAS` and `nvidia.cublas` are one project (PEP 503). */
export function normaliseProject(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** Whether the libraries inside run here. The interpreter that a wheel is for does not matter: only its C++ libraries are used. */
export function suits(wheel: Wheel, machine: Machine): boolean {
  return wheel.platforms.some((platform) => {
    if (platform === 'any') return true;
    const match = /^(?:linux|manylinux(1|2010|2014)|manylinux_(\d+_\d+))_(x86_64|aarch64)$/.exec(platform);
    if (match?.[3] !== machine.architecture) return false;
    const needs = match[1] ? legacy[match[1]] : match[2]?.replace('_', '.');
    return needs === undefined || compareReleases(needs, machine.glibc) <= 0;
  });
}

/** The glibc that the names before PEP 600 stand for. */
const legacy: Record<string, string> = { '1': '2.5', '2010': '2.12', '2014': '2.17' };

/**
 * The wheel of torch to take for `release`: for the CPU a `+cpu` build, else one without a local version (which on x86-64 brings
 * CUDA along); for CUDA the newest `+cu...`, else one without. Undefined where none suits.
 */
export function chooseTorch(
  wheels: Wheel[],
  want: { release: string; cuda: boolean; machine: Machine },
): Wheel | undefined {
  const rank = ({ local }: Wheel): number => {
    if (local === '') return 1;
    if (want.cuda) return /^cu\d+$/.test(local) ? Number(local.slice(2)) : 0;
    return local === 'cpu' ? 2 : 0;
  };
  const fitting = wheels.filter(
    (wheel) =>
      wheel.project === 'torch' && wheel.release === want.release && rank(wheel) > 0 && suits(wheel, want.machine),
  );
  // All interpreters' wheels hold the same libraries; the order of names makes the choice the same every time.
  return fitting.sort((a, b) => rank(b) - rank(a) || (a.fileName < b.fileName ? -1 : 1))[0];
}

/** Compares versions such as 2.9 and 2.28 by their numbers. */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
