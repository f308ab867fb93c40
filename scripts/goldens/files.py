"""Writes files with the reference implementations of their formats, for the tests of the io room.

    python scripts/goldens/files.py     (needs torch, numpy and safetensors; writes test/goldens/io/)

Beside the files stands expected.json: by file and name, each tensor's dtype, shape, and elements in row-major order as little-endian hex.
"""

import collections
import json
import pathlib
import sys
import types
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import torch

TARGET = pathlib.Path(__file__).resolve().parents[2] / "test" / "goldens" / "io"

FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
FLOATS_OF_8_BITS = [torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu]
INTEGERS = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint64, torch.uint32, torch.uint16, torch.uint8]


def described(value):
    """A tensor or array as the tests compare it."""
    if isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value).reshape(value.shape)
        data = array.astype(array.dtype.newbyteorder("<")).tobytes()
        return {"dtype": value.dtype.name, "shape": list(value.shape), "hex": data.hex()}
    flat = value.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
    data = bytes(flat.view(torch.uint8).tolist()) if flat.numel() > 0 else b""
    return {"dtype": str(value.dtype).removeprefix("torch."), "shape": list(value.shape), "hex": data.hex()}


def every_dtype():
    """Tensors of every dtype, with the values that conversions get wrong."""
    tensors = {}
    for dtype in FLOATS:
        tensors[str(dtype)[6:]] = torch.tensor([[0.0, -0.0, 1.5], [float("inf"), float("nan"), -1e-3]], dtype=torch.float64).to(dtype)
    for dtype in FLOATS_OF_8_BITS:
        tensors[str(dtype)[6:]] = torch.tensor([0, 1, 56, 127, 128, 200], dtype=torch.uint8).view(dtype)
    for dtype in INTEGERS:
        info = torch.iinfo(dtype)
        tensors[str(dtype)[6:]] = torch.tensor([info.min, 0, 1, info.max], dtype=dtype)
    tensors["bool"] = torch.tensor([True, False, True])
    tensors["complex64"] = torch.tensor([1.5 - 2j, 0 + 1j], dtype=torch.complex64)
    tensors["scalar"] = torch.tensor(2.75)
    tensors["empty"] = torch.zeros(0, 3)
    tensors["ünï/cödé \"quoted\"\n"] = torch.arange(5, dtype=torch.int32)
    return tensors


def safetensors():
    from safetensors.torch import save_file

    tensors = every_dtype()
    save_file(tensors, TARGET / "all.safetensors", metadata={"made by": "the reference", "ü": "ö"})
    (TARGET / "all.safetensors").chmod(0o644)
    return {"all.safetensors": {name: described(value) for name, value in tensors.items()}}


def arrays():
    matrix = np.arange(-6, 6).reshape(3, 4)
    cases = {
        "bool": np.array([[True, False], [False, True]]),
        "scalar": np.array(-2.5),
        "empty": np.zeros((0, 3), dtype=np.float32),
        "fortran": np.asfortranarray(np.arange(24, dtype=np.float32).reshape(2, 3, 4)),
        "fortran_vector": np.asfortranarray(np.arange(3.0)),
    }
    for code in ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16"]:
        values = matrix * (1 + 2j) if code[0] == "c" else matrix / 3 if code[0] == "f" else matrix
        for order in "<>":
            if code[1:] != "1" or order == "<":
                cases[("little_" if order == "<" else "big_") + code] = values.astype(order + code)
    cases["big_fortran"] = np.asfortranarray(matrix.astype(">i2"))
    return cases


def refused_arrays():
    return {
        "object": np.array([1, "a"], dtype=object),
        "record": np.zeros(2, dtype=[("x", "<f4"), ("y", "<i4")]),
        "text": np.array(["a", "bc"]),
        "dates": np.array(["2020-01-01"], dtype="M8[D]"),
        "long_double": np.zeros(2, dtype=np.longdouble),
    }


