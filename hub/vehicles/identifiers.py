"""Tags, label numbers and plates as they are compared, and plates that differ in one character."""

from __future__ import annotations

import unicodedata

from hub.contract.plates import fold_plate, normalise_plate
from hub.contract.vehicles import NUMBER, TAG

SHORTEST = 4
"""Characters of a plate in which one character may differ: of a shorter one, too little is left."""
LONGEST = 20
"""Characters of a plate in which one may differ; longer texts are no plates."""


def value_of(kind: str, text: str) -> str:
    """The value of an identifier by which it is compared; empty where the text has none."""
    if kind == TAG:
        return "".join(text.split()).upper()
    if kind == NUMBER:
        return "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())
    return normalise_plate(text)


def plate_parts(value: str) -> set[str]:
    """The folded plate, whole and with each character left out.

    Two plates that differ in one character (one other, one more, one fewer) have a part in common, so that an index of
    parts finds them; so may others, which `differs_in_one` tells apart.
    """
    folded = fold_plate(value)
    if not SHORTEST <= len(folded) <= LONGEST:
        return {folded}
    return {folded, *(folded[:place] + folded[place + 1 :] for place in range(len(folded)))}


def differs_in_one(one: str, other: str) -> bool:
    """Whether exactly one character is another, more or fewer."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    short, long = sorted((one, other), key=len)
    same = 0
    while same < len(short) and short[same] == long[same]:
        same += 1
    if len(short) == len(long):
        return short[same + 1 :] == long[same + 1 :]
    return short[same:] == long[same + 1 :]
