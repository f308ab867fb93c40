/** Every recorded call of an ATen operator gives what PyTorch gave: values, form, what is written and shared, gradients. */

import t from 'tap';

import { libtorchVersion } from '../../lib/tensor/index.js';
import { exceptions, magnified } from './exceptions.js';
import { readRecording, recordingNames, replay, type RecordedCall, type Recording } from './replay.js';
import { native } from '../../lib/tensor/native.js';

const overloads = new Set<string>();

function isMissing(name: string): boolean {
  const [base = '', overload = ''] = name.split('.');
  return native.bind(base, [overload]) === null;
}

/** What departs in the first call of an overload that does not agree. */
function firstDeparture(calls: readonly RecordedCall[], recording: Recording): string | null {
  for (const call of calls) {
    const found = replay(call, recording);
    if (found !== null)
      return `${found}, when called with ${JSON.stringify(call.args)} ${JSON.stringify(call.options)}`;
  }
  return null;
}

for (const file of recordingNames()) {
  t.test(`the calls of ${file} agree`, async (t) => {
    const recording = readRecording(file);
    for (const name of new Set(recording.cases.map((call) => call.name))) {
      const calls = recording.cases.filter((call) => call.name === name);
      overloads.add(name);
      if (recording.torch !== libtorchVersion() && isMissing(name)) {
        t.pass(name, { skip: `LibTorch ${libtorchVersion()} has no such operator` });
        continue;
      }
      const found = firstDeparture(calls, recording);
      const reason = exceptions[name];
      if (reason === undefined) t.equal(found, null, name);
      else t.not(found, null, `${name} is an exception (${reason})`);
    }
  });
}

t.test('nearly all overloads agree', async (t) => {
  const named = Object.keys(exceptions);
  t.ok(overloads.size >= 2000, `${overloads.size} overloads are recorded`);
  t.ok(named.length <= overloads.size * 0.005, `${named.length} are exceptions`);
  t.same(
    [...named, ...Object.keys(magnified)].filter((name) => !overloads.has(name)),
    [],
    'and each of these has calls',
  );
});
