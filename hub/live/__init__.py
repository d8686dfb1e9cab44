"""What happens, told to those who listen: the bus, fan-out, digests, links."""
