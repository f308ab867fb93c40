/**
 * What the built-in image transforms have in common: each says in a plan what it does to one image, and applying it is running the plan.
 *
 * So the pixels are the same whether a transform runs by itself, in a chain beside a user's function, or in a loader that collects the
 * plans of a whole chain and hands them to native threads.
 */

import { inspect } from 'node:util';
import {
  transformLabel,
  type AnyTransform,
  type TakeTogether,
  type TransformContext,
  type TransformDescription,
  type TransformObject,
} from '../../data/compose.js';
import { Generator } from '../../data/random.js';
import { invalid } from '../../tensor/errors.js';
import { requireImage, type Image } from '../image.js';
import { runProgram, sizeAfter, type ImageOperation, type ImageSize } from '../program.js';

/** The trait of a transform that is described wholly by its plan. */
export interface Planned {
  /**
   * What is done to an image of this size. Everything random is drawn here, from `context.random`; the pixels are not looked at.
   * Calling it again with another context draws again.
   */
  plan(size: ImageSize, context?: TransformContext): ImageOperation[];
}

/** Whether a transform has a plan, so that native code can run it. */
export function isPlanned(transform: AnyTransform): transform is AnyTransform & Planned {
  return typeof (transform as { plan?: unknown } | null | undefined)?.plan === 'function';
}

/**
 * The base of the built-in transforms, and of a user's that can be written as a plan. The fields of one are its settings, as plain data:
 * what its constructor takes, and what {@link describe} gives.
 */
export abstract class ImageTransform implements TransformObject<Image, Image>, Planned {
  /** After {@link ResizeFixed} (10) and before {@link toByteTensor} (20). */
  readonly order: number = 11;

  /** All in a row are one program, unless a subclass does something else with its plan. */
  get together(): TakeTogether | undefined {
    return this.apply === ImageTransform.prototype.apply ? runPlans : undefined;
  }

  abstract plan(size: ImageSize, context?: TransformContext): ImageOperation[];

  describe(): TransformDescription {
    const { order: _order, ...settings } = this;
    return structuredClone({ name: this.constructor.name, ...settings });
  }

  /** Runs the plan. @throws ArgumentError if the transform draws and there is no context with a generator */
  async apply(image: Image, context?: TransformContext): Promise<Image> {
    return runProgram(image, this.plan(requireImage(this.constructor.name, image), context));
  }

  [inspect.custom](): string {
    return transformLabel(this);
  }
}

/** Plans steps one after another, and runs what they planned as one program: from pixels to pixels without a stop in JavaScript. */
const runPlans: TakeTogether = async (x, steps) => {
  const image = steps[0]!.named(() => requireImage(transformLabel(steps[0]!.transform), x));
  let size: ImageSize = image;
  const plans = steps.map(({ transform, context, named }) => {
    const plan = named(() => (transform as AnyTransform & Planned).plan(size, context));
    size = named(() => sizeAfter(plan, size));
    return plan;
  });
  try {
    return await runProgram(image, plans.flat());
  } catch {
    // One by one, to say whose plan it is that cannot be run.
    let done = image;
    for (const [i, plan] of plans.entries()) done = await steps[i]!.named(async () => runProgram(done, plan));
    return done;
  }
};

/** A built-in transform that has no settings. */
export interface PlannedFunction extends Planned {
  (image: Image): Promise<Image>;
  readonly order: number;
  plan(size: ImageSize): ImageOperation[];
  describe(): TransformDescription;
}

/** A transform without settings as a function, with the traits of one. */
export function plannedFunction(
  name: string,
  order: number,
  plan: (size: ImageSize) => ImageOperation[],
): PlannedFunction {
  const run = async (image: Image): Promise<Image> => runProgram(image, plan(requireImage(name, image)));
  return Object.defineProperty(
    Object.assign(run, { order, plan, together: runPlans, describe: (): TransformDescription => ({ name }) }),
    'name',
    { value: name },
  );
}

/** The random numbers of a transform. @throws ArgumentError if whoever calls one by hand has brought none along */
export function randomOf(transform: object, context: TransformContext | undefined): Generator {
  const random: unknown = context?.random;
  if (random instanceof Generator) return random;
  const name: unknown = (transform as { constructor?: { name?: unknown } } | null | undefined)?.constructor?.name;
  throw invalid(
    `${typeof name === 'string' ? name : 'transform'}: context`,
    'an object with `random: new Generator(seed)`',
    context,
  );
}
