"""Writes test/goldens/learner/training.json: the losses of a hundred steps of the lesson's CNN, from weights and batches that a formula gives.

Run with any Python that has PyTorch and NumPy: python scripts/goldens/training.py
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

OUT = Path(__file__).resolve().parents[2] / "test" / "goldens" / "learner" / "training.json"
STEPS, BATCH, SIZE, CLASSES = 100, 16, 32, 4
WIDTHS = [16, 32]
LEAK, SUB, MAXV = 0.1, 0.4, 6.0


def spread(count, salt):
    """Numbers from 0 to 1 by the places 0 to count - 1: Knuth's multiplicative hash, with the upper bits folded in. Exact in float64."""
    hashed = (np.arange(count, dtype=np.uint64) + np.uint64(salt * 1_000_003)) * np.uint64(2654435761) % np.uint64(2**32)
    folded = (hashed ^ (hashed >> np.uint64(15))) * np.uint64(2246822519) % np.uint64(2**32)
    return ((folded ^ (folded >> np.uint64(13))) / 2**32).astype(np.float64)


def batch(step):
    """Stripes whose width is the class's, under noise: easy, since hard problems learn otherwise with every rounding, and so on every processor."""
    labels = (np.arange(BATCH) + step) % CLASSES
    noise = spread(BATCH * 3 * SIZE * SIZE, 1 + step).reshape(BATCH, 3, SIZE, SIZE)
    stripes = (np.arange(SIZE)[None, :] // (labels[:, None] + 2)) % 2
    return noise + 0.25 * stripes[:, None, None, :] - 0.625, labels


class GeneralReLU(nn.Module):
    def forward(self, x):
        return (F.leaky_relu(x, LEAK) - SUB).clamp_max(MAXV)


def conv_layer(ni, nf, stride):
    return [nn.Conv2d(ni, nf, 3, stride, 1, bias=False), GeneralReLU(), nn.BatchNorm2d(nf)]


def model(dtype):
    """The layers of getCnnModel for three channels; its parameters in order, each by `spread`."""
    widths = [3, 16, 32, 64, *WIDTHS]
    layers = []
    for i, (ni, nf) in enumerate(zip(widths, widths[1:])):
        layers.append(nn.Sequential(*conv_layer(ni, nf, 1 if i == 0 else 2)))
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], CLASSES)).to(dtype)
    for place, p in enumerate(net.parameters()):
        if p.dim() > 1:
            bound = math.sqrt(3 / p[0].numel())
            values = (2 * spread(p.numel(), 1000 + place) - 1) * bound
            p.data.copy_(torch.from_numpy(values.astype(np.float32)).reshape(p.shape))
    net[-1].bias.data.zero_()
    return net


def one_cycle(step, start=0.1, top=0.3, end=0.05, share=0.3):
    pos = step / STEPS
    at, a, b = (pos / share, start, top) if pos < share else ((pos - share) / (1 - share), top, end)
    return a + (1 + math.cos(math.pi * (1 - at))) * (b - a) / 2


class Lamb(torch.optim.Optimizer):
    """arXiv:1904.00962, with the ratio at most 10."""

    def __init__(self, params, lr, wd, mom=0.9, sqr_mom=0.99, eps=1e-6):
        super().__init__(params, dict(lr=lr, wd=wd, mom=mom, sqr_mom=sqr_mom, eps=eps))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            lr, wd, mom, sqr_mom, eps = (group[k] for k in ("lr", "wd", "mom", "sqr_mom", "eps"))
            for p in group["params"]:
                s = self.state[p]
                if not s:
                    s.update(t=0, m=torch.zeros_like(p), v=torch.zeros_like(p))
                s["t"] += 1
                s["m"].mul_(mom).add_(p.grad, alpha=1 - mom)
                s["v"].mul_(sqr_mom).addcmul_(p.grad, p.grad, value=1 - sqr_mom)
                direction = (s["m"] / (1 - mom ** s["t"])) / ((s["v"] / (1 - sqr_mom ** s["t"])).sqrt() + eps) + wd * p
                r1, r2 = p.norm(), direction.norm()
                ratio = 1.0 if r1 == 0 or r2 == 0 else min((r1 / r2).item(), 10.0)
                p.add_(direction, alpha=-lr * ratio)


OPTIMIZERS = {
    "sgd": lambda params: torch.optim.SGD(params, lr=1),
    "adamW": lambda params: torch.optim.AdamW(params, lr=0.002, betas=(0.9, 0.99), eps=1e-5, weight_decay=0.1),
    "lamb": lambda params: Lamb(params, lr=0.003, wd=0.1),
}


def train(name, dtype=torch.float32, bf16=False):
    net = model(dtype)
    net = net.to(memory_format=torch.channels_last) if bf16 else net
    opt = OPTIMIZERS[name](net.parameters())
    losses = []
    for step in range(STEPS):
        if name == "sgd":
            opt.param_groups[0]["lr"] = one_cycle(step)
        xb, yb = batch(step)
        xb, yb = torch.from_numpy(xb.astype(np.float32)).to(dtype), torch.from_numpy(yb)
        if bf16:
            xb = xb.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = F.cross_entropy(net(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()
        losses.append(loss.item())
    return losses


def main():
    torch.set_num_threads(1)
    runs = {name: {"float32": train(name), "bf16": train(name, bf16=True)} for name in OPTIMIZERS}
    golden = {"comment": "made by scripts/goldens/training.py", "torch": torch.__version__, "runs": runs}
    OUT.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
