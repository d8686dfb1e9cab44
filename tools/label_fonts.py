"""Typefaces to train the label reader on: ten digit masks each, from Pillow, OpenCV, `label_strokes` and the system."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
from label_strokes import Shapes, own_strokes, segments
from PIL import Image, ImageDraw, ImageFont

HEIGHT = 80
"""Height of the masks in pixels: above what any strip shows."""
OTHER_SIGNS = "ABCDEFHKLNPRSTXY"
"""Signs that are no digits; they stand for whatever else may be printed there."""
SYSTEM_FACES = 160
FAINT_STYLES = ("thin", "hairline", "extralight", "outline", "smallcaps", "symbol", "math")
"""Styles that nobody prints a label in, as parts of a file's name."""
BOLD = 0.14
"""Width of an eight's strokes from which a face is bold, as a share of its height."""
LEAST_INK, MOST_INK = 0.25, 0.8
"""Share of the box around an eight that is ink."""
LEAST_HEIGHT = 0.88
"""Height of a face's digits as a share of their common rows: old-style digits rise and descend, and are left out."""
SYSTEM_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/Library/Fonts",
    "/System/Library/Fonts",
    "C:/Windows/Fonts",
)
DEBIAN_PACKAGES = """
adf-gillius adf-switzera adf-universalis adf-verana allerta anonymous-pro arundina averia-sans-gwf b612
bebas-neue cabin clear-sans courier-prime crosextra-caladea crosextra-carlito croscore dejavu-extra dosis
freefont-ttf go hack inconsolata inter jetbrains-mono junction jura karla lato league-spartan liberation2
manrope mononoki national-park noto-mono ocr-a ocr-b open-sans opendin osifont oxygen paratype play roadgeek
roboto-unhinted routed-gothic sora texgyre tlwg-garuda tlwg-kinnari tlwg-laksaman tlwg-loma tlwg-norasi
tlwg-sawasdee tlwg-umpush tlwg-waree tuffy urw-base35 yanone-kaffeesatz
""".split()
"""Packages of Debian 12 with the faces that the network in the repository was trained on, each after "fonts-"."""
PLAIN_FAMILIES = """
dejavusans dejavuserif liberation freesans freemono freeserif ubuntu roboto opensans lato arial arimo helvet
verdana tahoma courier cousine times tinos georgia consola calibri carlito caladea segoe garuda loma umpush
waree sawasdee laksaman tlwg norasi kinnari arundina notosans- notosansmono notoserif- notomono nimbus bebasneue
rg2014 dosis cabin clearsans b612 gillius universalis verana switzera texgyre urwgothic inconsolata hack
jetbrains ocra ocrb nationalpark oxygen play- jura allerta yanone inter go- karla- leaguespartan junction
osp-din din routed-gothic osifont tuffy averiasans manrope sora pts ptn ptm anonymous mononoki
""".split()
"""How the names of files of upright and plain families begin, in lower case and without spaces."""

Face = dict[str, np.ndarray]
log = logging.getLogger(__name__)


def faces(rng: np.random.Generator, system: bool = True) -> list[Face]:
    """All faces, each from a digit (or one of OTHER_SIGNS, where the face has it) to its 8-bit coverage mask of HEIGHT
    rows.

    Pillow's own face, OpenCV's and ours are always there; `system` adds what this machine has installed, drawn by
    `rng`.
    """
    made = [_printed(ImageFont.load_default(400), bold) for bold in (0.0, 0.015, 0.03, 0.045, 0.06, 0.075)]
    for face, bolds in (
        (cv2.FONT_HERSHEY_SIMPLEX, (0.09, 0.13, 0.17)),
        (cv2.FONT_HERSHEY_DUPLEX, (0.06, 0.1, 0.14)),
        (cv2.FONT_HERSHEY_COMPLEX, (0.05, 0.09)),
        (cv2.FONT_HERSHEY_TRIPLEX, (0.05, 0.08)),
    ):
        made += [_stroked(face, bold) for bold in bolds]
    made += [_drawn(own_strokes(digit_box), bold) for digit_box in (0.8, 1.0) for bold in (0.1, 0.15, 0.2)]
    made += [_drawn(segments(gap), bold) for gap, bold in ((0.0, 0.1), (0.0, 0.16), (0.12, 0.13))]
    return made + (_system_faces(rng) if system else [])


