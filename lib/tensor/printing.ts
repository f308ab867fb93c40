/** Prints a tensor as PyTorch does: aligned columns, four decimals, long axes shortened, dtype and device where they are not the usual. */

import { callOperator } from './call.js';
import { elementReader, type Tensor } from './tensor.js';
import { isPackedFloat, type Complex, type DType, type Scalar } from './types.js';

const threshold = 1000;
const edgeItems = 3;
const lineWidth = 80;
const precision = 4;
const prefix = 'tensor(';

const impliedDTypes: ReadonlySet<DType> = new Set(['float32', 'int64', 'bool', 'complex64']);

/** The printed form of a tensor, over several lines when it has several rows. */
export function formatTensor(x: Tensor): string {
  const details: string[] = [];
  if (x.device !== 'cpu') details.push(`device='${x.device}'`);
  const shape = x.shape;
  const count = x.numel();
  if (x.device.startsWith('meta') || x.layout !== 'strided')
    return `${prefix}..., ${[...details, `size=(${shape.join(', ')})`, `dtype=${x.dtype}`].join(', ')})`;
  if (count === 0 && shape.length !== 1) details.push(`size=(${shape.join(', ')})`);
  if (!impliedDTypes.has(x.dtype)) details.push(`dtype=${x.dtype}`);
  const gradFunction = x.gradFn;
  if (gradFunction !== null) details.push(`gradFn=<${gradFunction}>`);
  else if (x.requiresGrad) details.push('requiresGrad=true');
  const body = count === 0 ? '[]' : layout(x, shape, count > threshold);
  return `${prefix}${[body, ...details].join(', ')})`;
}

function layout(x: Tensor, shape: readonly number[], summarize: boolean): string {
  const shown = summarize ? edges(x) : x;
  const wide = isPackedFloat(shown.dtype) ? 'float32' : shown.dtype === 'complex32' ? 'complex64' : shown.dtype;
  const plain = (callOperator('aten::detach', [shown]) as Tensor).to(wide);
  const read = elementReader(wide, plain.toTypedArray());
  const values = Array.from({ length: plain.numel() }, (_, index) => read(index));
  const format = formatter(values, wide);
  const texts = values.map(format);
  const width = texts.reduce((widest, text) => Math.max(widest, text.length), 0);
  return nest(
    texts.map((text) => text.padStart(width)),
    plain.shape,
    shape,
    summarize,
    prefix.length,
  );
}

/** Keeps the first and last three entries of every long axis, so that printing never copies a large tensor. */
function edges(x: Tensor): Tensor {
  let shown = x;
  x.shape.forEach((size, axis) => {
    if (size <= 2 * edgeItems) return;
    const first = callOperator('aten::slice.Tensor', [shown, axis, 0, edgeItems]) as Tensor;
    const last = callOperator('aten::slice.Tensor', [shown, axis, size - edgeItems, null]) as Tensor;
    shown = callOperator('aten::cat', [[first, last], axis]) as Tensor;
  });
  return shown;
}

function nest(
  texts: readonly string[],
  shown: readonly number[],
  real: readonly number[],
  summarize: boolean,
  indent: number,
): string {
  const [size, ...rest] = shown;
  if (size === undefined) return texts[0]?.trim() ?? '';
  const cut = summarize && (real[0] ?? 0) > 2 * edgeItems;
  if (rest.length === 0) return row(texts, cut, indent);
  const stride = rest.reduce((product, length) => product * length, 1);
  const parts = Array.from({ length: size }, (_, index) =>
    nest(texts.slice(index * stride, (index + 1) * stride), rest, real.slice(1), summarize, indent + 1),
  );
  if (cut) parts.splice(edgeItems, 0, '...');
  return `[${parts.join(`,${'\n'.repeat(rest.length)}${' '.repeat(indent + 1)}`)}]`;
}

function row(texts: readonly string[], cut: boolean, indent: number): string {
  const items = [...texts];
  if (cut) items.splice(edgeItems, 0, ' ...');
  const width = (texts[0]?.length ?? 0) + 2;
  const perLine = Math.max(1, Math.floor((lineWidth - indent) / width));
  const lines: string[] = [];
  for (let start = 0; start < items.length; start += perLine)
    lines.push(items.slice(start, start + perLine).join(', '));
  return `[${lines.join(`,\n${' '.repeat(indent + 1)}`)}]`;
}

function formatter(values: readonly Scalar[], dtype: DType): (value: Scalar) => string {
  if (dtype.startsWith('complex')) {
    const real = floatFormatter((values as readonly Complex[]).map(({ re }) => re));
    const imaginary = floatFormatter((values as readonly Complex[]).map(({ im }) => Math.abs(im)));
    return (value) => {
      const { re, im } = value as Complex;
      return `${real(re)}${im < 0 || Object.is(im, -0) ? '-' : '+'}${imaginary(Math.abs(im))}j`;
    };
  }
  if (dtype === 'float32' || dtype === 'float64')
    return floatFormatter(values as readonly number[]) as (value: Scalar) => string;
  return (value) => (typeof value === 'boolean' ? (value ? 'True' : 'False') : (value as number | bigint).toString());
}

function special(value: number): string | null {
  if (Number.isNaN(value)) return 'nan';
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  return null;
}

/** Whole numbers end in a point, a great spread of sizes goes to scientific notation, and everything else has four decimals. */
function floatFormatter(values: readonly number[]): (value: number) => string {
  const sizes = values.filter((value) => Number.isFinite(value) && value !== 0).map(Math.abs);
  const largest = sizes.reduce((a, b) => Math.max(a, b), 0);
  const smallest = sizes.reduce((a, b) => Math.min(a, b), Infinity);
  const whole = values.every((value) => !Number.isFinite(value) || Number.isInteger(value));
  const scientific =
    sizes.length > 0 &&
    (whole
      ? largest / smallest > 1000 || largest > 1e8
      : largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4);
  return (value) => {
    const name = special(value);
    if (name !== null) return name;
    if (scientific) return value.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2');
    if (whole) return `${Object.is(value, -0) ? '-0' : value}.`;
    return value.toFixed(precision);
  };
}
