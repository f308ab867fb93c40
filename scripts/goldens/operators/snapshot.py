"""Calls as plain data: a snapshot of every tensor among the arguments, from which the call can be made again and again."""

import torch

DTYPES = {
    getattr(torch, name): name
    for name in (
        "float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool",
        "complex64", "complex128", "complex32", "uint16", "uint32", "uint64",
    )
}


class Unrecordable(Exception):
    """The call has something that no golden file can hold: another device or layout, an object, too many elements."""


class Stored:
    """A dense CPU tensor: the bytes that its elements span, with shape and strides."""

    def __init__(self, dtype, shape, strides, data):
        self.dtype, self.shape, self.strides, self.data = dtype, shape, strides, data

    @staticmethod
    def of(tensor, limit):
        if tensor.layout != torch.strided or tensor.device.type != "cpu" or tensor.dtype not in DTYPES or tensor.is_nested:
            raise Unrecordable("no dense CPU tensor")
        tensor = tensor.detach().resolve_conj().resolve_neg()
        shape, strides = tuple(tensor.shape), tuple(tensor.stride())
        span = 0 if 0 in shape else 1 + sum((size - 1) * stride for size, stride in zip(shape, strides))
        if span > limit:
            raise Unrecordable("too large")
        if span == 0:
            return Stored(tensor.dtype, shape, strides, b"")
        return Stored(tensor.dtype, shape, strides, to_bytes(tensor.as_strided((span,), (1,), tensor.storage_offset())))

    @property
    def contiguous(self):
        return self.strides == row_major(self.shape)

    def build(self):
        if self.data:
            flat = torch.frombuffer(bytearray(self.data), dtype=self.dtype).clone()
        else:
            flat = torch.empty(0, dtype=self.dtype)
        return flat.view(self.shape) if self.contiguous else flat.as_strided(self.shape, self.strides)


def to_bytes(tensor):
    flat = tensor.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
    return b"" if flat.numel() == 0 else flat.view(torch.uint8).numpy().tobytes()


def row_major(shape):
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


class Ref:
    """Stands for the tensor at a place of the call's own list, so that one tensor given twice stays one."""

    def __init__(self, index):
        self.index = index


class Call:
    """An overload with its arguments in schema order and by keyword."""

    def __init__(self, overload, args, kwargs, limit=3000):
        self.overload = overload
        self.tensors = []
        places = {}

        def freeze(value):
            if isinstance(value, torch.Tensor):
                if id(value) not in places:
                    stored = Stored.of(value, limit - self.elements)
                    places[id(value)] = (len(self.tensors), value)
                    self.tensors.append(stored)
                return Ref(places[id(value)][0])
            if isinstance(value, (list, tuple)):
                return [freeze(item) for item in value]
            if isinstance(value, (torch.SymInt, torch.SymFloat, torch.SymBool)):
                raise Unrecordable("symbolic")
            if value is None or isinstance(value, (bool, int, float, complex, str)):
                return value
            if isinstance(value, (torch.dtype, torch.layout, torch.memory_format, torch.device)):
                return value
            raise Unrecordable(f"an argument of type {type(value).__name__}")

        self.args = [whole(argument, freeze(value)) for argument, value in zip(overload._schema.arguments, args)]
        by_name = {argument.name: argument for argument in overload._schema.arguments}
        self.kwargs = {name: whole(by_name[name], freeze(value)) for name, value in (kwargs or {}).items()}
        if len(args) > len(self.args):
            raise Unrecordable("too many arguments")

    @property
    def elements(self):
        return sum(len(stored.data) // stored.dtype.itemsize for stored in self.tensors)

    @property
    def dtype(self):
        return self.tensors[0].dtype if self.tensors else self.kwargs.get("dtype")

    def named(self):
        """All given arguments by name, still frozen."""
        names = [argument.name for argument in self.overload._schema.arguments]
        return {**dict(zip(names, self.args)), **self.kwargs}

    def signature(self):
        """What makes a call another kind of call: dtypes and ranks of tensors, and which values are given."""

        def text(value):
            if isinstance(value, Ref):
                stored = self.tensors[value.index]
                return f"{DTYPES[stored.dtype]}{min(len(stored.shape), 3)}{'' if stored.contiguous else 's'}{'' if stored.data else 'e'}"
            if isinstance(value, list):
                return "[" + ",".join(text(item) for item in value[:3]) + "]"
            return repr(value) if isinstance(value, (bool, str)) or value is None else type(value).__name__

        return " ".join([text(value) for value in self.args] + [f"{name}={text(value)}" for name, value in sorted(self.kwargs.items())])

    def thaw(self, tensors):
        """Arguments for one call, with the given tensors in the places of the stored ones."""

        def melt(value):
            if isinstance(value, Ref):
                return tensors[value.index]
            return [melt(item) for item in value] if isinstance(value, list) else value

        return [melt(value) for value in self.args], {name: melt(value) for name, value in self.kwargs.items()}

    def build(self):
        return [stored.build() for stored in self.tensors]


def whole(argument, value):
    """JavaScript has one type of number: a Scalar such as 2.0 arrives as the integer 2, so that is what is recorded."""
    kind = str(argument.type)
    if kind in ("Tensor", "Optional[Tensor]") and not isinstance(value, Ref) and value is not None:
        raise Unrecordable("a number for a tensor, which Python's own bindings wrap")
    if "number" in kind:
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            return int(value)
        if isinstance(value, list):
            return [whole(argument, item) for item in value]
    if "float" in kind and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def mutable_names(overload):
    return {a.name for a in overload._schema.arguments if a.alias_info is not None and a.alias_info.is_write}