def _system_faces(rng: np.random.Generator) -> list[Face]:
    made: list[Face] = []
    for path in _by_turns(rng):
        if len(made) == SYSTEM_FACES:
            break
        try:
            face = _printed(ImageFont.truetype(str(path), 400), float(rng.choice((0.0, 0.0, 0.02))))
        except (OSError, ValueError) as error:
            log.info("The font %s is left out: %s", path, error)
            continue
        # A face without digits draws the same box for each of them.
        if len({face[digit].tobytes() for digit in "0123456789"}) == 10 and _usual(face):
            made.append(face)
    if len(made) < SYSTEM_FACES:
        packages = " ".join(f"fonts-{name}" for name in DEBIAN_PACKAGES)
        log.info(
            "This machine has %d faces of %d. For more, on Debian: apt-get install %s",
            len(made),
            SYSTEM_FACES,
            packages,
        )
    return made


def _by_turns(rng: np.random.Generator) -> list[Path]:
    """The system's font files of PLAIN_FAMILIES in an order drawn by `rng`, one of each family at a time."""
    families: dict[str, list[Path]] = {}
    found = {path for folder in SYSTEM_FOLDERS for path in Path(folder).rglob("*.[to]tf")}
    for path in sorted(found):
        name = path.name.lower()
        family = next((family for family in PLAIN_FAMILIES if name.replace(" ", "").startswith(family)), None)
        if family and not any(style in name for style in FAINT_STYLES):
            families.setdefault(family, []).append(path)
    turns = []
    for files in families.values():
        turns += [(turn, float(rng.random()), files[i]) for turn, i in enumerate(rng.permutation(len(files)))]
    return [path for _, _, path in sorted(turns)]


def bold(face: Face) -> bool:
    """Whether a face's strokes are as wide as those of bold print."""
    mark = (face["8"] > 127).astype(np.uint8)
    inside = cv2.distanceTransform(mark, cv2.DIST_L2, 5)
    return 2 * float(np.percentile(inside[mark > 0], 95)) >= BOLD * HEIGHT


def _usual(face: Face) -> bool:
    """Whether all digits are about as high as their common rows, and neither hairlines nor in boxes."""
    level = all(float(face[digit].any(axis=1).mean()) >= LEAST_HEIGHT for digit in "0123456789")
    return level and LEAST_INK <= float(face["8"].mean()) / 255 <= MOST_INK


def _printed(font: ImageFont.FreeTypeFont, bold: float) -> Face:
    """A scalable face, thickened by `bold` of its height on each side."""
    stroke = round(280 * bold)
    face = {}
    for sign in "0123456789" + OTHER_SIGNS:
        image = Image.new("L", (900, 900))
        ImageDraw.Draw(image).text((200, 600), sign, fill=255, font=font, stroke_width=stroke, anchor="ls")
        face[sign] = np.asarray(image)
    return _fitted(face)


def _stroked(hershey: int, bold: float) -> Face:
    thick, scale = round(250 * bold), 250 / 21.0
    face = {}
    for sign in "0123456789" + OTHER_SIGNS:
        image = np.zeros((700, 700), np.uint8)
        cv2.putText(image, sign, (150, 500), hershey, scale, 255, thick, cv2.LINE_AA)
        face[sign] = image
    return _fitted(face)


def _drawn(shapes: Shapes, bold: float) -> Face:
    face = {}
    for sign, lines in shapes.items():
        image = np.zeros((500, 420), np.uint8)
        points = [np.round(line * 50 + 80).astype(np.int32) for line in lines]
        cv2.polylines(image, points, False, 255, round(300 * bold), cv2.LINE_AA)
        face[sign] = image
    return _fitted(face)


def _fitted(face: Face) -> Face:
    """Cut to the digits' common height, each sign to its own width, and reduced to HEIGHT rows."""
    rows = np.flatnonzero(np.max([face[digit].max(axis=1) for digit in "0123456789"], axis=0))
    if not len(rows):
        raise ValueError("it has no digits")
    fitted = {}
    for sign, image in face.items():
        columns = np.flatnonzero(image.max(axis=0))
        if not len(columns):
            raise ValueError(f"it has no {sign}")
        cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        wide = max(2, round(cut.shape[1] * HEIGHT / cut.shape[0]))
        fitted[sign] = cv2.resize(cut, (wide, HEIGHT), interpolation=cv2.INTER_AREA)
    return fitted
