"""Writes test/goldens/optim/family.json: the network of optim.py under the optimizers of the papers; and states.pt, saved by torch.optim.

torch.optim for what it has; the papers' own arithmetic in float64, one tensor after the other, for the rest.
Run with any Python that has PyTorch 2.13 or later and NumPy: python scripts/goldens/optim_family.py
"""

import json

import numpy as np
import torch

from optim import LR_FACTORS, OUT, STEPS, WD_FACTORS, WEIGHTS, X, Y, gradients, lr_at

KEPT = (1, 5, STEPS)
BETAS = (0.9, 0.999)


def torch_run(make, base_lr, wd, dtype, decoupled, clip=None):
    """As in optim.py; with `decoupled`, classes that know only L2 are handed weights that have been decayed already."""
    x, y = torch.tensor(X, dtype=dtype), torch.tensor(Y, dtype=dtype)
    params = [torch.tensor(w, dtype=dtype, requires_grad=True) for w in WEIGHTS]
    w1, b1, w2, b2 = params
    groups = [
        {"params": params[:2], "weight_decay": 0 if decoupled else wd * WD_FACTORS[0]},
        {"params": params[2:], "weight_decay": 0 if decoupled else wd * WD_FACTORS[1]},
    ]
    opt = make(groups)
    losses, after = [], {}
    for step in range(STEPS):
        for group, factor in zip(opt.param_groups, LR_FACTORS):
            group["lr"] = lr_at(base_lr, step) * factor
        loss = (torch.tanh(x @ w1.T + b1) @ w2.T + b2 - y).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        if clip is not None:
            clip(params)
        if decoupled:
            with torch.no_grad():
                for group, factor in zip(opt.param_groups, WD_FACTORS):
                    for p in group["params"]:
                        p.mul_(1 - group["lr"] * wd * factor)
        opt.step()
        losses.append(loss.item())
        if step + 1 in KEPT:
            after[step + 1] = [p.detach().double().flatten().tolist() for p in params]
    return {"losses": losses, "after": after}


def paper_run(make, base_lr, wd):
    """`make(w, i)` gives what steps tensor i: a function of weights, gradient, rate, decay and step that returns weights and evaluation weights."""
    weights = [w.copy() for w in WEIGHTS]
    steppers = [make(w.copy()) for w in weights]
    losses, after, evaluation = [], {}, {}
    for step in range(STEPS):
        loss, grads = gradients(weights)
        losses.append(float(loss))
        shown = []
        for i, g in enumerate(grads):
            lr, decay = lr_at(base_lr, step) * LR_FACTORS[i // 2], wd * WD_FACTORS[i // 2]
            weights[i], show = steppers[i](weights[i], g, lr, decay, step + 1)
            shown.append(show)
        if step + 1 in KEPT:
            after[step + 1] = [w.flatten().tolist() for w in weights]
            evaluation[step + 1] = [w.flatten().tolist() for w in shown]
    return {"losses": losses, "after": after, "eval": evaluation}


def dampened(first):
    buf = np.zeros_like(first)

    def step(w, g, lr, wd, t):
        nonlocal buf
        buf = 0.9 * buf + 0.1 * g
        w = w - lr * wd * w - lr * buf
        return w, w

    return step


def qhm(first):
    buf = np.zeros_like(first)

    def step(w, g, lr, wd, t):
        nonlocal buf
        buf = 0.999 * buf + 0.001 * g
        w = w - lr * wd * w - lr * (0.3 * g + 0.7 * buf)
        return w, w

    return step


def qhadam(first):
    m, v = np.zeros_like(first), np.zeros_like(first)

    def step(w, g, lr, wd, t):
        nonlocal m, v
        m, v = 0.995 * m + 0.005 * g, 0.999 * v + 0.001 * g * g
        up = 0.3 * g + 0.7 * m / (1 - 0.995**t)
        down = np.sqrt(0.1 * g * g + 0.9 * v / (1 - 0.999**t)) + 1e-8
        w = w - lr * wd * w - lr * up / down
        return w, w

    return step


def lion(first):
    m = np.zeros_like(first)

    def step(w, g, lr, wd, t):
        nonlocal m
        update = np.sign(0.9 * m + 0.1 * g)
        w = w - lr * (update + wd * w)
        m = 0.99 * m + 0.01 * g
        return w, w

    return step


def lars(first):
    v = np.zeros_like(first)

    def step(w, g, lr, wd, t):
        nonlocal v
        size, slope = np.linalg.norm(w), np.linalg.norm(g)
        local = 0.02 * size / (slope + wd * size) if size > 0 and slope + wd * size > 0 else 1.0
        v = 0.9 * v + lr * local * (g + wd * w)
        return w - v, w - v

    return step


def adabound(first):
    m, v = np.zeros_like(first), np.zeros_like(first)

    def step(w, g, lr, wd, t):
        nonlocal m, v
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        low, high = 0.1 * (1 - 1 / (1e-3 * t + 1)), 0.1 * (1 + 1 / (1e-3 * t))
        rate = np.clip(lr * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) / (np.sqrt(v) + 1e-8), low, high)
        w = w - lr * wd * w - rate * m
        return w, w

    return step


