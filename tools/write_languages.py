"""Bring the translations to the texts of templates, scripts and modules, and compile them (docs/languages.md).

Without arguments it writes `messages.po`, `messages.mo` and `scripts.json` of every language and says what is not
translated yet. `--check` writes nothing; it ends with 1 where a file is out of date, a required translation is missing
or something is wrong.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hub.languages.catalogs import FOLDER
from hub.languages.choice import LANGUAGES
from hub.languages.sentences import SENTENCES
from tools.language_files import MO, PO, SCRIPTS, Language, mo_bytes, po_text, read_language, scripts_json
from tools.language_texts import MessageId, Texts, find_texts

OPTIONAL: dict[str, tuple[str, ...]] = {
    "th": (),
    "fa": tuple(
        f"{folder}/{page}"
        for folder in ("templates", "static")
        for page in ("accounts", "audit", "docs", "maintenance", "track")
    ),
}
"""Beginnings of the files whose texts need no translation in a language: pages that no operator works with."""
PLACEHOLDER = re.compile(r"\{\w+\}|%\(\w+\)[sd]")


def placeholder_problems(language: Language) -> list[str]:
    """Translations whose placeholders are not those of the English text."""
    problems = []
    for message, forms in language.words.items():
        english = [set(PLACEHOLDER.findall(text)) for text in message]
        for form in filter(None, forms):
            used = set(PLACEHOLDER.findall(form))
            if not set.intersection(*english) <= used <= set.union(*english):
                problems.append(f"{language.code}: the placeholders of {message[0]!r} differ in {form!r}")
    return problems


def files_of(language: Language, texts: Texts, folder: Path) -> dict[Path, bytes]:
    """Every file of a language with what it should have."""
    return {
        folder / PO: po_text(language, texts.found).encode(),
        folder / MO: mo_bytes(language),
        folder / SCRIPTS: scripts_json(language, texts.found),
    }


def problems_of(texts: Texts) -> list[str]:
    """Texts that cannot be translated: no literals, one text both alone and as a singular, two plurals of one."""
    alone = {message[0] for message in texts.found if len(message) == 1}
    both = [message[0] for message in texts.found if len(message) > 1 and message[0] in alone]
    singulars = [message[0] for message in texts.found if len(message) > 1]
    twice = sorted({text for text in singulars if singulars.count(text) > 1})
    return (
        texts.problems
        + [f"{text!r} stands alone and in a counted text; word one of them otherwise" for text in both]
        + [f"{text!r} has two plurals; word one of them otherwise" for text in twice]
    )


def main(check: bool) -> int:
    texts = find_texts(ROOT, SENTENCES)
    problems = problems_of(texts)
    for code in LANGUAGES:
        if code == "en":
            continue
        folder = FOLDER / code / "LC_MESSAGES"
        language = read_language(code, folder)
        language.update(texts.found)
        problems += placeholder_problems(language)
        missing = language.missing(texts.found, OPTIONAL[code])
        for path, content in files_of(language, texts, folder).items():
            if check:
                if not path.exists() or path.read_bytes() != content:
                    problems.append(f"{path.relative_to(ROOT)} is out of date: run python tools/write_languages.py")
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        _report(code, language, missing, texts.found)
        if check and missing:
            problems.append(f"{code}: {len(missing)} required translations are missing")
    for problem in problems:
        print(f"problem: {problem}")
    return 1 if problems else 0


def _report(code: str, language: Language, missing: list[MessageId], files: dict[MessageId, list[str]]) -> None:
    done = sum(all(forms) for forms in language.words.values())
    print(f"{code}: {done} of {len(language.words)} texts are translated")
    for message in missing:
        print(f"  missing: {message[0]!r} ({files[message][0]})")


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
