"""Pages for browsers, what the same addresses say to programs, and stored pictures."""
