"""Files of vehicles: encodings, separators, lines that cannot be taken, all or nothing, export and import again."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from threading import Thread
from typing import Any

import gevent
import pytest
import requests

from hub import close, create_app
from hub.contract.roles import LOCAL
from hub.settings.file import load
from hub.store.writer import Writer
from hub.vehicles.csv_text import guess_encoding
from hub.vehicles.imports import Imports
from tests.hub.vehicles.test_register import add, found, known, marked
from tests.support.helpers import HubProcess, wait_for

THAI = "name;plates\nรถบรรทุกสินค้า;กข 1234\nรถตู้;ขค 5678\n"
PERSIAN = "name;plates\nکامیون;۱۲ب۳۴۵\nشرکت حمل و نقل;۲۲ج۳۴۵\n"
ARABIC = "name;plates\nشاحنة;12ب345\nشركة النقل;22ج345\n"


def send(client: Any, data: bytes | str, query: str = "") -> Any:
    body = data.encode() if isinstance(data, str) else data
    return client.post(f"/api/vehicles/import{query}", data=body, content_type="text/csv")


def preview(client: Any, data: bytes | str, query: str = "") -> dict[str, Any]:
    answer = send(client, data, f"?preview=1{query}")
    assert answer.status_code == 200, answer.json
    return dict(answer.json)


@pytest.mark.parametrize(
    ("text", "codec", "name"),
    [
        (THAI, "utf-8", "utf-8"),
        (THAI, "utf-8-sig", "utf-8"),
        (THAI, "utf-16", "utf-16"),
        (THAI, "utf-16-le", "utf-16-le"),
        (THAI, "cp874", "windows-874"),
        (ARABIC, "cp1256", "windows-1256"),
        (PERSIAN.translate(str.maketrans("۱۲۳۴۵ی", "12345ي")), "cp1256", "windows-1256"),
        (PERSIAN, "utf-16-be", "utf-16-be"),
    ],
)
def test_the_encoding_of_a_file_is_guessed(client: Any, text: str, codec: str, name: str) -> None:
    told = preview(client, text.encode(codec))
    assert (told["encoding"], told["separator"], told["bad"]) == (name, ";", [])
    expected = [line.split(";")[0] for line in text.splitlines()[1:]]
    assert [row["name"] for row in told["first"]] == expected
    assert guess_encoding(text.encode(codec)) == name


def test_a_named_encoding_counts(client: Any) -> None:
    assert preview(client, THAI.encode("cp874"), "&encoding=windows-874")["first"][0]["name"] == "รถบรรทุกสินค้า"
    assert (
        preview(client, "name,tags\nMüller,T1\n".encode("cp1252"), "&encoding=cp1252")["first"][0]["name"] == "Müller"
    )
    wrong = send(client, THAI.encode("cp874"), "?preview=1&encoding=utf-8")
    assert wrong.status_code == 400 and "not utf-8" in wrong.json["message"]
    assert send(client, THAI, "?encoding=klingon").status_code == 400


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_several_identifiers_and_texts_of_spreadsheets(app: Any, client: Any, separator: str) -> None:
    rows = [
        ["Name", "Tags", "number", "plates", "permission", "valid until", "colour"],
        ["one", "T1 | T2", '"=""00123"""', "AB 1", "DENY", "2027-01-01", "red"],
        ["'=two", "T3", "", "", "", "", ""],
    ]
    told = send(client, "\r\n".join(separator.join(row) for row in rows) + "\r\n")
    assert told.status_code == 201 and told.json["vehicles"] == 2
    one = client.get("/api/vehicles?q=one").json["vehicles"][0]
    assert (one["tags"], one["numbers"], one["permission"]) == (["T1", "T2"], ["00123"], "deny")
    assert one["valid_until"].startswith(("2027-01-01", "2027-01-02")), "a day counts to its end"
    assert known(app, "tag", "T3") == ["=two"]
    assert marked(client, "AB 1") == [("AB 1", "deny")]


