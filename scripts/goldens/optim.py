"""Writes test/goldens/optim/*.json: twenty steps of a small network under torch.optim, and under LAMB by its paper's arithmetic.

Run with any Python that has PyTorch and NumPy: python scripts/goldens/optim.py
"""

import json
from pathlib import Path

import numpy as np
import torch

OUT = Path(__file__).resolve().parents[2] / "test" / "goldens" / "optim"
STEPS = 20
# Two groups: the rate of the second is three times that of the first, and its decay half as large.
LR_FACTORS = [1.0, 3.0]
WD_FACTORS = [1.0, 0.5]


def lr_at(base, step):
    """A rate that changes at every step: down a straight line to half."""
    return base * (1 - step / (2 * STEPS))


def problem():
    """Data and first weights of a 4-5-3 network; float32 values, so that every dtype starts from the same numbers."""
    random = np.random.default_rng(11)

    def draw(*shape):
        return random.standard_normal(shape).astype(np.float32).astype(np.float64)

    weights = [draw(5, 4), np.zeros(5), draw(3, 5), draw(3)]
    return draw(8, 4), draw(8, 3), weights


X, Y, WEIGHTS = problem()


def torch_run(make, base_lr, wd, dtype):
    """Trains with a torch.optim class; returns the loss before each step and the weights after some of them."""
    x, y = torch.tensor(X, dtype=dtype), torch.tensor(Y, dtype=dtype)
    w1, b1, w2, b2 = [torch.tensor(w, dtype=dtype, requires_grad=True) for w in WEIGHTS]
    groups = [{"params": params, "weight_decay": wd * factor} for params, factor in zip([[w1, b1], [w2, b2]], WD_FACTORS)]
    opt = make(groups)
    losses, after = [], {}
    for step in range(STEPS):
        for group, factor in zip(opt.param_groups, LR_FACTORS):
            group["lr"] = lr_at(base_lr, step) * factor
        loss = (torch.tanh(x @ w1.T + b1) @ w2.T + b2 - y).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
        if step + 1 in (1, 5, STEPS):
            after[step + 1] = [p.detach().double().flatten().tolist() for p in (w1, b1, w2, b2)]
    return {"losses": losses, "after": after}


def gradients(weights):
    """Loss and gradients of the network, by hand."""
    w1, b1, w2, b2 = weights
    hidden = np.tanh(X @ w1.T + b1)
    error = hidden @ w2.T + b2 - Y
    d_out = 2 * error / error.size
    d_hidden = (d_out @ w2) * (1 - hidden**2)
    return (error**2).mean(), [d_hidden.T @ X, d_hidden.sum(0), d_out.T @ hidden, d_out.sum(0)]


def lamb_run(base_lr, wd, mom=0.9, sqr_mom=0.99, eps=1e-6):
    """LAMB as in arXiv:1904.00962, with the ratio at most 10, and 1 where a norm is 0."""
    weights = [w.copy() for w in WEIGHTS]
    m, v = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    losses, after = [], {}
    for step in range(STEPS):
        loss, grads = gradients(weights)
        losses.append(float(loss))
        for i, g in enumerate(grads):
            m[i] = mom * m[i] + (1 - mom) * g
            v[i] = sqr_mom * v[i] + (1 - sqr_mom) * g * g
            m_hat, v_hat = m[i] / (1 - mom ** (step + 1)), v[i] / (1 - sqr_mom ** (step + 1))
            direction = m_hat / (np.sqrt(v_hat) + eps) + wd * WD_FACTORS[i // 2] * weights[i]
            r1, r2 = np.linalg.norm(weights[i]), np.linalg.norm(direction)
            ratio = 1.0 if r1 == 0 or r2 == 0 else min(r1 / r2, 10.0)
            weights[i] = weights[i] - lr_at(base_lr, step) * LR_FACTORS[i // 2] * ratio * direction
        if step + 1 in (1, 5, STEPS):
            after[step + 1] = [w.flatten().tolist() for w in weights]
    return {"losses": losses, "after": after}


def main():
    cases = {
        "sgd": (0.1, 0.0, lambda groups: torch.optim.SGD(groups, lr=1)),
        "sgdL2": (0.1, 0.1, lambda groups: torch.optim.SGD(groups, lr=1)),
        "momentum": (0.02, 0.0, lambda groups: torch.optim.SGD(groups, lr=1, momentum=0.9)),
        "momentumL2": (0.02, 0.1, lambda groups: torch.optim.SGD(groups, lr=1, momentum=0.9)),
        "adam": (0.01, 0.0, lambda groups: torch.optim.Adam(groups, lr=1, betas=(0.9, 0.99), eps=1e-5)),
        "adamL2": (0.01, 0.1, lambda groups: torch.optim.Adam(groups, lr=1, betas=(0.9, 0.99), eps=1e-5)),
        "adamW": (0.01, 0.1, lambda groups: torch.optim.AdamW(groups, lr=1, betas=(0.9, 0.999), eps=1e-8)),
    }
    golden = {
        "comment": "made by scripts/goldens/optim.py",
        "torch": torch.__version__,
        "steps": STEPS,
        "lrFactors": LR_FACTORS,
        "wdFactors": WD_FACTORS,
        "x": X.tolist(),
        "y": Y.tolist(),
        "weights": [w.tolist() for w in WEIGHTS],
        "cases": {},
    }
    for name, (base_lr, wd, make) in cases.items():
        golden["cases"][name] = {
            "lr": base_lr,
            "wd": wd,
            "float32": torch_run(make, base_lr, wd, torch.float32),
            "float64": torch_run(make, base_lr, wd, torch.float64),
        }
    golden["cases"]["lamb"] = {"lr": 0.01, "wd": 0.1, "float64": lamb_run(0.01, 0.1)}
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "network.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
