"""Writes a small image of every kind of PNG, and of the kinds of WebP, GIF, TIFF and AVIF that people have, with the pixels that tench's rule makes of it.

    python scripts/goldens/formats.py        (needs Pillow 13 with AVIF, and NumPy)

The rule (lib/vision/decode.ts): grey stays grey, a palette becomes RGB, alpha is kept as the last channel, of 16 bits the upper 8, of an
animation the first frame. PNG files are written byte by byte, since Pillow writes few kinds; what is expected of them follows from the samples
by the PNG specification, and is compared here with what Pillow reads, wherever Pillow follows the specification.

Output in test/goldens/formats/: the files; pixels.json: for each file its width, height, channels, and the bytes, base64.
"""

import base64
import json
import struct
import zlib
from pathlib import Path

import numpy
from PIL import Image, ImageOps

FOLDER = Path(__file__).resolve().parents[2] / "test" / "goldens" / "formats"
WIDTH, HEIGHT = 7, 5
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
KINDS = {"grey": (0, 1, (1, 2, 4, 8, 16)), "rgb": (2, 3, (8, 16)), "palette": (3, 1, (1, 2, 4, 8)), "greyAlpha": (4, 2, (8, 16)), "rgba": (6, 4, (8, 16))}

random = numpy.random.default_rng(12)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    expected = {}
    for kind, (colour_type, channels, depths) in KINDS.items():
        for depth in depths:
            samples = random.integers(0, 2**depth, (HEIGHT, WIDTH, channels))
            for interlaced in (False, True):
                for clear in (False, True) if colour_type in (0, 2, 3) else (False,):
                    name = f"{kind}{depth}{'Clear' if clear else ''}{'Interlaced' if interlaced else ''}.png"
                    expected[name] = png(name, kind, colour_type, depth, samples, interlaced, clear)
    for name, (image, options) in others().items():
        image.save(FOLDER / name, **options)
        expected[name] = read(FOLDER / name)
        if name == "clear.gif":
            # What lies under transparent pixels is lost in libvips.
            expected[name] *= expected[name][..., 3:] > 0
    for name, (order, channels) in {"rgb16.tif": ("<", 3), "rgb16BigEndian.tif": (">", 3), "rgba16.tif": ("<", 4), "greyAlpha16.tif": ("<", 2)}.items():
        expected[name] = deep_tiff(name, order, channels)
    described = {name: describe(pixels) for name, pixels in sorted(expected.items())}
    (FOLDER / "pixels.json").write_text(json.dumps(described, indent=1) + "\n")


def describe(pixels):
    height, width, channels = pixels.shape
    return {"width": width, "height": height, "channels": channels, "data": base64.b64encode(pixels.tobytes()).decode()}


def png(name, kind, colour_type, depth, samples, interlaced, clear):
    """Writes a PNG and returns what it shows."""
    chunks = [chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour_type, 0, 0, interlaced))]
    palette = random.integers(0, 256, (2**depth, 3), dtype=numpy.uint8) if kind == "palette" else None
    key = samples[2, 3]
    if palette is not None:
        chunks.append(chunk(b"PLTE", palette.tobytes()))
    # Fewer alphas than colours: the rest is opaque.
    alphas = numpy.concatenate([random.integers(0, 255, max(1, 2 ** (depth - 1))), numpy.full(2**depth, 255)])[: 2**depth]
    if clear:
        bytes_of = alphas[: max(1, 2 ** (depth - 1))].astype(numpy.uint8).tobytes() if kind == "palette" else b"".join(struct.pack(">H", value) for value in key)
        chunks.append(chunk(b"tRNS", bytes_of))
    passes = [samples[y::rows, x::columns] for x, y, columns, rows in ADAM7] if interlaced else [samples]
    lines = b"".join(b"\0" + packed(line, depth) for part in passes if part.size > 0 for line in part)
    chunks += [chunk(b"IDAT", zlib.compress(lines, 9)), chunk(b"IEND", b"")]
    (FOLDER / name).write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))

    if kind == "palette":
        shown = palette[samples[..., 0]]
        opacity = alphas[samples[..., 0]]
    else:
        shown = samples >> 8 if depth == 16 else samples * 255 // (2**depth - 1)
        opacity = numpy.where((samples == key).all(axis=2), 0, 255)
    if clear:
        shown = numpy.dstack([shown, opacity])
    shown = shown.astype(numpy.uint8)
    # Pillow compares the transparent colour with 8 bits whatever the depth, and with none of a grey of 16 bits.
    if not (clear and kind != "palette" and depth not in (1, 8)):
        pixels = read(FOLDER / name)
        # It has no mode for grey and alpha of 16 bits, and takes that of colours.
        assert ((pixels[..., [0, -1]] if kind == "greyAlpha" else pixels) == shown).all(), name
    return shown


