"""Writes calls and answers as golden files: gzipped JSON, each tensor once in its file's pool."""

import base64
import gzip
import json
import math

import torch

from answer import Result
from snapshot import DTYPES, Ref, row_major

# Compressed; the limit for a file is 1 MiB.
FILE_BYTES = 600_000


def plain(value):
    if isinstance(value, Ref):
        return {"$": value.index}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else {"big": str(value)}
    if isinstance(value, float):
        if math.isfinite(value) and not (value == 0 and math.copysign(1, value) < 0):
            return int(value) if value.is_integer() and abs(value) < 2**53 else value
        return {"float": repr(value)}
    if isinstance(value, complex):
        return {"re": plain(value.real), "im": plain(value.imag)}
    if isinstance(value, torch.layout):
        return str(value).removeprefix("torch.").removesuffix("_coo").removeprefix("_")
    if isinstance(value, (torch.dtype, torch.memory_format)):
        return str(value).removeprefix("torch.")
    return str(value)


class Pool:
    """The tensors of one file, each kept once."""

    def __init__(self):
        self.entries, self.places = [], {}

    def put(self, tensor):
        entry = [DTYPES.get(tensor.dtype, str(tensor.dtype)), list(tensor.shape)]
        strides = None if tensor.strides == row_major(tensor.shape) else list(tensor.strides)
        entry += [base64.b64encode(tensor.data).decode(), strides]
        while entry[-1] is None:
            entry.pop()
        text = json.dumps([type(tensor).__name__ if strides else "", entry])
        if text not in self.places:
            self.places[text] = len(self.entries)
            self.entries.append(entry)
        return self.places[text]

    def result(self, value):
        if isinstance(value, Result):
            made = {"@": self.put(value)}
            if value.offset:
                made["offset"] = value.offset
            if value.layout is not None:
                made["layout"] = plain(value.layout)
            if value.shares is not None:
                made["shares"] = value.shares
            return made
        return [self.result(item) for item in value] if isinstance(value, list) else plain(value)


def case(call, given, pool):
    made = {"name": call.overload.name(), "tensors": [pool.put(stored) for stored in call.tensors], "args": [plain(a) for a in call.args]}
    if call.kwargs:
        made["options"] = {name: plain(value) for name, value in call.kwargs.items()}
    made["results"] = [pool.result(r) for r in given.results]
    if given.written:
        made["written"] = {place: pool.put(result) for place, result in given.written.items()}
    if given.mode != "value":
        made["mode"] = given.mode
    if given.gradients:
        made["gradients"] = {**given.gradients, "values": pool.result(given.gradients["values"])}
    return made


def pack(cases):
    pool = Pool()
    content = {"torch": torch.__version__.split("+")[0], "cases": [case(call, given, pool) for call, given in cases]}
    content["tensors"] = pool.entries
    return gzip.compress((json.dumps(content, separators=(",", ":"), sort_keys=True) + "\n").encode(), 9, mtime=0)


def write(answers, target):
    """Splits the calls over numbered files below the limit, and takes away older ones."""
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.json.gz"):
        old.unlink()
    waiting, size, number = [], 0, 0

    def flush():
        nonlocal waiting, size, number
        data = pack(waiting)
        assert len(data) < 2**20, "a golden file must stay below 1 MiB"
        (target / f"{number:02}.json.gz").write_bytes(data)
        waiting, size, number = [], 0, number + 1

    for call, given in answers:
        weight = len(pack([(call, given)]))
        # The calls of an overload stay together.
        if size + weight > FILE_BYTES and waiting and waiting[-1][0].overload is not call.overload:
            flush()
        waiting.append((call, given))
        size += weight
    flush()
