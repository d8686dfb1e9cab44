"""Live events: the bus, channels with bounded senders, digests for pages, links to pictures."""
