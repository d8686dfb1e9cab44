"""Programs for operators and developers, and what the hub and the agent share: signals, log files, and their
start at boot.

Most modules are started as scripts and import each other by their own names. `signals`, `logs` and `boot` are imported
as `tools.signals` and so on; they need the standard library only.
"""
