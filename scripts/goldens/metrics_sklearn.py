"""Writes test/goldens/learner/metrics.json: scores of scikit-learn for drawn predictions.

Run with a Python that has scikit-learn: python scripts/goldens/metrics_sklearn.py
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn import metrics

OUT = Path(__file__).resolve().parents[2] / "test" / "goldens" / "learner" / "metrics.json"
random = np.random.default_rng(0)


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def classes(samples, count, never=None):
    targets = random.choice([c for c in range(count) if c != never], size=samples)
    logits = random.normal(size=(samples, count)) + 1.2 * np.eye(count)[targets]
    if never is not None:
        logits[:, never] -= 100
    logits = np.round(logits * 8) / 8  # ties, also of differences
    predicted = logits.argmax(1)
    scores = {}
    for average in ["macro", "micro", "weighted"] + (["binary"] if count == 2 else []):
        options = {"average": average, "zero_division": 0}
        scores[average] = {
            "precision": metrics.precision_score(targets, predicted, **options),
            "recall": metrics.recall_score(targets, predicted, **options),
            "f1": metrics.f1_score(targets, predicted, **options),
            "f2": metrics.fbeta_score(targets, predicted, beta=2, **options),
            "f0.5": metrics.fbeta_score(targets, predicted, beta=0.5, **options),
        }
    area = {}
    if never is None:
        for average in ["macro", "weighted"]:
            area[average] = (
                metrics.roc_auc_score(targets, logits[:, 1] - logits[:, 0])
                if count == 2
                else metrics.roc_auc_score(targets, softmax(logits), multi_class="ovr", average=average)
            )
    return {
        "logits": logits.tolist(),
        "targets": targets.tolist(),
        "scores": scores,
        "rocAuc": area,
        "perplexity": float(np.exp(metrics.log_loss(targets, softmax(logits), labels=list(range(count))))),
        "accuracy": metrics.accuracy_score(targets, predicted),
        "confusion": metrics.confusion_matrix(targets, predicted, labels=list(range(count))).tolist(),
    }


def regression(samples, outputs, mean):
    targets = random.normal(size=(samples, outputs)) + mean
    predicted = targets + 0.5 * random.normal(size=(samples, outputs))
    return {
        "predicted": predicted.tolist(),
        "targets": targets.tolist(),
        "meanSquaredError": metrics.mean_squared_error(targets, predicted),
        "meanAbsoluteError": metrics.mean_absolute_error(targets, predicted),
        "r2": metrics.r2_score(targets, predicted),
    }


OUT.write_text(
    json.dumps(
        {
            "comment": "made by scripts/goldens/metrics_sklearn.py",
            "sklearn": sklearn.__version__,
            "classes": {"two": classes(41, 2), "five": classes(97, 5), "one never": classes(60, 4, never=2)},
            "regression": {"one": regression(37, 1, 0), "far from zero": regression(50, 3, 1e6)},
        }
    )
    + "\n"
)
