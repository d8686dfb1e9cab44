"""Which visits open a barrier by themselves, for how long, and how values stand in requests and messages."""

from __future__ import annotations

import json
from urllib.parse import unquote, urlsplit

import pytest
from pydantic import ValidationError

from hub.barriers.contract import is_in_order, seconds_left, shows, values_of
from hub.barriers.template import escape_of, fill, in_header, in_topic, in_url
from hub.contract.times import utc_text
from hub.settings.barriers import Barrier
from hub.settings.model import Settings
from tests.support.barriers import CHECKPOINT, visit

NOW = 1_800_000_000.0
EVIL = 'a"b\\c\r\nX: 1 {visit} &?#/+%../é'


def barrier(**values: object) -> Barrier:
    return Barrier(**{"name": "north", "checkpoint": CHECKPOINT, "url": "http://127.0.0.1/", **values})


def at(seconds: float) -> str | None:
    return utc_text(NOW + seconds)


@pytest.mark.parametrize(
    ("values", "opens"),
    [
        ({"state": "ok"}, True),
        ({"state": "unknown"}, False),
        ({"state": "mismatch", "waits": True}, False),
        ({"state": "denied", "waits": True}, False),
        ({"state": "mismatch", "decision": "confirm"}, True),
        ({"state": "denied", "decision": "confirm"}, True),
        ({"state": "mismatch", "decision": "reject"}, False),
        ({"state": "ok", "decision": "reject"}, False),
        ({"state": "mismatch", "decision": "correct"}, False),
        ({"state": "ok", "decision": "correct"}, True),
        ({"state": "ok", "waits": True}, False),
    ],
)
def test_only_visits_in_order_and_confirmed_ones_open(values, opens) -> None:
    assert is_in_order(visit(**values)) is opens


def test_a_visit_opens_the_barriers_of_its_checkpoint_and_direction_alone() -> None:
    here = visit(direction="in")
    assert shows(here, barrier()) and shows(here, barrier(direction="in"))
    assert not shows(here, barrier(direction="out"))
    assert not shows(here, barrier(checkpoint="south"))
    assert shows(visit(checkpoint="North  Gate"), barrier(checkpoint="north gate")), (
        "names of checkpoints as visits have"
    )
    assert not shows(visit(direction=""), barrier(direction="in")), "nobody knows which way it goes"


@pytest.mark.parametrize(
    ("values", "left"),
    [
        ({"last_at": at(0)}, 20),
        ({"last_at": at(-19)}, 1),
        ({"last_at": at(-21)}, 0),
        ({"last_at": at(60)}, 0),  # a clock that nobody can believe
        ({"last_at": None}, 0),
        ({"last_at": "yesterday"}, 0),
        ({"state": "mismatch", "decision": "confirm", "decided_at": at(0), "last_at": at(-100)}, 20),
        ({"state": "mismatch", "decision": "confirm", "decided_at": at(0), "last_at": at(-299)}, 1),
        ({"state": "mismatch", "decision": "confirm", "decided_at": at(0), "last_at": at(-301)}, 0),
        ({"state": "mismatch", "decision": "confirm", "decided_at": at(-21), "last_at": at(-30)}, 0),
        ({"state": "ok", "decision": "confirm", "decided_at": at(0), "last_at": at(-60)}, 20),
        ({"state": "mismatch", "last_at": at(0)}, 0),
    ],
)
def test_what_is_too_old_never_opens(values, left) -> None:
    assert max(0.0, seconds_left(visit(**values), barrier(), NOW)) == pytest.approx(left, abs=0.01)


def test_values_keep_their_place() -> None:
    values = values_of(visit(plate=EVIL, vehicle=None), barrier())
    assert "\n" not in values["plate"] and values["vehicle"] == ""
    url = fill("http://relay/open/{plate}/x?p={plate}", values, in_url)
    parts = urlsplit(url)
    assert parts.path.count("/") == 3 and parts.fragment == "" and parts.query.count("&") == 0
    assert unquote(parts.query[2:]) == values["plate"]
    assert json.loads(fill('{"p": "{plate}"}', values, escape_of('{"p": "{plate}"}')))["p"] == values["plate"]
    topic = fill("gate/{plate}/open", values, in_topic)
    assert topic.count("/") == 2 and "+" not in topic and "#" not in topic
    header = fill("{plate}", values, in_header)
    assert header.isascii() and header.isprintable()
    assert "{visit}" in fill("{plate}", values, escape_of("")), "a value is no template"
    assert fill("/{plate}/", {"plate": ".."}, in_url) == "/%2E%2E/"
    assert escape_of("<a>{plate}</a>")("<&>") == "&lt;&amp;&gt;"
    assert escape_of("p={plate}", "application/x-www-form-urlencoded")("a&b") == "a%26b"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"url": "ftp://relay/"}, "address"),
        ({"url": "http://{plate}/"}, "placeholder"),
        ({"url": "http://a:b@relay/"}, "login"),
        ({"url": "http://relay/{colour}"}, "colour"),
        ({"url": "http://relay/a b"}, "address"),
        ({"url": "http://relay:port/"}, "address"),
        ({"headers": ["X 1"]}, "Name: value"),
        ({"headers": ["Host: other"]}, "Host"),
        ({"headers": ["X: a\r\nY: b"]}, "Name: value"),
        ({"name": "a/b"}, "without /"),
        ({"enabled": True, "url": ""}, "url"),
        ({"enabled": True, "kind": "mqtt"}, "topic"),
        ({"enabled": True, "kind": "modbus"}, "host"),
        ({"automatic": True, "checkpoint": ""}, "checkpoint"),
        ({"kind": "mqtt", "topic": "a/#"}, "without + and #"),
        ({"password": "a", "password_file": "b"}, "two passwords"),
        ({"timeout_seconds": 11}, "10"),
    ],
)
def test_a_barrier_that_cannot_work_is_refused_with_its_reason(values, said) -> None:
    with pytest.raises(ValidationError) as refused:
        barrier(**values)
    assert said in str(refused.value)


def test_barriers_need_different_names_and_a_broker_for_messages() -> None:
    one = {"name": "north", "url": "http://relay/"}
    with pytest.raises(ValidationError, match="two tables"):
        Settings(barriers=[one, one])
    mqtt = {"name": "north", "kind": "mqtt", "topic": "a", "enabled": True}
    with pytest.raises(ValidationError, match="needs a broker"):
        Settings(barriers=[mqtt])
    assert Settings(barriers=[mqtt], mqtt={"host": "broker"}).barriers[0].topic == "a"
    assert not Settings(barriers=[one]).barriers[0].enabled, "off until somebody says so"
