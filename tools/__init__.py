"""Programs for operators and developers, and what the hub and the agent share: signals, and their start at boot.

Most modules are started as scripts and import each other by their own names. `signals` and `boot` are imported as
`tools.signals` and `tools.boot`; they need the standard library only.
"""
