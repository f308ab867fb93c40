/** The stations by name. */

import type { Station } from './harness/station.js';
import { resizing } from './resizing.js';

export const stations: readonly Station[] = [resizing];
