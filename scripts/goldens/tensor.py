"""Records what PyTorch itself answers, for the tests of the tensor room: printing, indexing, dtypes of results, operators with gradients, generators.

    python scripts/goldens/tensor.py        (needs torch; writes test/goldens/tensor/*.json)
"""

import json
import pathlib

import torch

TARGET = pathlib.Path(__file__).resolve().parents[2] / "test" / "goldens" / "tensor"


def plain(value):
    """A tensor as nested lists that JSON can hold."""
    if value.is_complex():
        return torch.view_as_real(value).tolist()
    return value.tolist()


def printing():
    torch.manual_seed(0)
    cases = {
        "scalar": "torch.tensor(3.)",
        "whole": "torch.tensor([1., -2., 300.])",
        "fractions": "torch.tensor([[0.5, 2.25], [-100.125, 3.]])",
        "wide": "torch.tensor([1e-6, 1., 1e6])",
        "large whole": "torch.tensor([1e9, 1.])",
        "specials": "torch.tensor([float('nan'), float('inf'), -float('inf'), 1.5])",
        "integers": "torch.tensor([[1, -20], [300, 4]])",
        "booleans": "torch.tensor([True, False])",
        "double": "torch.tensor([1.5], dtype=torch.float64)",
        "bytes": "torch.arange(12, dtype=torch.uint8).reshape(3, 4)",
        "bfloat16": "torch.tensor([1.5, 2.]).bfloat16()",
        "empty": "torch.tensor([])",
        "empty matrix": "torch.zeros(2, 0)",
        "three axes": "torch.arange(8.).reshape(2, 2, 2)",
        "four axes": "torch.arange(16.).reshape(2, 2, 2, 2)",
        "long": "torch.arange(2000.)",
        "long matrix": "torch.arange(4000.).reshape(40, 100)",
        "many columns": "torch.arange(60.)",
        "complex": "torch.tensor([1.-2.j, 0.5+3.j])",
    }
    return [{"name": name, "text": str(eval(code)), "code": code} for name, code in cases.items()]


def indexing():
    x = torch.arange(24.0).reshape(2, 3, 4)
    n, e = None, Ellipsis
    s = slice
    mask = x > 10
    rows = torch.tensor([1, 0])
    cases = [
        (["i:1"], (1,)),
        (["i:-1", "i:0"], (-1, 0)),
        (["s:1:", "s:::2"], (s(1, n), s(n, n, 2))),
        (["s:-2:-1"], (s(-2, -1),)),
        (["...", "i:2"], (e, 2)),
        (["i:0", "...", "s:1:3"], (0, e, s(1, 3))),
        (["n", "i:1", "n"], (n, 1, n)),
        (["...", "n"], (e, n)),
        (["mask"], (mask,)),
        (["rows"], (rows,)),
        (["s::", "rows"], (s(n), rows)),
        (["rows", "rows"], (rows, rows)),
        (["rows", "s::", "list"], (rows, s(n), [3, 0])),
        (["i:0", "rows", "i:1"], (0, rows, 1)),
        (["rowmask", "i:0"], (torch.tensor([False, True]), 0)),
    ]
    recorded = []
    for names, index in cases:
        y = x.clone()
        y[index] = -1.0
        recorded.append({"index": names, "read": plain(x[index]), "shape": list(x[index].shape), "written": plain(y)})
    return recorded


def promotion():
    dtypes = [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.int32, torch.uint8, torch.bool, torch.complex64]
    name = lambda dtype: str(dtype).split(".")[1]
    return [
        {"left": name(a), "right": name(b), "add": name((torch.ones(2, dtype=a) + torch.ones(2, dtype=b)).dtype),
         "div": name((torch.ones(2, dtype=a) / torch.ones(2, dtype=b)).dtype)}
        for a in dtypes for b in dtypes
    ]


