"""TCP connections and ports, and WSGI without Flask."""
