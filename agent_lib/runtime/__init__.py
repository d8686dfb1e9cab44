"""Shared foundations: supervised threads, the instance lock, memory limits and network addresses."""
