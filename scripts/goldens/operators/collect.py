"""Collects calls of overloads while PyTorch's own test samples run: each overload with a few small calls for each dtype."""

import itertools
import random
import signal
import warnings

import numpy
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from snapshot import Call, Unrecordable

SAMPLE_DTYPES = (torch.float32, torch.int64, torch.bool, torch.complex64, torch.bfloat16)
KEPT = {torch.float32: 6}
KEPT_OTHERWISE = 3


def runs_on_cpu(name):
    return torch._C._dispatch_has_computed_kernel_for_dispatch_key(name, "CPU")


class Store:
    """The calls kept so far: for each overload and dtype the smallest of each kind of call."""

    def __init__(self):
        self.calls = {}
        self.refused = {}

    def offer(self, overload, args, kwargs):
        name = overload.name()
        if overload.namespace != "aten" or not runs_on_cpu(name):
            return
        try:
            call = Call(overload, args, kwargs)
        except Unrecordable as reason:
            self.refused[name] = str(reason)
            return
        self.keep(call)

    def keep(self, call):
        kinds = self.calls.setdefault(call.overload.name(), {}).setdefault(call.dtype, {})
        signature = call.signature()
        known = kinds.get(signature)
        if known is None or call.elements < known.elements:
            kinds[signature] = call

    def chosen(self):
        """The calls to record, smallest first for each dtype, in a stable order."""
        for name in sorted(self.calls):
            for dtype, kinds in sorted(self.calls[name].items(), key=lambda item: str(item[0])):
                ranked = sorted(kinds.items(), key=lambda item: (item[1].elements == 0, item[1].elements, item[0]))
                for _, call in spread(ranked, KEPT.get(dtype, KEPT_OTHERWISE)):
                    yield call


def spread(ranked, count):
    """The smallest, and others spread evenly over the smaller half: kinds of calls differ, and sizes stay small."""
    if len(ranked) <= count:
        return ranked
    half = ranked[: max(count, (len(ranked) + 1) // 2)]
    return [half[round(i * (len(half) - 1) / (count - 1))] for i in range(count)]


class Recorder(TorchDispatchMode):
    """Offers every call that reaches the dispatcher, the composite ones and the ones that they are made of."""

    def __init__(self, store):
        super().__init__()
        self.store = store

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        self.store.offer(func, args, kwargs)
        if torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CompositeImplicitAutograd"):
            with self:
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        return func(*args, **kwargs)


class TooLong(Exception):
    pass


def limited(seconds, run):
    """Runs a function; whatever it throws, and its running too long, ends only this sample."""

    def stop(signum, frame):
        raise TooLong()

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return run()
    except (Exception, TooLong):
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def seed():
    torch.manual_seed(0)
    random.seed(0)
    numpy.random.seed(0)


def variants(op):
    found = [op.op, op.inplace_variant] + [f for alias in op.aliases for f in (alias.op, alias.inplace_variant)]
    return [variant for variant in found if variant is not None]


def take(samples, count):
    return list(itertools.islice(samples, count))


def differentiable(value):
    if isinstance(value, torch.Tensor):
        return [value] if value.requires_grad else []
    if isinstance(value, (list, tuple)):
        return [found for item in value for found in differentiable(item)]
    return []


def run_op(store, op, dtype, samples_each):
    """Runs an operator's samples: below autograd, where composite operators are still whole, and with a backward for float32."""
    seed()
    with_backward = dtype == torch.float32 and op.supports_autograd
    foreach = {"num_input_tensors": [3]} if op.name.startswith("_foreach") else {}
    samples = limited(10, lambda: take(op.sample_inputs("cpu", dtype, requires_grad=False, **foreach), samples_each))
    for sample in samples or []:
        if foreach:
            sample = sample.transform(lambda value: value[:2, :3] if isinstance(value, torch.Tensor) and value.dim() == 2 else value)
        for variant in variants(op):

            def forward():
                with torch.inference_mode(), Recorder(store):
                    variant(clone(sample.input), *clone(sample.args), **clone(sample.kwargs))

            limited(5, forward)
    if not with_backward or foreach:
        return
    samples = limited(10, lambda: take(op.sample_inputs("cpu", dtype, requires_grad=True), samples_each // 2 + 1))
    for sample in samples or []:

        def backward():
            with Recorder(store):
                results = differentiable(op.op(sample.input, *sample.args, **sample.kwargs))
                if results:
                    torch.autograd.backward(results, [torch.ones_like(r) for r in results])

        limited(5, backward)


def clone(value):
    if isinstance(value, torch.Tensor):
        return value.clone()
    if isinstance(value, (list, tuple)):
        return type(value)(clone(item) for item in value) if type(value) in (list, tuple) else value
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    return value


def collect_samples(store, samples_each=16, only=None):
    from torch.testing._internal import common_methods_invocations as invocations

    warnings.simplefilter("ignore")
    databases = [
        invocations.op_db,
        invocations.foreach_unary_op_db,
        invocations.foreach_binary_op_db,
        invocations.foreach_pointwise_op_db,
        invocations.foreach_reduce_op_db,
        invocations.foreach_other_op_db,
    ]
    for op in (op for database in databases for op in database):
        if only is not None and only not in op.name:
            continue
        for dtype in SAMPLE_DTYPES:
            if dtype in op.supported_dtypes("cpu"):
                run_op(store, op, dtype, samples_each)
