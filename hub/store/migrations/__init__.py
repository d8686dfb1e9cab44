"""Schema revisions: how a database of any earlier version becomes one of this version (`hub.store.migrations.runner`).

To change a table: change its class in the kind's `tables.py`, write `revision_NNNN.py` with `upgrade(schema)`, and add
it to `hub.store.migrations.revisions`. A released revision never changes; it holds its own copy of what it creates.
"""
