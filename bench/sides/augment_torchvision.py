"""torchvision's side of the benchmark of augmentation: v2 has no draw for each picture of a batch, so each is turned by itself."""

import torch
from torchvision.transforms import v2

from augment_works import ANGLES, DEGREES, as_floats, pictures, work

turn = v2.RandomRotation(DEGREES, interpolation=v2.InterpolationMode.BILINEAR)


def given(x):
    return torch.stack([
        v2.functional.rotate(picture, angle, interpolation=v2.InterpolationMode.BILINEAR)
        for picture, angle in zip(x, ANGLES)
    ])


works = {
    "rotateBlack": lambda: work(
        as_floats(pictures()), lambda batch: torch.stack([turn(picture) for picture in batch]), given
    )
}


def libtorch():
    """None: torchvision runs on the PyTorch that its users get."""


set_threads = torch.set_num_threads
