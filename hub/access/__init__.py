"""Access control: the gate in front of every route, networks, tokens, rate limits."""
