"""The setting of doorbells."""

from __future__ import annotations

import pytest

from hub import close, create_app
from hub.settings.file import SettingsError, load


def test_it_decides_how_many_rings_are_listed(tmp_path) -> None:
    app = create_app(load(tmp_path, {}, {"HUB_DOORBELL_LISTED": "1"}))
    client = app.test_client()
    for bell in ("north", "south"):
        client.post("/api/doorbells/rings", json={"bell": bell})
    assert [ring["bell"] for ring in client.get("/api/doorbells/rings").json["rings"]] == ["south"]
    close(app)


def test_a_value_out_of_bounds_is_refused_with_its_key(tmp_path) -> None:
    (tmp_path / "hub.toml").write_text("[doorbell]\nlisted = 0\n", "utf-8")
    with pytest.raises(SettingsError, match="doorbell.listed: input should be greater than or equal to 1"):
        load(tmp_path, {}, {})
