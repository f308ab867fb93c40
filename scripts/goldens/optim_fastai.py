"""Writes test/goldens/optim/fastai.json: the network of optim.py under fastai's optimizers.

Where a definition of fastai's is another one than ours, the run keeps to what both mean by it:
- RAdam puts eps beside the debiased root, as Adam does, and we beside the plain one, as PyTorch does: eps 0.
- Lamb decays before the step, and we inside the ratio, as the paper does: no decay.
- Larc averages the gradients before the ratio, decays before the step and leaves weights of 0 where they are; we average what the
  ratio has scaled, decay inside it, as the paper does, and take 1 for the ratio of a norm of 0: no momentum, no decay, no weights of 0.
- ranger takes no mean off the gradients: rangerOpt's other parts alone.
- RMSProp with momentum puts the averaged gradient over the root, and we average the quotient, as PyTorch does: no momentum.

Run with any Python that has fastai: python scripts/goldens/optim_fastai.py
"""

import json

import fastai
import torch
from fastai import optimizer as F

from optim import LR_FACTORS, OUT, STEPS, WD_FACTORS, WEIGHTS, X, Y, lr_at

# name: rate, decay, optimizer
CASES = {
    "sgd": (0.1, 0.1, lambda p, **k: F.SGD(p, **k)),
    "sgdMomentum": (0.02, 0.1, lambda p, **k: F.SGD(p, mom=0.9, **k)),
    "sgdMomentumL2": (0.02, 0.1, lambda p, **k: F.SGD(p, mom=0.9, decouple_wd=False, **k)),
    "rmsProp": (0.01, 0.1, lambda p, **k: F.RMSProp(p, **k)),
    "adam": (0.01, 0.1, lambda p, **k: F.Adam(p, **k)),
    "adamL2": (0.01, 0.1, lambda p, **k: F.Adam(p, decouple_wd=False, **k)),
    "radam": (0.01, 0.1, lambda p, **k: F.RAdam(p, eps=0, **k)),
    "qhAdam": (0.01, 0.1, lambda p, **k: F.QHAdam(p, nu_2=0.9, **k)),
    "lars": (0.5, 0.0, lambda p, **k: F.Larc(p, mom=0, clip=False, eps=0, **k)),
    "lamb": (0.01, 0.0, lambda p, **k: F.Lamb(p, **k)),
    "lookahead": (0.02, 0.1, lambda p, **k: F.Lookahead(F.SGD(p, mom=0.9, **k), k=5)),
    "ranger": (0.02, 0.1, lambda p, **k: F.ranger(p, **{**k, "eps": 0})),
}


def run(make, base_lr, wd, weights, dtype):
    x, y = torch.tensor(X, dtype=dtype), torch.tensor(Y, dtype=dtype)
    params = [torch.tensor(w, dtype=dtype, requires_grad=True) for w in weights]
    w1, b1, w2, b2 = params
    opt = make([params[:2], params[2:]], lr=base_lr, wd=wd)
    opt.set_hyper("wd", [wd * factor for factor in WD_FACTORS])
    losses, after = [], {}
    for step in range(STEPS):
        opt.set_hyper("lr", [lr_at(base_lr, step) * factor for factor in LR_FACTORS])
        loss = (torch.tanh(x @ w1.T + b1) @ w2.T + b2 - y).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
        if step + 1 in (1, 5, STEPS):
            after[step + 1] = [p.detach().double().flatten().tolist() for p in params]
    return {"losses": losses, "after": after}


def main():
    # The first bias is 0 in the other runs, and Larc would never move it from there.
    weights = [WEIGHTS[0], WEIGHTS[1] + 0.25, WEIGHTS[2], WEIGHTS[3]]
    cases = {
        name: {
            "lr": lr,
            "wd": wd,
            "float32": run(make, lr, wd, weights, torch.float32),
            "float64": run(make, lr, wd, weights, torch.float64),
        }
        for name, (lr, wd, make) in CASES.items()
    }
    golden = {
        "comment": "made by scripts/goldens/optim_fastai.py",
        "fastai": fastai.__version__,
        "weights": [w.tolist() for w in weights],
        "cases": cases,
    }
    (OUT / "fastai.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
