"""Writes test/goldens/data: texts of separated values beside the rows that Python's csv module reads in them.

    python scripts/goldens/data.py
"""

import csv
import io
import json
import random
from pathlib import Path

END = "the end"


def rows_of(text: str) -> list[list[str]] | None:
    """The rows without empty lines, or None where a quote is never closed, which swallows the row that is added here."""
    rows = list(csv.reader(io.StringIO(text + "\n" + END + "\n", newline="")))
    return [row for row in rows[:-1] if row] if rows[-1] == [END] else None


def main() -> None:
    random.seed(6)
    texts = ["", "\n", '""', '"",', ",", "a,", ",a", '"a""b",c', 'a"b,c', '"a"b,c', '"a\r\nb"\r\nc\r\n', "a\rb\r", '"a', '""""', '"""']
    texts += ["".join(random.choices('ab,""\r\n\n ', k=random.randint(1, 14))) for _ in range(1500)]
    cases = [[text, rows_of(text)] for text in dict.fromkeys(texts)]
    folder = Path(__file__).parents[2] / "test" / "goldens" / "data"
    folder.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(case) for case in cases)
    (folder / "csv.json").write_text(f"[\n{lines}\n]\n")


main()
