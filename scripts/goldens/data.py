"""Writes test/goldens/data: texts of separated values beside the rows that Python's csv module reads in them, and tar archives of samples.

    python scripts/goldens/data.py
"""

import csv
import io
import json
import random
import tarfile
from pathlib import Path

END = "the end"


def rows_of(text: str) -> list[list[str]] | None:
    """The rows without empty lines, or None where a quote is never closed, which swallows the row that is added here."""
    rows = list(csv.reader(io.StringIO(text + "\n" + END + "\n", newline="")))
    return [row for row in rows[:-1] if row] if rows[-1] == [END] else None


def write_shard(path: Path, mode: str, first: int, count: int) -> None:
    """Samples of three parts each, as a writer of WebDataset archives lays them down, with a folder entry and a hidden file between them."""
    with tarfile.open(path, mode) as shard:

        def add(name: str, data: bytes) -> None:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            shard.addfile(entry, io.BytesIO(data))

        folder = tarfile.TarInfo("set")
        folder.type = tarfile.DIRTYPE
        shard.addfile(folder)
        for number in range(first, first + count):
            key = f"set/{number:04d}" if number % 2 else f"set/{'long' * 30}-{number:04d}"
            add(f"{key}.txt", f"text of {number}, größer".encode())
            add(f"{key}.cls", f"{number % 3}\n".encode())
            add("set/.hidden.txt", b"left out")
            add(f"{key}.Meta.JSON", json.dumps({"number": number}).encode())


def main() -> None:
    random.seed(6)
    texts = ["", "\n", '""', '"",', ",", "a,", ",a", '"a""b",c', 'a"b,c', '"a"b,c', '"a\r\nb"\r\nc\r\n', "a\rb\r", '"a', '""""', '"""']
    texts += ["".join(random.choices('ab,""\r\n\n ', k=random.randint(1, 14))) for _ in range(1500)]
    cases = [[text, rows_of(text)] for text in dict.fromkeys(texts)]
    folder = Path(__file__).parents[2] / "test" / "goldens" / "data"
    folder.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(case) for case in cases)
    (folder / "csv.json").write_text(f"[\n{lines}\n]\n")
    write_shard(folder / "shard-0.tar", "w", 0, 5)
    write_shard(folder / "shard-1.tgz", "w:gz", 5, 4)
    write_shard(folder / "shard-2.tar", "w:gz", 9, 6)


main()
