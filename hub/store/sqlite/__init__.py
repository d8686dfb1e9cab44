"""SQLite as the hub's database."""
