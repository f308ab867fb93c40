/** A process that walks a folder's paths to an epoch's order and prints what it took as JSON: `node --expose-gc filesProcess.js FOLDER SMALL`. */

import { getFiles, imageExtensions } from '../../lib/index.js';
import { measureFiles } from './files.js';

const { gc } = globalThis;
const [folder, small] = process.argv.slice(2);
if (gc === undefined || folder === undefined || small === undefined) throw new Error('FOLDER SMALL, --expose-gc');

const collect = (): void => {
  gc();
};
const list = (path: string) => () => getFiles(path, { recurse: true, extensions: imageExtensions });
// Code that is compiled, and what it remembers, is no part of a path's bytes.
for (let round = 0; round < 20; round += 1) measureFiles(list(small), collect);
const report = measureFiles(list(folder), collect);
process.stdout.write(`${JSON.stringify({ ...report, peak: process.resourceUsage().maxRSS * 1024 })}\n`);
