"""Records what PyTorch answers to calls of ATen operators on dense CPU tensors, for the tests that replay them.

    python -m venv VENV && VENV/bin/pip install torch==2.13.0 numpy expecttest hypothesis pytest
    VENV/bin/python scripts/goldens/operators          (two minutes; writes test/goldens/operators/*.json.gz)

The calls are those of PyTorch's own test samples (torch.testing._internal), of their relatives (siblings.py), and of handwritten.py.
Every run on the same PyTorch and machine writes the same bytes.
"""

import os
import pathlib
import sys

if os.environ.get("PYTHONHASHSEED") != "0":
    # The order of sets decides which samples come first.
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})

import torch

from answer import answer
from collect import Store, collect_samples, limited
from handwritten import collect_handwritten
from siblings import collect_siblings
from write import write

TARGET = pathlib.Path(__file__).resolve().parents[3] / "test" / "goldens" / "operators"

if __name__ == "__main__":
    torch.set_num_threads(1)
    store = Store()
    collect_samples(store)
    collect_handwritten(store)
    collect_siblings(store)
    collect_siblings(store)
    answers = []
    for call in store.chosen():
        given = limited(20, lambda: answer(call))
        if given is not None:
            answers.append((call, given))
    write(answers, TARGET)
    print(f"{len(answers)} calls of {len({call.overload.name() for call, _ in answers})} overloads")
    cpu = {n for n in torch._C._dispatch_get_all_op_names() if n.startswith("aten::") and torch._C._dispatch_has_computed_kernel_for_dispatch_key(n, "CPU")}
    if "--missing" in sys.argv:
        print("\n".join(sorted(cpu - {call.overload.name() for call, _ in answers})))
