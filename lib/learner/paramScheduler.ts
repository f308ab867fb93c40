/** Scheduling: a hyper-parameter follows a function of the fit's progress. */

import { inspect } from 'node:util';

import type { Schedule } from '../optim/index.js';
import { needText } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { Callback } from './callback.js';

/**
 * Sets a hyper-parameter before each training batch, e.g. `new ParamScheduler('lr', combineScheds([0.3, 0.7], cos1cycleAnneal(0.1, 0.3, 0.05)))`.
 * The first batch has position 0, the last one batch less than 1.
 */
export class ParamScheduler extends Callback {
  override order = 1;
  override readonly inSearch = false;
  private schedules: readonly Schedule[] = [];

  /**
   * @param pname name of the hyper-parameter
   * @param schedule one for all parameter groups, or a list with one for each
   */
  constructor(
    readonly pname: string,
    readonly schedule: Schedule | readonly Schedule[],
  ) {
    super();
    needText('pname', pname, 'the name of a hyper-parameter');
    const list: readonly unknown[] = Array.isArray(schedule) ? schedule : [schedule];
    if (list.length === 0 || !list.every((item) => typeof item === 'function'))
      throw invalid('schedule', 'a function of the position, or a list of them', schedule);
  }

  override beginFit(): void {
    const groups = this.learn.opt.hypers;
    this.schedules = typeof this.schedule === 'function' ? groups.map(() => this.schedule as Schedule) : this.schedule;
    if (this.schedules.length !== groups.length) {
      throw invalid(
        'schedule',
        `one schedule, or one for each of the ${groups.length} parameter groups`,
        `a list of ${this.schedules.length}`,
      );
    }
    for (const hypers of groups) {
      if (!(this.pname in hypers)) {
        throw new TenchError(
          `ParamScheduler: the optimizer has no hyper-parameter ${this.pname}; it has ${Object.keys(hypers).join(', ')}`,
        );
      }
    }
  }

  override [inspect.custom](): string {
    return `ParamScheduler(${this.pname})`;
  }

  override beginBatch(): void {
    const { learn } = this;
    if (!learn.inTrain) return;
    const pos = learn.nEpochs / learn.epochs;
    for (const [group, schedule] of this.schedules.entries()) {
      const hypers = learn.opt.hypers[group];
      if (hypers !== undefined) hypers[this.pname] = schedule(pos);
    }
  }
}
