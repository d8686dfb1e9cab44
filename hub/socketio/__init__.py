"""Socket.IO: events, rooms, the fast path of events, and the internals of its libraries."""

from importlib import import_module

from tools.boot.left_out import left_out

# It would load redis-py (10 MB, 60 ms), of which a hub that is alone needs nothing; others load it themselves.
with left_out("redis"):
    import_module("socketio")
