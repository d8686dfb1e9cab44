"""Sentences of the hub and of agents, which are written in English and shown in the reader's language.

A sentence that a service, a door or an agent has made is translated where it is shown: by `said` in templates and in
scripts (static/words.js). A name in braces stands for what differs.
"""

from __future__ import annotations

import re

from flask_babel import get_translations

from hub.languages.choice import direction, language
from hub.languages.numbers import numberformat

SENTENCES = (
    # of the disk (hub/store/disk.py)
    "The disk of {folder} is full: records are refused with 503 until there is room, and senders try again. "
    "Free some space on it; the hub goes on by itself.",
    "The disk of {folder} is nearly full: what is left ({size} MB, store.reserve_mb) is kept for the database, so "
    "records are refused with 503, and senders try again. Free some space on it, or let old records expire with "
    "retention.max_gb; the hub goes on by itself.",
    "The disk of {folder} has only {size} MB free. Make room before it is full.",
    "The hub cannot store now ({error}); {count} records were refused. Check the disk of {folder}; the hub goes on by "
    "itself as soon as it can.",
    # of other hubs (hub/cluster)
    "Redis at {address} cannot be used: {error}. This hub stores and serves its own clients; what is live at other "
    "hubs is shown here again when Redis is back.",
    "The hub {name} at the same Redis has other keys than this one, so nothing passes between them; copy {files} from "
    "one instance folder to the other and start it again.",
    # of accounts (hub/accounts)
    "The name or the password is wrong.",
    "The present password is wrong.",
    "The two new passwords differ; type the same one twice.",
    "You use the hub without an account; log in to change your password.",
    "Your password is changed. Other browsers that used the old one are logged out.",
    "A password has {shortest} to {longest} characters; choose another.",
    "This password is too easy to guess; choose another.",
    "name is a text of 1 to {count} printable characters.",
    "Too many failed logins from this address. Try again in {count} second.",
    "Too many failed logins from this address. Try again in {count} seconds.",
    "this machine",
    # of backups (hub/backup)
    "The backup has begun.",
    "The check has begun.",
    "It is being stopped.",
    "The report is not shown any more.",
    "A backup or a check is running already; wait until it is done, or stop it.",
    "Neither a backup nor a check is running.",
    "Records and pictures are in PostgreSQL (store.url), which has tools of its own: back it up with pg_dump, and copy "
    "the instance folder with settings and secrets (docs/postgresql.md).",
    "{file}: {count} files, {size} MB.",
    "Checked in {count} s.",
    "The database {file} is whole: its pages, indexes and references.",
    "{count} picture files with {pictures} pictures are whole.",
    "All {count} pictures that records name are there.",
    "There is no backup in {folder}. Make one: python app.py backup, or the page /maintenance.",
    # of visits (hub/visits)
    "The tag {text} belongs to no vehicle of the register.",
    "The tag {text} belongs to {name}, not to {other}.",
    "The tag {text} belongs to {name}, which is not to be let in.",
    "The tag {text} belongs to {name}, which is not to be let in: {reason}.",
    "The tag {text} is not that of {name}, which has the tag {own}.",
    "The tag {text} is not that of {name}, which has the tags {own}.",
    "The number {text} belongs to no vehicle of the register.",
    "The number {text} belongs to {name}, not to {other}.",
    "The number {text} belongs to {name}, which is not to be let in.",
    "The number {text} belongs to {name}, which is not to be let in: {reason}.",
    "The number {text} is not that of {name}, which has the number {own}.",
    "The number {text} is not that of {name}, which has the numbers {own}.",
    "The plate {text} belongs to no vehicle of the register.",
    "The plate {text} belongs to {name}, not to {other}.",
    "The plate {text} belongs to {name}, which is not to be let in.",
    "The plate {text} belongs to {name}, which is not to be let in: {reason}.",
    "The plate {text} is not that of {name}, which has the plate {own}.",
    "The plate {text} is not that of {name}, which has the plates {own}.",
    "The plate {text} is like that of {name}, which is not to be let in.",
    "The plate {text} is like that of {name}, which is not to be let in: {reason}.",
    "The plate {text} was read with {read} in place of {registered} at position {place}.",
    "The plate {text} was read with {read} more at position {place}.",
    "The plate {text} was read with {registered} missing at position {place}.",
    "Tag, number and plate belong to {name}.",
    "Tag and number belong to {name}.",
    "Tag and plate belong to {name}.",
    "Number and plate belong to {name}.",
    "Tag belongs to {name}.",
    "Number belongs to {name}.",
    "Plate belongs to {name}.",
    "What was read belongs to {name}.",
    "No tag, number or plate of this vehicle was read. Look at its pictures.",
    "Its evidence belongs to another visit: a value was corrected.",
    "{name} is registered from {when} on, and came before.",
    "{name} was registered until {when}, and came after.",
    "An operator said that this is {name}.",
    "A vehicle at {place} is not what it says it is. {reasons} Look at its visit and confirm, correct or reject it.",
    "A vehicle at {place} is not to be let in. {reasons} Look at its visit and confirm, correct or reject it.",
    "{who} has decided this already: confirm, at {when}.",
    "{who} has decided this already: correct, at {when}.",
    "{who} has decided this already: reject, at {when}.",
    "This visit is {state} now, and was {before} when you saw it. Look at it again.",
    "This visit is {state} and waits for nobody; only mismatch and denied are decided.",
    # of rules (hub/rules)
    "{who} came to {place}: ok. {reason}",
    "{who} came to {place}: unknown. {reason}",
    "{who} came to {place}: mismatch. {reason}",
    "{who} came to {place}: denied. {reason}",
    "A camera has gone silent",
    "A station has not captured",
    "The camera {camera} has sent nothing since {when}. Check its power, its network and its view.",
    "The station {station} has captured no vehicle since {when}. Is its gate open, and does its reader work?",
    "The station {station} read {what} of the vehicle with the tag {tag}.",
    "The station {station} read {what} of a vehicle without a tag.",
    "The camera {camera} read {what}.",
    "Rule added",
    "Rule changed",
    "Rule deleted",
    "Somebody has changed this rule meanwhile. Load it again, then change it.",
    "This rule is there from the start; switch it off instead of deleting it.",
    "The mail server has taken the mail; look for it",
    "The mail was not sent: {reason}. Check the section [mail] of hub.toml, and the server.",
    "The mail was not sent: no mail server is set; write the section [mail] into hub.toml.",
    "no mail server is set; write the section [mail] into hub.toml",
    # of barriers (hub/barriers)
    "The relay of the barrier {barrier} has failed: {reason}. Look whether it has opened; it is not asked again.",
    "The relay of the barrier {barrier} has failed: {reason}. It is not asked again.",
    "It was opened, but the pulse could not be ended: {reason}.",
    "The hub ended in the middle of it; look whether the barrier has opened.",
    "The contact of the barrier {barrier} may still be closed: {reason}. Look at the relay.",
    "The barrier {barrier} is opened just now; look whether it opens.",
    "All barriers are stopped. Release them first.",
    "The barrier {barrier} may be opened {count} times a minute (per_minute); try again in {seconds} seconds.",
    "{file} cannot be written ({reason}): a restart does not know of it.",
    "{file} cannot be read; all barriers are stopped until somebody releases them.",
    "it does not answer within {seconds} seconds",
    "it answers {status}",
    "it was stopped before the relay had answered",
    # of tracking (hub/vision/objects/people.py)
    "The built-in model follows clothes, not faces. It finds a person again in the same clothes, on the same camera "
    "and in the same light. Somebody who comes back after minutes or in other light is often missed, and people in "
    "like clothes are taken for each other.",
    # of stations (agent_lib/station, agent_lib/rfid, agent_lib/cameras)
    "Waiting for a tag.",
    "A capture runs.",
    "Connected to the reader at {address}.",
    "Connecting to the reader at {address}.",
    "The reader connection is stopped.",
    "RFID reader {address}: {error}. Trying again; check its power, cable, address and port.",
    "Opening {address}.",
    "The camera connection is stopped.",
    "{error}. Trying again; check the camera's power, cable and address ({address}).",
    "No RFID reader is set: give its host under [rfid].",
    "No camera is set: give its host, url or index under [camera].",
    "Cannot connect to {address}: {error}",
    "Connection lost",
    "Connection refused",
    "Stream timeout",
    "no answer",
    "the camera ended the stream",
    "the address is not valid",
    "Internal error; the log says more",
    # of captures (agent_lib/station/capture.py, agent_lib/label/reading.py)
    "Successfully detected label",
    "Secondary frame not available",
    "No label found",
    "Label unreadable",
    "Label not certain",
    "Tag read",
    "RFID error: {error}",
    "Primary camera error: {error}",
    "Secondary camera error: {error}",
    "Primary frame not available (attempt {count})",
    "Label detection failed: {reason} (attempt {count})",
    "The agent was stopped after {count} attempts",
    "Timed out after {count} attempts",
    "Max attempts reached ({count})",
    "Read {number}, not surely enough to report it from one picture",
    "No camera is configured",
    # of alarms and devices (hub/alerts, hub/devices, hub/station/feeds.py)
    "reader of {station}",
    "primary of {station}",
    "secondary of {station}",
    "The hub refused {count} of its results: {reason}",
    "The hub refused {count} of its results",
    "A part of the agent has ended: {part}",
    "The hub no longer knows {name}.",
    "This is a test: alerts of the hub arrive here. Nothing needs to be done.",
    "A test alert is on its way",
    "Seen",
    "{count} alerts are seen",
    "{name} has seen it before you",
    "Somebody",
    "Device let in",
    "Device blocked",
    "Device renamed",
    "Device removed; it waits again when it tries",
    "Token made; it is shown this once",
    "Token renamed",
    "Token revoked",
    "Device let in; it fetches its token",
    "Pairing refused",
    "Device approved",
    "Device rejected",
    "Saved",
    # of the register of vehicles (hub/vehicles)
    "Vehicle registered",
    "Vehicle changed",
    "Vehicle retired",
    "Vehicle restored",
    "The vehicle cannot be taken: {errors}.",
    "The tag {text} belongs to {name} already ({id}). Change or retire that vehicle first.",
    "The number {text} belongs to {name} already ({id}). Change or retire that vehicle first.",
    "The plate {text} belongs to {name} already ({id}). Change or retire that vehicle first.",
    "This vehicle is retired. Restore it before you change it.",
    "Somebody has changed this vehicle after you opened it. Look at what is there now, and save again what you want to "
    "change.",
    "{count} vehicle was imported",
    "{count} vehicles were imported",
    "Nothing was imported: {count} line cannot be taken.",
    "Nothing was imported: {count} lines cannot be taken.",
    "Nothing was imported: the file has no vehicles below its first line.",
    "The file has more than {lines} lines. Split it into several files.",
    "The first line has the names of the columns, and here it has none of the columns tags, numbers and plates. "
    "The columns are {columns}.",
    "it has {cells} cells, and the first line names {columns} columns",
    "a vehicle has at least one tag, number or plate",
    "the tag {text} is in line {line} already",
    "the number {text} is in line {line} already",
    "the plate {text} is in line {line} already",
    "the tag {text} belongs to {name} already",
    "the number {text} belongs to {name} already",
    "the plate {text} belongs to {name} already",
    "{column} is a formula ({text}); enter what it shows as text",
    "{column} is a day such as 2026-12-31 or a time such as 2026-12-31T23:59:59, or empty for no limit",
    "The file is not {encoding} text. Save it as CSV in UTF-8, or name its encoding.",
    "A file of vehicles is being read already. Try again when that is done.",
    # of the watchlist and of records (hub/vehicles, hub/station/rest.py, hub/lpr/rest.py)
    "Plate listed",
    "Entry changed",
    "Plate no longer listed",
    "The watchlist entry cannot be taken: {errors}.",
    "The capture is kept until it is released",
    "The capture expires like others",
    "The record is kept until it is released",
    "The record expires like others",
)
MAX_LENGTH = 600  # characters; longer texts stay as they are
PLACEHOLDER = re.compile(r"\{(\w+)\}")
ISOLATE = re.compile("[\u2066-\u2068]")
DEPTH = 3  # what stands in a placeholder may be a sentence, too


