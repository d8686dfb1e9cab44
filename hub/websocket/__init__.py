"""Raw WebSockets: handshake, frames, connections, keep-alive, routes."""