def numpy_files():
    expected = {}
    cases = arrays()
    np.savez(TARGET / "stored.npz", **cases)
    np.savez_compressed(TARGET / "deflated.npz", **cases)
    expected["stored.npz"] = {name: described(value) for name, value in cases.items()}
    for name in ["little_f4", "big_c16", "fortran", "scalar"]:
        np.save(TARGET / f"{name}.npy", cases[name])
        expected[f"{name}.npy"] = {"value": described(cases[name])}
    for version in [(2, 0), (3, 0)]:
        with open(TARGET / f"version{version[0]}.npy", "wb") as file:
            np.lib.format.write_array(file, cases["little_i4"], version=version)
        expected[f"version{version[0]}.npy"] = {"value": described(cases["little_i4"])}
    for name, value in refused_arrays().items():
        np.save(TARGET / f"refused_{name}.npy", value)
    return expected


def plain(value):
    """A value of torch.save as JSON: what JSON lacks is an object with one key that names it."""
    if isinstance(value, torch.Tensor):
        kind = "parameter" if isinstance(value, torch.nn.Parameter) else "tensor"
        return {kind: {**described(value), "strides": list(value.stride()), "requiresGrad": value.requires_grad}}
    if isinstance(value, (torch.dtype, torch.device)):
        return str(value).removeprefix("torch.")
    if isinstance(value, tuple):
        return {"tuple": [plain(item) for item in value]}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, set):
        return {"set": sorted(value)}
    if isinstance(value, dict):
        return {"dict": [[plain(key), plain(item)] for key, item in value.items()]}
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": value.hex()}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else {"integer": str(value)}
    return {"float": str(value).replace("inf", "Infinity").replace("nan", "NaN")} if value != value or value in (1e400, -1e400) else value


def model_and_optimizer():
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Flatten(), torch.nn.Linear(8, 3))
    optimizer = torch.optim.AdamW(
        [{"params": model[0].parameters(), "lr": 0.5}, {"params": [*model[1].parameters(), *model[3].parameters()]}], amsgrad=True
    )
    model(torch.randn(2, 1, 4, 4)).sum().backward()
    optimizer.step()
    return model, optimizer


def torch_values():
    base = torch.arange(24.0).reshape(2, 3, 4)
    shared = torch.arange(6, dtype=torch.int16)
    listed = [1, 2.5]
    complex_values = torch.tensor([1 + 2j, 3 - 4j])
    return {
        "dtypes": every_dtype(),
        "complex32": torch.tensor([0x3C00, 0x4000], dtype=torch.int16).view(torch.complex32),
        "complex128": torch.tensor([1 + 1j], dtype=torch.complex128),
        "strided": base.permute(2, 0, 1),
        "part": base[1, :, 1:3],
        "expanded": torch.tensor([1.0, 2.0]).expand(3, 2),
        "channels last": torch.arange(16.0).reshape(1, 2, 2, 4).to(memory_format=torch.channels_last),
        "shared": [shared, shared[2:4], shared],
        "conjugated": complex_values.conj(),
        "negated": torch.tensor([1 + 2j, 3 - 4j]).conj().imag,
        "learned": torch.tensor([1.0], requires_grad=True),
        "parameter": torch.nn.Parameter(torch.tensor([[1.0, 2.0]])),
        "frozen parameter": torch.nn.Parameter(torch.tensor([3.0]), requires_grad=False),
        "numbers": [0, -1, 255, 256, 65536, -(2**31), 2**31, 2**53, -(2**70), 0.1, -0.5, 1e300, float("inf"), float("-inf"), float("nan")],
        "texts": ["", "ünï ☃ 𝄞", "a\nb"],
        "bytes": [b"", b"\x00\xff", bytearray(b"\x80a")],
        "others": [None, True, False, 1 - 2j, {1, 2, 3}, (), (1,), (1, 2), (1, 2, 3), (1, (2, [3, (4,)]))],
        "torch's": [torch.Size([2, 3]), torch.float32, torch.bfloat16, torch.device("cpu"), torch.device("cuda", 1)],
        "dicts": [{}, {1: "a", "b": {2: [3]}}, collections.OrderedDict([("z", 1), ("a", 2)]), {(1, 2): 3}],
        "twice": [listed, listed],
    }