def pattern(sentence: str) -> re.Pattern[str]:
    """What matches a sentence with anything in its placeholders."""
    parts = PLACEHOLDER.split(sentence)
    return re.compile("".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)))


PATTERNS = {sentence: pattern(sentence) for sentence in SENTENCES if "{" in sentence}


def said(text: str, depth: int = DEPTH) -> str:
    """A sentence in the language of the reader; one that is not known stays as it is, isolated where it must be."""
    code = language()
    if code == "en" or not text or len(text) > MAX_LENGTH:
        return text
    translations = get_translations()
    if text in SENTENCES:
        return str(translations.ugettext(text))
    for sentence, found in PATTERNS.items():
        match = found.fullmatch(text)
        if match:
            values = {key: _part(key, value, depth) for key, value in match.groupdict().items()}
            return _filled(str(translations.ugettext(sentence)), values, code)
    return text if depth < DEPTH else _isolated(text, code)


def _part(key: str, value: str, depth: int) -> str:
    """What stands in a placeholder: a number of things is written as the reader writes numbers."""
    if key == "count" and value.isdecimal():
        return numberformat(int(value))
    return said(value, depth - 1) if depth else value


def _filled(text: str, values: dict[str, str], code: str) -> str:
    return PLACEHOLDER.sub(lambda place: _isolated(values.get(place[1], place[0]), code), text)


def _isolated(text: str, code: str) -> str:
    """A value that does not scramble a sentence of another direction."""
    if direction(code) != "rtl":
        return text
    opened = "\u2067" if ISOLATE.search(text) else "\u2068"
    return f"{opened}{text}\u2069"