def ema(first):
    m, v, average = np.zeros_like(first), np.zeros_like(first), first

    def step(w, g, lr, wd, t):
        nonlocal m, v, average
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w = w - lr * wd * w - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        average = 0.9 * average + 0.1 * w
        return w, average

    return step


def lookahead(first):
    buf, slow = np.zeros_like(first), first

    def step(w, g, lr, wd, t):
        nonlocal buf, slow
        buf = 0.9 * buf + g
        w = w - lr * wd * w - lr * buf
        if t % 5 == 0:
            slow = slow + 0.5 * (w - slow)
            w = slow
        return w, slow

    return step


def ranger(first):
    m, v, slow = np.zeros_like(first), np.zeros_like(first), first
    b1, b2 = 0.95, 0.999

    def step(w, g, lr, wd, t):
        nonlocal m, v, slow
        if g.ndim > 1:
            g = g - g.mean(axis=tuple(range(1, g.ndim)), keepdims=True)
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        m_hat = m / (1 - b1**t)
        rho_inf = 2 / (1 - b2) - 1
        rho = rho_inf - 2 * t * b2**t / (1 - b2**t)
        w = w - lr * wd * w
        if rho > 5:
            r = np.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
            w = w - lr * r * m_hat * np.sqrt(1 - b2**t) / (np.sqrt(v) + 1e-5)
        else:
            w = w - lr * m_hat
        if t % 6 == 0:
            slow = slow + 0.5 * (w - slow)
            w = slow
        return w, slow

    return step


def schedule_free(first):
    z, x, v, weights = first, first, np.zeros_like(first), []

    def step(y, g, lr, wd, t):
        nonlocal z, x, v
        v = 0.999 * v + 0.001 * g * g
        z = z - lr * (g / (np.sqrt(v / (1 - 0.999**t)) + 1e-8) + wd * y)
        weights.append(max([lr, *[w**0.5 for w in weights]]) ** 2)
        share = weights[-1] / sum(weights)
        x = (1 - share) * x + share * z
        return 0.1 * z + 0.9 * x, x

    return step


def adafactor(groups):
    return torch.optim.Adafactor(groups, lr=1, eps=(2**-23, 1e-3))


