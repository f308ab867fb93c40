"""Writes files with the reference implementations of their formats, for the tests of the io room.

    python scripts/goldens/files.py     (needs torch, numpy and safetensors; writes test/goldens/io/)

Beside the files stands expected.json: by file and name, each tensor's dtype, shape, and elements in row-major order as little-endian hex.
"""

import json
import pathlib

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


def main():
    TARGET.mkdir(parents=True, exist_ok=True)
    expected = {**safetensors(), **numpy_files()}
    (TARGET / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
