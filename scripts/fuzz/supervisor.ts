/** Runs calls in processes of their own, and says which call ended, stopped or bloated one. */

import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseEntry, type Entry, type Job } from './journal.js';
import type { CallKind, Finding, Limits, Summary } from './kind.js';

const worker = fileURLToPath(new URL('worker.js', import.meta.url));

/** What calls are made, and how. */
export interface Plan {
  kind: CallKind;
  seed: number;
  /** Index of the first call, 0 unless some of a longer run are made again. */
  from?: number;
  calls: number;
  /** A regular expression for the subjects. */
  only?: string;
  env: NodeJS.ProcessEnv;
  onFinding: (finding: Finding) => void;
  onProgress: (summary: Summary) => void;
}

/** Processor seconds and bytes of a process, or null when it has gone. */
function usageOf(pid: number): { seconds: number; bytes: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { seconds: (Number(fields[11]) + Number(fields[12])) / 100, bytes: Number(fields[21]) * 4096 };
  } catch {
    return null;
  }
}

function readEntry(path: string): Entry | null {
  return parseEntry(readFileSync(path));
}

/** Runs one process until it ends by itself or is ended. Returns why it was not the former, or null. */
async function watch(
  job: Job,
  folder: string,
  log: string,
  env: NodeJS.ProcessEnv,
  limits: Limits,
): Promise<string | null> {
  const output = openSync(log, 'w');
  const child = spawn(process.execPath, [worker, JSON.stringify(job)], {
    cwd: folder,
    env,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  let ended: string | null = null;
  let last = { index: -1, seconds: 0, since: Date.now() };
  const timer = setInterval(() => {
    const usage = child.pid === undefined ? null : usageOf(child.pid);
    if (usage === null) return;
    const index = readEntry(job.journal)?.index ?? -1;
    if (index !== last.index) last = { index, seconds: usage.seconds, since: Date.now() };
    const stuck = usage.seconds - last.seconds > limits.seconds || Date.now() - last.since > limits.seconds * 10_000;
    if (index >= 0 && stuck) ended = 'hang';
    if (usage.bytes > limits.bytes) ended = 'memory';
    if (ended !== null) child.kill('SIGKILL');
  }, 250);
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      clearInterval(timer);
      if (ended !== null) resolve(ended);
      else if (signal !== null) resolve(`signal ${signal}`);
      else if (code === 0) resolve(null);
      else resolve(readFileSync(log, 'utf8').includes('Sanitizer') ? 'sanitizer' : `exit code ${code}`);
    });
  });
}

/** The report of a sanitizer, or the end of what the process wrote without LibTorch's warnings. */
function tail(path: string, length: number): string {
  const text = readFileSync(path, 'utf8');
  const report = /==ERROR|runtime error:/.exec(text)?.index;
  if (report !== undefined) return text.slice(Math.max(0, report - 200), report + length);
  return text
    .split('\n')
    .filter((line) => !/^\[W\d/.test(line))
    .join('\n')
    .slice(-length);
}

/** Makes all calls of a plan, with a new process after each that was lost. */
export async function supervise(plan: Plan): Promise<Summary> {
  const { kind, seed, from = 0, only = '' } = plan;
  const end = from + plan.calls;
  const folder = mkdtempSync(join(tmpdir(), 'tench-fuzz-'));
  const path = (name: string): string => join(folder, name);
  const summary: Summary = { calls: 0, returned: 0, threw: 0, reached: new Set(), findings: [] };
  const report = (finding: Finding): void => {
    summary.findings.push(finding);
    plan.onFinding(finding);
  };
  const files = { journal: path('journal'), findings: path('findings'), reached: path('reached') };
  let next = from;
  while (next < end) {
    const job: Job = { kind: kind.name, seed, from: next, to: Math.min(end, next + kind.batch), only, ...files };
    for (const name of Object.values(files)) writeFileSync(name, '');
    const ended = await watch(job, folder, path('log'), plan.env, kind.limits);
    const entry = readEntry(job.journal);
    if (entry === null)
      throw new Error(
        `the process that makes the calls did not come to its first: ${ended}\n${tail(path('log'), 2000)}`,
      );
    for (const line of readFileSync(job.findings, 'utf8').split('\n').filter(Boolean)) {
      const { index, source, text } = JSON.parse(line) as { index: number; source: string; text: string };
      report({ index, source, how: text.split('\n', 1)[0]!, detail: text });
    }
    for (const name of readFileSync(job.reached, 'utf8').split('\n').filter(Boolean)) summary.reached.add(name);
    summary.returned += entry.returned;
    summary.threw += entry.threw;
    if (ended === null) {
      next = job.to;
    } else {
      report({ index: entry.index, source: entry.source, how: ended, detail: tail(path('log'), 3000) });
      next = entry.index + 1;
    }
    summary.calls = next - from;
    plan.onProgress(summary);
  }
  rmSync(folder, { recursive: true, force: true });
  return summary;
}
