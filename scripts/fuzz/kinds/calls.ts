/** Calls of every operator of LibTorch with arguments of every type, half of them by the typed surface. */

import { native } from '../../../lib/tensor/native.js';
import { parseSchema, type Schema } from '../../schema.js';
import { callSource } from '../arguments.js';
import type { CallKind } from '../kind.js';

function nameOf({ name, overload }: Schema): string {
  return overload === '' ? name : `${name}.${overload}`;
}

/** Every overload by name, in an order that does not depend on how LibTorch is loaded. */
function allSchemas(): ReadonlyMap<string, Schema> {
  const parsed = native.schemas().map(parseSchema);
  return new Map(
    parsed
      .filter((schema): schema is Schema => schema !== null)
      .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
      .map((schema) => [nameOf(schema), schema]),
  );
}

let known: ReadonlyMap<string, Schema> | undefined;

/** Read once: there are some three thousand. */
function schemas(): ReadonlyMap<string, Schema> {
  return (known ??= allSchemas());
}

export const calls: CallKind = {
  name: 'calls',
  about: 'every operator, by callOperator and by the typed surface',
  calls: 150_000,
  batch: 2000,
  limits: { seconds: 20, bytes: 4 * 2 ** 30 },
  subjects: () => [...schemas().keys()],
  source: (random, subject) => callSource(random, schemas().get(subject)!),
};
