/** The replay itself: it sees an answer that departs in any way, so that its silence means agreement. */

import t from 'tap';

import { departure } from './closeness.js';
import { replay, type RecordedCall, type Recording } from './replay.js';

function base64(values: readonly number[]): string {
  return Buffer.from(Float32Array.from(values).buffer).toString('base64');
}

/** `mul(x, y)` and its gradients, worked out by hand. */
function product(): { call: RecordedCall; recording: Recording } {
  const call: RecordedCall = {
    name: 'aten::mul.Tensor',
    tensors: [0, 1],
    args: [{ $: 0 }, { $: 1 }],
    results: [{ '@': 2 }],
    gradients: { inputs: [0, 1], outputs: [0], values: [{ '@': 3 }, { '@': 4 }] },
  };
  const vectors = [
    [1, 2],
    [3, 4],
    [3, 8],
    [-1.875, 1],
    [-0.625, 0.5],
  ];
  const tensors = vectors.map((values): Recording['tensors'][number] => ['float32', [2], base64(values)]);
  return { call, recording: { torch: '', cases: [call], tensors } };
}

function changed(change: (call: RecordedCall, tensors: Recording['tensors']) => void): string | null {
  const { call, recording } = product();
  change(call, recording.tensors);
  return replay(call, recording);
}

t.test('a departure of any kind is seen', async (t) => {
  t.equal(
    changed(() => undefined),
    null,
    'none where all agrees',
  );
  t.match(
    changed((_, tensors) => (tensors[2]![2] = base64([3, 7]))),
    /result 0: 8 instead of 7 at element 1/,
  );
  t.match(
    changed((_, tensors) => (tensors[2]![0] = 'int32')),
    /dtype float32 instead of int32/,
  );
  t.match(
    changed((_, tensors) => tensors[2]![1].push(1)),
    /shape \[2\] instead of \[2,1\]/,
  );
  t.match(
    changed((_, tensors) => (tensors[2]![3] = [2])),
    /strides \[1\] instead of \[2\]/,
  );
  t.match(
    changed((call) => (call.results[0] = { '@': 2, offset: 1 })),
    /offset 0/,
  );
  t.match(
    changed((call) => (call.results[0] = { '@': 2, shares: 1 })),
    /shares memory with argument -1 instead of 1/,
  );
  t.match(
    changed((call) => (call.results[0] = { '@': 2, layout: 'sparse' })),
    /layout strided/,
  );
  t.match(
    changed((call) => (call.results[0] = { $: 0 })),
    /not the argument that was written to/,
  );
  t.match(
    changed((call) => (call.results[0] = [{ '@': 2 }])),
    /number of results/,
  );
  t.match(
    changed((call) => (call.results[0] = true)),
    /instead of true/,
  );
  t.match(
    changed((call) => (call.written = { 0: 2 })),
    /written argument 0: .* instead of 3/,
  );
  t.match(
    changed((_, tensors) => (tensors[4]![2] = base64([0, 0]))),
    /gradient 1: -0.625 instead of 0/,
  );
  t.match(
    changed((call) => (call.gradients!.values[0] = null)),
    /gradient 0: .* instead of null/,
  );
  t.match(
    changed((call) => (call.gradients!.outputs = [])),
    /outputs \[0\] instead of \[\]/,
  );
  t.match(
    changed((call) => call.args.pop()),
    /`other` \(Tensor\) is missing/,
  );
});

t.test('elements compare as PyTorch compares them', async (t) => {
  const floats = (...values: number[]): Float32Array => Float32Array.from(values);
  t.equal(departure(floats(NaN, Infinity, 0), floats(NaN, Infinity, -0), 'float32', false), null);
  t.equal(departure(floats(1), floats(1 + 5e-6), 'float32', false), null);
  t.match(departure(floats(1), floats(1.0001), 'float32', false), /instead of/);
  t.match(departure(floats(NaN), floats(1), 'float32', false), /NaN instead of 1/);
  t.match(departure(floats(1), floats(NaN), 'float32', false), /1 instead of NaN/);
  t.match(departure(floats(Infinity), floats(-Infinity), 'float32', false), /Infinity/);
  t.match(departure(floats(3e38), floats(Infinity), 'float32', false), /Infinity/);
  t.match(departure(BigInt64Array.of(2n ** 53n + 1n), BigInt64Array.of(2n ** 53n), 'int64', false), /element 0/);
  t.equal(
    departure(Uint16Array.of(0x3f80), Uint16Array.of(0x3f81), 'bfloat16', false),
    null,
    '1 and 1.0078 in bfloat16',
  );
  t.match(departure(Uint16Array.of(0x3f80), Uint16Array.of(0x3f83), 'bfloat16', false), /1 instead of 1.0234375/);
  t.equal(
    departure(Uint16Array.of(0x3c00), Uint16Array.of(0x3c01), 'float16', false),
    null,
    '1 and 1.00098 in float16',
  );
  t.match(departure(Uint16Array.of(0x3c00), Uint16Array.of(0x4000), 'float16', false), /1 instead of 2/);
  t.match(departure(floats(3, 4), floats(-3, -4), 'complex64', false), /element 0/);
  t.equal(departure(floats(3, 4), floats(-4, 3), 'complex64', true), null, 'magnitudes of complex numbers');
  t.equal(departure(floats(3, -4), floats(-3, 4), 'float32', true), null, 'magnitudes of real ones');
});
