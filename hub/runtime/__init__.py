"""What runs beside the requests: supervised greenlets, native threads, memory, start and shutdown."""
