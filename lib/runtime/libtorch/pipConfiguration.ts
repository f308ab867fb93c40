/**
 * Where this machine gets Python packages from, read from pip's own settings, so that a mirror works without pip too.
 */

import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { findPython } from './python.js';

export interface PackageSources {
  /** Simple indexes (PEP 503), each with a page for every project, in the order of asking. */
  indexes: URL[];
  /** Folders that hold wheels, and pages that link to them. */
  links: URL[];
}

const standardIndex = 'https://pypi.org/simple/';

/** Reads pip's files and variables: index-url, extra-index-url, find-links, no-index. */
export function packageSources(env: NodeJS.ProcessEnv = process.env): PackageSources {
  const settings = new Map<string, string>();
  for (const file of settingsFiles(env)) {
    for (const [key, value] of readSettings(file)) settings.set(key, value);
  }
  const setting = (name: string): string | undefined =>
    env[`PIP_${name.toUpperCase().replaceAll('-', '_')}`] ?? settings.get(name);
  const several = (name: string): string[] => (setting(name) ?? '').split(/\s+/).filter(Boolean);

  const noIndex = /^(1|true|yes|on)$/i.test(setting('no-index') ?? '');
  const indexes = noIndex ? [] : [setting('index-url') ?? standardIndex, ...several('extra-index-url')];
  return {
    indexes: indexes.flatMap((address) => toFolder(toUrl(address))),
    links: several('find-links').flatMap((address) => toUrl(address)),
  };
}

/** pip's files from the least to the most particular. */
function settingsFiles(env: NodeJS.ProcessEnv): string[] {
  const only = env.PIP_CONFIG_FILE;
  if (only === '/dev/null') return [];
  const home = env.HOME ?? homedir();
  const shared = (env.XDG_CONFIG_DIRS || '/etc/xdg').split(':').map((folder) => join(folder, 'pip', 'pip.conf'));
  const own = [join(home, '.pip', 'pip.conf'), join(env.XDG_CONFIG_HOME || join(home, '.config'), 'pip', 'pip.conf')];
  const python = findPython(env);
  const prefix = env.VIRTUAL_ENV ?? (python && existsSync(python) ? dirname(dirname(realpathSync(python))) : undefined);
  const site = prefix ? [join(prefix, 'pip.conf')] : [];
  return [...shared, '/etc/pip.conf', ...own, ...site, ...(only ? [only] : [])];
}

/** The settings of one file that count for downloads; a value may go on over indented lines. */
function readSettings(file: string): [string, string][] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  const settings: [string, string][] = [];
  let section = '';
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const heading = /^\[(.+)\]/.exec(line);
    const assignment = /^([\w-]+)\s*[=:]\s*(.*)$/.exec(line);
    const last = settings.at(-1);
    if (heading) section = heading[1] ?? '';
    else if (!['global', 'download', 'install'].includes(section)) continue;
    else if (assignment) settings.push([(assignment[1] ?? '').replaceAll('_', '-'), assignment[2] ?? '']);
    else if (/^\s/.test(line) && last) last[1] += ` ${line.trim()}`;
  }
  return settings;
}

function toUrl(address: string): URL[] {
  try {
    if (/^(https?|file):/.test(address)) return [new URL(address)];
    return [pathToFileURL(address)];
  } catch {
    return [];
  }
}

/** An index is a folder, also where it was written without the slash at its end. */
function toFolder(urls: URL[]): URL[] {
  return urls.map((url) => new URL(url.pathname.endsWith('/') ? url.href : `${url.href}/`));
}
