"""Serves the works of a Python side: `python serve.py MODULE.py`, then requests as lines of JSON on stdin.

The module has `works`, a dict from name to a function that makes the work anew and returns (run, values): run(iterations) does it, values()
gives what it computes as a list of floats. It also has `libtorch()` and `set_threads(count)`.
"""

import importlib
import json
import resource
import sys
from pathlib import Path
from time import perf_counter_ns

# By name: torch.compile imports the modules of what it compiles.
path = Path(sys.argv[1])
sys.path.insert(0, str(path.parent))
side = vars(importlib.import_module(path.stem))
warm = {}


def answer(request):
    if request["ask"] == "libtorch":
        return side["libtorch"]()
    if request["ask"] == "peak":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    work, threads = request["work"], request["threads"]
    if work not in side["works"]:
        raise KeyError(f"there is no work `{work}`")
    if threads is not None:
        side["set_threads"](threads)
    if request["ask"] == "values":
        return side["works"][work]()[1]()
    if (work, threads) not in warm:
        warm.clear()
        warm[work, threads] = side["works"][work]()[0]
    run, iterations = warm[work, threads], request["iterations"]
    start = perf_counter_ns()
    run(iterations)
    return perf_counter_ns() - start


for line in sys.stdin:
    try:
        reply = {"value": answer(json.loads(line))}
    except Exception as error:
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
