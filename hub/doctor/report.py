"""Runs the checks and shows what they find."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

from hub.contract.json_text import encode
from hub.doctor.case import Case
from hub.doctor.checks import CHECKS
from hub.doctor.finding import Check, Finding, Level, fail

log = logging.getLogger(__name__)


def examine(case: Case, checks: Iterable[Check] = CHECKS) -> Iterator[tuple[str, Finding]]:
    """The findings of each check with its name; one check that fails itself hides no other."""
    for check in checks:
        try:
            for finding in check.run(case):
                yield check.name, finding
        except Exception as error:  # the others are still of use
            log.debug("The check %s failed.", check.name, exc_info=True)
            yield check.name, fail(f"The check itself failed ({type(error).__name__}: {error}).")


def show(case: Case, as_json: bool, say: Callable[[str], None]) -> bool:
    """Say what was found, a line each or as one JSON object; whether nothing failed."""
    levels = []
    rows = []
    for name, finding in examine(case):
        levels.append(finding.level)
        rows.append({"check": name, "level": finding.level, "message": finding.sentence})
        if not as_json:
            say(f"{finding.level:<5} {name}: {finding.sentence}")
    failed, warned = levels.count(Level.FAIL), levels.count(Level.WARN)
    if as_json:
        say(encode({"success": not failed, "failed": failed, "warnings": warned, "checks": rows}).decode())
    elif failed:
        say(f"\n{failed} failed, {warned} to be seen to; see above.")
    else:
        say(f"\n{'All is well.' if not warned else f'The hub can do its work; {warned} to be seen to, see above.'}")
    return not failed
