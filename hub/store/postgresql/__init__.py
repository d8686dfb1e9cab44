"""PostgreSQL as a database of the hub (`hub.store.backend`), for more than one hub and more than one machine."""