O = torch.optim
TORCH = {
    # name: rate, decay, whether it is decoupled, class
    "nesterov": (0.02, 0.1, True, lambda g: O.SGD(g, lr=1, momentum=0.9, nesterov=True)),
    "nesterovL2": (0.02, 0.1, False, lambda g: O.SGD(g, lr=1, momentum=0.9, nesterov=True)),
    "rmsProp": (0.01, 0.1, True, lambda g: O.RMSprop(g, lr=1)),
    "rmsPropL2": (0.01, 0.1, False, lambda g: O.RMSprop(g, lr=1)),
    "rmsPropMom": (0.005, 0.1, True, lambda g: O.RMSprop(g, lr=1, momentum=0.9)),
    "adagrad": (0.1, 0.1, True, lambda g: O.Adagrad(g, lr=1)),
    "adagradL2": (0.1, 0.1, False, lambda g: O.Adagrad(g, lr=1)),
    "rmsPropCentered": (0.01, 0.1, True, lambda g: O.RMSprop(g, lr=1, centered=True)),
    "rmsPropCenteredMom": (0.005, 0.1, True, lambda g: O.RMSprop(g, lr=1, momentum=0.9, centered=True)),
    "adagradDecay": (0.1, 0.1, True, lambda g: O.Adagrad(g, lr=1, lr_decay=0.1)),
    "adamWDefaults": (0.01, 0.1, False, lambda g: O.AdamW(g, lr=1)),
    "adamax": (0.02, 0.1, True, lambda g: O.Adamax(g, lr=1)),
    "adamaxL2": (0.02, 0.1, False, lambda g: O.Adamax(g, lr=1)),
    "nadam": (0.01, 0.1, False, lambda g: O.NAdam(g, lr=1, decoupled_weight_decay=True)),
    "nadamL2": (0.01, 0.1, False, lambda g: O.NAdam(g, lr=1)),
    "radam": (0.01, 0.1, False, lambda g: O.RAdam(g, lr=1, decoupled_weight_decay=True)),
    "radamL2": (0.01, 0.1, False, lambda g: O.RAdam(g, lr=1)),
    "amsGrad": (0.01, 0.1, False, lambda g: O.AdamW(g, lr=1, amsgrad=True)),
    "amsGradL2": (0.01, 0.1, False, lambda g: O.Adam(g, lr=1, amsgrad=True)),
    "adafactor": (0.05, 0.1, False, adafactor),
    "clipNorm": (0.1, 0.0, False, lambda g: O.SGD(g, lr=1), lambda p: torch.nn.utils.clip_grad_norm_(p, 0.5)),
    "clipValue": (0.1, 0.0, False, lambda g: O.SGD(g, lr=1), lambda p: torch.nn.utils.clip_grad_value_(p, 0.05)),
}
PAPERS = {
    "dampened": (0.05, 0.1, dampened),
    "qhm": (0.1, 0.1, qhm),
    "qhAdam": (0.01, 0.1, qhadam),
    "lion": (0.005, 0.1, lion),
    "lars": (0.5, 0.1, lars),
    "adaBound": (0.01, 0.1, adabound),
    "ema": (0.01, 0.1, ema),
    "lookahead": (0.02, 0.1, lookahead),
    "ranger": (0.02, 0.1, ranger),
    "scheduleFree": (0.02, 0.1, schedule_free),
}


def saved_states():
    """State dicts after five steps with constant rates, with the weights then and after five more."""
    x, y = torch.tensor(X), torch.tensor(Y)
    makers = {
        "sgd": lambda groups: O.SGD(groups, lr=0.1, weight_decay=0.1),
        "momentum": lambda groups: O.SGD(groups, lr=0.02, momentum=0.9, weight_decay=0.1),
        "nesterov": lambda groups: O.SGD(groups, lr=0.02, momentum=0.9, nesterov=True),
        "adam": lambda groups: O.Adam(groups, lr=0.01),
        "adamL2": lambda groups: O.Adam(groups, lr=0.01, weight_decay=0.1),
        "adamW": lambda groups: O.AdamW(groups, lr=0.01, weight_decay=0.1),
    }
    saved = {}
    for name, make in makers.items():
        w1, b1, w2, b2 = params = [torch.tensor(w, requires_grad=True) for w in WEIGHTS]
        opt = make([{"params": params[:2]}, {"params": params[2:], "lr": 0.005}])

        def run():
            for _ in range(5):
                opt.zero_grad()
                (torch.tanh(x @ w1.T + b1) @ w2.T + b2 - y).pow(2).mean().backward()
                opt.step()
            return [p.detach().clone() for p in params]

        weights = run()
        state = opt.state_dict()
        state = {**state, "state": {i: {k: torch.clone(v) if v is not None else None for k, v in s.items()} for i, s in state["state"].items()}}
        saved[name] = {"weights": weights, "optimizer": state, "later": run()}
    return saved


def main():
    cases = {}
    for name, (lr, wd, decoupled, make, *clip) in TORCH.items():
        cases[name] = {"lr": lr, "wd": wd}
        for key, dtype in (("float32", torch.float32), ("float64", torch.float64)):
            # NAdam keeps its product of momenta in the default dtype.
            torch.set_default_dtype(dtype)
            cases[name][key] = torch_run(make, lr, wd, dtype, decoupled, *clip)
    for name, (lr, wd, make) in PAPERS.items():
        cases[name] = {"lr": lr, "wd": wd, "float64": paper_run(make, lr, wd)}
    golden = {"comment": "made by scripts/goldens/optim_family.py", "torch": torch.__version__, "cases": cases}
    torch.set_default_dtype(torch.float32)
    torch.save(saved_states(), OUT / "states.pt")
    (OUT / "family.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
