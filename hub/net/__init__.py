"""TCP connections, ports, and WSGI without Flask."""
