"""Addresses are built as Werkzeug's own rules build them."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.routing import BuildError, Map, Rule

from hub.http.lazy_rule import LazyRule

PATHS = [
    ("/plain", {}),
    ("/plain", {"page": 2, "q": "ก a"}),
    ("/<name>/x", {"name": "a b/ก"}),
    ("/<int:number>", {"number": 7, "more": ["a", "b"]}),
    ("/<path:name>/", {"name": "a/b c"}),
]


@pytest.mark.parametrize(("path", "values"), PATHS)
def test_addresses(path: str, values: dict[str, object]) -> None:
    adapters = [Map([kind(path, endpoint="e")]).bind("example.org") for kind in (LazyRule, Rule)]
    first, second = (adapter.build("e", values) for adapter in adapters)
    assert first == second == adapters[0].build("e", values)


@pytest.mark.parametrize("values", [{}, {"number": "x"}])
def test_values_that_do_not_fit(values: dict[str, object]) -> None:
    for kind in (LazyRule, Rule):
        with pytest.raises((BuildError, ValueError)) as raised:
            Map([kind("/<int:number>", endpoint="e")]).bind("example.org").build("e", values)
        assert raised.type is (ValueError if values else BuildError)


def test_the_hub_compiles_none_at_its_start(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [rule.rule for rule in app.url_map.iter_rules() if type(rule) is not LazyRule] == []
    asked: list[str] = []
    compiled = Rule._compile_builder

    def compile_builder(rule: Rule, append_unknown: bool = True) -> object:
        asked.append(rule.rule)
        return compiled(rule, append_unknown)

    monkeypatch.setattr(Rule, "_compile_builder", compile_builder)
    app.add_url_rule("/new", "new")
    assert asked == []
    with app.test_request_context():
        from flask import url_for

        assert url_for("new") == url_for("new") == "/new"
    assert asked == ["/new"]
