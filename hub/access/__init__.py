"""Who is served: networks, tokens, rates, and the gate in front of everything."""
