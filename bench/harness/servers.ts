/** The two kinds of serving sides: tench's in Node and the peers' in Python, each from its module in sides/. */

import { fileURLToPath } from 'node:url';

import { packageFolder } from '../../lib/runtime/places.js';
import { ServerSide } from './side.js';

/** tench's side. @param module its name in sides/, without extension @param env added to the environment */
export function tenchSide(module: string, env: NodeJS.ProcessEnv = {}): ServerSide {
  const args = ['./serve.js', `../sides/${module}.js`].map((file) => fileURLToPath(new URL(file, import.meta.url)));
  return new ServerSide('tench', { program: process.execPath, args, env });
}

/** What a peer's side is made of. */
export interface PeerOptions {
  /** The Python of its environment. */
  readonly python: string;
  /** Its name in sides/, without extension. */
  readonly module: string;
  /** Added to the environment. */
  readonly env?: NodeJS.ProcessEnv;
}

/** A peer's side. @param name for messages */
export function peerSide(name: string, { python, module, env }: PeerOptions): ServerSide {
  // The Python files lie beside their sources, and only what is TypeScript is compiled.
  const args = ['harness/serve.py', `sides/${module}.py`].map((file) => `${packageFolder}/bench/${file}`);
  // PyTorch without NumPy says so in a warning at each start.
  return new ServerSide(name, { program: python, args, env: { PYTHONWARNINGS: 'ignore', ...env } });
}
