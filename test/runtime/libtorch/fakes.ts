/**
 * Small LibTorches for tests: folders, wheels and archives of the right shape, with libraries that open but hold nothing.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { crc32 } from '../../../lib/runtime/archives/crc32.js';
import { wheelArchitecture } from '../../../lib/runtime/platform.js';

/** Contents by path. */
export type Files = Record<string, string | Buffer>;

export interface FakeOptions {
  /** Default `2.13.0`. */
  version?: string;
  cuda?: boolean;
  /** What the libraries hold. Default: nothing, which cannot be opened. */
  library?: Buffer;
}

/** The files of a LibTorch, below `folder` (`torch` in a wheel, `libtorch` in the archive). */
export function libtorchFiles(
  folder: string,
  { version = '2.13.0', cuda = false, library = Buffer.alloc(0) }: FakeOptions = {},
): Files {
  const [major, minor, patch] = version.split('.');
  const names = ['libc10.so', 'libtorch_cpu.so', 'libtorch.so', ...(cuda ? ['libtorch_cuda.so'] : [])];
  return {
    [`${folder}/include/ATen/ATen.h`]: '#pragma once\n',
    [`${folder}/include/torch/headeronly/version.h`]: `#define TORCH_VERSION_MAJOR ${major}\n#define TORCH_VERSION_MINOR ${minor}\n#define TORCH_VERSION_PATCH ${patch}\n`,
    ...Object.fromEntries(names.map((name) => [`${folder}/lib/${name}`, library])),
  };
}

/** Writes files below `root`, and returns `root`. */
export function writeFiles(root: string, files: Files): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

/** A shared library that can be opened. Needs the compiler that building the addon needs as well. */
export function openableLibrary(scratch: string): Buffer {
  const source = join(scratch, 'empty.cc');
  const library = join(scratch, 'libempty.so');
  writeFileSync(source, 'int nothing;\n');
  execFileSync('c++', ['-shared', '-fPIC', '-nostdlib', '-o', library, source]);
  return readFileSync(library);
}

/** The name of a wheel that runs on this machine. */
export function wheelName(project: string, version: string, tag = 'cp311-cp311'): string {
  return `${project}-${version}-${tag}-manylinux_2_17_${wheelArchitecture()}.whl`;
}

/** A wheel: `files`, and the metadata that makes it one. */
export function wheel(project: string, version: string, files: Files, requirements: string[] = []): Buffer {
  const info = `${project}-${version}.dist-info`;
  const metadata = [
    'Metadata-Version: 2.1',
    `Name: ${project}`,
    `Version: ${version}`,
    ...requirements.map((one) => `Requires-Dist: ${one}`),
  ];
  const all: Files = {
    ...files,
    [`${info}/METADATA`]: `${metadata.join('\n')}\n\nNo text.\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: cp311-cp311-linux_x86_64\n',
  };
  const record = [...Object.keys(all), `${info}/RECORD`].map((path) => `${path},,`).join('\n');
  return zip({ ...all, [`${info}/RECORD`]: `${record}\n` });
}

/** A zip file whose entries are stored as they are (APPNOTE 4.3). */
export function zip(files: Files): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, content] of Object.entries(files)) {
    const name = Buffer.from(path);
    const data = Buffer.from(content);
    // Version, flags, method, time and date, checksum, both sizes, length of the name, length of the extra field.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    bodies.push(Buffer.from('PK\x03\x04'), common, name, data);
    directory.push(Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), common, tail, name);
    offset += 30 + name.length + data.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(Object.keys(files).length, 4);
  end.writeUInt16LE(Object.keys(files).length, 6);
  end.writeUInt32LE(entries.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...bodies, entries, Buffer.from('PK\x05\x06'), end]);
}
