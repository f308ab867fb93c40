"""The peers' sides of the benchmark of training that begin with files: fastai's own pipeline, and PyTorch's tuned by hand."""

import os
from pathlib import Path

import fastai.callback.progress  # noqa: F401 (gives Learner its no_bar)
import torch
import torch.nn.functional as F
from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.transforms import GrandparentSplitter, parent_label
from fastai.learner import Learner
from fastai.metrics import accuracy
from fastai.optimizer import SGD
from fastai.vision.augment import Resize
from fastai.vision.core import imagenet_stats
from fastai.vision.data import ImageBlock, Normalize
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms

from lesson_cnn import cnn

ROOT = os.environ["BENCH_PHOTOGRAPHS"]
WORKERS = int(os.environ.get("BENCH_WORKERS", "2"))
BATCH, SIZE = 64, 128
LR = 0.005


def photographs(part, count):
    """In the order of names, as many of each class on every side."""
    found = []
    for folder in sorted((Path(ROOT) / part).iterdir()):
        found += sorted(path for path in folder.iterdir() if path.suffix.lower() == ".jpeg")[:count]
    return found


TRAIN, VALID = photographs("train", 102), photographs("val", 38)


def sizes(model):
    return lambda: [len(TRAIN), len(VALID), len(list(model.parameters()))]


def fastai_epochs():
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=lambda _: TRAIN + VALID,
        splitter=GrandparentSplitter("train", "val"),
        get_y=parent_label,
        item_tfms=Resize(SIZE, method="squish"),
        batch_tfms=Normalize.from_stats(*imagenet_stats),
    )
    loaders = block.dataloaders(ROOT, bs=BATCH, num_workers=WORKERS)
    model = cnn()
    learn = Learner(loaders, model, loss_func=nn.CrossEntropyLoss(), opt_func=SGD, lr=LR, metrics=accuracy)

    def run(iterations):
        with learn.no_bar(), learn.no_logging():
            learn.fit(iterations)

    return run, sizes(model)


class Photographs:
    def __init__(self, files, transform):
        self.files, self.transform = files, transform
        self.classes = sorted({path.parent.name for path in TRAIN})

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        path = self.files[i]
        return self.transform(Image.open(path).convert("RGB")), self.classes.index(path.parent.name)


def tuned_epochs():
    """bfloat16, channels_last, workers that stay: what PyTorch's own guides advise for this processor."""
    transform = transforms.Compose([transforms.Resize((SIZE, SIZE)), transforms.PILToTensor()])
    mean, std = (torch.tensor(values).reshape(1, 3, 1, 1) for values in imagenet_stats)

    def loader(files, shuffle):
        return DataLoader(
            Photographs(files, transform), batch_size=BATCH, shuffle=shuffle, num_workers=WORKERS, persistent_workers=True
        )

    train, valid = loader(TRAIN, True), loader(VALID, False)
    model = cnn().to(memory_format=torch.channels_last)
    opt = torch.optim.SGD(model.parameters(), lr=LR)

    def prepared(x):
        return ((x.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last)

    def run(iterations):
        for _ in range(iterations):
            model.train()
            for x, y in train:
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    loss = F.cross_entropy(model(prepared(x)), y)
                loss.backward()
                opt.step()
                opt.zero_grad()
            model.eval()
            hits = 0
            with torch.no_grad():
                for x, y in valid:
                    with torch.autocast("cpu", dtype=torch.bfloat16):
                        hits += (model(prepared(x)).argmax(1) == y).sum()

    return run, sizes(model)


works = {"fastai": fastai_epochs, "tuned": tuned_epochs}


def libtorch():
    return torch.__version__.split("+")[0]


set_threads = torch.set_num_threads
