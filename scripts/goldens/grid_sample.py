"""Records what PyTorch's grid_sample and affine_grid give, forward and backward, for test/vision/batch to compare with.

Run with any Python that has torch (2.13 made the files in the repository):

    python scripts/goldens/grid_sample.py

Writes test/goldens/nn/gridSample.json: for each case the options and the results, float64 as plain numbers. The inputs follow from a
formula that the test repeats.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

OUT = Path(__file__).resolve().parents[2] / 'test' / 'goldens' / 'nn' / 'gridSample.json'


def wave(shape, step, scale):
    count = torch.Size(shape).numel()
    return (torch.arange(count, dtype=torch.float64) * step).sin().reshape(shape) * scale


def rounded(x):
    return [float(f'{value:.9g}') for value in x.detach().reshape(-1).tolist()]


cases = []
for mode in ('bilinear', 'nearest', 'bicubic'):
    for padding in ('zeros', 'border', 'reflection'):
        for align in (False, True):
            x = wave((2, 2, 4, 5), 1.3, 1).requires_grad_()
            theta = (torch.eye(3, dtype=torch.float64)[:2] + wave((2, 2, 3), 2.1, 0.6)).requires_grad_()
            grid = F.affine_grid(theta, (2, 2, 3, 4), align_corners=align)
            out = F.grid_sample(x, grid, mode=mode, padding_mode=padding, align_corners=align)
            of_x, of_grid, of_theta = torch.autograd.grad(out, (x, grid, theta), wave(out.shape, 0.7, 1))
            cases.append({
                'mode': mode, 'paddingMode': padding, 'alignCorners': align, 'grid': rounded(grid), 'out': rounded(out),
                'ofX': rounded(of_x), 'ofGrid': rounded(of_grid), 'ofTheta': rounded(of_theta),
            })

OUT.write_text('[\n' + ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases) + '\n]\n')
print(OUT.name, OUT.stat().st_size, 'bytes,', len(cases), 'cases')
