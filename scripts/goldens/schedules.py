"""Writes test/goldens/optim/schedules.json: rates and momenta under torch.optim.lr_scheduler, by group and step.

Run with any Python that has PyTorch: python scripts/goldens/schedules.py
"""

import json
from pathlib import Path

import torch
from torch.optim import lr_scheduler as schedulers

OUT = Path(__file__).resolve().parents[2] / "test" / "goldens" / "optim" / "schedules.json"


def run(make, steps):
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in (0.1, 0.3)]
    opt = torch.optim.SGD(groups, momentum=0.9)
    scheduler = make(opt)
    rows = []
    for _ in range(steps):
        rows.append([{"lr": group["lr"], "mom": group["momentum"]} for group in opt.param_groups])
        opt.step()
        scheduler.step()
    return rows


cases = {
    "linear": run(lambda opt: schedulers.LinearLR(opt, 1.0, 0.2, total_iters=20), 21),
    "cosine": run(lambda opt: schedulers.CosineAnnealingLR(opt, 20, eta_min=0.01), 21),
    "exponential": run(lambda opt: schedulers.ExponentialLR(opt, 0.9), 21),
    "polynomial": run(lambda opt: schedulers.PolynomialLR(opt, 20, power=2.0), 21),
    "restarts": run(lambda opt: schedulers.CosineAnnealingWarmRestarts(opt, 7, T_mult=1, eta_min=0.01), 21),
    "longerRestarts": run(lambda opt: schedulers.CosineAnnealingWarmRestarts(opt, 3, T_mult=2, eta_min=0.01), 21),
    # One step fewer than it counts, because stepping beyond the last is an error there.
    "oneCycle": run(lambda opt: schedulers.OneCycleLR(opt, [0.1, 0.3], total_steps=22), 21),
}
OUT.write_text(json.dumps({"comment": "made by scripts/goldens/schedules.py", "torch": torch.__version__, "cases": cases}) + "\n")
