/** Whether works on a CUDA device can be compared here. */

import { hasCudaDriver } from '../../lib/runtime/platform.js';
import { readRecord } from '../../lib/runtime/record.js';

/** tench was built against a LibTorch for CUDA, and there is a driver. */
export const hasCuda = readRecord()?.libtorch.cuda === true && hasCudaDriver();
