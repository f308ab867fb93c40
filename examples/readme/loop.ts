/** README's plain loop: 3,000 temporaries of 1 MiB, and nobody releases one. */

import { ones } from 'tench';

const x = ones([256, 1024]);
let y = x;
for (let i = 0; i < 3000; i += 1) y = x.add(i);
console.log(`${y.get(0, 0).item()}, and at most ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`);
