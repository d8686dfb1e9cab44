"""The translations are complete and belong to the code; how texts are found and files are written."""

from __future__ import annotations

import gettext
import json
from io import BytesIO
from pathlib import Path

import pytest

from tools.language_files import PO, Language, mo_bytes, po_text, read_language, scripts_json
from tools.language_texts import find_texts
from tools.write_languages import main, placeholder_problems, problems_of


def test_the_translations_are_complete_and_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(check=True) == 0, capsys.readouterr().out


def tree(root: Path, script: str = "", template: str = "") -> Path:
    for folder, name, text in (("static", "a.js", script), ("templates", "a.html", template), ("hub", "a.py", "")):
        (root / folder).mkdir()
        (root / folder / name).write_text(text, "utf-8")
    return root


def test_texts_of_scripts_and_templates(tmp_path: Path) -> None:
    script = """
        // t("in a comment")
        t("one"); nothing.t("not ours"); at("nor this");
        t("outer {a}", { a: t("inner \\"quoted\\"") });
        counted(rows.filter((row) => row.is("a,b", ")")).length, "{count} row", "{count} rows", { x: 1 });
        `${t("in a template")}`
    """
    template = '<p>{{ _("Text %(name)s", name=x) }} {{ ngettext("%(num)d gate", "%(num)d gates", n) }}</p>'
    texts = find_texts(tree(tmp_path, script, template), ["A sentence of {name}."])
    assert texts.problems == []
    assert set(texts.found) == {
        ("one",),
        ("outer {a}",),
        ('inner "quoted"',),
        ("{count} row", "{count} rows"),
        ("in a template",),
        ("Text %(name)s",),
        ("%(num)d gate", "%(num)d gates"),
        ("A sentence of {name}.",),
    }
    assert texts.found[("one",)] == ["static/a.js"]


@pytest.mark.parametrize(
    "script",
    [
        "t(text)",
        "t(`text`)",
        't("a" + b)',
        'counted(n, "one", more)',
        "counted(n)",
        't("x"); counted(n, "x", "y")',
        'counted(n, "x", "y"); counted(n, "x", "z")',
    ],
)
def test_what_cannot_be_translated_is_reported(tmp_path: Path, script: str) -> None:
    assert len(problems_of(find_texts(tree(tmp_path, script)))) == 1


def filled() -> tuple[Language, dict[tuple[str, ...], list[str]]]:
    files = {
        ("Find",): ["templates/a.html"],
        ("{count} row", "{count} rows"): ["static/a.js"],
        ('"\\\n',): ["hub/a.py"],
    }
    language = Language("fa")
    language.update(files)
    language.words[("Find",)] = ["جستجو"]
    language.words["{count} row", "{count} rows"] = ["{count} ردیف", "{count} ردیف‌ها"]
    language.words[('"\\\n',)] = ['\\"\n']
    return language, files


def test_files_of_a_language(tmp_path: Path) -> None:
    language, files = filled()
    (tmp_path / PO).write_text(po_text(language, files), "utf-8")
    again = read_language("fa", tmp_path)
    assert again.words == language.words
    compiled = gettext.GNUTranslations(BytesIO(mo_bytes(again)))
    assert compiled.gettext("Find") == "جستجو" and compiled.gettext('"\\\n') == '\\"\n'
    assert [compiled.ngettext("{count} row", "{count} rows", count) for count in (1, 2)] == [
        "{count} ردیف",
        "{count} ردیف‌ها",
    ]
    assert json.loads(scripts_json(again, files)) == {
        "": {"one": 0, "other": 1},
        "~": [],
        "{count} row": ["{count} ردیف", "{count} ردیف‌ها"],
    }


def test_a_translation_is_not_lost_with_its_text(tmp_path: Path) -> None:
    language, files = filled()
    language.update({})
    assert language.words == {}
    (tmp_path / PO).write_text(po_text(language, {}), "utf-8")
    again = read_language("fa", tmp_path)
    again.update(files)
    assert again.words[("Find",)] == ["جستجو"] and again.obsolete == {}


def test_missing_ones_and_wrong_placeholders() -> None:
    language, files = filled()
    assert language.missing(files) == [] and placeholder_problems(language) == []
    language.words["{count} row", "{count} rows"] = ["{number} ردیف", ""]
    assert len(placeholder_problems(language)) == 1
    assert language.missing(files) == [("{count} row", "{count} rows")]
    assert language.missing(files, ("static/a",)) == []
