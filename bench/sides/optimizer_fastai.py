"""fastai's side of the benchmark of optimizers; sides/optimizer.ts is tench's, work for work."""

import torch
from fastai.optimizer import Adam, Lamb

from optimizer_works import LR, resnet_shapes, stepping

works = {
    # Without decay, which fastai takes before the step and the paper inside the ratio.
    "lamb": lambda: stepping(resnet_shapes(), lambda params: Lamb(params, lr=LR)),
    "adam": lambda: stepping(resnet_shapes(), lambda params: Adam(params, lr=LR, wd=0.01)),
}


def libtorch():
    """None: fastai runs on the PyTorch that its users get, which need not be the one of the other sides."""


set_threads = torch.set_num_threads
