/** How far a download or an unpacking is: a bar in a terminal, a line now and then elsewhere. */

import { needInRange, needOptions, needText } from '../tensor/checks.js';
import { needStream, type ProgressStream } from './stream.js';
import { formatBytes } from '../tensor/units.js';

/** A stage of work on an archive, in bytes. */
export interface Transfer {
  readonly stage: string;
  readonly received: number;
  readonly total?: number;
}

/** Redraws per second in a terminal, and seconds between lines elsewhere. */
const framesPerSecond = 4;
const secondsBetweenLines = 10;

/** Makes a function that shows each {@link Transfer} it is called with, and stays quiet in between. */
export function showTransfer(stream: ProgressStream): { show: (at: Transfer) => void; end: () => void } {
  needStream('stream', stream);
  const interactive = stream.isTTY === true && process.env.TERM !== 'dumb' && !process.env.CI;
  const pause = interactive ? 1000 / framesPerSecond : secondsBetweenLines * 1000;
  let shown = 0;
  let stage = '';
  let open = false;
  const end = (): void => {
    if (open) stream.write('\n');
    open = false;
  };
  const show = (at: Transfer): void => {
    needOptions('show', at);
    needText('stage', at.stage);
    needInRange('received', at.received, { least: 0 });
    if (at.total !== undefined) needInRange('total', at.total, { least: 0 });
    const done = at.total !== undefined && at.received >= at.total;
    if (at.stage === stage && !done && performance.now() - shown < pause) return;
    if (at.stage !== stage) end();
    stage = at.stage;
    shown = performance.now();
    const share = at.total
      ? `${Math.floor((100 * at.received) / at.total)} % of ${formatBytes(at.total)}`
      : formatBytes(at.received);
    const text = `${stage}: ${share}`;
    if (interactive) stream.write(`\r${text.slice(0, (stream.columns ?? 80) - 1)}\u001b[K`);
    else stream.write(`${text}\n`);
    open = interactive;
  };
  return { show, end };
}
