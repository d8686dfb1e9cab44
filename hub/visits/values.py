"""Corrected values in the place of those that were read."""

from __future__ import annotations

from dataclasses import replace

from hub.contract.visits import CAPTURE
from hub.visits.visit import Member, Visit


def put_value(visit: Visit, kind: str, record_id: str, index: int, value: str) -> bool:
    """Put a corrected value into the evidence of a visit; whether anything has changed."""
    for place, member in enumerate(visit.members):
        evidence = member.evidence
        if (evidence.kind, evidence.id) != (kind, record_id):
            continue
        if kind == CAPTURE:
            corrected = replace(evidence, number=value)
        elif index < len(read := evidence.plates or ("",)):  # a plate that the camera did not read is its first
            plates = tuple(value if each == index else plate for each, plate in enumerate(read))
            corrected = replace(evidence, plates=plates)
        else:
            return False
        if corrected == evidence:
            return False
        visit.members[place] = Member(corrected)
        return True
    return False
