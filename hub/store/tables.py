"""The declarative base of every table; each kind of device declares its own in its `tables.py`."""

from __future__ import annotations

from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
