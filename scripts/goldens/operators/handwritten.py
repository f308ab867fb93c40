"""Collects calls of overloads that PyTorch's samples do not reach: the lines of handwritten.txt, each a call of `torch.ops.aten`."""

import pathlib

import torch

from collect import Recorder, seed

def tensors():
    """What the calls name: one letter for a small tensor, by its dtype or purpose."""
    seed()
    grow = lambda *shape: (torch.arange(float(torch.Size(shape).numel())) * 0.37 % 1.9 - 0.8).reshape(shape)
    f, g = grow(2, 3), grow(2, 3) * 1.3 + 0.2
    return {
        "f": f, "g": g, "p": f.abs() + 0.3, "q": g.abs() + 0.4, "ft": f.t(), "h": f.bfloat16(), "c": torch.complex(f, g), "s": torch.tensor(0.5), "s0": torch.tensor(2.0),
        "i": torch.tensor([[1, 5, 2], [7, 3, 1]]), "b": f > 0, "o3": torch.ones(3, dtype=torch.int64), "mask2": torch.tensor([[True, False, False], [False, False, True]]),
        "m": grow(3, 3) + torch.eye(3) * 2, "n": grow(3, 3) * 0.7 - 0.1, "m2": grow(2, 2), "m44": grow(4, 4), "b3": grow(2, 3, 3),
        "v2": grow(2), "v3": torch.tensor([-0.5, 0.25, 1.5]), "v4": grow(4), "v6": grow(6), "p1": torch.tensor([0.1]), "p2": torch.tensor([0.1, 0.2]), "z1": torch.zeros(1, dtype=torch.int32),
        "o1": torch.ones(()), "oi1": torch.ones(1, dtype=torch.int64), "zi1": torch.zeros(1, dtype=torch.int32), "zf1": torch.zeros(1), "z2": torch.zeros(2), "zi2": torch.zeros(2, dtype=torch.int32),
        "img": grow(1, 2, 4, 4), "w": grow(2, 2, 3, 3), "vol": grow(1, 1, 2, 3, 3), "w3": grow(1, 1, 2, 2, 2), "grid": grow(1, 2, 2, 2),
        "ix": torch.tensor([0, 1, 1, 3]), "ix3": torch.tensor([1, 0, 3]), "ptr": torch.tensor([0, 1, 2, 3]), "l2z": torch.tensor([0, 1]), "ixg": torch.tensor([[0, 1], [1, 0]]), "coo": torch.tensor([[0, 2], [1, 1]]),
        "logp": torch.log_softmax(grow(5, 1, 3), 2), "target": torch.tensor([[1, 2]]), "l5": torch.tensor([5]), "l2": torch.tensor([2]),
        "qkv": grow(1, 2, 3, 4), "seq": grow(1, 2, 4), "h14": torch.zeros(1, 1, 4), "r1": grow(1, 4), "sobol": torch.arange(60).reshape(2, 30),
    }


def overload_of(text):
    name, _, rest = text.partition("(")
    base, _, overload = name.partition(".")
    return getattr(getattr(torch.ops.aten, base), overload or "default"), "(" + rest


def arguments_of(text, names):
    """What stands between the parentheses, evaluated; `A` is torch.ops.aten."""
    given = {"keep": lambda *args, **kwargs: (args, kwargs), "torch": torch, "A": torch.ops.aten, **names}
    with torch.no_grad():
        return eval(f"keep{text}", given)


def collect_handwritten(store):
    """Offers every call; stops at one that PyTorch refuses."""
    for text in (pathlib.Path(__file__).parent / "handwritten.txt").read_text().splitlines():
        overload, arguments = overload_of(text)
        args, kwargs = arguments_of(arguments, tensors())
        seed()
        with torch.inference_mode(), Recorder(store):
            overload(*args, **kwargs)
