"""Writes small JPEG files of the kinds that cameras and programs write, with the pixels that Pillow reads from them.

    python scripts/goldens/jpeg.py        (needs Pillow and NumPy)

Output in test/goldens/jpeg/: the files; pixels.json: for each file its size upright, and the bytes of `convert('RGB')` after the EXIF
orientation, base64.
"""

import base64
import json
from pathlib import Path

import numpy
from PIL import Image, ImageOps

FOLDER = Path(__file__).resolve().parents[2] / "test" / "goldens" / "jpeg"
WIDTH, HEIGHT = 45, 35


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    random = numpy.random.default_rng(6)
    rows, columns = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    smooth = numpy.stack([columns * 5, rows * 7, 255 - columns * 2 - rows * 3], axis=2)
    picture = Image.fromarray((smooth + random.integers(-20, 20, smooth.shape)).clip(0, 255).astype(numpy.uint8))
    inks = Image.fromarray(random.integers(0, 256, (HEIGHT, WIDTH, 4), dtype=numpy.uint8), "CMYK").resize((WIDTH, HEIGHT), box=(0, 0, 9, 7))

    write("full", picture, quality=90, subsampling="4:4:4")
    write("half", picture, quality=90, subsampling="4:2:2")
    write("quarter", picture, quality=75, subsampling="4:2:0")
    write("progressive", picture, quality=85, subsampling="4:2:0", progressive=True)
    write("restarts", picture, quality=85, subsampling="4:2:0", restart_marker_blocks=3)
    write("optimised", picture, quality=40, optimize=True)
    write("coarse", picture, quality=5)
    write("keptRgb", picture, quality=90, keep_rgb=True)
    write("grey", picture.convert("L"), quality=90)
    write("greyProgressive", picture.convert("L"), quality=90, progressive=True)
    write("onePixel", picture.crop((3, 3, 4, 4)), quality=90)
    write("oneRow", picture.crop((0, 3, WIDTH, 4)), quality=90, subsampling="4:2:0")
    write("cmyk", inks, quality=95)
    # The same data said to be YCCK.
    change("cmyk", "ycck", adobe_transform(2))
    write("tall", picture.crop((0, 0, 9, HEIGHT)), quality=90, exif=turned(6))
    for name, orientation in {"littleEnd": 8, "bigEnd": 5, "nonsense": 9, "none": 0}.items():
        write(name, picture, quality=80, exif=turned(orientation, big=name == "bigEnd"))
    write("profile", picture, quality=90, icc_profile=bytes(range(256)) * 300)

    pixels = {path.name: expected(path) for path in sorted(FOLDER.glob("*.jpg"))}
    (FOLDER / "pixels.json").write_text(json.dumps(pixels, indent=1) + "\n")


def write(name, image, **options):
    image.save(FOLDER / f"{name}.jpg", **options)


def change(source, name, edit):
    (FOLDER / f"{name}.jpg").write_bytes(edit((FOLDER / f"{source}.jpg").read_bytes()))


def adobe_transform(value):
    def edit(data):
        at = data.index(b"Adobe") + 11
        return data[:at] + bytes([value]) + data[at + 1 :]

    return edit


def turned(orientation, big=False):
    end = "big" if big else "little"
    number = lambda value, size: value.to_bytes(size, end)
    entry = number(0x0112, 2) + number(3, 2) + number(1, 4) + number(orientation, 2) + bytes(2)
    return b"Exif\0\0" + (b"MM" if big else b"II") + number(42, 2) + number(8, 4) + number(1, 2) + entry + number(0, 4)


def expected(path):
    image = ImageOps.exif_transpose(Image.open(path))
    rgb = base64.b64encode(image.convert("RGB").tobytes()).decode()
    return {"width": image.width, "height": image.height, "grey": image.mode == "L", "rgb": rgb}


main()
