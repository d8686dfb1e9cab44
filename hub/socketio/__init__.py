"""Socket.IO: events, rooms, the fast path, and the private parts of its libraries."""