def packed(line, depth):
    values = line.reshape(-1)
    if depth == 16:
        return values.astype(">u2").tobytes()
    bits = ((values[:, None] >> numpy.arange(depth - 1, -1, -1)) & 1).reshape(-1).astype(numpy.uint8)
    return numpy.packbits(bits).tobytes()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def deep_tiff(name, order, channels):
    """Writes a TIFF of 16 bits a sample, of which Pillow writes only grey, and returns what it shows."""
    samples = random.integers(0, 65536, (HEIGHT, WIDTH, channels), dtype=numpy.uint16)
    pixels = samples.astype(f"{order}u2").tobytes()
    short, long = 3, 4
    has_alpha = channels in (2, 4)
    entries = [(256, long, 1, WIDTH), (257, long, 1, HEIGHT), (258, short, channels, None), (259, short, 1, 1)]
    entries += [(262, short, 1, 2 if channels > 2 else 1), (273, long, 1, None), (277, short, 1, channels), (278, long, 1, HEIGHT)]
    entries += [(279, long, 1, len(pixels)), (338, short, 1, 2)][: 2 if has_alpha else 1]
    directory_bytes = 2 + 12 * len(entries) + 4
    bits_at = 8 + directory_bytes
    at = {258: bits_at, 273: bits_at + 2 * channels}
    directory = struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in entries:
        fits = kind == short and count == 1
        directory += struct.pack(f"{order}HHI", tag, kind, count)
        if tag == 258 and channels == 2:  # two of them lie in the entry itself
            directory += struct.pack(f"{order}HH", 16, 16)
        else:
            directory += struct.pack(f"{order}HH" if fits else f"{order}I", *((value, 0) if fits else (at.get(tag, value),)))
    header = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    bits = struct.pack(f"{order}{channels}H", *[16] * channels)
    (FOLDER / name).write_bytes(header + directory + bytes(4) + bits + pixels)
    shown = (samples >> 8).astype(numpy.uint8)
    # Pillow has no mode for grey and alpha of 16 bits.
    if channels > 2:
        assert (read(FOLDER / name) == shown).all(), name
    return shown


def others():
    noise = Image.fromarray(random.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=numpy.uint8))
    rows, columns = numpy.mgrid[0:20, 0:28]
    smooth = Image.fromarray(numpy.stack([columns * 9, rows * 12, 255 - columns * 5 - rows * 5], axis=2).astype(numpy.uint8))
    grey = noise.convert("L")
    alpha = Image.fromarray(random.integers(0, 256, (HEIGHT, WIDTH), dtype=numpy.uint8))
    smooth_alpha = Image.fromarray((columns * 9).astype(numpy.uint8))
    deep = Image.fromarray(random.integers(0, 65536, (HEIGHT, WIDTH), dtype=numpy.uint16))
    with_alpha, smooth_with_alpha, grey_alpha = noise.copy(), smooth.copy(), grey.copy()
    with_alpha.putalpha(alpha)
    smooth_with_alpha.putalpha(smooth_alpha)
    grey_alpha.putalpha(alpha)
    frames = {"save_all": True, "append_images": [noise.rotate(180)]}
    turned = Image.Exif()
    turned[0x0112] = 6
    return {
        "lossless.webp": (noise, {"lossless": True}),
        "losslessAlpha.webp": (with_alpha, {"lossless": True, "exact": True}),
        "lossy.webp": (smooth, {"quality": 80}),
        "lossyAlpha.webp": (smooth_with_alpha, {"quality": 80}),
        "turned.webp": (noise, {"lossless": True, "exif": turned}),
        "frames.webp": (noise, {"lossless": True, **frames}),
        "plain.gif": (noise.quantize(16), {}),
        "interlaced.gif": (noise.quantize(64), {"interlace": 1}),
        "clear.gif": (noise.quantize(8), {"transparency": 3}),
        "grey.gif": (grey, {}),
        "grey.tif": (grey, {}),
        "bits1.tif": (grey.convert("1"), {}),
        "grey16.tif": (deep, {}),
        "greyAlpha.tif": (grey_alpha, {}),
        "palette.tif": (noise.quantize(16), {}),
        "rgb.tif": (noise, {}),
        "rgba.tif": (with_alpha, {"compression": "tiff_adobe_deflate"}),
        "lzw.tif": (noise, {"compression": "tiff_lzw"}),
        "packbits.tif": (noise, {"compression": "packbits"}),
        "pages.tif": (noise, frames),
        "turned.tif": (noise, {"exif": turned}),
        "lossless.avif": (noise, {"quality": 100, "subsampling": "4:4:4"}),
        "alpha.avif": (smooth_with_alpha, {"quality": 95, "subsampling": "4:4:4"}),
        "lossy.avif": (smooth, {"quality": 90, "subsampling": "4:2:0"}),
        "grey.avif": (smooth.convert("L"), {"quality": 95, "subsampling": "4:0:0"}),
    }


def read(path):
    image = Image.open(path)
    image.seek(0)
    image = ImageOps.exif_transpose(image)
    if image.mode == "I;16":
        return (numpy.array(image) >> 8).astype(numpy.uint8)[..., None]
    clear = "transparency" in image.info
    mode = {"1": "L", "P": "RGB"}.get(image.mode, image.mode)
    if clear:
        mode = {"L": "LA", "RGB": "RGBA"}[mode]
    pixels = numpy.array(image.convert(mode))
    return pixels.reshape(*pixels.shape[:2], -1)


main()
