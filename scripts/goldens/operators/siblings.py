"""Makes calls of overloads that no sample reaches out of calls of their siblings: out variants, in-place forms, copies of views."""

import torch

from collect import limited, runs_on_cpu, seed
from snapshot import Call, Ref, Unrecordable

SIBLINGS_KEPT = {torch.float32: 3, torch.int64: 2, torch.complex64: 2}
# PyTorch itself crashes, or never comes back, on calls that are derived for these.
CRASHING = {
    "_backward_none()",
    "_backward_none()",
    "_backward_none()",
    "_backward_none()",
    "_backward_none()",
    "_backward_none()",
    "aten::_native_batch_norm_legit.no_stats_out",
}


def overload_named(name):
    base, _, overload = name.removeprefix("aten::").partition(".")
    return getattr(getattr(torch.ops.aten, base), overload or "default")


def related_bases(base):
    """Where calls for an operator of this name may come from."""
    plain = base.strip("_")
    stems = [base, base.rstrip("_"), base.removesuffix("_copy"), plain, plain.removesuffix("_copy"), "_" + plain]
    stems += [plain.removesuffix("_out"), plain.removesuffix("_outf"), plain.removeprefix("sym_"), base + "_", "_foreach_" + plain]
    stems += [plain.removesuffix("_functional"), plain.removesuffix("_forward"), plain.removesuffix("_legacy")]
    return list(dict.fromkeys(stems))


def adapt(kind, value, call):
    """A value of another overload's argument in the type that is wanted here; raises where there is no way."""
    tensor = isinstance(value, Ref)
    tensors = isinstance(value, list) and bool(value) and all(isinstance(item, Ref) for item in value)
    if kind in ("Tensor", "Optional[Tensor]"):
        if tensor or (value is None and kind.startswith("Optional")):
            return value
        if isinstance(value, (bool, int, float, complex)):
            return torch.tensor(value)
    elif kind in ("List[Tensor]", "List[Optional[Tensor]]"):
        if tensors:
            return value
    elif "number" in kind and "List" not in kind:
        if tensor:
            return 2 if not call.tensors[value.index].dtype.is_floating_point else 1.5
        if isinstance(value, (bool, int, float, complex)):
            return value
    elif not tensor and not tensors:
        return value
    raise Unrecordable("another type of argument")


def outputs_for(overload, source):
    """Fresh tensors for the out arguments: shaped like what the functional form returns."""
    args, kwargs = source.thaw(source.build())
    seed()
    results = source.overload(*args, **kwargs)
    results = list(results) if isinstance(results, tuple) else [results]
    outs = [a for a in overload._schema.arguments if a.is_out]
    if len(outs) != len(results):
        raise Unrecordable("another number of results")
    return {a.name: like(result) for a, result in zip(outs, results)}


def like(value):
    """Zeros in the form of a result, or of each in a list."""
    if isinstance(value, (list, tuple)):
        return [like(item) for item in value]
    return torch.zeros_like(value, memory_format=torch.contiguous_format)


def derive(overload, source, shaped=None):
    """The call of an overload that says the same as a call of its sibling; its outputs get the shape that a first try gave them."""
    given = source.named()
    tensors = source.build()
    has_outputs = any(argument.is_out for argument in overload._schema.arguments)
    outs = (shaped or outputs_for(overload, source)) if has_outputs else {}
    shaped = outs if shaped is not None or not has_outputs else None
    args, kwargs = [], {}
    for argument in overload._schema.arguments:
        if argument.is_out:
            kwargs[argument.name] = outs[argument.name]
            continue
        if argument.name not in given:
            if not argument.has_default_value():
                raise Unrecordable(f"nothing for {argument.name}")
            if not argument.kwarg_only:
                args.append(argument.default_value)
            continue
        value = adapt(str(argument.type), given[argument.name], source)
        value = [tensors[v.index] for v in value] if isinstance(value, list) and value and isinstance(value[0], Ref) else value
        value = tensors[value.index] if isinstance(value, Ref) else value
        if argument.kwarg_only:
            kwargs[argument.name] = value
        else:
            args.append(value)
    call = Call(overload, args, kwargs)
    again, named = call.thaw(call.build())
    seed()
    overload(*again, **named)
    return call if shaped is not None else derive(overload, source, {name: like(named[name]) for name in outs})


def collect_siblings(store):
    """One round: every CPU overload without a call gets what can be had from calls of its relatives."""
    sources = {}
    for call in list(store.chosen()):
        sources.setdefault(call.overload._schema.name.removeprefix("aten::"), []).append(call)
    for name in sorted(n for n in torch._C._dispatch_get_all_op_names() if n.startswith("aten::") and runs_on_cpu(n)):
        if name in store.calls or name in CRASHING:
            continue
        try:
            overload = overload_named(name)
        except (AttributeError, RuntimeError):
            continue
        found = {}
        for base in related_bases(name.removeprefix("aten::").partition(".")[0]):
            for source in sources.get(base, []):
                if found.get(source.dtype, 0) >= SIBLINGS_KEPT.get(source.dtype, 1):
                    continue
                call = limited(5, lambda: derive(overload, source))
                if call is not None:
                    store.keep(call)
                    found[source.dtype] = found.get(source.dtype, 0) + 1
            if found:
                break