def operators():
    torch.manual_seed(1)
    x = torch.randn(3, 4)
    y = torch.randn(3, 4)
    positive = torch.rand(3, 4) + 0.5
    image = torch.randn(2, 3, 6, 5)
    weight = torch.randn(4, 3, 3, 3)
    square = torch.randn(3, 3)
    cases = [
        ("add", [x, y], {"alpha": 2}), ("mul", [x, 2.5], {}), ("div", [x, positive], {}), ("pow", [positive, 1.5], {}),
        ("matmul", [x, y.t().contiguous()], {}), ("sum", [x, [1], True], {}), ("mean", [x, [0]], {}), ("std", [x, [0]], {"correction": 1}),
        ("softmax", [x, 1], {}), ("log_softmax", [x, 1], {}), ("logsumexp", [x, [1]], {}), ("relu", [x], {}), ("leaky_relu", [x, 0.1], {}),
        ("gelu", [x], {}), ("sigmoid", [x], {}), ("tanh", [x], {}), ("clamp", [x, -0.5, 0.5], {}), ("where", [x > 0, x, y], {}),
        ("cat", [[x, y], 1], {}), ("stack", [[x, y], 0], {}), ("conv2d", [image, weight, None, [2, 2], [1, 1]], {}),
        ("avg_pool2d", [image, [2, 2]], {}), ("max_pool2d", [image, [2, 2]], {}), ("adaptive_avg_pool2d", [image, [1, 1]], {}),
        ("upsample_bilinear2d", [image, [9, 7], False], {}), ("cumsum", [x, 1], {}), ("prod", [x, 1], {}), ("norm", [x], {}),
        ("einsum", ["ij,kj->ik", [x, y]], {}), ("addcmul", [x, x, y], {"value": 0.5}), ("addcdiv", [x, x, positive], {"value": -0.1}),
        ("linalg_inv", [square], {}), ("lerp", [x, y, 0.3], {}), ("flip", [x, [0]], {}), ("roll", [x, [1], [1]], {}),
        ("permute", [image, [0, 2, 3, 1]], {}), ("transpose", [x, 0, 1], {}), ("tril", [square], {}), ("gather", [x, 1, torch.tensor([[0, 3], [1, 1], [2, 0]])], {}),
        ("index_select", [x, 0, torch.tensor([2, 0])], {}), ("masked_fill", [x, x > 0, 0.0], {}), ("batch_norm", [image, None, None, None, None, True, 0.1, 1e-5, False], {}),
    ]
    encode = lambda v: {"tensor": plain(v), "dtype": str(v.dtype).split(".")[1]} if isinstance(v, torch.Tensor) else [encode(e) for e in v] if isinstance(v, list) else v
    recorded = []
    for name, args, kwargs in cases:
        leaves = []

        def track(v):
            if isinstance(v, torch.Tensor) and v.is_floating_point():
                leaf = v.clone().requires_grad_()
                leaves.append(leaf)
                return leaf
            return [track(e) for e in v] if isinstance(v, list) and v and isinstance(v[0], torch.Tensor) else v

        result = getattr(torch.ops.aten, name)(*[track(a) for a in args], **kwargs)
        gradients = torch.autograd.grad((result * result).sum(), leaves)
        recorded.append({"name": name, "args": [encode(a) for a in args], "options": kwargs, "result": plain(result.detach()),
                         "shape": list(result.shape), "gradients": [plain(g) for g in gradients]})
    return recorded


def generators():
    """What operators draw from a generator of their own."""
    seed = 2**40 + 7
    made = torch.Generator().manual_seed(seed)
    return [
        {
            "seed": seed,
            "uniform": torch.rand(4, generator=made).tolist(),
            "permutation": torch.randperm(6, generator=made).tolist(),
            "bernoulli": torch.bernoulli(torch.full((4,), 0.5), generator=made).tolist(),
        }
    ]


if __name__ == "__main__":
    TARGET.mkdir(parents=True, exist_ok=True)
    for make in (printing, indexing, promotion, operators, generators):
        (TARGET / f"{make.__name__}.json").write_text(json.dumps({"torch": torch.__version__.split("+")[0], "cases": make()}, separators=(",", ":")) + "\n")
