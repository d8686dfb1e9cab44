"""Patterns of lines: the usual ones are accepted, and none that is accepted takes long on any line."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.contract.line_pattern import MAX_LINE, MAX_PATTERN, compile_line_pattern
from tests.support.helpers import ROOT

EVIL = [
    (r"(\d+)+x", "repeats more than a single character"),
    (r"(?:a|a)*b", "repeats more than a single character"),
    (r"(?:a?){30}a{30}", "repeats more than a single character"),
    (r"(?:.*)*x", "repeats more than a single character"),
    (r".*.*=(\d+)", "could take too long"),
    (r"\d+\d+\d+x", "could take too long"),
    ("a?" * 30 + "a" * 30, "could take too long"),
    ("(?:a|aa)" * 30, "could take too long"),
    (r"(\d+)\1", "uses groupref"),
    (r"(?=\d*)x", "uses assert"),
    (r"(?>a+)b", "uses atomic group"),
    ("(", "is no regular expression"),
    ("x" * (MAX_PATTERN + 1), "has more than"),
    ("(?:" * 400 + "a" + ")" * 400, ""),
]


@pytest.mark.parametrize(("pattern", "reason"), EVIL)
def test_patterns_that_could_take_long_are_refused(pattern: str, reason: str) -> None:
    if not reason:  # it may be refused or not, but nothing else may happen
        try:
            compile_line_pattern(pattern)
        except ValueError:
            pass
        return
    with pytest.raises(ValueError, match=reason):
        compile_line_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "line", "weight"),
    [
        (r"=(?P<weight>\d+)\s*kg", "=012340 kg", "012340"),
        (r"[^,]*,[^,]*,\s*(?P<weight>[+-]?\d+)\s*(?P<unit>kg|t)", "S,G,  +880kg", "+880"),
        (r".*?(?P<weight>\d{1,8}) lb", "no. 7: 4200 lb", "4200"),
        (r"(?i)w(?P<weight>\d{5})(?:(?P<stable>s)|(?P<moving>m))", "W00500S", "00500"),
        (r"\d\d:\d\d\s+(?P<weight>\d+(\.\d+)?)", "12:30   7.25", "7.25"),
    ],
)
def test_usual_patterns_are_accepted(pattern: str, line: str, weight: str) -> None:
    found = compile_line_pattern(pattern).fullmatch(line)
    assert found is not None and found["weight"] == weight


def test_a_refused_pattern_would_have_hung_the_hub() -> None:
    """The limit is of use: this one takes longer than a second."""
    code = r"import re; re.compile(r'(\d+)+x').fullmatch('1' * 64)"
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-c", code], timeout=1, cwd=ROOT, check=False)


PIECES = st.sampled_from(
    ["a", "b", ".", r"\d", r"\s", "[ab]", "[^a]", "1", r"\w", "(?:a|b)", "(?:ab|a)", "(?:1|a?)", r"(?:\d+a)", "(?i:A)"]
)
REPEATS = st.sampled_from(["", "", "*", "+", "?", "*?", "{0,3}", "{2}", "{1,200}"])
ALPHABET = st.sampled_from("aab1 AB")


@given(st.lists(st.tuples(PIECES, REPEATS), min_size=1, max_size=12), st.lists(ALPHABET, min_size=1, max_size=3))
def test_an_accepted_pattern_is_quick_on_every_line(pieces: list[tuple[str, str]], repeated: list[str]) -> None:
    text = "".join(piece + repeat for piece, repeat in pieces)
    try:
        pattern = compile_line_pattern(text)
    except ValueError:
        assume(False)
        raise
    for line in ("".join(repeated) * MAX_LINE)[:MAX_LINE], ("".join(repeated) * MAX_LINE)[: MAX_LINE - 1] + "!":
        began = time.process_time()
        pattern.fullmatch(line)
        # Far from the seconds that a pattern with one way too many takes.
        assert time.process_time() - began < 0.5, text
