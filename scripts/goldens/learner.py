"""Writes test/goldens/learner/lrSuggestions.json: what fastai suggests for curves of losses over rates.

Run with a Python that has fastai: python scripts/goldens/learner.py
"""

import json
from pathlib import Path

import fastai
import numpy as np
import torch
from fastai.callback.schedule import minimum, slide, steep, valley

OUT = Path(__file__).resolve().parents[2] / "test" / "goldens" / "learner" / "lrSuggestions.json"
FUNCTIONS = {"valley": valley, "minimum": minimum, "steep": steep, "slide": slide}
random = np.random.default_rng(0)


def rates(count):
    return 1e-7 * 1e8 ** (np.arange(count) / count)


def bowl(count, noise):
    place = np.linspace(0, 1, count)
    return 2.3 - 1.5 / (1 + np.exp(-20 * (place - 0.5))) + 40 * np.maximum(place - 0.85, 0) ** 2 + noise * random.normal(size=count)


curves = {
    "smooth": bowl(85, 0.0),
    "noisy": bowl(85, 0.05),
    "long": bowl(300, 0.02),
    "falling": np.linspace(2, 0.1, 40) ** 1.5,
    "wave": 2 + np.sin(np.arange(60) / 4),
    "rising": np.linspace(1, 3, 40) ** 1.5,
}
cases = []
for name, losses in curves.items():
    lrs = torch.tensor(rates(len(losses)))
    losses = torch.tensor(losses)
    suggested = {key: float(function(lrs, losses, 100)[0]) for key, function in FUNCTIONS.items()}
    cases.append({"name": name, "lrs": lrs.tolist(), "losses": losses.tolist(), "suggested": suggested})
OUT.write_text(json.dumps({"comment": "made by scripts/goldens/learner.py", "fastai": fastai.__version__, "cases": cases}) + "\n")
