"""Resized pictures as Pillow makes them: every filter, enlarged and reduced, odd sizes, with and without a box.

Writes cases.json and pixels.bin, to which the cases point by offset. Needs Pillow 13 or newer: older ones always make columns first.

Usage: python scripts/goldens/resample.py test/goldens/resample
"""

import json
import pathlib
import random
import sys

import PIL
from PIL import Image

FOLDER = pathlib.Path(sys.argv[1])
FILTERS = ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]

# Source width and height, box (None: all), target width and height.
GEOMETRIES = [
    ("reduced", (37, 29), None, (16, 11)),
    ("enlarged", (13, 7), None, (31, 22)),
    ("wider and lower", (17, 33), None, (29, 9)),
    ("narrower and higher", (33, 17), None, (9, 29)),
    ("rows first though both shrink", (30, 41), None, (26, 17)),
    ("only the width", (37, 11), None, (15, 11)),
    ("only the height", (11, 37), None, (11, 15)),
    ("reduced to one pixel", (37, 29), None, (1, 1)),
    ("enlarged from one pixel", (1, 1), None, (5, 3)),
    ("a box of whole pixels", (37, 29), (5, 3, 30, 26), (12, 17)),
    ("a box of fractions, reduced", (37, 29), (4.3, 2.75, 33.9, 27.1), (13, 10)),
    ("a box of fractions, enlarged", (19, 13), (1.5, 0.25, 12.125, 9.7), (27, 25)),
    ("a box smaller than a pixel", (9, 8), (3.2, 4.1, 3.9, 4.6), (7, 5)),
    ("a shifted box of the same size", (20, 15), (2, 1, 14, 11), (12, 10)),
]


def picture(width, height, channels, draw):
    """Noise, a ramp and hard edges: what filters with negative lobes overshoot at."""
    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            for channel in range(channels):
                noise = draw.randrange(256)
                ramp = (x * 7 + y * 5 + channel * 60) % 256
                edge = 255 if (x // 3 + y // 4 + channel) % 2 else 0
                pixels.append((noise, ramp, edge)[(x * 3 // width + y * 2 // height) % 3])
    return bytes(pixels)


def resize(pixels, size, channels, target, resample, box):
    """Each channel as a grey picture: LA and RGBA would be multiplied by their alpha."""
    planes = []
    for channel in range(channels):
        plane = Image.frombytes("L", size, pixels[channel::channels])
        planes.append(plane.resize(target, resample, box=box).tobytes())
    return bytes(value for pixel in zip(*planes) for value in pixel)


def main():
    draw = random.Random(20)
    blob = bytearray()
    cases = []

    def store(data):
        blob.extend(data)
        return len(blob) - len(data)

    for index, (name, size, box, target) in enumerate(GEOMETRIES):
        channels = (3, 1, 3, 4, 3, 2)[index % 6]
        pixels = picture(*size, channels, draw)
        results = {}
        for filter_name in FILTERS:
            resample = Image.Resampling[filter_name.upper()]
            results[filter_name] = store(resize(pixels, size, channels, target, resample, box))
        cases.append({
            "name": name, "channels": channels, "size": size, "box": box, "target": target,
            "source": store(pixels), "results": results,
        })

    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "pixels.bin").write_bytes(blob)
    header = {"pillow": PIL.__version__, "cases": cases}
    (FOLDER / "cases.json").write_text(json.dumps(header, indent=1) + "\n")


main()