class Unwelcome:
    """A class of the writer's own, which no reader may import."""


def refused_torch_values():
    return {
        "class": Unwelcome(),
        "module": torch.nn.Linear(1, 1),
        "sparse": torch.eye(2).to_sparse(),
        "quantized": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
        "numpy scalar": np.float32(1),
        "storage": torch.ones(2).untyped_storage(),
    }


def torch_files():
    model, optimizer = model_and_optimizer()
    values = torch_values()
    contents = {"model.pt": model.state_dict(), "optimizer.pt": optimizer.state_dict(), "values.pt": values}
    for name, value in contents.items():
        torch.save(value, TARGET / name)
    for protocol in [3, 4, 5]:
        torch.save(values, TARGET / f"protocol{protocol}.pt", pickle_protocol=protocol)
    torch.save(values, TARGET / "legacy.pt", _use_new_zipfile_serialization=False)
    Unwelcome.__module__ = "somewhere.else"
    sys.modules["somewhere"] = sys.modules["somewhere.else"] = types.SimpleNamespace(Unwelcome=Unwelcome)
    for name, value in refused_torch_values().items():
        torch.save(value, TARGET / f"refused_{name.replace(' ', '_')}.pt")
    return {name: {"value": plain(value)} for name, value in contents.items()}


class Scripted(torch.nn.Module):
    """A program with every kind of argument and result."""

    def __init__(self):
        super().__init__()
        self.body = torch.nn.Linear(3, 2)
        self.drop = torch.nn.Dropout(0.5)
        self.register_buffer("seen", torch.zeros(1, dtype=torch.int64))

    def forward(self, x: torch.Tensor, scale: float = 2.0) -> torch.Tensor:
        return self.drop(self.body(x)) * scale

    @torch.jit.export
    def many(
        self,
        tensors: List[torch.Tensor],
        named: Dict[str, torch.Tensor],
        pair: Tuple[int, float],
        flag: bool,
        text: str,
        sizes: List[int],
        maybe: Optional[torch.Tensor] = None,
    ) -> Dict[str, torch.Tensor]:
        total = torch.zeros_like(tensors[0])
        for tensor in tensors:
            total = total + tensor
        if maybe is not None:
            total = total + maybe
        result = {"total": total, text: named["x"] * pair[0] + pair[1], "sizes": torch.tensor(sizes)}
        return result if flag else {"total": total}

    @torch.jit.export
    def values(self, count: int) -> Tuple[int, float, bool, str, List[int], Optional[torch.Tensor], Dict[int, str], Tuple[torch.Tensor]]:
        return count, 0.5, True, "a", [1, 2], None, {1: "x"}, (torch.ones(count),)

    @torch.jit.export
    def anything(self, value: Any) -> Any:
        return value

    @torch.jit.export
    def fails(self, x: torch.Tensor) -> torch.Tensor:
        return x.reshape(7)

    @torch.jit.export
    def counts(self) -> int:
        self.seen += 1
        return int(self.seen.item())


def scripts():
    torch.manual_seed(2)
    module = Scripted().eval()
    torch.jit.script(module).save(TARGET / "scripted.pt")
    x = torch.arange(6.0).reshape(2, 3)
    traced = torch.jit.trace(torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2)), x)
    traced.save(TARGET / "traced.pt")
    return {
        "scripted.pt": {"forward": described(module(x)), **{name: described(value) for name, value in module.state_dict().items()}},
        "traced.pt": {"forward": described(traced(x))},
    }


def main():
    TARGET.mkdir(parents=True, exist_ok=True)
    expected = {**safetensors(), **numpy_files(), **torch_files(), **scripts()}
    (TARGET / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
