"""Parts of the pages that have tests and are not there yet. Who adds one takes its name out of COMING."""

from __future__ import annotations

import pytest

COMING = frozenset({"alarms", "corrections", "first steps", "gate", "languages", "records"})


def needs(*parts: str) -> pytest.MarkDecorator:
    """The mark of a test of these parts: it is skipped while one of them is not there."""
    missing = sorted(COMING.intersection(parts))
    return pytest.mark.skipif(bool(missing), reason=f"Not there yet: {', '.join(missing)} (tests/browser/coming.py).")
