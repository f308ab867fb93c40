/** The stations by name. */

import { cropping } from './cropping.js';
import type { Station } from './harness/station.js';
import { momentum } from './momentum.js';
import { optimizers } from './optimizers.js';
import { resizing } from './resizing.js';

export const stations: readonly Station[] = [resizing, cropping, momentum, optimizers];
