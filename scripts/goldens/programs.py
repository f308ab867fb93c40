"""What Pillow makes of pictures: every operation of an image program that is not a plain resize (resample.py has those).

Writes cases.json, whose operations are in the words of lib/vision/program.ts, and pixels.bin, to which the cases point by offset.
Needs Pillow 13 and NumPy.

Usage: python scripts/goldens/programs.py test/goldens/programs
"""

import json
import math
import pathlib
import random
import sys

import numpy
import PIL
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

FOLDER = pathlib.Path(sys.argv[1])
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
POINT_FILTERS = ["nearest", "bilinear", "bicubic"]
ALL_FILTERS = ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]

draw = random.Random(6)
blob = bytearray()
sources = {}
cases = []


def store(data):
    blob.extend(data)
    return len(blob) - len(data)


def add_source(name, width, height, channels, at):
    pixels = bytes(at(x, y, c) % 256 for y in range(height) for x in range(width) for c in range(channels))
    sources[name] = {"width": width, "height": height, "channels": channels, "offset": store(pixels), "pixels": pixels}


def noise(x, y, c):
    return draw.randrange(256)


def mixed(x, y, c):
    """Noise, a ramp and hard edges in turn."""
    return (draw.randrange(256), x * 7 + y * 5 + c * 60, 255 if (x // 3 + y // 4 + c) % 2 else 0)[(x // 9 + y // 7) % 3]


def smooth(x, y, c):
    return int(128 + 60 * math.sin(x / 5 + c) + 50 * math.cos(y / 7 - c)) + draw.randrange(8)


add_source("rgb", 31, 23, 3, mixed)
add_source("grey", 19, 26, 1, mixed)
add_source("greyAlpha", 9, 5, 2, noise)
add_source("rgba", 8, 11, 4, noise)
add_source("pixel", 1, 1, 3, noise)
add_source("row", 7, 1, 3, noise)
add_source("pair", 2, 2, 3, noise)
add_source("smooth", 40, 30, 3, smooth)
add_source("dull", 12, 10, 3, lambda x, y, c: 90 + (x * y + c * 13) % 60)
add_source("flat", 6, 6, 3, lambda x, y, c: 77)
add_source("colours", 64, 60, 3, noise)


def picture(name):
    s = sources[name]
    return Image.frombytes(MODES[s["channels"]], (s["width"], s["height"]), s["pixels"])


def by_channel(image, change):
    """Each channel as a grey picture: Pillow would multiply LA and RGBA by their alpha."""
    if len(image.getbands()) == 1:
        return change(image)
    return Image.merge(image.mode, [change(band) for band in image.split()])


def add(name, source, operations, result):
    s = sources[source]
    pixels = result.tobytes()
    channels = len(result.getbands())
    assert len(pixels) == result.width * result.height * channels
    cases.append({
        "name": name, "source": source, "operations": operations,
        "width": result.width, "height": result.height, "channels": channels, "offset": store(pixels),
    })


def resampling(name):
    return Image.Resampling[name.upper()]


def transform(source, size, method, data, name, fill=0):
    def change(band):
        return band.transform(size, method, data, resample=resampling(name), fillcolor=fill)
    return by_channel(picture(source), change)


def dihedral():
    for source in ["rgb", "grey", "greyAlpha", "rgba", "row"]:
        for number, way in enumerate(Image.Transpose):
            add(way.name, source, [{"op": "dihedral", "element": number + 1}], picture(source).transpose(way))


def crops():
    for source, box in [("rgb", (3, 2, 20, 19)), ("grey", (-4, -3, 12, 30)), ("rgba", (2, 2, 14, 20)), ("rgb", (40, 5, 50, 9))]:
        left, top, right, bottom = box
        crop = {"op": "crop", "left": left, "top": top, "width": right - left, "height": bottom - top}
        add(f"crop {box}", source, [crop], picture(source).crop(box))
    for name in ALL_FILTERS:
        crop = {"op": "crop", "left": 4, "top": 3, "width": 21, "height": 17}
        for target in [(9, 8), (33, 40)]:
            resize = {"op": "resize", "width": target[0], "height": target[1], "filter": name}
            add(f"crop, then resize: {name}", "rgb", [crop, resize],
                picture("rgb").crop((4, 3, 25, 20)).resize(target, resampling(name)))
    twice = [{"op": "resize", "width": 24, "height": 24, "filter": "bicubic"},
             {"op": "resize", "width": 12, "height": 12, "filter": "nearest"}]
    add("bicubic, then nearest", "smooth", twice,
        picture("smooth").resize((24, 24), Image.Resampling.BICUBIC).resize((12, 12), Image.Resampling.NEAREST))


def extents():
    boxes = [
        ("rgb", (4, 3, 25, 20), (9, 8)), ("rgb", (4, 3, 25, 20), (33, 40)), ("rgb", (0, 0, 31, 23), (13, 11)),
        ("grey", (2.3, 1.7, 16.9, 21.2), (11, 13)), ("grey", (5.25, 6.5, 9.75, 10.125), (17, 16)),
        ("rgba", (-2, -3, 9, 12), (10, 9)), ("rgb", (20, 15, 40, 30), (12, 7)), ("pixel", (0, 0, 1, 1), (3, 4)),
    ]
    for source, box, size in boxes:
        for name in POINT_FILTERS:
            resize = {"op": "resize", "width": size[0], "height": size[1], "filter": name, "box": box, "antialias": False}
            add(f"extent {box} to {size}: {name}", source, [resize],
                transform(source, size, Image.Transform.EXTENT, box, name))


def affines():
    def turn(angle, width, height):
        a = -math.radians(angle)
        m = [math.cos(a), math.sin(a), 0, -math.sin(a), math.cos(a), 0]
        m[2] = width / 2 - m[0] * width / 2 - m[1] * height / 2
        m[5] = height / 2 - m[3] * width / 2 - m[4] * height / 2
        return m

    maps = [
        ("turned by 17", "rgb", turn(17, 31, 23), (31, 23)), ("turned by -140", "grey", turn(-140, 19, 26), (19, 26)),
        ("sheared", "rgb", [1, 0.3, 0, 0, 1, 0], (31, 23)), ("sheared down", "rgba", [1, 0, 0, -0.45, 1, 0], (8, 11)),
        ("moved", "rgb", [1, 0, -5, 0, 1, 3], (31, 23)), ("scaled", "rgb", [0.37, 0, 2.2, 0, 1.9, -4], (40, 16)),
        ("from far away", "pair", [900.5, 3, -40000, 2, 500, 0.25], (60, 5)), ("a row turned", "row", turn(45, 7, 1), (7, 7)),
    ]
    for what, source, matrix, size in maps:
        for name in POINT_FILTERS:
            for fill in ([0] if name == "bicubic" else [0, 130]):
                operation = {"op": "affine", "width": size[0], "height": size[1], "coefficients": matrix, "filter": name, "fill": fill}
                add(f"affine, {what}: {name}", source, [operation],
                    transform(source, size, Image.Transform.AFFINE, matrix, name, fill))


def warps():
    maps = [
        ("rgb", [1.1, 0.2, -2, 0.05, 0.9, 1, 0.004, 0.002], (31, 23)), ("rgb", [0.5, 0.1, 3, -0.1, 0.6, 4, 0.001, -0.003], (40, 33)),
        ("grey", [1, 0, 0, 0, 1, 0, 0.02, 0], (19, 26)), ("rgba", [1.3, 0.1, -1, 0, 1.2, -1, 0.01, 0.01], (9, 12)),
        ("smooth", [2.1, -0.3, 1, 0.2, 1.8, -3, 0.003, 0.001], (20, 18)), ("rgb", [1, 0, 0, 0, 1, 0, -0.1, 0], (31, 23)),
    ]
    for source, coefficients, size in maps:
        for name in POINT_FILTERS:
            operation = {"op": "warp", "width": size[0], "height": size[1], "coefficients": coefficients, "filter": name, "fill": 50}
            add(f"warp {coefficients}: {name}", source, [operation],
                transform(source, size, Image.Transform.PERSPECTIVE, coefficients, name, 50))


def channels():
    for source in ["rgb", "rgba", "greyAlpha", "grey", "colours"]:
        image = picture(source)
        add("toGrey", source, [{"op": "toGrey"}], image.convert("L"))
        add("toRgb", source, [{"op": "toRgb"}], image.convert("RGB"))
        grey = image.convert("L")
        bands = [grey] * min(3, len(image.getbands()) - (image.mode in ("LA", "RGBA")))
        if image.mode in ("LA", "RGBA"):
            bands.append(image.getchannel("A"))
        add("grayscale", source, [{"op": "grayscale"}], Image.merge(image.mode, bands) if len(bands) > 1 else grey)


def enhancers():
    kinds = {"brightness": ImageEnhance.Brightness, "contrast": ImageEnhance.Contrast,
             "saturation": ImageEnhance.Color, "sharpness": ImageEnhance.Sharpness}
    for op, kind in kinds.items():
        for source, factors in [("rgb", (0, 0.3, 0.77, 1, 1.4, 3.7)), ("smooth", (0.5, 1.9)), ("grey", (0.3, 1.6)),
                                ("rgba", (0.3, 1.6)), ("greyAlpha", (0.7,)), ("pixel", (0.5,)), ("pair", (1.5,)), ("row", (0.1,))]:
            for factor in factors:
                add(f"{op} {factor}", source, [{"op": op, "factor": factor}], kind(picture(source)).enhance(factor))


def levels():
    for source in ["rgb", "grey", "smooth", "dull", "flat", "pixel"]:
        image = picture(source)
        add("invert", source, [{"op": "invert"}], ImageOps.invert(image))
        add("autocontrast", source, [{"op": "autocontrast"}], ImageOps.autocontrast(image))
        add("equalize", source, [{"op": "equalize"}], ImageOps.equalize(image))
        for bits in (1, 3, 8):
            add(f"posterize {bits}", source, [{"op": "posterize", "bits": bits}], ImageOps.posterize(image, bits))
        for threshold in (0, 100, 128.5, 256):
            add(f"solarize {threshold}", source, [{"op": "solarize", "threshold": threshold}], ImageOps.solarize(image, threshold))
    table = [(i * 7 + 3) % 256 for i in range(256)]
    add("one table", "rgb", [{"op": "lookUp", "table": table}], picture("rgb").point(table * 3))
    tables = table + [255 - i for i in range(256)] + [i // 2 for i in range(256)]
    add("a table for each colour", "rgb", [{"op": "lookUp", "table": tables}], picture("rgb").point(tables))


def hues():
    """As torchvision's adjust_hue does it with Pillow: by way of HSV in bytes."""
    for source in ["colours", "rgb", "flat"]:
        for shift in (-0.5, -0.21, -0.003, 0, 0.1, 0.37, 0.5):
            h, s, v = picture(source).convert("HSV").split()
            turned = (numpy.asarray(h).astype(int) + int(shift * 255)) % 256
            result = Image.merge("HSV", (Image.fromarray(turned.astype(numpy.uint8), "L"), s, v)).convert("RGB")
            add(f"hue {shift}", source, [{"op": "hue", "shift": shift}], result)


def blurs():
    for source in ["rgb", "grey", "rgba", "pixel", "row"]:
        for radius in ((0.1, 0.1), (0.5, 0.5), (1, 1), (2.5, 2.5), (12, 12), (0, 1.3), (2, 0)):
            add(f"blur {radius}", source, [{"op": "blur", "across": radius[0], "down": radius[1]}],
                picture(source).filter(ImageFilter.GaussianBlur(radius)))


for part in (dihedral, crops, extents, affines, warps, channels, enhancers, levels, hues, blurs):
    part()

FOLDER.mkdir(parents=True, exist_ok=True)
(FOLDER / "pixels.bin").write_bytes(blob)
for source in sources.values():
    del source["pixels"]
rows = ",\n".join(json.dumps(case) for case in cases)
(FOLDER / "cases.json").write_text(
    f'{{"pillow": {json.dumps(PIL.__version__)},\n"sources": {json.dumps(sources)},\n"cases": [\n{rows}\n]}}\n')
