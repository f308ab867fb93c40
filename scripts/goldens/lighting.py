"""What fastai's functions make of a batch's lighting: the truth for brightness, contrast, saturation and hue, and for several composed.

Writes lighting.json: pictures, and for each case what is done and what comes of it. Needs fastai.

Usage: python scripts/goldens/lighting.py test/goldens/lighting
"""

import base64
import json
import pathlib
import sys
from functools import partial

import torch
from fastai.vision import augment
from fastai.vision.core import TensorImage

FOLDER = pathlib.Path(sys.argv[1])


def encoded(x):
    x = x.detach().to(torch.float32).contiguous()
    return {"shape": list(x.shape), "dtype": "float32", "data": base64.b64encode(x.numpy().tobytes()).decode()}


def pictures():
    """Noise, a ramp, greys with black and white, and saturated colours with equal channels in every pairing."""
    torch.manual_seed(0)
    side = 12
    noise = torch.rand(3, side, side)
    ramp = torch.linspace(0, 1, side * side).reshape(1, side, side) * torch.tensor([1.0, 0.5, 0.25])[:, None, None]
    grey = torch.linspace(0, 1, side * side).reshape(1, side, side).expand(3, -1, -1)
    corners = torch.tensor([[r, g, b] for r in (0, 0.5, 1) for g in (0, 0.5, 1) for b in (0, 0.5, 1)], dtype=torch.float32)
    colours = corners.repeat(6, 1)[: side * side].T.reshape(3, side, side)
    return torch.stack([noise, ramp, grey, colours])


MAKERS = {"brightness": augment._BrightnessLogit, "contrast": augment._ContrastLogit, "saturation": augment._SaturationLogit, "hue": augment._Hue}


def prepared(op, changes, x):
    """fastai's function for given changes, one a picture."""
    made = MAKERS[op](p=1.0, draw=list(changes))
    made.before_call(x)
    return made


def run(steps):
    x = TensorImage(pictures())
    logits = [prepared(op, changes, x) for op, changes in steps if op != "hue"]
    hues = [prepared(op, changes, x) for op, changes in steps if op == "hue"]
    if logits:
        x = x.lighting(partial(augment.compose_tfms, tfms=logits))
    if hues:
        x = x.hsv(partial(augment.compose_tfms, tfms=hues))
    return {"steps": [{"op": op, "changes": list(changes)} for op, changes in steps], "result": encoded(x)}


B, C, S, H = (0.4, 0.6, 0.45, 0.7), (0.8, 1.25, 1.1, 2.0), (0.0, 1.25, 0.7, 1.6), (0.1, -0.1, 0.3, 0.45)
CASES = [
    [("brightness", B)], [("contrast", C)], [("saturation", S)], [("hue", H)],
    [("brightness", B), ("contrast", C)], [("contrast", C), ("brightness", B)],
    [("brightness", B), ("contrast", C), ("saturation", S)], [("saturation", S), ("brightness", B), ("saturation", C), ("contrast", C)],
    [("brightness", B), ("contrast", C), ("saturation", S), ("hue", H)],
]

FOLDER.mkdir(parents=True, exist_ok=True)
text = json.dumps({"x": encoded(pictures()), "cases": [run(case) for case in CASES]})
(FOLDER / "lighting.json").write_text(text + "\n")
