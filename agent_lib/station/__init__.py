"""One station: its devices, the capture cycle, and the capture result."""
