"""fastai's side of the benchmark of augmentation: its batch transforms, composed to one sample as aug_transforms does."""

import sys
from pathlib import Path

import torch
from fastai.vision.augment import Flip, Rotate, Warp, Zoom, setup_aug_tfms
from fastai.vision.core import TensorImage

sys.path.insert(0, str(Path(__file__).parent))
from augment_works import (  # noqa: E402
    ANGLES, FLIPS, MIDDLES_X, MIDDLES_Y, WARPS_X, WARPS_Y, ZOOMS, both, work,
)


def applying(transforms):
    (transform,) = setup_aug_tfms(transforms)
    return lambda x: transform(TensorImage(x), split_idx=0)


drawn = applying([Flip(p=0.5), Warp(p=0.75), Rotate(p=0.75), Zoom(p=0.75)])
given = applying([
    Flip(p=1, draw=FLIPS),
    Warp(p=1, draw_x=WARPS_X, draw_y=WARPS_Y),
    Rotate(p=1, draw=ANGLES),
    Zoom(p=1, draw=ZOOMS, draw_x=MIDDLES_X, draw_y=MIDDLES_Y),
])

works = both("geometry", lambda x: work(x, drawn, given))


def libtorch():
    """None: fastai runs on the PyTorch that its users get, which need not be the one of the other sides."""


set_threads = torch.set_num_threads
