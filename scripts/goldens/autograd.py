"""Records what PyTorch answers, for the tests of autograd: precisions that autocast chooses, second derivatives, the schedule of a GradScaler.

    python scripts/goldens/autograd.py        (needs torch; writes test/goldens/autograd/*.json)
"""

import json
import math
import pathlib

import torch

TARGET = pathlib.Path(__file__).resolve().parents[2] / "test" / "goldens" / "autograd"

name = lambda dtype: str(dtype).split(".")[1]


def autocast():
    """Result dtypes of operators on float32, low-precision and mixed inputs, inside autocast on the CPU."""
    square = lambda dtype: (torch.rand(4, 4, dtype=torch.float64) + 0.5).to(dtype)
    image = lambda dtype: torch.rand(1, 2, 6, 6).to(dtype)
    kernel = lambda dtype: torch.rand(3, 2, 3, 3).to(dtype)
    target = torch.zeros(4, dtype=torch.int64)
    operators = {
        "matmul": lambda a, b: (square(a), square(b)),
        "mm": lambda a, b: (square(a), square(b)),
        "linear": lambda a, b: (square(a), square(b)),
        "addmm": lambda a, b: (square(a), square(b), square(b)),
        "bmm": lambda a, b: (square(a)[None], square(b)[None]),
        "conv2d": lambda a, b: (image(a), kernel(b)),
        "add.Tensor": lambda a, b: (square(a), square(b)),
        "mul.Tensor": lambda a, b: (square(a), square(b)),
        "cat": lambda a, b: ([square(a), square(b)],),
        "stack": lambda a, b: ([square(a), square(b)],),
        "index_copy": lambda a, b: (square(a), 0, torch.tensor([1]), square(b)[:1]),
        "mse_loss": lambda a, b: (square(a), square(b)),
        "l1_loss": lambda a, b: (square(a), square(b)),
        "softmax.int": lambda a, b: (square(a), 1),
        "log_softmax.int": lambda a, b: (square(a), 1),
        "nll_loss": lambda a, b: (square(a), target),
        "exp": lambda a, b: (square(a),),
        "log": lambda a, b: (square(a),),
        "pow.Tensor_Scalar": lambda a, b: (square(a), 2.0),
        "sum": lambda a, b: (square(a),),
        "mean": lambda a, b: (square(a),),
        "norm.Scalar": lambda a, b: (square(a),),
        "cumsum": lambda a, b: (square(a), 0),
        "prod": lambda a, b: (square(a),),
        "relu": lambda a, b: (square(a),),
        "gelu": lambda a, b: (square(a),),
        "avg_pool2d": lambda a, b: (image(a), [2, 2]),
        "max_pool2d": lambda a, b: (image(a), [2, 2]),
        "binary_cross_entropy_with_logits": lambda a, b: (square(a), square(b)),
        "smooth_l1_loss": lambda a, b: (square(a), square(b)),
        "layer_norm": lambda a, b: (square(a), [4]),
        "linalg_inv": lambda a, b: (square(a),),
        "dist": lambda a, b: (square(a), square(b)),
    }
    cases = []
    for lower in (torch.bfloat16, torch.float16):
        for operator, make in operators.items():
            for a, b in ((torch.float32, torch.float32), (lower, lower), (torch.float32, lower), (torch.float64, torch.float64)):
                torch.manual_seed(0)
                arguments = make(a, b)
                base, _, overload = operator.partition(".")
                call = getattr(getattr(torch.ops.aten, base), overload or "default")
                with torch.autocast("cpu", lower):
                    try:
                        result = name(call(*arguments).dtype)
                    except RuntimeError:
                        result = None
                shapes = [[name(v.dtype), list(v.shape)] if isinstance(v, torch.Tensor) else [[name(e.dtype), list(e.shape)] for e in v]
                          if isinstance(v, list) and isinstance(v[0], torch.Tensor) else v for v in arguments]
                cases.append({"autocast": name(lower), "operator": operator, "arguments": shapes, "result": result})
    return cases


def second():
    """First and second derivatives of functions of two vectors, by grad with create_graph."""
    functions = {
        "matmul": lambda x, y: (x.unsqueeze(0).matmul(y.unsqueeze(1)).tanh()).sum(),
        "logsumexp": lambda x, y: torch.logsumexp(x * y, 0),
        "norm": lambda x, y: (x - y).norm() * x.exp().sum(),
        "divide": lambda x, y: (x / (y * y + 1)).pow(3).sum(),
        "gelu": lambda x, y: torch.nn.functional.gelu(x).mul(y.sigmoid()).sum(),
    }
    cases = []
    for label, function in functions.items():
        torch.manual_seed(2)
        x = torch.randn(3, dtype=torch.float64, requires_grad=True)
        y = torch.randn(3, dtype=torch.float64, requires_grad=True)
        first = torch.autograd.grad(function(x, y), [x, y], create_graph=True)
        penalty = sum((g * g).sum() for g in first)
        second = torch.autograd.grad(penalty, [x, y], create_graph=True)
        third = torch.autograd.grad(second[0].sum(), [x, y])
        cases.append({"name": label, "x": x.tolist(), "y": y.tolist(), "first": [g.tolist() for g in first],
                      "second": [g.tolist() for g in second], "third": [g.tolist() for g in third]})
    return cases


def scaler():
    """Scale, growth tracker, whether the step was taken and the parameter, after each iteration; some gradients are not finite."""
    cases = []
    for options in ({"init_scale": 2.0**16, "growth_interval": 3}, {"init_scale": 8.0, "growth_factor": 1.5, "backoff_factor": 0.25, "growth_interval": 2},
                    {"init_scale": 1e38, "growth_interval": 1}):
        scaler = torch.amp.GradScaler("cpu", **options)
        p = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
        q = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
        optimizer = torch.optim.SGD([p, q], lr=0.125)
        factors = [1.0, 2.0, math.inf, 1.0, 1.0, 1.0, 1.0, math.nan, -math.inf, 3.0, 1.0, 1.0, 1.0, 1.0]
        steps = []
        for index, factor in enumerate(factors):
            optimizer.zero_grad()
            loss = (p * torch.tensor([1.0, factor])).sum() + (q * 0.5).sum().float()
            scaler.scale(loss).backward()
            if index % 2 == 1:
                scaler.unscale_(optimizer)
            before = p.detach().clone()
            scaler.step(optimizer)
            scaler.update(4.0 if index == 12 else None)
            state = scaler.state_dict()
            steps.append({"factor": str(factor), "scale": state["scale"], "tracker": state["_growth_tracker"], "stepped": not torch.equal(before, p),
                          "p": p.tolist(), "q": q.tolist()})
        cases.append({"options": options, "steps": steps})
    return cases


if __name__ == "__main__":
    TARGET.mkdir(parents=True, exist_ok=True)
    for make in (autocast, second, scaler):
        text = json.dumps({"torch": torch.__version__.split("+")[0], "cases": make()}, separators=(",", ":"))
        (TARGET / f"{make.__name__}.json").write_text(text + "\n")
