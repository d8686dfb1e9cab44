"""How alike two plates are: the same, with look-alike characters, or different in one character."""

from __future__ import annotations

from operator import ne
from typing import Any

from hub.contract.plates import fold_plate


def alike(one: str, other: str) -> bool:
    """Whether two normalised plates may be the same plate: look-alikes, and one other, one more or one fewer character.

    Empty ones are like nothing, and so are plates of fewer than four characters that are not the same.
    """
    return bool(one) and bool(other) and (one == other or folded_alike(fold_plate(one), fold_plate(other)))


def folded_alike(one: str, other: str) -> bool:
    """`alike` of two folded plates that are not empty."""
    if one == other:
        return True
    if one[0] != other[0] and one[-1] != other[-1]:
        return False
    if len(one) == len(other):
        return len(one) >= 4 and sum(map(ne, one, other)) == 1
    shorter, longer = (one, other) if len(one) < len(other) else (other, one)
    if len(longer) - len(shorter) > 1 or len(longer) < 4:
        return False
    start = _common_start(shorter, longer)
    return shorter[start:] == longer[start + 1 :]


def differences(read: str, registered: str) -> list[dict[str, Any]]:
    """Where a plate that was read differs from the registered one, in its characters as they were read, from 0.

    Each with `position`, `read` and `registered`; one of the two is "" for a character more or fewer.
    """
    if len(read) == len(registered):
        return [
            {"position": position, "read": a, "registered": b}
            for position, (a, b) in enumerate(zip(read, registered, strict=True))
            if a != b
        ]
    if abs(len(read) - len(registered)) != 1:
        return [{"position": 0, "read": read, "registered": registered}]
    shorter, longer = sorted((read, registered), key=len)
    start = _common_start(fold_plate(shorter), fold_plate(longer))
    more = longer[start]
    found = [{"position": start, "read": more if longer == read else "", "registered": more if longer != read else ""}]
    aligned = longer[:start] + longer[start + 1 :]
    for position, (a, b) in enumerate(zip(shorter, aligned, strict=True)):
        if a != b:
            here, there = (a, b) if shorter == read else (b, a)
            found.append({"position": position, "read": here, "registered": there})
    return found


def _common_start(shorter: str, longer: str) -> int:
    """How many characters two texts begin with alike."""
    for position, (a, b) in enumerate(zip(shorter, longer, strict=False)):
        if a != b:
            return position
    return len(shorter)
