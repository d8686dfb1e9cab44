"""Links between pages resolve, and every citation of a page in code, tests and pages names a section that it has."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.support.helpers import ROOT

PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CITING = ("hub", "agent_lib", "tests", "bench", "tools", "docs", "static", "templates")
SUFFIXES = {".py", ".md", ".js", ".html", ".css"}
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)
NUMBER = re.compile(r"(\d+(?:\.\d+)*)\.? ")
# `docs/wire/lpr.md 1.1, 1.7`, `wire/station.md "Cameras"`, `docs/wire/lpr.md 2 "images"`: a page, then its sections.
SECTION = r'(?:section )?(?:\d+(?:\.\d+)*(?: "[^"]+")?|"[^"]+")'
CITATION = re.compile(rf"(?<![\w/.])((?:docs/)?(?:wire/)?\w+\.md)((?:(?:,| and|, and)? {SECTION})*)")


@cache
def page(name: str) -> str:
    """The text of a page without its blocks of code."""
    return FENCE.sub("", (ROOT / name).read_text("utf-8"))


def headings(name: str) -> list[str]:
    return HEADING.findall(page(name))


def anchor(heading: str) -> str:
    """The name by which a heading is linked."""
    words = re.sub(r"[^\w\- ]", "", heading.lower(), flags=re.ASCII)
    return words.replace(" ", "-")


def missing(name: str, cited: str) -> list[str]:
    """Sections among `cited`, such as `1.1 and 2 "Images"`, that the page does not have."""
    titles = {re.sub(r"^\d+(\.\d+)*\.? ", "", heading).lower() for heading in headings(name)}
    numbers = {match[1] for heading in headings(name) if (match := NUMBER.match(heading))}
    found = re.findall(r'"([^"]+)"|(\d+(?:\.\d+)*)', cited)
    return [title or number for title, number in found if title.lower() not in titles and number not in numbers]


def citations(text: str) -> list[tuple[str, str]]:
    """(page as written, sections) of every citation, those over two lines of a comment included."""
    joined = re.sub(r"\s*\n\s*(?:#|//|\*)?\s*", " ", text.replace('\\"', '"'))
    return [(match[1], match[2]) for match in CITATION.finditer(joined)]


def cited_page(name: str, file: Path) -> str | None:
    """The path of the page that `file` cites as `name`; None where the name is that of some other file."""
    if name.startswith("docs/"):
        return name
    if name.startswith("wire/"):
        return f"docs/{name}"
    beside = file.parent / name
    return beside.relative_to(ROOT).as_posix() if file.suffix == ".md" and beside.exists() else None


@pytest.mark.parametrize("name", PAGES)
def test_links_resolve(name: str) -> None:
    for target in LINK.findall(page(name)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), f"{name} links to {target}"
        if fragment:
            linked = file.resolve().relative_to(ROOT.resolve()).as_posix()
            assert fragment in [anchor(heading) for heading in headings(linked)], f"{name} links to {target}"


@pytest.mark.parametrize("folder", CITING)
def test_citations_name_sections_that_are_there(folder: str) -> None:
    wrong = []
    for file in (ROOT / folder).rglob("*"):
        if file.suffix not in SUFFIXES or "node_modules" in file.parts:
            continue
        for name, sections in citations(file.read_text("utf-8")):
            cited = cited_page(name, file)
            if cited is None:
                continue
            lacks = missing(cited, sections) if (ROOT / cited).exists() else ["a file"]
            wrong += [f"{file.relative_to(ROOT)} cites {name}, which has no {title}" for title in lacks]
    assert not wrong, "\n".join(wrong)


def test_citations_are_found_in_every_form() -> None:
    text = """See docs/wire/lpr.md 1.1, 1.7 and 2 "images".
    # wire/station.md
    # "Cameras"; lpr.md section 0. Not a/docs/wire/lpr.md 9."""
    assert citations(text) == [
        ("docs/wire/lpr.md", ' 1.1, 1.7 and 2 "images"'),
        ("wire/station.md", ' "Cameras"'),
        ("lpr.md", " section 0"),
    ]
    assert missing("docs/wire/lpr.md", ' 1.1, 1.7 and 2 "images"') == []
    assert missing("docs/wire/lpr.md", ' 1.1, 9.9 and "No such heading 3"') == ["9.9", "No such heading 3"]
    assert cited_page("wire/lpr.md", ROOT / "hub" / "cli.py") == "docs/wire/lpr.md"
    assert cited_page("plates.md", ROOT / "docs" / "games.md") == "docs/plates.md"
    assert cited_page("plates.md", ROOT / "hub" / "cli.py") is None


def test_anchors_are_made_as_the_viewers_of_markdown_make_them() -> None:
    assert anchor("5.3 Acknowledge first") == "53-acknowledge-first"
    assert anchor("The tree of hub/") == "the-tree-of-hub"
