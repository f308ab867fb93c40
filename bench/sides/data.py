"""The peers' side of the benchmark of data: torchvision's transforms in PyTorch's DataLoader, and fastai; sides/data.ts is tench's."""

import os

import numpy
import torch
from fastai.data.core import TfmdDL, TfmdLists
from fastai.data.transforms import IntToFloatTensor, ToTensor as FastToTensor, get_image_files
from fastai.vision.augment import Resize as FastResize
from fastai.vision.core import PILImage
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms

from lesson_cnn import cnn

ROOT = os.environ["BENCH_PHOTOGRAPHS"]
SIDE = 128
BATCH = 64


def photographs(count):
    """Photographs of all classes: every so-manyth of the sorted list."""
    found = sorted(
        os.path.join(folder, name) for folder, _, names in os.walk(ROOT) for name in names if name.lower().endswith(".jpeg")
    )
    step = len(found) // count
    return [found[i * step] for i in range(count)]


class Photographs:
    def __init__(self, files, transform):
        self.files, self.transform = files, transform

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        return self.transform(Image.open(self.files[i]).convert("RGB"))


class Labelled(Photographs):
    def __getitem__(self, i):
        return super().__getitem__(i), i % 10


def pixels(batch):
    """Some pixels of the first batch."""
    rows = torch.tensor([0, 33, 90])
    return torch.as_tensor(batch).cpu().index_select(2, rows).index_select(3, rows).reshape(-1).tolist()


def dataloader(dataset, workers, pin=False):
    return DataLoader(dataset, batch_size=BATCH, num_workers=workers, persistent_workers=workers > 0, pin_memory=pin)


class OnDevice:
    """Batches on the GPU, copied from page-locked memory beside the program."""

    def __init__(self, loader):
        self.loader = loader

    def __iter__(self):
        for batch in self.loader:
            yield batch.to("cuda", non_blocking=True)
        torch.cuda.synchronize()


RESIZE = transforms.Compose([transforms.Resize((SIDE, SIDE)), transforms.ToTensor()])
RANDOM = transforms.Compose([transforms.RandomResizedCrop(SIDE), transforms.RandomHorizontalFlip(), transforms.ToTensor()])
CENTRE = transforms.Compose([transforms.RandomResizedCrop(SIDE, scale=(1, 1), ratio=(1, 1)), transforms.ToTensor()])


def loading(make, check, workers):
    """make() and check() give loaders; torch's own threads would fight with those of the workers."""

    def work():
        torch.set_num_threads(1)
        timed = make(workers)

        def run(iterations):
            for _ in range(iterations):
                for batch in timed:
                    pass

        return run, lambda: pixels(next(iter(check(0))))

    return work


def torchvision_loader(transform):
    return lambda workers: dataloader(Photographs(photographs(1024), transform), workers)


def cuda_loader(workers):
    return OnDevice(dataloader(Photographs(photographs(1024), RESIZE), workers, pin=True))


def fastai_loader(workers):
    items = TfmdLists(photographs(1024), PILImage.create)
    return TfmdDL(
        items,
        bs=BATCH,
        num_workers=workers,
        persistent_workers=workers > 0,
        after_item=[FastResize(SIDE, method="squish"), FastToTensor()],
        after_batch=[IntToFloatTensor()],
    )


def list_files():
    def run(iterations):
        for _ in range(iterations):
            get_image_files(ROOT)

    return run, lambda: [len(get_image_files(ROOT))]


BATCHES = 8


def training(half, is_loading):
    def work():
        torch.set_num_threads(os.cpu_count())
        loader = dataloader(Labelled(photographs(BATCHES * BATCH), RESIZE), 2)
        kept = None if is_loading else [(x.clone(), y.clone()) for x, y in loader]

        def learner():
            torch.manual_seed(0)
            model = cnn()
            if half:
                model = model.to(memory_format=torch.channels_last)
            return model, torch.optim.SGD(model.parameters(), lr=0.01)

        def train(model, opt, epochs):
            for _ in range(epochs):
                for x, y in loader if is_loading else kept:
                    if half:
                        x = x.to(memory_format=torch.channels_last)
                    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
                        loss = nn.functional.cross_entropy(model(x), y)
                    loss.backward()
                    opt.step()
                    opt.zero_grad()

        model, opt = learner()

        def values():
            fresh, its_opt = learner()
            train(fresh, its_opt, 1)
            return next(fresh.parameters()).reshape(-1)[:50].tolist()

        return lambda iterations: train(model, opt, iterations), values

    return work


def flip_bytes():
    data = numpy.array([(i * 7919) % 251 for i in range(SIDE * SIDE * 3)], dtype=numpy.uint8)
    image = Image.fromarray(data.reshape(SIDE, SIDE, 3))

    def run(iterations):
        for _ in range(iterations):
            image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)

    return run, lambda: list(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).tobytes()[:300])


works = {
    "getFiles": list_files,
    "loadAndTrainFp32": training(False, True),
    "trainFp32": training(False, False),
    "loadAndTrainBf16": training(True, True),
    "trainBf16": training(True, False),
    "flipBytes": flip_bytes,
}
for count in (0, 2, 4, 8, 16):
    works[f"resize{count}"] = loading(torchvision_loader(RESIZE), torchvision_loader(RESIZE), count)
    works[f"randomResizedCrop{count}"] = loading(torchvision_loader(RANDOM), torchvision_loader(CENTRE), count)
    works[f"loaderCuda{count}"] = loading(cuda_loader, cuda_loader, count)
    works[f"resizeFastai{count}"] = loading(fastai_loader, fastai_loader, count)


def libtorch():
    return torch.__version__.split("+")[0]


set_threads = torch.set_num_threads