def test_each_line_that_cannot_be_taken_is_named_and_nothing_is_imported(client: Any) -> None:
    add(client, name="there", tags=["T0"])
    lines = [
        "name,tags,plates,permission,valid_from",
        "good,T1,,,",
        "twice,t 1,,,",
        "taken,T0,,,",
        "none,,,,",
        "formula,T2,=1+1,,",
        "when,T3,,,soon",
        "who,T4,,perhaps,",
        "more,T5,,,,,surplus",
        '"open",T6"",,,',
        '"two\nlines",T7,,,',
        "bad,--,--,,",
        '"never closed,T8,,,',
    ]
    text = "\n".join(lines)
    told = preview(client, text)
    reasons = {row["line"]: row["reason"] for row in told["bad"]}
    assert sorted(reasons) == [3, 4, 5, 6, 7, 8, 9, 13, 14], reasons
    assert "in line 2" in reasons[3] and "belongs to there" in reasons[4] and "at least one" in reasons[5]
    assert "formula" in reasons[6] and "valid_from" in reasons[7] and "permission" in reasons[8]
    assert (told["vehicles"], told["bad_count"]) == (3, 9)
    answer = send(client, text)
    assert answer.status_code == 400 and answer.json["message"] == "Nothing was imported: 9 lines cannot be taken."
    assert [error.partition(":")[0] for error in answer.json["errors"]] == [f"line {line}" for line in sorted(reasons)]
    assert found(client, retired="all") == ["there"]


@pytest.mark.parametrize(
    "text", ["", "\n\n", "name,owner\nx,y\n", "tags,tag\nT1,T2\n", "no columns", "tags\n", "\x00\x00\x00", "tags\n\n\n"]
)
def test_what_is_no_file_of_vehicles_is_refused(client: Any, text: str) -> None:
    answer = send(client, text)
    assert answer.status_code == 400 and answer.json["message"].endswith(".") and found(client) == []


def test_thousands_of_bad_lines_are_counted_and_a_thousand_are_named(client: Any) -> None:
    told = preview(client, "tags,name\n" + ",x\n" * 3000)
    assert (told["bad_count"], len(told["bad"]), told["bad"][-1]["line"]) == (3000, 1000, 1001)
    errors = send(client, "tags,name\n" + ",x\n" * 3000).json["errors"]
    assert len(errors) == 1001 and errors[-1] == "and 2,000 lines more"


def test_more_than_the_most_lines_are_refused(client: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("hub.vehicles.csv_lines.MAX_LINES", 10)
    assert send(client, "tags\n" + "".join(f"T{number}\n" for number in range(10))).status_code == 201
    assert send(client, "tags\n" + "".join(f"U{number}\n" for number in range(11))).status_code == 400


def test_an_export_is_imported_again(tmp_path: Any, client: Any) -> None:
    add(client, name='=HYPERLINK("x")', owner="-", tags=["T1", "T2"], note="a;b,c\nd", permission="watch")
    add(client, name="สมชาย", plates=["กข 1234"], valid_from="2026-01-01T10:00:00", match="exact")
    retired = add(client, name="gone", tags=["T3"])
    client.delete(f"/api/vehicles/{retired['id']}")
    answer = client.get("/api/vehicles/export.csv")
    assert answer.data.startswith(b"\xef\xbb\xbfname,owner,") and b"'=HYPERLINK" in answer.data
    assert b"gone" not in answer.data and b"gone" in client.get("/api/vehicles/export.csv?retired=all").data
    app = create_app(load(tmp_path / "other", {}, {}))
    other = app.test_client()
    assert send(other, answer.data).json["vehicles"] == 2
    keys = ("name", "owner", "tags", "plates", "permission", "match", "valid_from", "valid_until")
    before, after = (
        [{key: row[key] for key in keys} for row in each.get("/api/vehicles").json["vehicles"]]
        for each in (client, other)
    )
    assert before == after
    history = other.get(f"/api/vehicles/{other.get('/api/vehicles').json['vehicles'][0]['id']}/history").json
    assert [row["action"] for row in history["changes"]] == ["import"]
    close(app)


def test_an_import_is_seen_at_once_or_not_at_all(app: Any, client: Any, monkeypatch: Any) -> None:
    """While it is stored nobody sees it; when its end fails, nothing of it stays."""
    seen: list[tuple[list[str], list[str], int]] = []
    write = Writer.write

    def watching(self: Writer, job: Any, size: int = 0) -> Any:
        if "end_import" in str(getattr(job, "__code__", "") and job.__code__.co_names):
            rows = client.get("/api/vehicles").json["vehicles"]
            seen.append(([row["name"] for row in rows], known(app, "tag", "T5"), len(marked(client, "P 5"))))
            if len(seen) == 1:
                raise ValueError("no end")
        return write(self, job, size)

    text = "name,tags,plates,permission\n" + "".join(f"n{i},T{i},P {i},deny\n" for i in range(500))
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "write", watching)
        with pytest.raises(ValueError, match="no end"):
            app.extensions["gatehouse"].part(Imports).run(text.encode(), "", LOCAL)
        assert seen[0] == ([], [], 0)
    hub = app.extensions["gatehouse"]
    with sqlite3.connect(hub.backend.file) as connection:
        tables = ("vehicles", "vehicle_identifiers", "vehicle_plate_parts", "vehicle_changes", "vehicle_imports")
        assert [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables] == [0] * 5
    assert send(client, text).status_code == 201
    assert known(app, "tag", "T5") == ["n5"] and marked(client, "P 5") == [("P 5", "deny")]


