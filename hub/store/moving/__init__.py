"""Copies everything that an SQLite hub has stored into a PostgreSQL database, for `python app.py copy-store`."""
