"""fastai's side of the benchmark of augmentation: its batch transforms, composed as aug_transforms does: one sample, and one pass of lighting."""

import torch
from fastai.vision.augment import Brightness, Contrast, Flip, Rotate, Warp, Zoom, setup_aug_tfms
from fastai.vision.core import TensorImage

from augment_works import (
    ANGLES, BRIGHTNESS, CONTRAST, FLIPS, MIDDLES_X, MIDDLES_Y, WARPS_X, WARPS_Y, ZOOMS, both, work,
)


def geometry():
    return [Flip(p=0.5), Warp(p=0.75), Rotate(p=0.75), Zoom(p=0.75)]


def geometry_given():
    return [
        Flip(p=1, draw=FLIPS),
        Warp(p=1, draw_x=WARPS_X, draw_y=WARPS_Y),
        Rotate(p=1, draw=ANGLES),
        Zoom(p=1, draw=ZOOMS, draw_x=MIDDLES_X, draw_y=MIDDLES_Y),
    ]


def lighting():
    return [Brightness(p=0.75), Contrast(p=0.75)]


def lighting_given():
    return [Brightness(p=1, draw=BRIGHTNESS), Contrast(p=1, draw=CONTRAST)]


def applying(transforms):
    composed = setup_aug_tfms(transforms)

    def apply(x):
        x = TensorImage(x)
        for transform in composed:
            x = transform(x, split_idx=0)
        return x

    return apply


works = {
    **both("geometry", lambda x: work(x, applying(geometry()), applying(geometry_given()))),
    **both("all", lambda x: work(
        x, applying(geometry() + lighting()), applying(geometry_given() + lighting_given())
    )),
}


def libtorch():
    """None: fastai runs on the PyTorch that its users get, which need not be the one of the other sides."""


set_threads = torch.set_num_threads