def test_what_a_broken_off_import_left_is_deleted_at_the_start(tmp_path: Any) -> None:
    settings = load(tmp_path / "instance", {}, {})
    app = create_app(settings)
    assert send(app.test_client(), "name,tags\nleft,T1\n").status_code == 201
    add(app.test_client(), name="own", tags=["T2"])
    path = app.extensions["gatehouse"].backend.file
    close(app)
    with sqlite3.connect(path) as connection:  # as a power cut before the last commit leaves it
        connection.execute("INSERT INTO vehicle_imports SELECT import_id, 0 FROM vehicles WHERE name = 'left'")
    app = create_app(settings)
    assert found(app.test_client()) == ["own"]
    with gevent.Timeout(10):
        while app.test_client().post("/api/vehicles", json={"name": "new", "tags": ["T1"]}).status_code != 201:
            gevent.sleep(0.02)
    with sqlite3.connect(path) as connection, gevent.Timeout(10):
        while connection.execute("SELECT count(*) FROM vehicle_imports").fetchone() != (0,):
            gevent.sleep(0.02)
    close(app)


def test_one_file_at_a_time(app: Any, client: Any) -> None:
    imports = app.extensions["gatehouse"].part(Imports)
    with imports._alone():
        answer = send(client, "tags\nT1\n")
    assert answer.status_code == 503 and answer.json["retry_after"]
    assert send(client, "tags\nT1\n").status_code == 201


def test_more_plates_than_can_be_watched_are_refused(client: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("hub.vehicles.watch.MAX_PLATES", 3)
    text = "plates,permission\n" + "".join(f"P{i},deny\n" for i in range(4))
    assert send(client, text).status_code == 409 and found(client) == []
    assert send(client, text.replace("P3,deny", "P3,allow")).status_code == 201
    assert client.post("/api/watchlist", json={"plate": "X 1"}).status_code == 409


@pytest.mark.slow
def test_a_kill_leaves_all_of_an_import_or_nothing(tmp_path: Any) -> None:
    """Killed with nothing, with some and with much of a file stored, the hub has none of it and takes it then."""
    text = "name,tags,plates\n" + "".join(f"n{i},T{i},P {i}\n" for i in range(3000))
    with HubProcess(tmp_path / "instance") as hub:
        database = tmp_path / "instance" / "hub.db"

        def stored() -> int:
            with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
                return int(connection.execute("SELECT count(*) FROM vehicles").fetchone()[0])

        def import_file() -> None:
            with suppress(requests.ConnectionError):
                requests.post(f"{hub.url}/api/vehicles/import", data=text.encode(), timeout=120)

        for least in (1, 600):
            sender = Thread(target=import_file)
            sender.start()
            wait_for(lambda least=least: stored() >= least, what="a part of the file")
            hub.kill()
            sender.join()
            assert least <= stored() < 3000
            hub.start()
            assert hub.get("/api/vehicles")["vehicles"] == []
            wait_for(lambda: stored() == 0, 60, what="the end of what was left")
        address = f"{hub.url}/api/vehicles/import"
        wait_for(lambda: requests.post(address, data=text.encode(), timeout=120).status_code == 201, 60, "the import")
        hub.kill()
        hub.start()
        assert [row["name"] for row in hub.get("/api/vehicles", limit=1)["vehicles"]] == ["n2999"]
        assert stored() == 3000


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_every_system_and_breaks_in_cells(client: Any, end: str) -> None:
    rows = ["name,tags", *(f"n{i},T{i}" for i in range(7000)), f'"two{end}lines",LAST', "=bad,X"]
    body = preview(client, end.join(rows))
    assert (body["lines"], body["vehicles"], body["bad_count"]) == (7002, 7001, 1)
    assert body["bad"][0]["line"] == 7004 and "formula" in body["bad"][0]["reason"]


@pytest.mark.parametrize("filler", ["x", ",", "a\n" * 1000 + '","'])
def test_a_row_without_end_is_refused(client: Any, filler: str) -> None:
    answer = send(client, 'name,tags\nn,T\n"' + filler * (400_000 // len(filler)))
    assert answer.status_code == 400 and "Line 3" in answer.json["message"], answer.json
