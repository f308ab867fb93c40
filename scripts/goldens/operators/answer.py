"""What PyTorch answers to a recorded call: results, the arguments it wrote, what shares memory, gradients."""

import re

import torch

from snapshot import DTYPES, Ref, Unrecordable, mutable_names, to_bytes

RESULT_LIMIT = 3000
# Their elements are whatever lay in memory.
UNINITIALISED = re.compile(r"^aten::(_?empty|new_empty|_?resize|_efficientzero|_cudnn_init)")
# Vectors that are right with either sign, and with any phase where they are complex: compared by magnitude.
SIGN_FREE = re.compile(r"^aten::(_?linalg_(svd|eigh|eig|qr)|svd|qr|geqrf|_linalg_eigh|linalg_householder|orgqr|ormqr)\b")


class Answer:
    def __init__(self, mode, results, written, gradients):
        self.mode, self.results, self.written, self.gradients = mode, results, written, gradients


class Result:
    """One tensor that came back: its form and elements, and the argument whose memory it shares."""

    def __init__(self, tensor, shares=None):
        self.layout = None
        if tensor.layout != torch.strided:
            self.layout = tensor.layout
            tensor = tensor.to_dense()
        if tensor.device.type != "cpu" or tensor.is_nested or tensor.dtype not in DTYPES:
            raise Unrecordable("a result that is not on the CPU, or of a dtype without a JavaScript form")
        if tensor.numel() > RESULT_LIMIT:
            raise Unrecordable("a result that is too large")
        self.dtype, self.shape, self.strides = tensor.dtype, tuple(tensor.shape), tuple(tensor.stride())
        self.offset = tensor.storage_offset()
        self.data = to_bytes(tensor)
        self.shares = shares


def seeded(call, tensors):
    torch.manual_seed(0)
    args, kwargs = call.thaw(tensors)
    return call.overload(*args, **kwargs)


def leaves_of(value):
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in leaves_of(item)]
    return []


def same_memory(a, b):
    return a.untyped_storage()._cdata == b.untyped_storage()._cdata


def describe(value, tensors, written):
    """A result: the place of the written argument that it is, else a Result, a list or a plain value."""
    if isinstance(value, torch.Tensor):
        for index in written:
            if value is tensors[index]:
                return Ref(index)
        dense = value.layout == torch.strided
        return Result(value, next((i for i, t in enumerate(tensors) if dense and same_memory(t, value)), None))
    if isinstance(value, (list, tuple)):
        return [describe(item, tensors, written) for item in value]
    if value is None or isinstance(value, (bool, int, float, complex, str, torch.dtype)):
        return value
    raise Unrecordable(f"a result of type {type(value).__name__}")


def written_places(call):
    named = call.named()
    places = []
    for name in sorted(mutable_names(call.overload)):
        value = named.get(name)
        places += [item.index for item in (value if isinstance(value, list) else [value]) if isinstance(item, Ref)]
    return sorted(set(places))


def key(value):
    """What two answers must have in common to be the same."""
    if isinstance(value, Result):
        return (value.dtype, value.shape, value.strides, value.data)
    if isinstance(value, dict):
        return key(list(value.values()))
    if isinstance(value, (list, tuple)):
        return tuple(key(item) for item in value)
    return repr(value) if not isinstance(value, Ref) else ("ref", value.index)


def run(call):
    tensors = call.build()
    returned = seeded(call, tensors)
    multiple = len(call.overload._schema.returns) != 1
    written = written_places(call)
    results = [describe(r, tensors, written) for r in (returned if multiple and returned is not None else [returned])]
    if len(call.overload._schema.returns) == 0:
        results = []
    return results, {place: Result(tensors[place]) for place in written}


def steady(call, first):
    """Whether two more runs, one of them with poisoned memory, give the same elements."""
    if key(run(call)) != key(first):
        return False
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        return key(run(call)[0]) == key(first[0])
    finally:
        torch.use_deterministic_algorithms(False)


def weights(result):
    """The weighting of a result's elements for the gradients: small fractions that repeat every eleven."""
    lanes = 2 if result.is_complex() else 1
    flat = ((torch.arange(result.numel() * lanes) * 7 % 11) - 5) / 8
    if result.is_complex():
        return torch.view_as_complex(flat.reshape(-1, 2)).reshape(result.shape).to(result.dtype)
    return flat.reshape(result.shape).to(result.dtype)


def try_gradients(call, places):
    tensors = call.build()
    written = written_places(call)
    leaves = [tensors[place].requires_grad_() for place in places]
    for place in written:
        tensors[place] = tensors[place].clone()
    returned = seeded(call, tensors)
    outputs = leaves_of(returned) if len(call.overload._schema.returns) > 0 else [tensors[place] for place in written]
    roots = [index for index, output in enumerate(outputs) if output.requires_grad]
    if not roots:
        return None
    roots_weighted = [weights(outputs[index]) for index in roots]
    found = torch.autograd.grad([outputs[index] for index in roots], leaves, roots_weighted, allow_unused=True)
    if all(gradient is None for gradient in found):
        return None
    return {"inputs": places, "outputs": roots, "values": [None if g is None else Result(g) for g in found]}


def gradients(call):
    if any(argument.is_out for argument in call.overload._schema.arguments):
        return None
    kinds = (torch.float32, torch.complex64)
    places = [i for i, stored in enumerate(call.tensors) if stored.dtype in kinds and call.dtype in kinds]
    for tried in (places, places[:1]):
        if not tried:
            return None
        try:
            first = try_gradients(call, tried)
            second = try_gradients(call, tried)
        except (RuntimeError, NotImplementedError, Unrecordable, IndexError):
            continue
        if first is None:
            continue
        return first if key(first["values"]) == key(second["values"]) else None
    return None


def answer(call):
    """The answer to one call. Raises where PyTorch refuses it or the answer cannot be held."""
    name = call.overload.name()
    first = run(call)
    if UNINITIALISED.match(name) or not steady(call, first):
        return Answer("form", *first, None)
    return Answer("magnitude" if SIGN_FREE.match(name) else "value", *first, gradients(call))
