/**
 * Who hears what set-up is doing.
 */

export interface Report {
  /** A step that takes a while begins. */
  step(text: string): void;
  /** How far the step is; each call takes the place of the one before. */
  detail(text: string): void;
}
