"""Writes small images of every kind that tench decodes, with the pixels that Pillow reads from them.

    python scripts/goldens/images.py        (needs Pillow and NumPy)

Output in test/goldens/images/: the files; pixels.json: for each file the size, the number of channels that its own pixels have, and the bytes
of `convert('RGB')` after the EXIF orientation; resized.json: one image of noise, and what each filter makes of it.
"""

import json
from pathlib import Path

import numpy
from PIL import Image, ImageOps

FOLDER = Path(__file__).resolve().parents[2] / "test" / "goldens" / "images"
WIDTH, HEIGHT = 6, 4


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    random = numpy.random.default_rng(0)
    noise = Image.fromarray(random.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=numpy.uint8))
    rows, columns = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    # Smooth, so that JPEG keeps it nearly as it is and every corner can be told from the others.
    smooth = Image.fromarray(numpy.stack([columns * 40, rows * 60, 255 - columns * 20 - rows * 20], axis=2).astype(numpy.uint8))
    alpha = Image.fromarray(random.integers(0, 256, (HEIGHT, WIDTH), dtype=numpy.uint8))

    with_alpha = noise.copy()
    with_alpha.putalpha(alpha)
    grey_alpha = noise.convert("L")
    grey_alpha.putalpha(alpha)
    deep = numpy.arange(WIDTH * HEIGHT, dtype=numpy.uint16).reshape(HEIGHT, WIDTH) * 2731

    write = {
        "rgb.png": (noise, {}),
        "rgba.png": (with_alpha, {}),
        "grey.png": (noise.convert("L"), {}),
        "greyAlpha.png": (grey_alpha, {}),
        "palette.png": (noise.quantize(8), {}),
        "paletteAlpha.png": (noise.quantize(8), {"transparency": 3}),
        "bits1.png": (noise.convert("1"), {}),
        "bits16.png": (Image.fromarray(deep), {}),
        "rgb.jpg": (smooth, {"quality": 100, "subsampling": 0}),
        "progressive.jpg": (smooth, {"quality": 100, "subsampling": 0, "progressive": True}),
        "grey.jpg": (smooth.convert("L"), {"quality": 100}),
        "cmyk.jpg": (noise.convert("CMYK"), {"quality": 100, "subsampling": 0}),
        "cmyk.tif": (inked(noise, alpha), {}),
        "rgb.tif": (noise, {"compression": "tiff_lzw"}),
        "rgb.webp": (noise, {"lossless": True}),
        "frames.gif": (noise.quantize(16), {"save_all": True, "append_images": [noise.rotate(180).quantize(16)]}),
    }
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        write[f"orientation{orientation}.jpg"] = (smooth, {"quality": 100, "subsampling": 0, "exif": exif})

    pixels = {}
    for name, (image, options) in write.items():
        path = FOLDER / name
        image.save(path, **options)
        pixels[name] = expected(path)
    save("pixels.json", pixels)
    save("resized.json", resized(random))


def save(name, value):
    (FOLDER / name).write_text(json.dumps(value, separators=(",", ":")) + "\n")


def resized(random):
    source = random.integers(0, 256, (9, 13, 3), dtype=numpy.uint8)
    results = []
    for size in ((5, 4), (20, 11), (6, 20)):
        for name in ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"):
            image = Image.fromarray(source).resize(size, Image.Resampling[name.upper()])
            results.append({"size": size, "filter": name, "rgb": numpy.array(image).reshape(-1).tolist()})
    return {"width": 13, "height": 9, "rgb": source.reshape(-1).tolist(), "results": results}


def inked(image, black):
    """CMYK with black in it, which Pillow's own conversion never makes."""
    cyan, magenta, yellow, _ = image.convert("CMYK").split()
    return Image.merge("CMYK", (cyan, magenta, yellow, black))


def expected(path):
    image = ImageOps.exif_transpose(Image.open(path))
    channels = {"L": 1, "1": 1, "I;16": 1, "LA": 2, "RGBA": 4}.get(image.mode, 3)
    if image.mode == "P" and "transparency" in image.info and path.suffix == ".png":
        channels = 4
    if path.suffix == ".gif":
        channels = 4  # the second frame is stored as what differs, so the file has transparency
    if image.mode == "I;16":
        # Pillow clips 16 bits at 255; the upper 8 bits are what is meant.
        image = Image.fromarray((numpy.array(image) >> 8).astype(numpy.uint8))
    rgb = numpy.array(image.convert("RGB"))
    return {"width": image.width, "height": image.height, "channels": channels, "rgb": rgb.reshape(-1).tolist()}


main()
