"""Socket.IO: events, rooms, the fast path of events, and the internals of its libraries."""
