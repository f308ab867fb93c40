"""Writes the archives of test/goldens/archives with Python's own tarfile and zipfile, so that what we read was not written by us.

Usage: python scripts/goldens/archives.py test/goldens/archives
"""

import io
import pathlib
import sys
import tarfile
import zipfile

target = pathlib.Path(sys.argv[1])
target.mkdir(parents=True, exist_ok=True)

LONG = "set/" + "long-" * 30 + "/" + "name-" * 30 + ".txt"
UNICODE = "set/été/日本.txt"
FILES = {
    "set/train/a/one.txt": b"one\n",
    "set/train/b/two.bin": bytes(range(256)) * 30,
    "set/val/a/empty.txt": b"",
    UNICODE: "grüß\n".encode(),
    LONG: b"long\n",
}


def entry(name, data=b"", kind=tarfile.REGTYPE, **fields):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.mode = len(data), kind, 0o644
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def tar(name, entries, mode="w", form=tarfile.PAX_FORMAT):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=form) as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    content = raw.getvalue()
    if mode == "w:gz":
        import gzip

        content = gzip.compress(content, mtime=0)
    (target / name).write_bytes(content)


def zipped(name, entries):
    with zipfile.ZipFile(target / name, "w") as archive:
        for path, data, attributes, method in entries:
            info = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = attributes << 16
            info.compress_type = method
            archive.writestr(info, data)


folder = entry("set/", kind=tarfile.DIRTYPE, mode=0o755)
tool = entry("set/tool", b"#!/bin/sh\n", mode=0o4755)
good = [folder, tool] + [entry(path, data) for path, data in FILES.items()]
tar("good.tar", good)
tar("good-gnu.tar", good, form=tarfile.GNU_FORMAT)
tar("good.tgz", good, mode="w:gz")
DEFLATED, STORED = zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED
zipped(
    "good.zip",
    [("set/", b"", 0o40755, STORED), ("set/tool", b"#!/bin/sh\n", 0o104755, STORED)]
    + [(path, data, 0o100644, DEFLATED) for path, data in FILES.items()],
)

first = entry("set/first.txt", b"first\n")
for name, bad in {
    "dotdot": entry("../evil.txt", b"evil"),
    "dotdot-inside": entry("set/../../evil.txt", b"evil"),
    "absolute": entry("/tmp/tench-evil.txt", b"evil"),
    "drive": entry("C:/evil.txt", b"evil"),
    "backslash": entry("set\\..\\..\\evil.txt", b"evil"),
    "symlink": entry("set/link", kind=tarfile.SYMTYPE, linkname="../../etc"),
    "hardlink": entry("set/link", kind=tarfile.LNKTYPE, linkname="set/first.txt"),
    "fifo": entry("set/pipe", kind=tarfile.FIFOTYPE),
    "device": entry("set/null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3),
    "twice": entry("set/first.txt", b"second\n"),
    "file-as-folder": entry("set/first.txt/inner.txt", b"inner"),
    "unknown-kind": entry("set/odd", kind=b"V"),
}.items():
    tar(f"{name}.tgz", [first, bad], mode="w:gz")

plain = ("set/first.txt", b"first\n", 0o100644, DEFLATED)
for name, bad in {
    "dotdot": ("../evil.txt", b"evil", 0o100644, DEFLATED),
    "absolute": ("/tmp/tench-evil.txt", b"evil", 0o100644, DEFLATED),
    "drive": ("C:/evil.txt", b"evil", 0o100644, DEFLATED),
    "backslash": ("set\\..\\..\\evil.txt", b"evil", 0o100644, DEFLATED),
    "symlink": ("set/link", b"../../etc", 0o120777, STORED),
    "twice": ("set/./first.txt", b"second\n", 0o100644, DEFLATED),
}.items():
    zipped(f"{name}.zip", [plain, bad])

# 100 KiB become about 200 bytes.
tar("bomb.tgz", [entry(f"set/{n}", bytes(51200)) for n in range(2)], mode="w:gz")
zipped("bomb.zip", [(f"set/{n}", bytes(51200), 0o100644, DEFLATED) for n in range(2)])

# Longer than any file system takes.
tar("long-name.tgz", [entry(f"set/{'x' * 300}", b"x")], mode="w:gz")

# A stored file whose content no longer fits its checksum.
content = (target / "good.zip").read_bytes().replace(b"#!/bin/sh\n", b"#!/bin/sx\n")
(target / "checksum.zip").write_bytes(content)
