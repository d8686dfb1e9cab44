"""A database from before the column `place`."""

from __future__ import annotations

from hub import close, create_app
from hub.settings.file import load
from hub.store.migrations.revisions import REVISIONS
from hub.store.migrations.runner import migrate
from hub.store.sqlite.backend import SqliteBackend

OLD_ROW = "INSERT INTO doorbell_rings (id, bell, event_id, timestamp, received_at) VALUES ('a', 'north', '1', '', 1.0)"


def test_older_rings_are_kept_and_new_ones_have_a_place(tmp_path) -> None:
    settings = load(tmp_path, {}, {})
    backend = SqliteBackend(settings.database_path)
    migrate(backend, REVISIONS[:-1])
    connection = backend.connect()
    connection.execute(OLD_ROW)
    connection.close()
    app = create_app(settings)
    app.test_client().post("/api/doorbells/rings", json={"bell": "north", "place": "gate 2"})
    rings = app.test_client().get("/api/doorbells/rings").json["rings"]
    close(app)
    assert [(ring["bell"], ring["place"]) for ring in rings] == [("north", "gate 2"), ("north", "")]
