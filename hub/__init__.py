"""The hub: receives, stores, shows and forwards what watches a gate.

`create_app(settings)` is all the wiring; importing this package does no I/O.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from hub.context import Hub
    from hub.settings.model import Settings
    from hub.store.instance_lock import InstanceLock


def create_app(settings: Settings, lock: InstanceLock | None = None) -> Flask:
    """A hub over one instance folder, its writer running; `app.extensions["gatehouse"]` is its `hub.context.Hub`.

    `app.test_client()` needs no listener. End it with `close(app)`, which releases `lock`, that of the instance folder;
    without one given it is acquired here. Raises OSError (InstanceInUse among them) or DatabaseError when the instance
    folder cannot be used.
    """
    from hub import kinds, subscriptions
    from hub.assembly.application import make_flask
    from hub.assembly.hub import make_hub
    from hub.assembly.storage import acquire

    lock = acquire(settings) if lock is None else lock
    try:
        app = make_flask(settings)
        hub = make_hub(app, settings, lock)
        for register in kinds.REGISTER:
            register(app, hub)
        subscriptions.connect(hub)
        _join_others(hub)
    except BaseException:
        lock.release()
        raise
    return app


def _join_others(hub: Hub) -> None:
    """Share work, changes and what is live with the other hubs on the database. Raises StoreUnusable, RelayUnusable."""
    from hub.others import join

    try:
        join(hub)
    except BaseException:
        hub.close()
        raise


def close(app: Flask) -> None:
    """Commit what was accepted and end the background work of an app that `create_app` made."""
    app.extensions["gatehouse"].close()
