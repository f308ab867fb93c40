/** What a pickle may cost: far more than any file of weights needs, and less than would end the process. */

/** Why a pickle is refused. */
export class PickleFault extends Error {}

const mostSteps = 50_000_000;
const mostObjects = 2_000_000;
/** A call may make a tensor, which weighs as much as some containers. */
const objectsPerCall = 4;

/** How deep values may be nested, in reading and in writing. */
export const deepest = 500;

/** Counts while a pickle is read. */
export class Limits {
  private steps = 0;
  private objects = 0;

  countStep(): void {
    this.steps += 1;
    if (this.steps > mostSteps) throw new PickleFault(`it takes more than ${mostSteps} steps`);
  }

  countObject(count = 1): void {
    this.objects += count;
    if (this.objects > mostObjects) throw new PickleFault(`it makes more than ${mostObjects} objects`);
  }

  countCall(): void {
    this.countObject(objectsPerCall);
  }

  /** Refuses a value that whoever walks through it could not come back from; gives `accept` all that is no container. */
  checkDepth(value: unknown, accept: (leaf: unknown) => void): void {
    const seen = new Set<object>();
    const open: Iterator<unknown>[] = [[value][Symbol.iterator]()];
    while (open.length > 0) {
      const next = open[open.length - 1]!.next();
      if (next.done === true) {
        open.pop();
        continue;
      }
      const inside = contentOf(next.value);
      if (inside === null) accept(next.value);
      if (inside === null || seen.has(next.value as object)) continue;
      seen.add(next.value as object);
      open.push(inside);
      if (open.length > deepest) throw new PickleFault(`its value is nested more than ${deepest} deep`);
    }
  }
}

function contentOf(value: unknown): Iterator<unknown> | null {
  if (Array.isArray(value) || value instanceof Set) return value[Symbol.iterator]() as Iterator<unknown>;
  if (value instanceof Map) return entriesOf(value);
  return null;
}

function* entriesOf(map: ReadonlyMap<unknown, unknown>): Generator {
  for (const [key, value] of map) {
    yield key;
    yield value;
  }
}
