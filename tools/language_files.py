"""The files of a language: `messages.po` for translators, and what is compiled from it for gettext and for scripts.

They are written here and not by a library, so that the same words give the same bytes with every version of it.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po

from tools.language_texts import SENTENCES, MessageId

PO, MO, SCRIPTS = "messages.po", "messages.mo", "scripts.json"
MO_MAGIC = 0x950412DE
SHOWN_BY_SCRIPTS = ("static/", SENTENCES)
COUNTS = 1000
"""So many counts tell which plural form a category takes."""


@dataclass
class Language:
    """The translations of one language: message id -> one text for each form, "" where one is missing.

    `obsolete` are those of texts that the pages no longer have; they come back with the text.
    """

    code: str
    words: dict[MessageId, list[str]] = field(default_factory=dict)
    obsolete: dict[MessageId, list[str]] = field(default_factory=dict)

    @property
    def plural(self) -> str:
        """`Plural-Forms` of gettext."""
        return str(get_plural(self.code))

    @property
    def forms(self) -> int:
        """How many forms a counted text has."""
        return int(get_plural(self.code).num_plurals)

    def places(self) -> dict[str, int]:
        """Plural category of CLDR -> the place of its form."""
        category = Locale.parse(self.code).plural_form
        place = eval(f"lambda n: int({_as_python(get_plural(self.code).plural_expr)})")  # of Babel's own table
        return {category(count): place(count) for count in range(COUNTS)}

    def missing(self, files: dict[MessageId, list[str]], optional: tuple[str, ...] = ()) -> list[MessageId]:
        """The texts without a translation, but for those that stand in optional files only."""
        return [
            message
            for message, forms in self.words.items()
            if not all(forms) and not all(file.startswith(optional) for file in files[message])
        ]

    def update(self, found: dict[MessageId, list[str]]) -> None:
        """Bring the texts to those of the pages. A translation is not lost: it becomes obsolete, or is no longer so."""
        known = self.obsolete | self.words
        forms = {message: self.forms if len(message) > 1 else 1 for message in found}
        self.words = {message: known.pop(message, [])[:count] or [""] * count for message, count in forms.items()}
        self.obsolete = {message: texts for message, texts in sorted(known.items()) if all(texts)}


def _as_python(expression: str) -> str:
    return (
        expression.replace("&&", " and ")
        .replace("||", " or ")
        .replace("!=", "<>")
        .replace("!", " not ")
        .replace("<>", "!=")
    )


def read_language(code: str, folder: Path) -> Language:
    """The translations in `messages.po`; none where there is no file."""
    language = Language(code)
    path = folder / PO
    if path.exists():
        catalog = read_po(BytesIO(path.read_bytes()), locale=code)
        for message in catalog:
            if message.id:
                language.words[_pair(message.id)] = list(_pair(message.string))
        for message in catalog.obsolete.values():
            language.obsolete[_pair(message.id)] = list(_pair(message.string))
    return language


def _pair(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def po_text(language: Language, files: dict[MessageId, list[str]]) -> str:
    """The text of `messages.po`, in the order of the files that have the texts."""
    blocks = [f'msgid ""\nmsgstr ""\n{_header(language)}']
    for message, forms in language.words.items():
        places = "".join(f"#: {file}\n" for file in files[message])
        blocks.append(places + "\n".join(_lines(message, forms)))
    for message, forms in language.obsolete.items():
        blocks.append("\n".join(f"#~ {line}" for line in _lines(message, forms)))
    return "\n\n".join(blocks) + "\n"


def _header(language: Language) -> str:
    fields = (
        f"Language: {language.code}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        f"Plural-Forms: {language.plural}",
    )
    return "\n".join(_quoted(f"{one}\n") for one in fields)


def _lines(message: MessageId, forms: list[str]) -> list[str]:
    if len(message) == 1:
        return [f"msgid {_quoted(message[0])}", f"msgstr {_quoted(forms[0])}"]
    lines = [f"msgid {_quoted(message[0])}", f"msgid_plural {_quoted(message[1])}"]
    return lines + [f"msgstr[{index}] {_quoted(form)}" for index, form in enumerate(forms)]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def mo_bytes(language: Language) -> bytes:
    """`messages.mo`, GNU gettext's binary format: the texts sorted, each with its length and place."""
    head = f"Content-Type: text/plain; charset=utf-8\nPlural-Forms: {language.plural}\n"
    pairs = [("", head)] + [
        ("\0".join(message), "\0".join(forms)) for message, forms in language.words.items() if all(forms)
    ]
    rows = sorted((one.encode(), other.encode()) for one, other in pairs)
    count = len(rows)
    place = 28 + 16 * count
    tables: list[list[tuple[int, int]]] = [[], []]
    data = b""
    for column in (0, 1):
        for row in rows:
            tables[column].append((len(row[column]), place + len(data)))
            data += row[column] + b"\0"
    numbers = [number for table in tables for entry in table for number in entry]
    head_numbers = (MO_MAGIC, 0, count, 28, 28 + 8 * count, 0, place)
    return struct.pack(f"<{7 + len(numbers)}I", *head_numbers, *numbers) + data


def scripts_json(language: Language, files: dict[MessageId, list[str]]) -> bytes:
    """`scripts.json`: the translated texts of scripts (hub/languages/catalogs.py says its form)."""
    body: dict[str, object] = {"": language.places(), "~": []}
    for message, forms in language.words.items():
        if all(forms) and any(file.startswith(SHOWN_BY_SCRIPTS) for file in files[message]):
            body[message[0]] = forms[0] if len(message) == 1 else forms
    sentences = (text for text in body if "{" in text)
    body["~"] = [text for text in sentences if SENTENCES in files.get((text,), ())]
    rows = [
        f"{json.dumps(key, ensure_ascii=False)}:{json.dumps(value, ensure_ascii=False)}" for key, value in body.items()
    ]
    return ("{" + ",\n".join(rows) + "}\n").encode()
