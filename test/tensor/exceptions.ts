/** The overloads whose recorded calls do not agree, each with its reason. One that agrees after all fails the test. */

export const exceptions: Readonly<Record<string, string>> = {};

/**
 * The overloads that magnify rounding, and by how much more their elements may differ: the recorded `tau` belongs to no reflections, so that the
 * gradients divide by next to nothing.
 */
export const magnified: Readonly<Record<string, number>> = {
  'aten::linalg_householder_product': 100,
  'aten::orgqr': 100,
};
