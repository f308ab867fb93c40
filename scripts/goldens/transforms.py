"""What torchvision draws and makes: the truth for random crops, erasing, jitter, RandAugment, TrivialAugment and perspectives.

Writes draws.json (how draws are distributed), augmentations.json (pixels of every single augmentation) and sizes.json (sizes of resizes,
coefficients of perspectives). Needs torchvision and Pillow 13.

Usage: python scripts/goldens/transforms.py test/goldens/transforms
"""

import json
import pathlib
import random
import sys

import numpy
import torch
import torchvision
from PIL import Image
from torchvision import transforms
from torchvision.transforms import functional as F
from torchvision.transforms import autoaugment

FOLDER = pathlib.Path(sys.argv[1])
DRAWS = 40_000


def shares(values):
    """For some thresholds, the share of values that are not above them."""
    values = numpy.sort(numpy.asarray(values, dtype=float))
    thresholds = sorted({float(v) for v in numpy.quantile(values, numpy.linspace(0.02, 0.98, 25), method="lower")})
    return {"thresholds": thresholds, "shares": [float(numpy.mean(values <= t)) for t in thresholds]}


def box_shares(boxes):
    names = ["top", "left", "height", "width"]
    found = {name: shares([box[i] for box in boxes]) for i, name in enumerate(names)}
    found["area"] = shares([box[2] * box[3] for box in boxes])
    return found


def random_crops():
    cases = []
    for size, scale, ratio in [
        ((500, 375), (0.08, 1.0), (3 / 4, 4 / 3)), ((500, 100), (0.08, 1.0), (3 / 4, 4 / 3)), ((100, 500), (0.08, 1.0), (3 / 4, 4 / 3)),
        ((20, 21), (0.08, 1.0), (3 / 4, 4 / 3)), ((224, 224), (0.35, 1.0), (3 / 4, 4 / 3)), ((64, 48), (0.05, 0.2), (0.2, 5.0)),
        ((3, 2), (0.08, 1.0), (3 / 4, 4 / 3)),
    ]:
        image = Image.new("L", size)
        boxes = [transforms.RandomResizedCrop.get_params(image, list(scale), list(ratio)) for _ in range(DRAWS)]
        cases.append({"size": size, "scale": scale, "ratio": ratio, **box_shares(boxes)})
    return cases


def random_erasing():
    cases = []
    for size, scale, ratio in [((96, 64), (0.02, 0.33), (0.3, 3.3)), ((30, 90), (0.2, 0.6), (0.3, 3.3))]:
        image = torch.zeros(3, size[1], size[0])
        drawn = [transforms.RandomErasing.get_params(image, scale, ratio, [0.0]) for _ in range(DRAWS // 4)]
        # Where nothing fits, all of the image is given back.
        boxes = [box[:4] for box in drawn if tuple(box[2:4]) != (size[1], size[0])]
        cases.append({"size": size, "scale": scale, "ratio": ratio, "erased": len(boxes) / len(drawn), **box_shares(boxes)})
    return cases


def color_jitter():
    drawn = [transforms.ColorJitter.get_params([0.6, 1.4], [0.2, 1.8], [0.5, 1.1], [-0.1, 0.3]) for _ in range(DRAWS // 4)]
    found = {name: shares([one[i + 1] for one in drawn]) for i, name in enumerate(["brightness", "contrast", "saturation", "hue"])}
    found["first"] = [sum(int(one[0][0]) == i for one in drawn) / len(drawn) for i in range(4)]
    return found


def picture(width, height):
    draw = random.Random(3)
    pixels = bytes(
        (draw.randrange(256), (x * 9 + y * 6 + c * 70) % 256, 200 if (x // 3 + y // 4) % 2 else 30)[(x // 8 + y // 8) % 3]
        for y in range(height) for x in range(width) for c in range(3))
    return Image.frombytes("RGB", (width, height), pixels)


def augmentations():
    image = picture(25, 18)
    cases = []
    for kind, space in [
        ("RandAugment", transforms.RandAugment()._augmentation_space(31, (18, 25))),
        ("TrivialAugmentWide", transforms.TrivialAugmentWide()._augmentation_space(31)),
    ]:
        for name, (strengths, signed) in space.items():
            for step in (0, 9, 20, 30) if strengths.ndim > 0 else (0,):
                strength = float(strengths[step].item()) if strengths.ndim > 0 else 0.0
                for sign in (1, -1) if signed and strength != 0 else (1,):
                    made = autoaugment._apply_op(image, name, sign * strength, F.InterpolationMode.NEAREST, None)
                    cases.append({"kind": kind, "name": name, "step": step, "signed": signed, "strength": sign * strength,
                                  "data": numpy.asarray(made).tobytes().hex()})
    return {"width": 25, "height": 18, "data": image.tobytes().hex(), "cases": cases}


def resized():
    cases = []
    for size in [(500, 375), (375, 500), (333, 47), (1, 1), (1, 90), (91, 90), (64, 64)]:
        for side in (1, 7, 64, 99, 224):
            made = F.resize(Image.new("L", size), side)
            cases.append({"size": size, "side": side, "made": made.size})
    return cases


def perspectives():
    draw = random.Random(9)
    cases = []
    for width, height in [(128, 128), (500, 375), (4000, 3000), (31, 23)]:
        for _ in range(4):
            def near(x, y):
                return [x * width + draw.uniform(-0.2, 0.2) * width, y * height + draw.uniform(-0.2, 0.2) * height]
            originals = [near(0, 0), near(0, 1), near(1, 1), near(1, 0)]
            targets = [[0, 0], [0, height], [width, height], [width, 0]]
            # torchvision's start and end points are of the forward map, and it gives the one from end to start.
            coefficients = F._get_perspective_coeffs(originals, targets)
            cases.append({"originals": originals, "targets": targets, "coefficients": coefficients})
    return cases


torch.manual_seed(11)
FOLDER.mkdir(parents=True, exist_ok=True)
versions = {"torchvision": torchvision.__version__, "draws": DRAWS}
draws = {**versions, "crops": random_crops(), "erasing": random_erasing(), "jitter": color_jitter()}
(FOLDER / "draws.json").write_text(json.dumps(draws) + "\n")
(FOLDER / "augmentations.json").write_text(json.dumps(augmentations()) + "\n")
(FOLDER / "sizes.json").write_text(json.dumps({"resized": resized(), "perspectives": perspectives()}) + "\n")
