/** The recorded calls show every kind of argument and result, and nearly every overload that runs on dense CPU tensors can be called. */

import t from 'tap';

import { cpuSchemas, formless, formlessArguments, kindOf, kindsShown } from './kinds.js';
import { readRecording, recordingNames } from './replay.js';

const schemas = cpuSchemas();

/** Kinds that no recorded call shows, with the reason. */
const unshown: Readonly<Record<string, string>> = {
  'Generator?': 'only null is recorded: generators of two processes have no common form; see the tests of generators',
  Storage: 'has no JavaScript form: a tensor stands for its storage',
  '7 results': 'only the backward of an LSTM of oneDNN, whose workspace cannot be recorded',
  '9 results': 'only a fused attention for accelerators, which its CPU kernel refuses',
};

t.test('the recorded calls show every kind of argument and result', async (t) => {
  const kinds = new Set<string>();
  for (const schema of schemas.values()) {
    if (typeof schema === 'string') continue;
    for (const argument of schema.arguments) kinds.add(kindOf(argument));
    for (const result of schema.returns) kinds.add(`${kindOf(result)} result`);
    kinds.add(`${schema.returns.length} results`);
  }
  const shown = new Set<string>();
  for (const file of recordingNames()) {
    for (const call of readRecording(file).cases) {
      const schema = schemas.get(call.name);
      if (schema !== undefined && typeof schema !== 'string')
        kindsShown(call, schema).forEach((kind) => shown.add(kind));
    }
  }
  t.ok(kinds.size > 50, `${kinds.size} kinds`);
  for (const kind of kinds) {
    const reason = unshown[kind];
    if (reason === undefined) t.ok(shown.has(kind), kind);
    else t.notOk(shown.has(kind), `${kind} (${reason})`);
  }
  const finer = [
    ...['Scalar integer', 'Scalar float', 'Scalar complex', 'Scalar boolean'],
    ...[
      'Tensor? null',
      'Tensor?[] with a hole',
      'Tensor written',
      'Tensor[] written',
      'Generator? null',
      'int[] empty',
    ],
    ...['Scalar? null', 'ScalarType? null', 'SymInt[]? null', 'float[]? null', 'bool? null', 'str? null'],
  ];
  for (const kind of finer) t.ok(shown.has(kind), kind);
});

t.test('what runs on dense CPU tensors and cannot be called', async (t) => {
  const uncallable = [...schemas].filter(([, schema]) => formlessArguments(schema).length > 0).map(([name]) => name);
  t.ok(schemas.size > 2500, `LibTorch has ${schemas.size} overloads for dense CPU tensors`);
  t.same(
    uncallable.filter((name) => !/^aten::(set_?\.source_Storage|quantized_(lstm|gru)\.)/.test(name)),
    [],
    `all but ${uncallable.length} of these have arguments with a JavaScript form`,
  );
  t.ok(formless.has('Storage'));
});

t.test('elements are compared wherever they mean something', async (t) => {
  const calls = recordingNames().flatMap((file) => readRecording(file).cases);
  const byForm = new Set(calls.filter((call) => call.mode === 'form').map((call) => call.name.split('.')[0]!));
  const meaningless = /^aten::(_?empty.*|new_empty.*|resize.*|_efficientzerotensor|_make_dep_token)$/;
  const packed = [
    'aten::_wrapped_linear_prepack',
    'aten::fbgemm_pack_gemm_matrix_fp16',
    'aten::_convert_indices_from_csr_to_coo',
  ];
  t.same(
    [...byForm].filter((name) => !meaningless.test(name) && !packed.includes(name)),
    [],
    'only fresh memory and packed formats are compared by form alone',
  );
  const withGradients = new Set(calls.filter((call) => call.gradients !== undefined).map((call) => call.name));
  t.ok(withGradients.size >= 1000, `${withGradients.size} overloads are compared with their gradients`);
  const dtypes = new Set(recordingNames().flatMap((file) => readRecording(file).tensors.map(([dtype]) => dtype)));
  for (const dtype of ['float32', 'int64', 'bool', 'complex64', 'bfloat16'] as const) t.ok(dtypes.has(dtype), dtype);
});
